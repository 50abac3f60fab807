"""A Gaussian process over hyperparameters: what the trials so far say about a point not tried yet.

Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), called R&W below. `covariance` has its prior.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from scipy import linalg, optimize

from kerastune_lite.surrogate.covariance import LEAST_TREND, Covariance, Features, Parameters, centred, seen
from kerastune_lite.surrogate.input_warp import slopes
from kerastune_lite.surrogate.prior_mean import PriorMean

Array = np.ndarray[Any, Any]

# Bounds of the logarithms of: inverse squared length scales, amplitude, noise variance, trend, exponents of the bends.
_RELEVANCE = (math.log(1e-3), math.log(1e3))
_AMPLITUDE = (math.log(1e-2), math.log(1e2))
_NOISE = (math.log(1e-6), math.log(1.0))
_TREND = (math.log(2 * LEAST_TREND), math.log(1e2))
_NO_TREND = (math.log(LEAST_TREND), math.log(LEAST_TREND))
_BEND = (-1.5, 1.5)

# The prior spread of the logarithm of a bend's exponent.
_BENDING = 0.5

# Rows predicted together: what comes of so many stays in the processor's cache.
_AT_ONCE = 256


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

    @classmethod
    def of_replicates(cls, rows: Array, values: Array, counts: Array) -> "Observations":
        """What several observations at each point tell: `values` in the order of rows, `counts` of them at each."""
        means = np.add.reduceat(values, np.cumsum(counts) - counts) / counts
        return cls(rows, means, counts, float(((values - np.repeat(means, counts)) ** 2).sum()))


@final
@dataclass(frozen=True)
class Surrogate:
    """A fitted process; `predict` asks it.

    Attributes:
        features: What the columns are.
        known: What it was fitted to.
        parameters: What the fit found.
    """

    features: Features
    known: Observations
    parameters: Parameters
    _points: Array = field(init=False, repr=False)
    _inverse: Array = field(init=False, repr=False)
    _weights: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        points = seen(self.known.rows, self.features, self.parameters)
        object.__setattr__(self, "_points", points)
        kernel = self._covariance(points).value() + self._prior.covariance(self.known.rows, self.known.rows)
        kernel[np.diag_indices_from(kernel)] += self.parameters.noise / self.known.repeats
        inverse = _some_inverse(kernel)
        object.__setattr__(self, "_inverse", inverse)
        object.__setattr__(self, "_weights", inverse @ (self.known.targets - self._prior.mean(self.known.rows)))

    @property
    def _prior(self) -> PriorMean:
        return self.features.prior_mean

    @classmethod
    def fit(
        cls,
        features: Features,
        known: Observations,
        starts: Sequence[Parameters] = (),
        iterations: int = 60,
        *,
        trend: bool = True,
    ) -> "Surrogate":
        """The most probable parameters given the observations and the priors (MAP), from the best of several starts.

        `trend=False` leaves the linear trend out.
        """
        posterior = Posterior(features, known)
        count = features.count
        trends = _TREND if trend else _NO_TREND
        bounds = [_RELEVANCE] * count + [_AMPLITUDE, _NOISE, trends] + [_BEND] * (2 * count)
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
        return cls(features, known, Parameters.of_log(best.x))

    def predict(self, rows: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of the function, without noise, at each row; shapes (m,). R&W (2.25), (2.26)."""
        parts = [self._predict(rows[at : at + _AT_ONCE]) for at in range(0, max(len(rows), 1), _AT_ONCE)]
        mean, deviation = (np.concatenate(part) for part in zip(*parts, strict=True))
        return mean, deviation

    def _predict(self, rows: Array) -> tuple[Array, Array]:
        points = seen(rows, self.features, self.parameters)
        kernel = self._covariance(points).value() + self._prior.covariance(rows, self.known.rows)
        mean: Array = self._prior.mean(rows) + kernel @ self._weights
        return mean, self._deviation(rows, points, kernel, kernel @ self._inverse)

    def predict_with_slopes(self, rows: Array, columns: Array) -> tuple[Array, Array, Array, Array]:
        """As `predict`, and the derivatives of both with respect to some numeric columns, shapes (m, len(columns))."""
        points = seen(rows, self.features, self.parameters)
        covariance = self._covariance(points)
        kernel = covariance.value() + self._prior.covariance(rows, self.known.rows)
        slope = covariance.slope()
        solved = kernel @ self._inverse
        deviation = self._deviation(rows, points, kernel, solved)
        here, known = points[:, columns], self._points[:, columns]
        groups = self.features.groups[columns]

        def along(pairs: Array) -> Array:
            """Sums over the known points of the kernel's slopes, weighted by `pairs`, shape (m, n)."""
            pull = pairs * slope  # chain rule through the squared distance
            apart = here * pull.sum(axis=1)[:, None] - pull @ known
            trend = self.parameters.trend * (pairs @ (known - 0.5))
            return np.asarray(2 * self.parameters.relevance[groups] * apart + trend)

        bending = slopes(rows[:, columns], *self.parameters.bends[:, groups])[0]
        own = self.parameters.trend * (here - 0.5)  # half of the derivative of the prior variance
        basis, known_basis = self._prior.basis(rows), self._prior.basis(self.known.rows)
        by_basis = self._prior.basis_gradients(rows, columns)
        mean_slopes = bending * along(np.broadcast_to(self._weights, slope.shape))
        mean_slopes += by_basis @ (1 + self._weights @ known_basis)
        variance_slopes = bending * (own - along(solved))
        variance_slopes += np.einsum("mck,mk->mc", by_basis, basis - solved @ known_basis)
        mean: Array = self._prior.mean(rows) + kernel @ self._weights
        return mean, deviation, mean_slopes, variance_slopes / deviation[:, None]

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
        return Surrogate(self.features, known, self.parameters)

    def leave_one_out(self) -> tuple[Array, Array]:
        """Mean and standard deviation of each observation, with its noise, given all the others; shapes (n,).

        The parameters stay as they were fitted to all observations. R&W (5.12).
        """
        variance = 1 / np.diagonal(self._inverse)
        mean: Array = self.known.targets - self._weights * variance
        return mean, np.sqrt(variance)

    def _covariance(self, points: Array) -> Covariance:
        return Covariance(points, self._points, self.features, self.parameters)

    def _deviation(self, rows: Array, points: Array, kernel: Array, solved: Array) -> Array:
        prior = self.parameters.amplitude + self.parameters.trend * (centred(points, self.features) ** 2).sum(axis=1)
        prior += (self._prior.basis(rows) ** 2).sum(axis=1)
        variance = prior - np.einsum("ij,ij->i", solved, kernel)
        return np.asarray(np.sqrt(np.maximum(variance, 1e-12)))


@final
class Posterior:
    """The negative log posterior of the parameters and its gradient, in their logarithms.

    Sums over pairs of points are never formed group by group: for a symmetric W, sum_ij W_ij (x_i - x_j)^2 is
    2 sum_i x_i^2 (W 1)_i - 2 x'W x, and its derivative with respect to x_i is 4 (x_i (W 1)_i - (W x)_i).
    """

    def __init__(self, features: Features, known: Observations) -> None:
        self._features = features
        self._known = known
        self._targets = known.targets - features.prior_mean.mean(known.rows)
        self._of_prior_mean = features.prior_mean.covariance(known.rows, known.rows)

    def __call__(self, vector: Array) -> tuple[float, Array]:
        """The value and its gradient."""
        features, known, parameters = self._features, self._known, Parameters.of_log(vector)
        points = seen(known.rows, features, parameters)
        covariance = Covariance(points, points, features, parameters)
        kernel = covariance.value()
        middled = centred(points, features)
        diagonal = np.diag_indices_from(kernel)
        noisy = kernel + self._of_prior_mean
        noisy[diagonal] += parameters.noise / known.repeats
        try:
            inverse, logdet = _inverse_and_logdet(noisy)
        except linalg.LinAlgError:
            return 1e25, np.zeros_like(vector)
        weights = inverse @ self._targets
        value = 0.5 * (self._targets @ weights + logdet)  # R&W (2.30), without its constant
        outer = inverse - weights[:, None] * weights[None, :]  # R&W (5.9): d value / d K = outer / 2
        along = outer @ middled
        in_all = np.einsum("ij,ij->", outer, kernel)
        in_trend = parameters.trend * np.einsum("ij,ij->", along, middled)
        pull = outer * covariance.slope()
        total, drawn = pull.sum(axis=1)[:, None], pull @ points
        relevance = parameters.relevance[features.groups]
        by_relevance = relevance * (points * (total * points - drawn)).sum(axis=0)
        by_point = 2 * relevance * (total * points - drawn) + parameters.trend * along
        gradient = np.concatenate(
            [
                np.bincount(features.groups, by_relevance, features.count),
                [0.5 * (in_all - in_trend), 0.5 * parameters.noise * (outer[diagonal] / known.repeats).sum()],
                [0.5 * in_trend],
                self._by_bends(parameters, by_point),
            ]
        )
        prior, prior_gradient = _prior(parameters, known)
        return float(value + prior), gradient + prior_gradient

    def _by_bends(self, parameters: Parameters, by_point: Array) -> Array:
        """The derivatives with respect to the logarithms of the exponents, given those by the places of the points.

        0 for what is no number: its exponents stay where a fit begins, at 1.
        """
        numeric = self._features.bendable
        groups = self._features.groups[numeric]
        _, by_a, by_b = slopes(self._known.rows[:, numeric], *parameters.bends[:, groups])
        found = np.zeros_like(parameters.bends)
        found[:, groups] = [(by_point[:, numeric] * by).sum(axis=0) for by in (by_a, by_b)]
        return found.ravel()


def _prior(parameters: Parameters, known: Observations) -> tuple[float, Array]:
    """The negative log prior, and what repeated observations say of the noise, with gradients in the logarithms.

    Length scales: 0.1 / r + 0.1 r keeps a hyperparameter from being taken for irrelevant, or for all that counts, on
    the word of a few trials. Amplitude: Gamma(2, 1). Noise: Gamma(1.1, 30). Trend: Gamma(1.5, 1). Bends: log-normal.
    """
    r, amplitude, noise, trend = parameters.relevance, parameters.amplitude, parameters.noise, parameters.trend
    bends = np.log(parameters.bends).ravel()
    extra = float((known.repeats - 1).sum())
    value = (
        (0.1 / r + 0.1 * r).sum()
        + (amplitude - math.log(amplitude))
        + (30 * noise - 0.1 * math.log(noise))
        + (trend - 0.5 * math.log(trend))
        + 0.5 * float(bends @ bends) / _BENDING**2
        + 0.5 * (extra * math.log(noise) + known.scatter / noise)  # the likelihood of deviations from the means
    )
    by_noise = 30 * noise - 0.1 + 0.5 * (extra - known.scatter / noise)
    return float(value), np.concatenate(
        [0.1 * r - 0.1 / r, [amplitude - 1, by_noise, trend - 0.5], bends / _BENDING**2]
    )


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
    half, _ = linalg.lapack.dpotri(lower, lower=1)  # the other half is 0
    inverse = half + half.T
    inverse[np.diag_indices_from(inverse)] /= 2
    return inverse, logdet
