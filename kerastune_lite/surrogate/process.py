"""A Gaussian process over hyperparameters: what the trials so far say about a point not tried yet.

Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), called R&W below. Points are rows of a matrix
(`embedding` makes them) whose columns belong to groups, one group a hyperparameter; the squared distance of two rows is
sum_g r_g |x_g - x'_g|^2, with an inverse squared length scale r_g for each group (automatic relevance determination).
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from scipy import linalg, optimize

Array = np.ndarray[Any, Any]

# Bounds of the logarithms of: inverse squared length scales, amplitude, noise variance.
_RELEVANCE = (math.log(1e-3), math.log(1e3))
_AMPLITUDE = (math.log(1e-2), math.log(1e2))
_NOISE = (math.log(1e-6), math.log(1.0))


@dataclass(frozen=True)
class Parameters:
    """What a fit finds.

    Attributes:
        relevance: Inverse squared length scale of each group, shape (groups,).
        amplitude: Prior variance of the function; targets have variance 1.
        noise: Variance of one observation.
    """

    relevance: Array
    amplitude: float = 1.0
    noise: float = 1e-3

    @classmethod
    def default(cls, groups: int) -> "Parameters":
        """Where a fit begins that knows nothing."""
        return cls(np.ones(groups))

    def log(self) -> Array:
        """All of them as one vector of logarithms."""
        vector: Array = np.log(np.concatenate([self.relevance, [self.amplitude, self.noise]]))
        return vector

    @classmethod
    def of_log(cls, vector: Array) -> "Parameters":
        """The inverse of `log`."""
        plain = np.exp(vector)
        return cls(plain[:-2], float(plain[-2]), float(plain[-1]))


@dataclass(frozen=True)
class Observations:
    """What is known.

    Attributes:
        rows: Points, shape (n, columns).
        targets: The mean observation at each, shape (n,), about standardised.
        repeats: How many observations each mean is of, shape (n,).
        scatter: Sum over all points of the squared deviations from their means: what repeats tell of the noise.
    """

    rows: Array
    targets: Array
    repeats: Array
    scatter: float = 0.0


@final
@dataclass(frozen=True)
class Surrogate:
    """A fitted process; `predict` asks it.

    Attributes:
        groups: The group of each column, shape (columns,).
        known: What it was fitted to.
        parameters: What the fit found.
    """

    groups: Array
    known: Observations
    parameters: Parameters
    _inverse: Array = field(init=False, repr=False)
    _weights: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        kernel, _ = _matern(self._distances(self.known.rows), self.parameters.amplitude)
        kernel[np.diag_indices_from(kernel)] += self.parameters.noise / self.known.repeats
        inverse = _some_inverse(kernel)
        object.__setattr__(self, "_inverse", inverse)
        object.__setattr__(self, "_weights", inverse @ self.known.targets)

    @classmethod
    def fit(
        cls, groups: Array, known: Observations, starts: Sequence[Parameters] = (), iterations: int = 60
    ) -> "Surrogate":
        """The most probable parameters given the observations and the priors (MAP), from the best of several starts."""
        count = int(groups.max()) + 1 if len(groups) else 0
        posterior = _Posterior(_grouped_distances(known.rows, groups, count), known)
        bounds = [_RELEVANCE] * count + [_AMPLITUDE, _NOISE]
        low, high = np.array(bounds).T
        found = [
            optimize.minimize(
                posterior,
                np.clip(start.log(), low, high),
                jac=True,
                method="L-BFGS-B",
                bounds=bounds,
                options={"maxiter": iterations},
            )
            for start in (starts or [Parameters.default(count)])
        ]
        best = min(found, key=lambda result: float(result.fun))
        return cls(groups, known, Parameters.of_log(best.x))

    def predict(self, rows: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of the function, without noise, at each row; shapes (m,). R&W (2.25), (2.26)."""
        kernel, _ = _matern(self._distances(rows), self.parameters.amplitude)
        variance = self.parameters.amplitude - np.einsum("ij,ij->i", kernel @ self._inverse, kernel)
        return kernel @ self._weights, np.sqrt(np.maximum(variance, 1e-12))

    def predict_with_slopes(self, rows: Array, columns: Array) -> tuple[Array, Array, Array, Array]:
        """As `predict`, and the derivatives of both with respect to some columns, shapes (m, len(columns))."""
        kernel, slope = _matern(self._distances(rows), self.parameters.amplitude)
        solved = kernel @ self._inverse
        deviation = np.sqrt(np.maximum(self.parameters.amplitude - np.einsum("ij,ij->i", solved, kernel), 1e-12))
        relevance = self.parameters.relevance[self.groups[columns]]
        apart = rows[:, None, columns] - self.known.rows[None, :, columns]  # (m, n, columns)
        slopes = 2 * relevance * slope[:, :, None] * apart  # of the kernel: chain rule through the squared distance
        mean_slopes = np.einsum("mnc,n->mc", slopes, self._weights)
        deviation_slopes = -np.einsum("mnc,mn->mc", slopes, solved) / deviation[:, None]
        return kernel @ self._weights, deviation, mean_slopes, deviation_slopes

    def believing(self, rows: Array) -> "Surrogate":
        """As if its own mean had been observed at `rows`: how points under way are taken into account.

        Ginsbourger et al., "Kriging is well-suited to parallelize optimization" (2010), the kriging believer.
        """
        if not len(rows):
            return self
        known = Observations(
            np.vstack([self.known.rows, rows]),
            np.concatenate([self.known.targets, self.predict(rows)[0]]),
            np.concatenate([self.known.repeats, np.ones(len(rows))]),
        )
        return Surrogate(self.groups, known, self.parameters)

    def _distances(self, rows: Array) -> Array:
        """Scaled squared distances of `rows` from the known ones, shape (m, n)."""
        scale = np.sqrt(self.parameters.relevance[self.groups])
        left, right = rows * scale, self.known.rows * scale
        squares: Array = (left**2).sum(1)[:, None] + (right**2).sum(1)[None, :] - 2 * left @ right.T
        return np.maximum(squares, 0.0)


class _Posterior:
    """The negative log posterior of the parameters and its gradient, in their logarithms."""

    def __init__(self, distances: Array, known: Observations) -> None:
        self._distances = distances  # (groups, n * n)
        self._known = known
        self._n = len(known.targets)

    def __call__(self, vector: Array) -> tuple[float, Array]:
        parameters, known, n = Parameters.of_log(vector), self._known, self._n
        kernel, slope = _matern((parameters.relevance @ self._distances).reshape(n, n), parameters.amplitude)
        diagonal = np.diag_indices(n)
        noisy = kernel.copy()
        noisy[diagonal] += parameters.noise / known.repeats
        try:
            inverse, logdet = _inverse_and_logdet(noisy)
        except linalg.LinAlgError:
            return 1e25, np.zeros_like(vector)
        weights = inverse @ known.targets
        value = 0.5 * (known.targets @ weights + logdet)  # R&W (2.30), without its constant
        outer = inverse - weights[:, None] * weights[None, :]  # R&W (5.9): d value / d K = outer / 2
        gradient = np.empty_like(vector)
        gradient[:-2] = 0.5 * parameters.relevance * (self._distances @ (outer * slope).ravel())
        gradient[-2] = 0.5 * np.einsum("ij,ij->", outer, kernel)
        gradient[-1] = 0.5 * parameters.noise * (outer[diagonal] / known.repeats).sum()
        prior, prior_gradient = _prior(parameters, known)
        return float(value + prior), gradient + prior_gradient


def _prior(parameters: Parameters, known: Observations) -> tuple[float, Array]:
    """The negative log prior, and what repeated observations say of the noise, with gradients in the logarithms.

    Length scales: 0.1 / r + 0.1 r keeps a hyperparameter from being taken for irrelevant, or for all that counts, on
    the word of a few trials. Amplitude: Gamma(2, 1). Noise: Gamma(1.1, 30).
    """
    r, amplitude, noise = parameters.relevance, parameters.amplitude, parameters.noise
    extra = float((known.repeats - 1).sum())
    value = (
        (0.1 / r + 0.1 * r).sum()
        + (amplitude - math.log(amplitude))
        + (30 * noise - 0.1 * math.log(noise))
        + 0.5 * (extra * math.log(noise) + known.scatter / noise)  # the likelihood of deviations from the means
    )
    gradient = np.concatenate(
        [0.1 * r - 0.1 / r, [amplitude - 1, 30 * noise - 0.1 + 0.5 * (extra - known.scatter / noise)]]
    )
    return float(value), gradient


def _matern(squares: Array, amplitude: float) -> tuple[Array, Array]:
    """Matern-5/2 of scaled squared distances, and its derivative with respect to them. R&W (4.17)."""
    s = np.sqrt(5 * squares)
    decay = amplitude * np.exp(-s)
    return decay * (1 + s + s**2 / 3), -5 / 6 * decay * (1 + s)


def _grouped_distances(rows: Array, groups: Array, count: int) -> Array:
    """Squared distances of all pairs in each group, shape (groups, n * n)."""
    found = np.zeros((count, len(rows), len(rows)))
    for column, group in enumerate(groups):
        found[group] += (rows[:, None, column] - rows[None, :, column]) ** 2
    return found.reshape(count, -1)


def _some_inverse(kernel: Array) -> Array:
    """The inverse, with as little added to the diagonal as makes it possible."""
    for jitter in (0.0, 1e-10, 1e-8, 1e-6):
        with suppress(linalg.LinAlgError):
            return _inverse_and_logdet(kernel + jitter * kernel.diagonal().max() * np.eye(len(kernel)))[0]
    return _inverse_and_logdet(kernel + 1e-3 * kernel.diagonal().max() * np.eye(len(kernel)))[0]


def _inverse_and_logdet(kernel: Array) -> tuple[Array, float]:
    """By Cholesky's decomposition; raises LinAlgError where the matrix is not positive definite."""
    lower, failed = linalg.lapack.dpotrf(kernel, lower=1)
    if failed:
        raise linalg.LinAlgError("not positive definite")
    logdet = 2 * float(np.log(np.diagonal(lower)).sum())
    inverse, _ = linalg.lapack.dpotri(lower, lower=1)
    return np.tril(inverse) + np.tril(inverse, -1).T, logdet
