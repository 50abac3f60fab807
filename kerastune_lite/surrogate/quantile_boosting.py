"""Gradient boosting with a standard deviation, for scikit-optimize's "GBRT".

Its own class (0.10.2) lists its base classes in an order in which today's scikit-learn does not take it for a
regressor, and calls `numpy.in1d`, which numpy 2.4 has no more. This one is made the same way: of three quantiles.
"""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import GradientBoostingRegressor

Array = np.ndarray[Any, Any]

# Half the distance between the outer two is the standard deviation of a normal distribution.
_QUANTILES = (0.16, 0.5, 0.84)


class QuantileBoosting(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Predicts the median, and half the distance of the 16 % and 84 % quantiles as the standard deviation.

    Args:
        n_estimators: Trees for each quantile; 30 as in scikit-optimize.
        random_state: A seed, or None.
    """

    def __init__(self, n_estimators: int = 30, random_state: int | None = None) -> None:
        self.n_estimators = n_estimators
        self.random_state = random_state

    def fit(self, X: Array, y: Array) -> Self:  # noqa: N803 - scikit-learn's names
        """Fits each quantile, with the same seed, so that they cross as little as can be."""
        self.regressors_ = [
            GradientBoostingRegressor(
                loss="quantile", alpha=alpha, n_estimators=self.n_estimators, random_state=self.random_state
            ).fit(X, y)
            for alpha in _QUANTILES
        ]
        return self

    def predict(self, X: Array, return_std: bool = False) -> Any:  # noqa: N803, FBT001, FBT002 - scikit-learn's names
        """The median at each row; with `return_std`, the standard deviation too. ConditionalSpace (m,)."""
        low, median, high = (regressor.predict(X) for regressor in self.regressors_)
        return (median, np.maximum(high - low, 0.0) / 2) if return_std else median
