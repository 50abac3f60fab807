"""Gradient boosting with a standard deviation."""

import numpy as np
import pytest
from sklearn.base import clone, is_regressor

from kerastune_lite.surrogate.quantile_boosting import QuantileBoosting


@pytest.fixture
def fitted():
    rng = np.random.default_rng(0)
    rows = rng.uniform(size=(400, 1))
    return QuantileBoosting(random_state=0).fit(rows, rows[:, 0] + rng.normal(scale=0.1 + 0.4 * (rows[:, 0] > 0.5)))


def test_it_is_a_regressor_that_can_be_cloned():
    model = clone(QuantileBoosting(7, 3))
    assert (is_regressor(model), model.n_estimators, model.random_state) == (True, 7, 3)


def test_the_standard_deviation_is_larger_where_the_noise_is(fitted):
    median, deviation = fitted.predict([[0.25], [0.75]], return_std=True)
    assert deviation == pytest.approx([0.1, 0.5], rel=0.4)
    assert median.tolist() == fitted.predict([[0.25], [0.75]]).tolist()


def test_crossing_quantiles_give_no_negative_deviation():
    model = QuantileBoosting(random_state=0).fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 0.0])
    assert (model.predict(np.linspace(-1, 3, 50)[:, None], return_std=True)[1] >= 0).all()
