"""The Gaussian process over hyperparameters: predictions for configurations that were not tried.

R&W is Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006). `covariance` has the prior covariance,
`prior_mean` the prior mean; below, K is the sum of both at the observed rows, with the noise on its diagonal.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from scipy import linalg, optimize

from kerastune_lite.surrogate.covariance import NO_LINEAR_VARIANCE, Covariance, Features, Parameters, centred, warped
from kerastune_lite.surrogate.input_warp import kumaraswamy_gradients
from kerastune_lite.surrogate.prior_mean import PriorMean

Array = np.ndarray[Any, Any]

# Bounds of the logarithms of the parameters.
_INVERSE_SQUARED_LENGTH_SCALE = (math.log(1e-3), math.log(1e3))
_OUTPUT_SCALE = (math.log(1e-2), math.log(1e2))
_NOISE = (math.log(1e-6), math.log(1.0))
_LINEAR_VARIANCE = (math.log(2 * NO_LINEAR_VARIANCE), math.log(1e2))
_NO_LINEAR_VARIANCE = (math.log(NO_LINEAR_VARIANCE), math.log(NO_LINEAR_VARIANCE))
_CONCENTRATION = (-1.5, 1.5)

# The prior standard deviation of the logarithm of a concentration.
_CONCENTRATION_SPREAD = 0.5

# Rows predicted together: their intermediate results stay in the processor's cache.
_BLOCK = 256


@dataclass(frozen=True)
class Observations:
    """Observed values.

    Attributes:
        rows: Configurations, shape (n, columns).
        targets: The mean of the observations of each, shape (n,), about standardised.
        replicates: The number of observations of each, shape (n,).
        within_ss: The within-replicate sum of squares: over all observations, the squared deviation from the mean of
            their configuration. It tells the noise apart from the function.
    """

    rows: Array
    targets: Array
    replicates: Array
    within_ss: float = 0.0

    @classmethod
    def of_replicates(cls, rows: Array, values: Array, counts: Array) -> "Observations":
        """From single observations: `values` in the order of rows, `counts` of them for each row."""
        means = np.add.reduceat(values, np.cumsum(counts) - counts) / counts
        return cls(rows, means, counts, float(((values - np.repeat(means, counts)) ** 2).sum()))


@final
@dataclass(frozen=True)
class FittedProcess:
    """A Gaussian process conditioned on observations.

    Attributes:
        features: What the columns are.
        known: The observations.
        parameters: What the fit found.
    """

    features: Features
    known: Observations
    parameters: Parameters
    _points: Array = field(init=False, repr=False)
    _inverse: Array = field(init=False, repr=False)
    _weights: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        points = warped(self.known.rows, self.features, self.parameters)
        object.__setattr__(self, "_points", points)
        kernel = self._covariance(points).value() + self._prior.covariance(self.known.rows, self.known.rows)
        kernel[np.diag_indices_from(kernel)] += self.parameters.noise / self.known.replicates
        inverse = _inverse_with_jitter(kernel)
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
        linear: bool = True,
    ) -> "FittedProcess":
        """The maximum a posteriori (MAP) parameters, from the best of several starts of L-BFGS-B.

        Args:
            features: What the columns are.
            known: The observations.
            starts: Where to start; the default parameters if empty.
            iterations: Of each start, at most.
            linear: Whether there is a linear function.
        """
        posterior = NegativeLogPosterior(features, known)
        count = features.count
        bounds = [
            *[_INVERSE_SQUARED_LENGTH_SCALE] * count,
            _OUTPUT_SCALE,
            _NOISE,
            _LINEAR_VARIANCE if linear else _NO_LINEAR_VARIANCE,
            *[_CONCENTRATION] * (2 * count),
        ]
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
        parts = [self._predict(rows[at : at + _BLOCK]) for at in range(0, max(len(rows), 1), _BLOCK)]
        mean, deviation = (np.concatenate(part) for part in zip(*parts, strict=True))
        return mean, deviation

    def _predict(self, rows: Array) -> tuple[Array, Array]:
        points = warped(rows, self.features, self.parameters)
        kernel = self._covariance(points).value() + self._prior.covariance(rows, self.known.rows)
        mean: Array = self._prior.mean(rows) + kernel @ self._weights
        return mean, self._deviation(rows, points, kernel, kernel @ self._inverse)

    def predict_average(self, rows: Array) -> tuple[float, float]:
        """Mean and standard deviation of the function's average over some rows. R&W (2.25), (2.26), averaged."""
        points = warped(rows, self.features, self.parameters)
        kernel = (self._covariance(points).value() + self._prior.covariance(rows, self.known.rows)).mean(axis=0)
        prior = Covariance(points, points, self.features, self.parameters).value() + self._prior.covariance(rows, rows)
        variance = float(prior.mean() - kernel @ self._inverse @ kernel)
        return float(self._prior.mean(rows).mean() + kernel @ self._weights), math.sqrt(max(variance, 0.0))

    def predict_with_gradients(self, rows: Array, columns: Array) -> tuple[Array, Array, Array, Array]:
        """As `predict`, and the derivatives of both with respect to some numeric columns, shapes (m, len(columns)).

        With k the covariances of x with the observed rows, and the variance k(x, x) - k'K^-1 k:
        d mean = d m + (d k)' weights; d variance / 2 = d k(x, x) / 2 - (d k)' K^-1 k = deviation * d deviation.
        """
        points = warped(rows, self.features, self.parameters)
        covariance = self._covariance(points)
        kernel = covariance.value() + self._prior.covariance(rows, self.known.rows)
        by_squared_distance = covariance.by_squared_distance()
        solved = kernel @ self._inverse
        deviation = self._deviation(rows, points, kernel, solved)
        here, known = points[:, columns], self._points[:, columns]
        groups = self.features.groups[columns]

        def along(pairs: Array) -> Array:
            """(d k)' pairs in warped coordinates; `pairs` weights each observed row, shape (m, n)."""
            pull = pairs * by_squared_distance
            # d of the squared distance is 2 r (x - x'); summed over observed rows x'
            apart = here * pull.sum(axis=1)[:, None] - pull @ known
            # d of the linear covariance v (x - 1/2)(x' - 1/2)
            linear = self.parameters.linear_variance * (pairs @ (known - 0.5))
            return np.asarray(2 * self.parameters.inverse_squared_length_scales[groups] * apart + linear)

        # chain rule through the warp
        warp = kumaraswamy_gradients(rows[:, columns], *self.parameters.concentrations[:, groups])[0]
        own = self.parameters.linear_variance * (here - 0.5)  # d k(x, x) / 2: the Matern part is constant there
        mean_gradients = warp * along(np.broadcast_to(self._weights, by_squared_distance.shape))
        variance_gradients = warp * (own - along(solved))
        # the prior mean is not warped: h'b + h'B h', R&W (2.40)
        basis, known_basis = self._prior.basis(rows), self._prior.basis(self.known.rows)
        by_basis = self._prior.basis_gradients(rows, columns)
        mean_gradients += by_basis @ (1 + self._weights @ known_basis)
        variance_gradients += np.einsum("mck,mk->mc", by_basis, basis - solved @ known_basis)
        mean: Array = self._prior.mean(rows) + kernel @ self._weights
        return mean, deviation, mean_gradients, variance_gradients / deviation[:, None]

    def condition_on_fantasies(self, rows: Array) -> "FittedProcess":
        """The process as if its own mean had been observed at `rows`: how running trials are taken into account.

        The kriging believer of Ginsbourger et al., "Kriging is well-suited to parallelize optimization" (2010).
        """
        if not len(rows):
            return self
        known = Observations(
            np.vstack([self.known.rows, rows]),
            np.concatenate([self.known.targets, self.predict(rows)[0]]),
            np.concatenate([self.known.replicates, np.ones(len(rows))]),
        )
        return FittedProcess(self.features, known, self.parameters)

    def leave_one_out(self) -> tuple[Array, Array]:
        """Mean and standard deviation of each observation, with its noise, given all others; shapes (n,). R&W (5.12).

        The parameters stay as they were fitted to all observations.
        """
        variance = 1 / np.diagonal(self._inverse)
        mean: Array = self.known.targets - self._weights * variance
        return mean, np.sqrt(variance)

    def _covariance(self, points: Array) -> Covariance:
        return Covariance(points, self._points, self.features, self.parameters)

    def _deviation(self, rows: Array, points: Array, kernel: Array, solved: Array) -> Array:
        # k(x, x): Matern, linear and basis functions; then R&W (2.26)
        linear = self.parameters.linear_variance * (centred(points, self.features) ** 2).sum(axis=1)
        prior = self.parameters.output_scale + linear
        prior += (self._prior.basis(rows) ** 2).sum(axis=1)
        variance = prior - np.einsum("ij,ij->i", solved, kernel)
        return np.asarray(np.sqrt(np.maximum(variance, 1e-12)))


@final
class NegativeLogPosterior:
    """The negative log posterior of the parameters and its gradient, both in the parameters' logarithms.

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
        points = warped(known.rows, features, parameters)
        covariance = Covariance(points, points, features, parameters)
        kernel = covariance.value()
        middled = centred(points, features)
        diagonal = np.diag_indices_from(kernel)
        noisy = kernel + self._of_prior_mean
        noisy[diagonal] += parameters.noise / known.replicates
        try:
            inverse, logdet = _inverse_and_logdet(noisy)
        except linalg.LinAlgError:
            return 1e25, np.zeros_like(vector)
        weights = inverse @ self._targets
        # the negative log marginal likelihood without its constant, R&W (2.30): (y'K^-1 y + log|K|) / 2
        value = 0.5 * (self._targets @ weights + logdet)
        # its gradient, R&W (5.9): tr(W dK) / 2 with W = K^-1 - weights weights'
        outer = inverse - weights[:, None] * weights[None, :]
        along = outer @ middled
        by_kernel = np.einsum("ij,ij->", outer, kernel)
        by_linear = parameters.linear_variance * np.einsum("ij,ij->", along, middled)
        by_noise = parameters.noise * (outer[diagonal] / known.replicates).sum()
        # through the squared distances: dK = (dk/d2) d(d2)
        pull = outer * covariance.by_squared_distance()
        total, pulled = pull.sum(axis=1)[:, None], pull @ points
        r = parameters.inverse_squared_length_scales[features.groups]
        by_r = r * (points * (total * points - pulled)).sum(axis=0)
        by_point = 2 * r * (total * points - pulled) + parameters.linear_variance * along
        gradient = np.concatenate(
            [
                np.bincount(features.groups, by_r, features.count),
                [0.5 * (by_kernel - by_linear), 0.5 * by_noise, 0.5 * by_linear],
                self._by_concentrations(parameters, by_point),
            ]
        )
        prior, prior_gradient = _negative_log_prior(parameters, known)
        return float(value + prior), gradient + prior_gradient

    def _by_concentrations(self, parameters: Parameters, by_point: Array) -> Array:
        """The derivatives with respect to the logarithms of the concentrations, given those by the warped points.

        0 for groups without numbers: their concentrations stay at 1, where a fit starts.
        """
        numeric = self._features.numeric_columns
        groups = self._features.groups[numeric]
        _, by_a, by_b = kumaraswamy_gradients(self._known.rows[:, numeric], *parameters.concentrations[:, groups])
        found = np.zeros_like(parameters.concentrations)
        found[:, groups] = [(by_point[:, numeric] * by).sum(axis=0) for by in (by_a, by_b)]
        return found.ravel()


def _negative_log_prior(parameters: Parameters, known: Observations) -> tuple[float, Array]:
    """The negative log prior and the likelihood of deviations within replicates, with gradients in the logarithms.

    - Inverse squared length scales r: exp(-0.1 / r - 0.1 r) keeps a hyperparameter from being ignored, or from
      explaining everything, on the evidence of a few trials.
    - Output scale: Gamma(2, 1). Noise: Gamma(1.1, 30). These three have the form of those in Optuna's GPSampler.
    - Linear variance: Gamma(1.5, 1). Concentrations: log-normal, as in Snoek et al. (see `input_warp`).
    - m observations of one configuration deviate from their mean with (m - 1) degrees of freedom: noise^(-(m - 1) / 2)
      exp(-within_ss / (2 noise)).
    """
    r, noise = parameters.inverse_squared_length_scales, parameters.noise
    output_scale, linear_variance = parameters.output_scale, parameters.linear_variance
    logs = np.log(parameters.concentrations).ravel()
    freedom = float((known.replicates - 1).sum())
    value = (
        (0.1 / r + 0.1 * r).sum()
        + (output_scale - math.log(output_scale))
        + (30 * noise - 0.1 * math.log(noise))
        + (linear_variance - 0.5 * math.log(linear_variance))
        + 0.5 * float(logs @ logs) / _CONCENTRATION_SPREAD**2
        + 0.5 * (freedom * math.log(noise) + known.within_ss / noise)
    )
    by_noise = 30 * noise - 0.1 + 0.5 * (freedom - known.within_ss / noise)
    single = [output_scale - 1, by_noise, linear_variance - 0.5]
    return float(value), np.concatenate([0.1 * r - 0.1 / r, single, logs / _CONCENTRATION_SPREAD**2])


def _inverse_with_jitter(kernel: Array) -> Array:
    """The inverse, with the least jitter on the diagonal that makes the matrix positive definite."""
    for jitter in (0.0, 1e-10, 1e-8, 1e-6):
        with suppress(linalg.LinAlgError):
            return _inverse_and_logdet(kernel + jitter * kernel.diagonal().max() * np.eye(len(kernel)))[0]
    return _inverse_and_logdet(kernel + 1e-3 * kernel.diagonal().max() * np.eye(len(kernel)))[0]


def _inverse_and_logdet(kernel: Array) -> tuple[Array, float]:
    """By Cholesky decomposition.

    Raises:
        LinAlgError: The matrix is not positive definite.
    """
    lower, failed = linalg.lapack.dpotrf(kernel, lower=1)
    if failed:
        raise linalg.LinAlgError("not positive definite")
    logdet = 2 * float(np.log(np.diagonal(lower)).sum())
    half, _ = linalg.lapack.dpotri(lower, lower=1)  # the upper triangle stays 0
    inverse = half + half.T
    inverse[np.diag_indices_from(inverse)] /= 2
    return inverse, logdet
