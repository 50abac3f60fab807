"""Warped outputs: transforms minimized values towards a normal distribution, as a Gaussian process assumes.

Most minimized values of a search are much larger than the best one, some of them by orders of magnitude. A power
transformation spreads the good values and compresses the bad ones: Cowen-Rivers et al., "HEBO" (arXiv:2012.03826),
section 3.2. With power p:

- Box-Cox, for positive y: (y^p - 1) / p, or log(y) if p = 0. Box and Cox, "An analysis of transformations" (1964),
  equation (1);
- Yeo-Johnson, for any y: Box-Cox of 1 + y with p if y >= 0, and minus Box-Cox of 1 - y with 2 - p if y < 0. Yeo and
  Johnson, "A new family of power transformations to improve normality or symmetry" (2000).
"""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

# Added to positive values, in units of their standard deviation: with a value close to 0, the transformation would make
# the optimum too deep and narrow for a smooth model.
_SHIFT = 0.01

# The prior standard deviation of the power.
_POWER_SPREAD = 1.0

Array = np.ndarray[Any, Any]
Warp = Callable[[Array], Array]


def output_warp(values: Array) -> Warp:
    """The transformation fitted to finite values, shape (n,), which get mean 0 and variance 1.

    It is Box-Cox if all values are positive, Yeo-Johnson otherwise. It only standardises if the fit fails, if there are
    fewer than three values, or if all are equal.

    Example:
        >>> values = np.array([0.1, 0.2, 0.4, 100.0])
        >>> output_warp(values)(values).round(2).tolist()
        [-0.84, -0.6, -0.25, 1.69]
    """
    spread = float(np.std(values))
    if len(values) < 3 or not spread > 1e-12 * max(1.0, float(np.abs(values).max())):
        return _standardised(values, lambda values: values)
    fit, shift = (_box_cox, _SHIFT) if values.min() > 0 else (_yeo_johnson, 0.0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            warp = fit(values / spread + shift)
            warped = warp(values / spread + shift)
        except (ValueError, RuntimeError, FloatingPointError):
            return _standardised(values, lambda values: values)
    if not (np.isfinite(warped).all() and np.std(warped) > 1e-6 * max(1.0, float(np.abs(warped).max()))):
        return _standardised(values, lambda values: values)
    return _standardised(values, lambda values: warp(values / spread + shift))


def _box_cox(scaled: Array) -> Warp:
    """Box-Cox with the power fitted to some values: (y^p - 1) / p."""
    logs = np.log(scaled)
    # log of the derivative y^(p - 1) is (p - 1) log(y)
    fitted = _most_normal(lambda power: _box_cox_of_logs(logs, power), logs)
    # values below those of the fit may be 0 or negative
    return lambda values: _box_cox_of_logs(np.log(np.maximum(values, 1e-300)), fitted)


def _yeo_johnson(scaled: Array) -> Warp:
    """Yeo-Johnson with the power fitted to some values."""

    def transform(values: Array, power: float) -> Array:
        logs = np.log1p(np.abs(values))
        # y >= 0: ((1 + y)^p - 1) / p; y < 0: -((1 - y)^(2 - p) - 1) / (2 - p)
        return np.where(values >= 0, _box_cox_of_logs(logs, power), -_box_cox_of_logs(logs, 2 - power))

    # log of the derivative (1 + |y|)^(sign(y) (p - 1)) is (p - 1) sign(y) log(1 + |y|)
    fitted = _most_normal(lambda power: transform(scaled, power), np.sign(scaled) * np.log1p(np.abs(scaled)))
    return lambda values: transform(values, fitted)


def _box_cox_of_logs(logs: Array, power: float) -> Array:
    """(y^p - 1) / p given log(y), and its limit log(y) for p = 0."""
    return logs if abs(power) < 1e-8 else np.expm1(power * logs) / power


def _most_normal(transform: Callable[[float], Array], logs: Array) -> float:
    """The maximum a posteriori power; scipy.stats has the maximum likelihood estimate, at twenty times the cost.

    Box and Cox (1964), equation (8): the log likelihood is -n/2 log(variance of the transformed values) + log J, where
    log J, the sum of the logarithms of the derivatives, is (power - 1) times the sum of `logs`. A few values do not
    determine a power. Therefore its prior is normal around 0, the logarithm, which suits values whose ratios matter.
    """
    total = float(logs.sum())

    def negative_log_posterior(power: float) -> float:
        variance = float(np.var(transform(power)))
        if not variance > 0:
            return math.inf
        negative_log_likelihood = len(logs) / 2 * math.log(variance) - (power - 1) * total
        return negative_log_likelihood + 0.5 * (power / _POWER_SPREAD) ** 2

    return float(optimize.minimize_scalar(negative_log_posterior, bracket=(-2.0, 2.0)).x)


def _standardised(values: Array, warp: Warp) -> Warp:
    """`warp`, shifted and scaled so that `values` get mean 0 and variance 1."""
    with np.errstate(all="ignore"):
        warped = warp(values)
    mean, spread = float(warped.mean()), float(warped.std()) or 1.0

    def standardise(values: Array) -> Array:
        with np.errstate(all="ignore"):
            return (warp(values) - mean) / spread

    return standardise
