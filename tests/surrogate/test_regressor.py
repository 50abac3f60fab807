"""Our surrogate as scikit-learn's kind of regressor."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score

import kerastune_lite as kt

GaussianProcess = kt.surrogates.GaussianProcess


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.uniform(-300, 500, 40), rng.uniform(1e-4, 2e-4, 40), np.full(40, 7.0)])
    return rows, 1000 + np.sin(rows[:, 0] / 200) * 50 + 1e5 * rows[:, 1]


def test_it_is_a_regressor_that_can_be_cloned():
    model = clone(GaussianProcess())
    assert (is_regressor(model), type(model)) == (True, GaussianProcess)


def test_it_predicts_what_it_has_not_seen(data):
    assert cross_val_score(GaussianProcess(), *data, cv=4).min() > 0.99


def test_units_of_columns_and_targets_change_nothing(data):
    rows, targets = data
    between = (rows[:5] + rows[5:10]) / 2
    mean, deviation = GaussianProcess().fit(rows, targets).predict(between, return_std=True)
    other = GaussianProcess().fit(rows * 8, targets / 4)  # powers of 2: no rounding
    found = other.predict(between * 8, return_std=True)
    assert [part.tolist() for part in found] == [(mean / 4).tolist(), (deviation / 4).tolist()]


def test_without_return_std_it_gives_the_mean_alone(data):
    model = GaussianProcess().fit(*data)
    assert model.predict(data[0]).tolist() == model.predict(data[0], return_std=True)[0].tolist()


def test_beyond_the_range_of_fit_it_is_less_and_less_sure():
    model = GaussianProcess().fit([[0.0], [0.5], [1.0]], [1.0, 0.0, 1.0])
    _, deviation = model.predict([[1.0], [1.1], [1.5], [3.0]], return_std=True)
    assert deviation.tolist() == sorted(set(deviation.tolist()))


def test_derivatives_are_those_of_what_it_predicts(data):
    rows, targets = data
    model = GaussianProcess().fit(rows[:8], targets[:8])
    row = np.array([[20.0, 1.5e-4, 7.0]])
    _, _, *slopes = model.predict(row, return_std=True, return_mean_grad=True, return_std_grad=True)
    step = np.array([[0.05, 0.0, 0.0]])
    up, down = (model.predict(row + sign * step, return_std=True) for sign in (1, -1))
    assert [slope[0] for slope in slopes] == pytest.approx(
        [(high - low)[0] / 0.1 for high, low in zip(up, down, strict=True)], rel=1e-3
    )


def test_one_row_and_equal_targets_can_be_fitted():
    assert GaussianProcess().fit([[1.0]], [3.0]).predict([[1.0]]).tolist() == [3.0]
    assert GaussianProcess().fit([[1.0], [2.0]], [3.0, 3.0]).predict([[1.5]]).tolist() == [3.0]


def test_scikit_optimizes_own_optimizer_takes_it():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its last release is from 2024
        import skopt
    optimizer = skopt.Optimizer([(-2.0, 2.0)], GaussianProcess(), n_initial_points=4, random_state=0, acq_func="EI")
    for _ in range(10):
        point = optimizer.ask()
        optimizer.tell(point, (point[0] - 0.7) ** 2)
    assert min(optimizer.yi) < 1e-3


def test_what_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        GaussianProcess().fit([[np.nan]], [1.0])


def test_another_number_of_columns_is_refused(data):
    with pytest.raises(ValueError, match="X has 2 columns, but fit had 3"):
        GaussianProcess().fit(*data).predict([[1.0, 2.0]])


def test_derivatives_at_several_rows_are_refused(data):
    with pytest.raises(ValueError, match="one row at a time, got 40"):
        GaussianProcess().fit(*data).predict(data[0], return_mean_grad=True)


def test_before_fit_it_cannot_predict():
    with pytest.raises(NotFittedError):
        GaussianProcess().predict([[1.0]])
