"""What a Gaussian process believes of the objective before any trial: which points are alike.

The function is a sum of two; R&W is Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006):

- a linear trend, since many hyperparameters do more good, or more harm, the larger they are, over much of their range;
  it is what a few trials can tell of many dimensions. R&W (2.27), with one variance for all slopes;
- a smooth deviation from it, Matern-5/2 of the squared distance sum_g r_g |x_g - x'_g|^2, with an inverse squared
  length scale r_g for each hyperparameter (automatic relevance determination). R&W (4.17).

What is expected beforehand is added to it: `prior_mean`. Both see numbers bent by `input_warp`. A point is a row of a
matrix that `embedding` makes, whose columns belong to groups, one group a hyperparameter.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from kerastune_lite.surrogate.input_warp import bent
from kerastune_lite.surrogate.prior_mean import PriorMean

Array = np.ndarray[Any, Any]

# The prior variance of the trend's slopes where there is none.
LEAST_TREND = 1e-4


@final
@dataclass(frozen=True)
class Features:
    """What the columns of a row are.

    Attributes:
        groups: The hyperparameter that each belongs to, from 0 without gaps, shape (columns,).
        numeric: Whether it is a number's place in the unit interval, shape (columns,); the others are 0 or a constant.
        prior_mean: What is expected of the function before any trial.
    """

    groups: Array
    numeric: Array
    prior_mean: PriorMean

    @cached_property
    def count(self) -> int:
        """How many groups there are."""
        return int(self.groups.max()) + 1 if len(self.groups) else 0

    @cached_property
    def bendable(self) -> Array:
        """The numeric columns."""
        return np.flatnonzero(self.numeric)


@dataclass(frozen=True)
class Parameters:
    """What a fit finds.

    Attributes:
        relevance: Inverse squared length scale of each group, shape (groups,).
        amplitude: Prior variance of the deviation from the trend; targets have variance 1.
        noise: Variance of one observation.
        trend: Prior variance of the trend's slope along each column.
        bends: The exponents a and b of each group's bend, shape (2, groups); 1 where there is nothing to bend.
    """

    relevance: Array
    amplitude: float
    noise: float
    trend: float
    bends: Array

    @property
    def has_trend(self) -> bool:
        """Whether there is a trend to speak of."""
        return self.trend > 1.5 * LEAST_TREND

    @classmethod
    def default(cls, groups: int) -> "Parameters":
        """Where a fit begins that knows nothing."""
        return cls(np.ones(groups), amplitude=1.0, noise=1e-3, trend=0.3, bends=np.ones((2, groups)))

    def log(self) -> Array:
        """All of them as one vector of logarithms."""
        single = [self.amplitude, self.noise, self.trend]
        vector: Array = np.log(np.concatenate([self.relevance, single, self.bends.ravel()]))
        return vector

    @classmethod
    def of_log(cls, vector: Array) -> "Parameters":
        """The inverse of `log`."""
        groups = (len(vector) - 3) // 3
        relevance, (amplitude, noise, trend), bends = np.split(np.exp(vector), [groups, groups + 3])
        return cls(relevance, float(amplitude), float(noise), float(trend), bends.reshape(2, groups))


def seen(rows: Array, features: Features, parameters: Parameters) -> Array:
    """The rows as the kernel sees them."""
    numeric = features.bendable
    points = rows.copy()
    points[:, numeric] = bent(rows[:, numeric], *parameters.bends[:, features.groups[numeric]])
    return points


def centred(points: Array, features: Features) -> Array:
    """Around the middle of each numeric column: there the trend is 0."""
    return np.asarray(points - 0.5 * features.numeric)


@final
class Covariance:
    """The prior covariance of two sets of points, shape (m, n)."""

    def __init__(self, left: Array, right: Array, features: Features, parameters: Parameters) -> None:
        scale = np.sqrt(5 * parameters.relevance[features.groups])
        one, other = left * scale, right * scale
        s = (-2 * one) @ other.T  # from here in place: for many points it is memory that takes the time
        s += (one**2).sum(axis=1)[:, None]
        s += (other**2).sum(axis=1)[None, :]
        np.maximum(s, 0.0, out=s)
        self._s = np.sqrt(s, out=s)
        self._decay = np.exp(-s)
        self._decay *= parameters.amplitude
        self._left, self._right = centred(left, features), centred(right, features)
        self._trend = parameters.trend

    def value(self) -> Array:
        """Matern-5/2, R&W (4.17), and the trend, R&W (2.27)."""
        kernel: Array = self._s / 3
        kernel += 1
        kernel *= self._s
        kernel += 1
        kernel *= self._decay
        kernel += (self._trend * self._left) @ self._right.T
        return kernel

    def slope(self) -> Array:
        """The derivative of the Matern part with respect to the scaled squared distance."""
        return np.asarray(-5 / 6 * self._decay * (1 + self._s))
