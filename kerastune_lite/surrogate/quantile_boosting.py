"""Gradient boosting with a standard deviation, for scikit-optimize's "GBRT".

The class in scikit-optimize 0.10.2 does not work with current releases: scikit-learn does not recognize it as a
regressor because of the order of its base classes, and it calls `numpy.in1d`, which numpy 2.4 removed. This one uses
the same method, three quantile regressions.
"""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import GradientBoostingRegressor

Array = np.ndarray[Any, Any]

# The outer two quantiles of a normal distribution are about 2 standard deviations apart.
_QUANTILES = (0.16, 0.5, 0.84)


class QuantileBoosting(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Predicts the median; the standard deviation is half the distance between the 16 % and 84 % quantiles.

    Args:
        n_estimators: Number of trees for each quantile; the default is that of scikit-optimize.
        random_state: A seed, or None.
    """

    def __init__(self, n_estimators: int = 30, random_state: int | None = None) -> None:
        self.n_estimators = n_estimators
        self.random_state = random_state

    def fit(self, X: Array, y: Array) -> Self:  # noqa: N803 - scikit-learn's names
        """Fits the three quantiles with the same seed, so that they rarely cross."""
        self.regressors_ = [
            GradientBoostingRegressor(
                loss="quantile", alpha=alpha, n_estimators=self.n_estimators, random_state=self.random_state
            ).fit(X, y)
            for alpha in _QUANTILES
        ]
        return self

    def predict(self, X: Array, return_std: bool = False) -> Any:  # noqa: N803, FBT001, FBT002 - scikit-learn's names
        """The median at each row, shape (m,); with `return_std`, also the standard deviation, shape (m,)."""
        low, median, high = (regressor.predict(X) for regressor in self.regressors_)
        return (median, np.maximum(high - low, 0.0) / 2) if return_std else median
