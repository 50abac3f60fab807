"""The surrogate of Bayesian search as a scikit-learn regressor."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_array, check_is_fitted, check_X_y

from kerastune_lite.surrogate.covariance import Features
from kerastune_lite.surrogate.prior_mean import PriorMean
from kerastune_lite.surrogate.process import FittedProcess, Observations

Array = np.ndarray[Any, Any]

# The step of finite differences, as a fraction of a column's range: small compared to length scales, large compared to
# rounding errors.
_STEP = 1e-4


class GaussianProcess(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """The Gaussian process of `kt.strategies.Bayesian`, for any real columns and targets.

    The model is the sum of a linear function and a Matern-5/2 process with a length scale for each column, on warped
    inputs. All parameters are maximum a posteriori estimates; docs/bayesian.md cites the sources. It is meant for up to
    a few hundred rows. Use it alone, or as `base_estimator` of `kt.strategies.Skopt` or `skopt.Optimizer`.

    `fit` scales each column to the unit interval by its range, and standardises the targets; columns may be constant.
    Beyond the range seen in `fit`, predictions become less certain.

    Example:
        >>> import kerastune_lite as kt
        >>> model = kt.surrogates.GaussianProcess().fit([[0.0], [0.5], [1.0]], [1.0, 0.0, 1.0])
        >>> mean, deviation = model.predict([[0.25], [0.5]], return_std=True)
        >>> bool(mean[0] > mean[1]), bool(deviation[0] > deviation[1])
        (True, True)
    """

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 - scikit-learn's names
        """Estimates all parameters.

        Args:
            X: Rows, shape (n, columns), finite.
            y: Targets, shape (n,), finite.

        Raises:
            ValueError: The shapes do not match, or there are NaN or infinite values.
        """
        rows, targets = check_X_y(X, y, dtype=float, y_numeric=True)
        self.n_features_in_ = rows.shape[1]
        self.low_ = rows.min(axis=0)
        span = rows.max(axis=0) - self.low_
        self.span_ = np.where(span > 0, span, 1.0)
        self.mean_ = float(targets.mean())
        self.scale_ = float(targets.std()) or 1.0
        count = self.n_features_in_
        features = Features(np.tile(np.arange(count), 2), np.repeat([True, False], count), PriorMean.zero(2 * count))
        standardised = (targets - self.mean_) / self.scale_
        self.surrogate_ = FittedProcess.fit(
            features, Observations(self._columns(self._units(rows)), standardised, np.ones(len(targets)))
        )
        return self

    def predict(
        self,
        X: Any,  # noqa: N803 - scikit-learn's names, and scikit-optimize's arguments
        return_std: bool = False,  # noqa: FBT001, FBT002
        return_mean_grad: bool = False,  # noqa: FBT001, FBT002
        return_std_grad: bool = False,  # noqa: FBT001, FBT002
    ) -> Any:
        """The mean of the function at each row, without noise.

        Args:
            X: Rows, shape (m, columns).
            return_std: Also return the standard deviation, shape (m,).
            return_mean_grad: Also return the derivatives of the mean, shape (columns,); for one row only.
                scikit-optimize needs them to maximise its acquisition function with L-BFGS.
            return_std_grad: Also return the derivatives of the standard deviation, shape (columns,); for one row only.

        Returns:
            The mean, shape (m,), or a tuple of it and what was requested, in the order of the arguments.

        Raises:
            ValueError: The number of columns is not that of `fit`, or derivatives are requested for several rows.
        """
        check_is_fitted(self)
        rows = check_array(X, dtype=float)
        if rows.shape[1] != self.n_features_in_:
            raise ValueError(f"X has {rows.shape[1]} columns, but fit had {self.n_features_in_}")
        mean, deviation = self._predict(self._units(rows))
        found = [mean, deviation] if return_std else [mean]
        if return_mean_grad or return_std_grad:
            if len(rows) != 1:
                raise ValueError(f"derivatives are for one row at a time, got {len(rows)}")
            gradients = self._gradients(self._units(rows)[0])
            found += [part for part, asked in zip(gradients, (return_mean_grad, return_std_grad), strict=True) if asked]
        return found[0] if len(found) == 1 else tuple(found)

    def _units(self, rows: Array) -> Array:
        return np.asarray((rows - self.low_) / self.span_)

    @staticmethod
    def _columns(units: Array) -> Array:
        """The position within the range, and the distance beyond it, since the warp is defined on the range only."""
        inside = np.clip(units, 0.0, 1.0)
        return np.hstack([inside, units - inside])

    def _predict(self, units: Array) -> tuple[Array, Array]:
        mean, deviation = self.surrogate_.predict(self._columns(units))
        return self.mean_ + self.scale_ * mean, self.scale_ * deviation

    def _gradients(self, unit: Array) -> tuple[Array, Array]:
        """The derivatives of mean and standard deviation, by central differences."""
        steps = _STEP * np.eye(len(unit))
        parts = self._predict(np.vstack([unit + steps, unit - steps]))
        mean, deviation = ((part[: len(unit)] - part[len(unit) :]) / (2 * _STEP * self.span_) for part in parts)
        return mean, deviation
