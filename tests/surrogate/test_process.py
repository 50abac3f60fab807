"""The Gaussian process, against another implementation and against finite differences."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, Matern

from kerastune_lite.surrogate.covariance import Features, Parameters
from kerastune_lite.surrogate.input_warp import kumaraswamy
from kerastune_lite.surrogate.prior_mean import PriorMean
from kerastune_lite.surrogate.process import FittedProcess, NegativeLogPosterior, Observations

RNG = np.random.default_rng(0)
ROWS = RNG.random((12, 3))
EXPECTED = PriorMean.all_of(
    [
        PriorMean.slope(np.array([0.7, -0.4, 0.0])),
        PriorMean.valley(np.array([0.3, 0.5, 0.0]), np.array([0.5, 0.2, 0.5])),
    ]
)
FEATURES = Features(np.array([0, 1, 1]), np.array([True, True, False]), EXPECTED)
TARGETS = np.sin(5 * ROWS[:, 0]) + ROWS[:, 1]
REPEATS = RNG.integers(1, 4, size=12).astype(float)
KNOWN = Observations(ROWS, TARGETS, REPEATS, within_ss=0.3)
STRAIGHT = Parameters(
    np.array([4.0, 0.5]), output_scale=1.7, noise=0.01, linear_variance=0.4, concentrations=np.ones((2, 2))
)
PARAMETERS = replace(STRAIGHT, concentrations=np.array([[1.5, 0.7], [0.8, 1.2]]))
NEW = RNG.random((5, 3))


def plain(*groups, numeric=True):
    """Features of which nothing is expected."""
    return Features(np.array(groups), np.full(len(groups), numeric), PriorMean.zero(len(groups)))


def test_it_predicts_what_another_implementation_predicts():
    middle = 0.5 * FEATURES.numeric
    scales = 1 / np.sqrt(STRAIGHT.inverse_squared_length_scales[FEATURES.groups])
    kernel = ConstantKernel(1.7) * Matern(length_scale=scales, nu=2.5) + ConstantKernel(0.4) * DotProduct(sigma_0=1e-12)
    other = GaussianProcessRegressor(kernel, alpha=0.01 / REPEATS, optimizer=None)
    other.fit(ROWS - middle, TARGETS)
    found = FittedProcess(replace(FEATURES, prior_mean=PriorMean.zero(3)), KNOWN, STRAIGHT).predict(NEW)
    np.testing.assert_allclose(found, other.predict(NEW - middle, return_std=True), rtol=1e-6)


def test_the_average_over_rows_has_the_deviation_that_their_covariance_gives():
    middle = 0.5 * FEATURES.numeric
    scales = 1 / np.sqrt(STRAIGHT.inverse_squared_length_scales[FEATURES.groups])
    kernel = ConstantKernel(1.7) * Matern(length_scale=scales, nu=2.5) + ConstantKernel(0.4) * DotProduct(sigma_0=1e-12)
    other = GaussianProcessRegressor(kernel, alpha=0.01 / REPEATS, optimizer=None).fit(ROWS - middle, TARGETS)
    mean, covariance = other.predict(NEW - middle, return_cov=True)
    found = FittedProcess(replace(FEATURES, prior_mean=PriorMean.zero(3)), KNOWN, STRAIGHT).predict_average(NEW)
    assert found == pytest.approx((mean.mean(), np.sqrt(covariance.mean())), rel=1e-6)


def test_the_average_over_one_row_is_its_prediction():
    process = FittedProcess(FEATURES, KNOWN, PARAMETERS)
    assert process.predict_average(NEW[:1]) == pytest.approx(np.ravel(process.predict(NEW[:1])), rel=1e-6)


def test_with_next_to_no_deviation_it_is_bayesian_linear_regression_on_what_is_expected():
    nearly = replace(STRAIGHT, output_scale=1e-9, linear_variance=1e-9)
    h, new = EXPECTED.basis(ROWS), EXPECTED.basis(NEW)
    noise = np.diag(REPEATS / nearly.noise)
    covariance = np.linalg.inv(np.eye(2) + h.T @ noise @ h)  # of the coefficients, around 1 beforehand
    coefficients = 1 + covariance @ h.T @ noise @ (TARGETS - h.sum(axis=1))
    mean, deviation = FittedProcess(FEATURES, KNOWN, nearly).predict(NEW)
    np.testing.assert_allclose(mean, new @ coefficients, rtol=1e-4)
    np.testing.assert_allclose(deviation, np.sqrt(np.einsum("ij,jk,ik->i", new, covariance, new)), rtol=1e-3)


def test_what_is_expected_holds_until_trials_say_otherwise():
    rising = replace(plain(0), prior_mean=PriorMean.slope(np.array([0.5])))
    ends, parameters = np.array([[0.0], [1.0]]), Parameters.default(1)

    def rise(known):
        (low, high), _ = FittedProcess(rising, known, parameters).predict(ends)
        return high - low

    assert rise(Observations(np.array([[0.5]]), np.zeros(1), np.ones(1))) == pytest.approx(0.5)
    assert rise(Observations(ends, np.array([1.0, -1.0]), np.ones(2))) == pytest.approx(-2, abs=0.01)


@pytest.mark.parametrize("center", [0.0, 0.3, 0.5, 1.0])
def test_a_valley_is_lowest_at_its_center_by_its_depth_and_zero_on_average(center):
    valley = PriorMean.valley(np.array([0.8]), np.array([center]))
    coordinates = np.linspace(0, 1, 2001)[:, None]
    values = valley.mean(coordinates)
    assert coordinates[values.argmin(), 0] == center
    assert values.max() - values.min() == pytest.approx(0.8)
    assert values.mean() == pytest.approx(0, abs=1e-3)


def test_without_a_trend_none_is_fitted():
    rows = RNG.random((20, 2))
    known = Observations(rows, 3 * rows[:, 0], np.ones(20))
    assert FittedProcess.fit(plain(0, 1), known).parameters.is_linear
    assert not FittedProcess.fit(plain(0, 1), known, linear=False).parameters.is_linear


def test_an_observation_left_out_is_predicted_as_by_a_process_that_never_saw_it():
    means, deviations = FittedProcess(FEATURES, KNOWN, PARAMETERS).leave_one_out()
    for i in range(len(ROWS)):
        others = np.arange(len(ROWS)) != i
        without = Observations(ROWS[others], TARGETS[others], REPEATS[others])
        mean, deviation = FittedProcess(FEATURES, without, PARAMETERS).predict(ROWS[[i]])
        assert means[i] == pytest.approx(mean[0])
        assert deviations[i] == pytest.approx(np.sqrt(deviation[0] ** 2 + PARAMETERS.noise / REPEATS[i]))


def test_the_gradient_of_the_posterior_is_right():
    posterior = NegativeLogPosterior(FEATURES, KNOWN)
    vector = PARAMETERS.log()
    error = check_grad(lambda v: posterior(v)[0], lambda v: posterior(v)[1], vector, epsilon=1e-6)
    assert error < 1e-3 * np.linalg.norm(posterior(vector)[1])


def test_the_slopes_of_a_prediction_are_right():
    model = FittedProcess(FEATURES, KNOWN, PARAMETERS)
    mean, deviation, mean_gradients, deviation_gradients = model.predict_with_gradients(NEW, np.array([0, 1]))
    np.testing.assert_allclose((mean, deviation), model.predict(NEW))
    for place, column in enumerate([0, 1]):
        ahead, behind = NEW.copy(), NEW.copy()
        ahead[:, column] += 1e-6
        behind[:, column] -= 1e-6
        means, deviations = zip(model.predict(ahead), model.predict(behind), strict=True)
        np.testing.assert_allclose(mean_gradients[:, place], (means[0] - means[1]) / 2e-6, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(
            deviation_gradients[:, place], (deviations[0] - deviations[1]) / 2e-6, rtol=1e-4, atol=1e-6
        )


def test_a_fit_tells_what_matters_from_what_does_not():
    rows = RNG.random((40, 2))
    known = Observations(rows, 3 * np.sin(6 * rows[:, 0]), np.ones(40))
    inverse_squared_length_scales = FittedProcess.fit(plain(0, 1), known).parameters.inverse_squared_length_scales
    assert inverse_squared_length_scales[0] > 10 * inverse_squared_length_scales[1]


@pytest.mark.parametrize(("trend", "expected"), [(10.0, 5.0), (1e-4, 0.0)])
def test_far_from_the_trials_a_trend_goes_on_and_without_one_the_mean_returns(trend, expected):
    rows = np.linspace(0.4, 0.6, 8)[:, None]
    parameters = Parameters(
        np.array([50.0]), output_scale=0.01, noise=1e-3, linear_variance=trend, concentrations=np.ones((2, 1))
    )
    known = Observations(rows, 10 * (rows[:, 0] - 0.5), np.ones(8))
    mean, _ = FittedProcess(plain(0), known, parameters).predict(np.array([[1.0]]))
    assert mean == pytest.approx(expected, abs=1)


def test_a_fit_bends_a_coordinate_along_which_all_happens_at_one_end():
    features = plain(0)
    rows = np.linspace(0, 1, 25)[:, None]
    targets = np.exp(-30 * rows[:, 0])
    known = Observations(rows, (targets - targets.mean()) / targets.std(), np.ones(25))
    (a,), (b,) = FittedProcess.fit(features, known).parameters.concentrations
    assert kumaraswamy(np.array([[0.1]]), np.array([a]), np.array([b])) > 0.2


def test_columns_that_are_no_numbers_are_not_bent():
    concentrations = FittedProcess.fit(plain(0, 1, numeric=False), replace(KNOWN, rows=ROWS[:, :2]))
    assert (concentrations.parameters.concentrations == 1).all()


def test_repeats_that_scatter_mean_noise():
    quiet, loud = (
        FittedProcess.fit(FEATURES, Observations(ROWS, TARGETS, np.full(12, 3.0), within_ss)).parameters.noise
        for within_ss in (1e-4, 2.0)
    )
    assert quiet < 1e-3
    assert loud > 0.02


def test_a_believed_point_has_the_same_mean_and_less_doubt():
    model = FittedProcess(FEATURES, KNOWN, PARAMETERS)
    mean, deviation = model.predict(NEW)
    believing_mean, believing_deviation = model.condition_on_fantasies(NEW[:2]).predict(NEW)
    np.testing.assert_allclose(believing_mean, mean, atol=1e-6)
    assert (believing_deviation[:2] < deviation[:2]).all()


def test_the_same_point_many_times_does_no_harm():
    rows = np.repeat(ROWS[:2], 20, axis=0)
    known = Observations(rows, np.tile([0.0, 1.0], 20), np.ones(40))
    mean, deviation = FittedProcess.fit(FEATURES, known).predict(ROWS[:2])
    assert np.isfinite([mean, deviation]).all()


@pytest.mark.parametrize("value", [0.0, 5.0])
def test_constant_targets_can_be_fitted(value):
    mean, _ = FittedProcess.fit(FEATURES, Observations(ROWS, np.full(12, value), np.ones(12))).predict(NEW)
    assert np.isfinite(mean).all()


def test_rows_that_cannot_be_told_apart_do_no_harm():
    rows = np.repeat(ROWS[:1], 50, axis=0)
    parameters = replace(
        PARAMETERS, inverse_squared_length_scales=np.array([1e-3, 1e-3]), output_scale=100.0, noise=1e-14
    )
    mean, deviation = FittedProcess(FEATURES, Observations(rows, np.ones(50), np.ones(50)), parameters).predict(NEW)
    assert np.isfinite([mean, deviation]).all()
