import numpy as np
import pytest
from scipy import stats

from kerastune_lite.surrogate.output_warp import output_warp

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "values",
    [
        np.exp(3 * RNG.standard_normal(50)),
        RNG.standard_normal(50) * 10 - 3,
        np.append(RNG.random(20), 1e30),
        np.append(RNG.random(20), -1e30),
        np.array([1e-12, 2e-12, 5e-12]),
        np.array([1.0, 2.0]),
    ],
    ids=["log-normal", "normal", "one huge", "one hugely negative", "tiny", "two"],
)
def test_order_is_kept_and_mean_and_variance_are_those_of_a_standard_normal(values):
    warped = output_warp(values)(values)
    assert warped[np.argsort(values)].tolist() == sorted(warped.tolist())
    assert (warped.mean(), warped.std()) == (pytest.approx(0, abs=1e-6), pytest.approx(1))


def test_a_long_tail_is_compressed():
    values = np.exp(3 * RNG.standard_normal(200))
    warped = output_warp(values)(values)
    assert warped.max() < 4 < (values.max() - values.mean()) / values.std()


@pytest.mark.parametrize("value", [0.0, 1.0, -1e9])
def test_constant_values_are_all_zero(value):
    values = np.full(5, value)
    assert output_warp(values)(values).tolist() == [0.0] * 5


@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_the_power_of_many_values_is_the_one_that_another_implementation_finds(shift):
    """The prior of the power counts as much as a few of the 20,000 values."""
    values = np.exp(RNG.standard_normal(20_000)) - shift
    scaled = values / values.std()
    expected, _ = stats.yeojohnson(scaled) if shift else stats.boxcox(scaled + 0.01)
    expected = (expected - expected.mean()) / expected.std()
    np.testing.assert_allclose(output_warp(values)(values), expected, atol=0.02)


def test_a_few_values_do_not_determine_the_power():
    values = np.array([1.0, 1.01, 1.02, 9.0])
    alone, _ = stats.boxcox(values / values.std() + 0.01)
    warped = output_warp(values)(values)
    assert (warped[3] - warped[2]) / (warped[2] - warped[0]) > 1.5 * (alone[3] - alone[2]) / (alone[2] - alone[0])
