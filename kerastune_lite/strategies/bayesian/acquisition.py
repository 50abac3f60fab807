"""Which point promises most: the logarithm of the expected improvement, and the search for its maximum.

Ament et al., "Unexpected Improvements to Expected Improvement for Bayesian Optimization" (arXiv:2310.20708): the
expected improvement itself vanishes in the tail, where its logarithm still tells better from worse.
"""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import optimize, special

from kerastune_lite.strategies.bayesian.conditional_space import Axis, ConditionalSpace
from kerastune_lite.surrogate.encoder import FeatureEncoder
from kerastune_lite.surrogate.process import FittedProcess

Array = np.ndarray[Any, Any]

# Beyond this many levels a number is moved by its slope and rounded in the end; below, level by level.
_FEW_LEVELS = 12
_STARTS = 6
_ROUNDS = 3

# How small a relative gain ends a climb along slopes: while several points compete, and for the best of them.
_ROUGHLY = 1e-4
_EXACTLY = 1e-6

# The variance of the labels +1 and -1 around the model of feasibility.
_LABEL_NOISE = 0.1


def log_h(z: Array) -> Array:
    """log(phi(z) + z Phi(z)), without loss of digits for any z; equations (9) and (14) there."""
    z = np.asarray(z, dtype=float)
    far = np.minimum(z, -1.0)  # what each branch would choke on is given to the other one
    near = np.maximum(z, -1.0)
    direct = np.log(np.exp(_log_phi(near)) + near * special.ndtr(near))
    rest = 1 + far * np.sqrt(np.pi / 2) * special.erfcx(-far / np.sqrt(2))
    tail = np.where(far > -1e4, np.log(np.maximum(rest, 1e-300)), -2 * np.log(-far))
    return np.asarray(np.where(z > -1, direct, _log_phi(far) + tail))


def _log_phi(z: Array) -> Array:
    return np.asarray(-0.5 * z**2 - 0.5 * np.log(2 * np.pi))


@final
@dataclass(frozen=True)
class Acquisition:
    """The log expected improvement over `best_f` (to be undercut), where the point is likely to be feasible.

    Attributes:
        columns: The space_encoder that the models were fitted in.
        model: Of the loss.
        best_f: The lowest mean that the model predicts at a trial so far.
        feasibility: Of +1 for trials that gave a loss and -1 for those that failed; None if none failed.
        log_duration: Of the logarithm of a trial's seconds: improvement is counted by the second; None counts by trial.
    """

    columns: FeatureEncoder
    model: FittedProcess
    best_f: float
    feasibility: FittedProcess | None = None
    log_duration: FittedProcess | None = None

    def __call__(self, coordinates: Array) -> Array:
        """Its value at each point, shape (m,)."""
        rows = self.columns.rows(coordinates)
        mean, deviation = self.model.predict(rows)
        value = log_h((self.best_f - mean) / deviation) + np.log(deviation)
        if self.feasibility is not None:
            mean, deviation = self.feasibility.predict(rows)
            value = value + special.log_ndtr(mean / np.sqrt(deviation**2 + _LABEL_NOISE))
        if self.log_duration is not None:
            value = value - self.log_duration.predict(rows)[0]
        return np.asarray(value)

    def with_gradients(self, coordinates: Array, dimensions: Array) -> tuple[Array, Array]:
        """Its value and its derivatives with respect to some numeric coordinates, shapes (m,) and (m, len)."""
        rows = self.columns.rows(coordinates)
        columns = np.array([self.columns.numeric[int(index)] for index in dimensions])
        mean, deviation, mean_gradients, deviation_gradients = self.model.predict_with_gradients(rows, columns)
        z = (self.best_f - mean) / deviation
        log = log_h(z)
        value = log + np.log(deviation)
        # h'(z) = Phi(z), so that d log EI = (-Phi/h d mean + phi/h d deviation) / deviation
        by_mean = -np.exp(special.log_ndtr(z) - log) / deviation
        by_deviation = np.exp(_log_phi(z) - log) / deviation
        slopes = by_mean[:, None] * mean_gradients + by_deviation[:, None] * deviation_gradients
        if self.feasibility is not None:
            mean, deviation, mean_gradients, deviation_gradients = self.feasibility.predict_with_gradients(
                rows, columns
            )
            total = np.sqrt(deviation**2 + _LABEL_NOISE)
            z = mean / total
            value = value + special.log_ndtr(z)
            weight = np.exp(_log_phi(z) - special.log_ndtr(z))[:, None]
            by_total = (z * deviation / total**2)[:, None]
            slopes = slopes + weight * (mean_gradients / total[:, None] - by_total * deviation_gradients)
        if self.log_duration is not None:
            mean, _, mean_gradients, _ = self.log_duration.predict_with_gradients(rows, columns)
            value, slopes = value - mean, slopes - mean_gradients
        return np.asarray(value), slopes


@final
class AcquisitionOptimizer:
    """Climbs from the best of many points: along the slopes of what is continuous, level by level through the rest.

    Args:
        space: What points may look like.
        acquisition: What to maximise.
        rng: For what a changed choice makes a point read in addition.
    """

    def __init__(self, space: ConditionalSpace, acquisition: Acquisition, rng: np.random.Generator) -> None:
        self._space = space
        self._acquisition = acquisition
        self._rng = rng

    def __call__(self, candidates: Array) -> Array:
        """Points in descending order of promise, those climbed to and those climbed from, shape (m, dimensions)."""
        values = self._acquisition(candidates)
        order = np.argsort(-values, kind="stable")
        starts = candidates[order[:_STARTS]]
        climbed, reached = self._climb(starts, values[order[:_STARTS]])
        best = [int(reached.argmax())]
        climbed[best], reached[best] = self._along_gradients(climbed[best], reached[best], _EXACTLY)
        everything = np.vstack([climbed, candidates[order]])
        promise = np.concatenate([reached, values[order]])
        return everything[np.argsort(-promise, kind="stable")]

    def _climb(self, points: Array, values: Array) -> tuple[Array, Array]:
        for _ in range(_ROUNDS):
            points, values = self._along_gradients(points, values, _ROUGHLY)
            before = values
            points, values = self._level_by_level(points, values)
            if (values - before).max() < 1e-3:
                break
        return points, values

    def _along_gradients(self, points: Array, values: Array, tolerance: float) -> tuple[Array, Array]:
        """L-BFGS on the sum over all points: they do not touch one another, and one call serves all."""
        smooth = np.array([index for index in self._acquisition.columns.numeric if self._is_smooth(index)], dtype=int)
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
            value, slopes = self._acquisition.with_gradients(moved(flat), smooth)
            return -float(value.sum()), -slopes[free]

        found = optimize.minimize(
            negative,
            points[:, smooth][free],
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, 1.0)] * int(free.sum()),
            options={"maxiter": 25, "ftol": tolerance},
        )
        return self._better(points, values, self._snapped(moved(found.x)))

    def _is_smooth(self, index: int) -> bool:
        count = self._acquisition.columns.definitions[index].count()
        return count is None or count > _FEW_LEVELS

    def _snapped(self, points: Array) -> Array:
        """As the space allows: levels taken, and what a changed coordinate makes a point read, or no longer read."""
        return self._space.complete(points, np.asarray(self._rng.random(points.shape)))

    def _better(self, points: Array, values: Array, others: Array) -> tuple[Array, Array]:
        found = self._acquisition(others)
        better = found > values
        return np.where(better[:, None], others, points), np.where(better, found, values)

    def _level_by_level(self, points: Array, values: Array) -> tuple[Array, Array]:
        """Of all points that differ from one in one level of one hyperparameter, the best; as long as it helps."""
        for _ in range(8):
            owners, neighbours = self._neighbours(points)
            if not len(owners):
                return points, values
            neighbours = self._snapped(neighbours)
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
        owners: list[int] = []
        rows: list[Array] = []
        for number, point in enumerate(points):
            for axis in self._axes(point):
                if axis.dimension is None or axis.levels is None:
                    continue
                index = axis.dimension.index
                if index in self._acquisition.columns.numeric and len(axis.levels) > _FEW_LEVELS:
                    continue
                for level in axis.levels[np.abs(axis.levels - point[index]) > 1e-9]:
                    row = point.copy()
                    row[index] = level
                    owners.append(number)
                    rows.append(row)
        return np.array(owners, dtype=int), np.array(rows).reshape(-1, points.shape[1])

    def _axes(self, point: Array) -> list[Axis]:
        return [node.axis for node in self._space.walk(point)]
