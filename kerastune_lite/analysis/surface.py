"""How the score depends on one hyperparameter or on two: partial dependence of a Gaussian process fitted to a study.

The process is that of Bayesian search (`surrogate`), without its name priors, fitted to the trials of any strategy.
Friedman, "Greedy function approximation" (2001), section 8.2: the partial dependence on x is the average of f(x, z)
over the other hyperparameters z, here those of the trials that read x. So an inactive hyperparameter stays inactive.
Averages are taken of warped values, on which bad scores weigh less, and converted back to the objective's units. Scores
far beyond the others, as of diverged trials, count as the worst of the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from kerastune_lite.analysis.progress import score_range
from kerastune_lite.analysis.training_data import imputed, training_data, vary
from kerastune_lite.errors import SearchError
from kerastune_lite.space.kinds import Value
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from kerastune_lite.surrogate.encoder import Dimension, FeatureEncoder, SpaceEncoder
from kerastune_lite.surrogate.output_warp import output_warp
from kerastune_lite.surrogate.process import FittedProcess, Observations
from kerastune_lite.surrogate.threads import one_blas_thread

Array = np.ndarray[Any, Any]

# With fewer trials there is nothing to fit.
_LEAST = 5

_ITERATIONS = 30

# Scores more than so many times as far from the best as the median count as the worst of the others.
_FENCE = 20.0

# Trials that are averaged over, for one hyperparameter and for two.
_OTHERS, _OTHERS_OF_TWO = 60, 20

# Points between two observed values, in the table that converts warped values back.
_BETWEEN = 8


@final
@dataclass(frozen=True)
class Slice:
    """The dependence on one hyperparameter.

    Attributes:
        x: Its values, ascending or in the order of its definition.
        mean: The predicted score at each, averaged over the other hyperparameters.
        low: One standard deviation of this average below.
        high: One above.
    """

    x: list[Value]
    mean: list[float]
    low: list[float]
    high: list[float]


@final
@dataclass(frozen=True)
class Contour:
    """The dependence on two hyperparameters: `mean[j][i]` is the predicted score at `xs[i]` and `ys[j]`.

    It is NaN at a value with which trials have not read the other hyperparameter.
    """

    xs: list[Value]
    ys: list[Value]
    mean: list[list[float]]


@final
class ScoreModel:
    """A Gaussian process fitted to the scored trials and external results of a study.

    Args:
        history: The study.

    Raises:
        SearchError: There are too few trials, their scores are equal, or there is nothing to tune.
    """

    def __init__(self, history: History) -> None:
        self._space_encoder = SpaceEncoder(history.space)
        self._coordinates, executions = training_data(history, self._space_encoder)
        if len(executions) < _LEAST:
            raise SearchError(f"a model of the score needs {_LEAST} trials with a score, there are {len(executions)}")
        self._objective = history.objective
        if not len(self._space_encoder):
            raise SearchError("a model of the score needs a hyperparameter with more than one value")
        values = _clipped(np.concatenate([np.asarray(one) for one in executions]), history.objective)
        if not vary(values):
            raise SearchError(
                f"a model of the score needs different scores, all are {history.objective.score(values[0])}"
            )
        counts = np.array([len(one) for one in executions])
        self._encoder = FeatureEncoder(self._space_encoder.dimensions, np.zeros(len(self._space_encoder), dtype=bool))
        with one_blas_thread(), np.errstate(all="ignore"):
            warp = output_warp(values)
            known = Observations.of_replicates(self._rows(self._coordinates), warp(values), counts)
            self._process = FittedProcess.fit(self._encoder.features, known, iterations=_ITERATIONS)
            self._unwarp = _inverse(warp, values)

    def slice(self, name: str, points: int = 40) -> Slice | None:
        """The dependence on a hyperparameter, at so many values at most; None if no scored trial has read it."""
        dimension = self._dimension(name)
        others = None if dimension is None else self._others([dimension], _OTHERS)
        if dimension is None or others is None:
            return None
        values = grid(dimension, points)
        averages = []
        with one_blas_thread():
            for value in values:
                others[:, dimension.index] = dimension.coordinate(value)
                averages.append(self._process.predict_average(self._rows(others)))
        mean, deviation = np.array(averages).T
        ends = [self._scores(mean - deviation), self._scores(mean + deviation)]
        return Slice(values, self._scores(mean).tolist(), np.min(ends, axis=0).tolist(), np.max(ends, axis=0).tolist())

    def contour(self, x: str, y: str, points: int = 20) -> Contour | None:
        """The dependence on two hyperparameters; None if no scored trial has read both."""
        one, other = self._dimension(x), self._dimension(y)
        if one is None or other is None or one is other:
            return None
        others = self._others([one, other], _OTHERS_OF_TWO)
        if others is None:
            return None
        xs, ys = grid(one, points), grid(other, points)
        rows = np.tile(others, (len(xs) * len(ys), 1))
        across = np.array([one.coordinate(value) for value in xs])
        along = np.array([other.coordinate(value) for value in ys])
        rows[:, one.index] = np.repeat(np.tile(across, len(ys)), len(others))
        rows[:, other.index] = np.repeat(np.repeat(along, len(xs)), len(others))
        with one_blas_thread():
            mean = self._process.predict(self._rows(rows))[0].reshape(len(ys), len(xs), len(others)).mean(axis=2)
        scores = self._scores(mean)
        scores[:, [self._never_reads(one, place, other) for place in across]] = np.nan
        scores[[self._never_reads(other, place, one) for place in along]] = np.nan
        return Contour(xs, ys, scores.tolist())

    def _dimension(self, name: str) -> Dimension | None:
        """The dimension of a name; of several kinds, the one that most trials have read."""
        found = [d for d in self._space_encoder.dimensions if d.definition.name == name]
        return max(found, key=lambda d: (~np.isnan(self._coordinates[:, d.index])).sum(), default=None)

    def _others(self, dimensions: Sequence[Dimension], most: int) -> Array | None:
        """Coordinates of trials that have read all these dimensions, evenly spaced by rank."""
        read = ~np.isnan(self._coordinates[:, [dimension.index for dimension in dimensions]]).any(axis=1)
        chosen = np.flatnonzero(read)
        if not len(chosen):
            return None
        places = np.linspace(0, len(chosen) - 1, min(most, len(chosen))).round().astype(int)
        return np.asarray(self._coordinates[chosen[places]])

    def _never_reads(self, dimension: Dimension, coordinate: float, other: Dimension) -> bool:
        """Whether there are trials with this coordinate, none of which has read the other hyperparameter."""
        at = self._coordinates[self._coordinates[:, dimension.index] == coordinate]
        return bool(len(at)) and bool(np.isnan(at[:, other.index]).all())

    def _rows(self, coordinates: Array) -> Array:
        return self._encoder.rows(imputed(coordinates, self._space_encoder))

    def _scores(self, warped: Array) -> Array:
        """Scores, in the objective's sign and units, of warped minimized values."""
        minimized = self._unwarp(warped)
        return -minimized if self._objective.direction == "max" else minimized


def grid(dimension: Dimension, points: int) -> list[Value]:
    """Values of a hyperparameter: all levels if they are few or categories, else evenly spaced on its scale."""
    definition, levels = dimension.definition, dimension.definition.count()
    if levels is not None and (levels <= points or dimension.categories is not None):
        return [definition.level(index) for index in range(min(levels, points))]
    return list(dict.fromkeys(definition.from_unit(unit) for unit in np.linspace(0, 1, points).tolist()))


def _clipped(minimized: Array, objective: Objective) -> Array:
    """Minimized values, with those of diverged trials at the bad end of the range of the others."""
    shown = score_range((objective.score(value) for value in minimized.tolist()), objective, _FENCE)
    assert shown is not None
    return np.minimum(minimized, max(map(objective.minimized, shown)))


def _inverse(warp: Callable[[Array], Array], values: Array) -> Callable[[Array], Array]:
    """The inverse of an ascending warp, by a table: from the worst of `values` to somewhat better than the best."""
    known = np.unique(values)
    reach = float(known[len(known) // 2] - known[0])
    better = known[0] - reach if known[0] <= 0 else max(known[0] - reach, known[0] / 2)
    known = np.concatenate([[better], known])
    parts = np.arange(_BETWEEN) / _BETWEEN
    between = known[:-1, None] + (known[1:] - known[:-1])[:, None] * parts
    table = np.append(between.ravel(), known[-1])
    warped = np.maximum.accumulate(warp(table))
    return lambda wanted: np.interp(wanted, warped, table)
