import numpy as np
import pytest

from kerastune_lite.surrogate.input_warp import kumaraswamy, kumaraswamy_gradients

X = np.linspace(0.01, 0.99, 50)[:, None]


def test_exponents_of_one_leave_a_coordinate_straight():
    np.testing.assert_allclose(kumaraswamy(X, np.ones(1), np.ones(1)), X)


@pytest.mark.parametrize(("a", "b"), [(0.3, 0.5), (0.3, 4.0), (4.0, 0.3), (4.0, 4.0)])
def test_a_bend_keeps_order_and_ends(a, b):
    x = np.linspace(0, 1, 50)[:, None]
    found = kumaraswamy(x, np.array([a]), np.array([b]))[:, 0]
    assert (np.diff(found) > 0).all()
    assert (found[0], found[-1]) == (pytest.approx(0, abs=0.07), pytest.approx(1, abs=0.07))


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (0.5, 2.0), (3.0, 0.4)])
def test_its_slopes_are_right(a, b):
    a, b, step = np.array([a]), np.array([b]), 1e-6
    by_x, by_a, by_b = kumaraswamy_gradients(X, a, b)
    np.testing.assert_allclose(
        by_x, (kumaraswamy(X + step, a, b) - kumaraswamy(X - step, a, b)) / (2 * step), rtol=1e-4
    )
    up, down = np.exp(step), np.exp(-step)
    np.testing.assert_allclose(
        by_a, (kumaraswamy(X, a * up, b) - kumaraswamy(X, a * down, b)) / (2 * step), rtol=1e-4, atol=1e-8
    )
    np.testing.assert_allclose(
        by_b, (kumaraswamy(X, a, b * up) - kumaraswamy(X, a, b * down)) / (2 * step), rtol=1e-4, atol=1e-8
    )


def test_at_the_ends_slopes_are_finite():
    ends = np.array([[0.0], [1.0]])
    assert np.isfinite(kumaraswamy_gradients(ends, np.array([0.3]), np.array([0.3]))).all()
