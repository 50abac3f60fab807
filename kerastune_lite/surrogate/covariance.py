"""The prior covariance of the Gaussian process: which configurations are alike.

R&W is Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006). The function is a sum of two:

- a linear function, since many hyperparameters help more, or harm more, the larger they are, over much of their range;
  a few trials can estimate it in many dimensions. R&W (2.15), with one variance for all weights;
- a smooth deviation from it, with a Matern-5/2 covariance of the squared distance sum_g r_g |x_g - x'_g|^2, where r_g
  is the inverse squared length scale of a hyperparameter (automatic relevance determination). R&W (4.17).

`prior_mean` adds what is expected beforehand. Both see numbers warped by `input_warp`. A configuration is a row of a
matrix made by `encoder`, whose columns belong to groups, one group for each hyperparameter.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from kerastune_lite.surrogate.input_warp import kumaraswamy
from kerastune_lite.surrogate.prior_mean import PriorMean

Array = np.ndarray[Any, Any]

# The variance of the linear function's weights in a process without a linear function.
NO_LINEAR_VARIANCE = 1e-4


@final
@dataclass(frozen=True)
class Features:
    """The columns of a row.

    Attributes:
        groups: The hyperparameter that each column belongs to, from 0 without gaps, shape (columns,).
        numeric: Whether a column is a number's coordinate in the unit interval, shape (columns,); the others are 0 or a
            constant.
        prior_mean: What is expected of the function before any trial.
    """

    groups: Array
    numeric: Array
    prior_mean: PriorMean

    @cached_property
    def count(self) -> int:
        """The number of groups."""
        return int(self.groups.max()) + 1 if len(self.groups) else 0

    @cached_property
    def numeric_columns(self) -> Array:
        """The indices of the numeric columns."""
        return np.flatnonzero(self.numeric)


@final
@dataclass(frozen=True)
class Parameters:
    """The parameters that a fit estimates.

    Attributes:
        inverse_squared_length_scales: r_g of each group, shape (groups,).
        output_scale: Prior variance of the smooth deviation; targets have variance 1.
        noise: Variance of one observation.
        linear_variance: Prior variance of the weight of each column in the linear function.
        concentrations: a and b of each group's Kumaraswamy warp, shape (2, groups); 1 for the identity.
    """

    inverse_squared_length_scales: Array
    output_scale: float
    noise: float
    linear_variance: float
    concentrations: Array

    @property
    def is_linear(self) -> bool:
        """Whether there is a linear function to speak of."""
        return self.linear_variance > 1.5 * NO_LINEAR_VARIANCE

    @classmethod
    def default(cls, groups: int) -> "Parameters":
        """Where a fit begins by default."""
        return cls(
            inverse_squared_length_scales=np.ones(groups),
            output_scale=1.0,
            noise=1e-3,
            linear_variance=0.3,
            concentrations=np.ones((2, groups)),
        )

    def log(self) -> Array:
        """All of them as one vector of logarithms."""
        single = [self.output_scale, self.noise, self.linear_variance]
        parts: list[Any] = [self.inverse_squared_length_scales, single, self.concentrations.ravel()]
        return np.asarray(np.log(np.concatenate(parts)))

    @classmethod
    def of_log(cls, vector: Array) -> "Parameters":
        """The inverse of `log`."""
        groups = (len(vector) - 3) // 3
        r, (output_scale, noise, linear_variance), concentrations = np.split(np.exp(vector), [groups, groups + 3])
        return cls(r, float(output_scale), float(noise), float(linear_variance), concentrations.reshape(2, groups))


def warped(rows: Array, features: Features, parameters: Parameters) -> Array:
    """The rows with their numeric columns warped: what the covariance sees."""
    numeric = features.numeric_columns
    points = rows.copy()
    points[:, numeric] = kumaraswamy(rows[:, numeric], *parameters.concentrations[:, features.groups[numeric]])
    return points


def centred(points: Array, features: Features) -> Array:
    """Points around the middle of each numeric column, where the linear function is 0."""
    return np.asarray(points - 0.5 * features.numeric)


@final
class Covariance:
    """The prior covariance between two sets of warped points, shape (m, n)."""

    def __init__(self, left: Array, right: Array, features: Features, parameters: Parameters) -> None:
        # s = sqrt(5 d2), where d2 = |a|^2 - 2 a'b + |b|^2 is the squared distance of the scaled points
        scale = np.sqrt(5 * parameters.inverse_squared_length_scales[features.groups])
        one, other = left * scale, right * scale
        s = (-2 * one) @ other.T  # from here in place: for many points, memory traffic takes most of the time
        s += (one**2).sum(axis=1)[:, None]
        s += (other**2).sum(axis=1)[None, :]
        np.maximum(s, 0.0, out=s)
        self._s = np.sqrt(s, out=s)
        self._decay = np.exp(-s)
        self._decay *= parameters.output_scale
        self._left, self._right = centred(left, features), centred(right, features)
        self._linear_variance = parameters.linear_variance

    def value(self) -> Array:
        """Matern-5/2, output_scale (1 + s + s^2/3) exp(-s), R&W (4.17), plus the linear covariance, R&W (2.15)."""
        kernel: Array = self._s / 3
        kernel += 1
        kernel *= self._s
        kernel += 1
        kernel *= self._decay
        kernel += (self._linear_variance * self._left) @ self._right.T
        return kernel

    def by_squared_distance(self) -> Array:
        """The derivative of the Matern part with respect to d2: -5/6 output_scale (1 + s) exp(-s)."""
        return np.asarray(-5 / 6 * self._decay * (1 + self._s))
