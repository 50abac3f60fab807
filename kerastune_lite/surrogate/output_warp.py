"""Losses brought near a normal distribution, which is what a Gaussian process expects.

Most of a search's losses lie far above the best one, a few of them absurdly far. A power transformation, its exponent
by maximum likelihood, spreads the good ones and draws the bad ones in: Cowen-Rivers et al., "HEBO" (arXiv:2012.03826),
section 3.2.
"""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

# Added to positive losses, in units of their spread: where they come close to 0, a power would make a chasm of the
# optimum, which no smooth model can follow.
_LEAST = 0.01

# The prior spread of the exponent.
_POWER_SPREAD = 1.0

Array = np.ndarray[Any, Any]
Warp = Callable[[Array], Array]


def output_warp(losses: Array) -> Warp:
    """The transformation fitted to some finite losses, shape (n,); it gives them mean 0 and variance 1.

    Box-Cox where all are positive, Yeo-Johnson otherwise; no more than a shift and a scale where that fails.
    """
    spread = float(np.std(losses))
    if len(losses) < 3 or not spread > 1e-12 * max(1.0, float(np.abs(losses).max())):
        return _standardised(losses, lambda values: values)
    positive = losses.min() > 0
    power, shift = (_box_cox, _LEAST) if positive else (_yeo_johnson, 0.0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            warp = power(losses / spread + shift)
            warped = warp(losses / spread + shift)
        except (ValueError, RuntimeError, FloatingPointError):
            return _standardised(losses, lambda values: values)
    if not (np.isfinite(warped).all() and np.std(warped) > 1e-6 * max(1.0, float(np.abs(warped).max()))):
        return _standardised(losses, lambda values: values)
    return _standardised(losses, lambda values: warp(values / spread + shift))


def _box_cox(scaled: Array) -> Warp:
    logs = np.log(scaled)
    exponent = _most_normal(lambda power: _power_of(logs, power), logs)
    return lambda values: _power_of(np.log(np.maximum(values, 1e-300)), exponent)


def _yeo_johnson(scaled: Array) -> Warp:
    """Box-Cox of 1 + y where y is not negative; mirrored, with the exponent 2 - power, where it is."""

    def transform(values: Array, power: float) -> Array:
        logs = np.log1p(np.abs(values))
        return np.where(values >= 0, _power_of(logs, power), -_power_of(logs, 2 - power))

    exponent = _most_normal(lambda power: transform(scaled, power), np.sign(scaled) * np.log1p(np.abs(scaled)))
    return lambda values: transform(values, exponent)


def _power_of(logs: Array, power: float) -> Array:
    """(exp(logs) ** power - 1) / power, and its limit at 0."""
    return logs if abs(power) < 1e-8 else np.expm1(power * logs) / power


def _most_normal(transform: Callable[[float], Array], logs: Array) -> float:
    """The exponent of the highest likelihood; scipy.stats has it too, at twenty times the cost.

    Box and Cox, "An analysis of transformations" (1964), equation (8): `logs` is the logarithm of the derivative of the
    transformation, for an exponent of 2. A handful of losses cannot tell an exponent: the prior is normal around 0, the
    logarithm, which suits losses whose ratios matter.
    """
    total = float(logs.sum())

    def negative_log_posterior(power: float) -> float:
        variance = float(np.var(transform(power)))
        if not variance > 0:
            return math.inf
        likelihood = len(logs) / 2 * math.log(variance) - (power - 1) * total
        return likelihood + 0.5 * (power / _POWER_SPREAD) ** 2

    return float(optimize.minimize_scalar(negative_log_posterior, bracket=(-2.0, 2.0)).x)


def _standardised(losses: Array, warp: Warp) -> Warp:
    with np.errstate(all="ignore"):
        warped = warp(losses)
    mean, spread = float(warped.mean()), float(warped.std()) or 1.0

    def standardise(values: Array) -> Array:
        with np.errstate(all="ignore"):
            return (warp(values) - mean) / spread

    return standardise
