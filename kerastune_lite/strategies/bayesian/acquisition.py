"""The acquisition function, the logarithm of the expected improvement, and its maximisation.

Ament et al., "Unexpected Improvements to Expected Improvement for Bayesian Optimization" (arXiv:2310.20708). Far from
the optimum the expected improvement is numerically 0, and so are its gradients; its logarithm still ranks points there.

EI = E[max(0, best_f - f(x))] = deviation h(z), with z = (best_f - mean) / deviation and h(z) = phi(z) + z Phi(z), where
phi and Phi are the density and the distribution function of the standard normal distribution.
"""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import optimize, special

from kerastune_lite.strategies.bayesian.conditional_space import MOST_LEVELS, Axis, ConditionalSpace
from kerastune_lite.surrogate.encoder import FeatureEncoder
from kerastune_lite.surrogate.output_warp import Warp
from kerastune_lite.surrogate.process import FittedProcess

Array = np.ndarray[Any, Any]

# A number with more levels is moved along its gradient and rounded; with fewer, every level is tried.
_FEW_LEVELS = 12

# How many levels of a category of very many are tried, at random.
_SOME_LEVELS = 64

# How many points local searches start from, and how often each alternates between gradients and levels.
_STARTS = 6
_ROUNDS = 3

# The relative improvement that ends a search along gradients: for all starts, and for the best of them.
_ROUGH_TOLERANCE = 1e-4
_FINE_TOLERANCE = 1e-6

# The variance of the labels +1 and -1 around the model of feasibility.
_LABEL_NOISE = 0.1


def log_h(z: Array) -> Array:
    """log(phi(z) + z Phi(z)), numerically stable for any z. Ament et al., equation (9).

    Example:
        >>> log_h(np.array([0.0, -10.0, -1e6])).round(2).tolist()
        [-0.92, -55.55, -500000000028.55]
    """
    z = np.asarray(z, dtype=float)
    # np.where evaluates all branches: each gets arguments from its own domain only
    near, far = np.maximum(z, -1.0), np.minimum(z, -1.0)
    # z > -1: log(phi(z) + z Phi(z)), as it is
    direct = np.log(np.exp(_log_phi(near)) + near * special.ndtr(near))
    # z <= -1, where phi(z) and z Phi(z) cancel: with Phi(z) = exp(-z^2/2) erfcx(-z / sqrt(2)) / 2,
    # h(z) = phi(z) (1 + z sqrt(pi/2) erfcx(-z / sqrt(2)))
    rest = 1 + far * np.sqrt(np.pi / 2) * special.erfcx(-far / np.sqrt(2))
    # z <= -1e4, where these two terms cancel as well: h(z) is about phi(z) / z^2 (appendix A.2)
    tail = np.where(far > -1e4, np.log(np.maximum(rest, 1e-300)), -2 * np.log(-far))
    return np.asarray(np.where(z > -1, direct, _log_phi(far) + tail))


def _log_phi(z: Array) -> Array:
    return np.asarray(-0.5 * z**2 - 0.5 * np.log(2 * np.pi))


def expected_improvement(mean: float, deviation: float, warp: Warp, minimized: Array) -> float:
    """By how much a trial is expected to improve on the lowest of the minimized values, in their own units.

    With the lowest value y*, E[max(0, y* - Y)] is the integral of P(Y < y) over y from minus infinity to y*, and
    P(Y < y) = Phi((warp(y) - mean) / deviation), because the warp is increasing.

    Args:
        mean: What the model predicts for the warped value of the trial.
        deviation: The standard deviation of the prediction.
        warp: The output warp of the model.
        minimized: The minimized values of the trials, shape (n,).

    Example:
        >>> round(expected_improvement(0.0, 1.0, lambda values: values, np.array([0.0, 2.0])), 3)  # phi(0) = 0.399
        0.399
    """
    best, spread = float(minimized.min()), float(np.std(minimized)) or 1.0
    below = np.concatenate([[0.0], np.geomspace(1e-6, 1e2, 400)]) * spread
    if best > 0:  # all are positive: so is every score that is possible
        below = np.minimum(below, best)
    return float(np.trapezoid(special.ndtr((warp(best - below) - mean) / deviation), below))


@final
@dataclass(frozen=True)
class Acquisition:
    """The log expected improvement, plus the log probability of success, minus the expected log duration.

    Attributes:
        encoder: Encodes points as the models' rows.
        model: Predicts the warped minimized value.
        best_f: The lowest mean that the model predicts at a finished trial; points improve on it if they are lower.
        feasibility: Fitted to +1 for finished trials and -1 for failed ones; None if no trial failed.
        log_duration: Predicts the logarithm of a trial's duration; None if duration does not count.
    """

    encoder: FeatureEncoder
    model: FittedProcess
    best_f: float
    feasibility: FittedProcess | None = None
    log_duration: FittedProcess | None = None

    def __call__(self, coordinates: Array) -> Array:
        """The acquisition value of each point, shape (m,)."""
        rows = self.encoder.rows(coordinates)
        mean, deviation = self.model.predict(rows)
        # log EI = log h(z) + log(deviation), Ament et al., equation (8)
        value = log_h((self.best_f - mean) / deviation) + np.log(deviation)
        if self.feasibility is not None:
            # the probability of a positive label, as in probit regression
            mean, deviation = self.feasibility.predict(rows)
            value = value + special.log_ndtr(mean / np.sqrt(deviation**2 + _LABEL_NOISE))
        if self.log_duration is not None:
            value = value - self.log_duration.predict(rows)[0]
        return np.asarray(value)

    def with_gradients(self, coordinates: Array, dimensions: Array) -> tuple[Array, Array]:
        """The acquisition values, and their derivatives with respect to some numeric coordinates.

        Args:
            coordinates: Points, shape (m, all dimensions).
            dimensions: Indices of numeric dimensions, shape (k,).

        Returns:
            Values, shape (m,), and derivatives, shape (m, k).
        """
        rows = self.encoder.rows(coordinates)
        columns = np.array([self.encoder.numeric[int(index)] for index in dimensions])
        mean, deviation, mean_gradients, deviation_gradients = self.model.predict_with_gradients(rows, columns)
        z = (self.best_f - mean) / deviation
        log = log_h(z)
        value = log + np.log(deviation)
        # 1. h'(z) = Phi(z), since phi'(z) = -z phi(z); so d log h = Phi/h dz
        # 2. dz = -(d mean + z d deviation) / deviation, and d log(deviation) = d deviation / deviation
        # 3. together, with h - z Phi = phi: d log EI = (-Phi/h d mean + phi/h d deviation) / deviation
        by_mean = -np.exp(special.log_ndtr(z) - log) / deviation
        by_deviation = np.exp(_log_phi(z) - log) / deviation
        gradients = by_mean[:, None] * mean_gradients + by_deviation[:, None] * deviation_gradients
        if self.feasibility is not None:
            mean, deviation, mean_gradients, deviation_gradients = self.feasibility.predict_with_gradients(
                rows, columns
            )
            # d log Phi(z) = phi/Phi dz, with z = mean / total and total^2 = deviation^2 + label noise;
            # dz = d mean / total - z deviation d deviation / total^2
            total = np.sqrt(deviation**2 + _LABEL_NOISE)
            z = mean / total
            value = value + special.log_ndtr(z)
            weight = np.exp(_log_phi(z) - special.log_ndtr(z))[:, None]
            by_total = (z * deviation / total**2)[:, None]
            gradients = gradients + weight * (mean_gradients / total[:, None] - by_total * deviation_gradients)
        if self.log_duration is not None:
            mean, _, mean_gradients, _ = self.log_duration.predict_with_gradients(rows, columns)
            value, gradients = value - mean, gradients - mean_gradients
        return np.asarray(value), gradients


@final
class AcquisitionOptimizer:
    """Maximises the acquisition function by local searches from the best of many candidates.

    A local search alternates between L-BFGS on the continuous coordinates and a search over the levels of the others.

    Args:
        space: The space that points belong to.
        acquisition: The function to maximise.
        rng: Samples what a point reads in addition after a choice was changed.
    """

    def __init__(self, space: ConditionalSpace, acquisition: Acquisition, rng: np.random.Generator) -> None:
        self._space = space
        self._acquisition = acquisition
        self._rng = rng

    def __call__(self, candidates: Array) -> Array:
        """Local maxima and candidates by descending acquisition value, shape (m, dimensions)."""
        values = self._acquisition(candidates)
        order = np.argsort(-values, kind="stable")
        maxima, reached = self._climb(candidates[order[:_STARTS]], values[order[:_STARTS]])
        best = [int(reached.argmax())]
        maxima[best], reached[best] = self._along_gradients(maxima[best], reached[best], _FINE_TOLERANCE)
        points = np.vstack([maxima, candidates[order]])
        values = np.concatenate([reached, values[order]])
        return points[np.argsort(-values, kind="stable")]

    def _climb(self, points: Array, values: Array) -> tuple[Array, Array]:
        for _ in range(_ROUNDS):
            points, values = self._along_gradients(points, values, _ROUGH_TOLERANCE)
            before = values
            points, values = self._level_by_level(points, values)
            if (values - before).max() < 1e-3:
                break
        return points, values

    def _along_gradients(self, points: Array, values: Array, tolerance: float) -> tuple[Array, Array]:
        """L-BFGS on the sum of the values: the points are independent, so one minimisation moves all of them."""
        smooth = np.array([index for index in self._acquisition.encoder.numeric if self._is_smooth(index)], dtype=int)
        free = ~np.isnan(points[:, smooth]) if len(smooth) else np.zeros((len(points), 0), dtype=bool)
        if not free.any():
            return points, values

        def moved(flat: Array) -> Array:
            block = points[:, smooth]
            block[free] = flat
            found = points.copy()
            found[:, smooth] = block
            return found

        def negative(flat: Array) -> tuple[float, Array]:
            value, gradients = self._acquisition.with_gradients(moved(flat), smooth)
            return -float(value.sum()), -gradients[free]

        found = optimize.minimize(
            negative,
            points[:, smooth][free],
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, 1.0)] * int(free.sum()),
            options={"maxiter": 25, "ftol": tolerance},
        )
        return self._better(points, values, self._feasible(moved(found.x)))

    def _is_smooth(self, index: int) -> bool:
        count = self._acquisition.encoder.definitions[index].count()
        return count is None or count > _FEW_LEVELS

    def _feasible(self, points: Array) -> Array:
        """Points of the space: coordinates rounded to levels, and those added or removed that a change requires."""
        return self._space.complete(points, np.asarray(self._rng.random(points.shape)))

    def _better(self, points: Array, values: Array, others: Array) -> tuple[Array, Array]:
        found = self._acquisition(others)
        better = found > values
        return np.where(better[:, None], others, points), np.where(better, found, values)

    def _level_by_level(self, points: Array, values: Array) -> tuple[Array, Array]:
        """Moves each point to its best neighbour, repeatedly; neighbours differ in one level of one hyperparameter."""
        for _ in range(8):
            owners, neighbours = self._neighbours(points)
            if not len(owners):
                return points, values
            neighbours = self._feasible(neighbours)
            found = self._acquisition(neighbours)
            improved = False
            for point in range(len(points)):
                mine = np.flatnonzero(owners == point)
                if len(mine) and found[mine].max() > values[point] + 1e-9:
                    best = mine[found[mine].argmax()]
                    points, values = points.copy(), values.copy()
                    points[point], values[point] = neighbours[best], found[best]
                    improved = True
            if not improved:
                break
        return points, values

    def _neighbours(self, points: Array) -> tuple[Array, Array]:
        """The neighbours of all points, shape (m, dimensions), and the index of the point that each belongs to."""
        owners: list[int] = []
        rows: list[Array] = []
        for number, point in enumerate(points):
            for axis in self._axes(point):
                if axis.dimension is None or axis.levels is None:
                    continue
                index = axis.dimension.index
                if index in self._acquisition.encoder.numeric and len(axis.levels) > _FEW_LEVELS:
                    continue
                levels = axis.levels if len(axis.levels) <= MOST_LEVELS else self._rng.choice(axis.levels, _SOME_LEVELS)
                for level in levels[np.abs(levels - point[index]) > 1e-9]:
                    row = point.copy()
                    row[index] = level
                    owners.append(number)
                    rows.append(row)
        return np.array(owners, dtype=int), np.array(rows).reshape(-1, points.shape[1])

    def _axes(self, point: Array) -> list[Axis]:
        return [node.axis for node in self._space.walk(point)]
