"""The trials of a study as the arrays that a surrogate is fitted to; independent of the strategy."""

from typing import Any

import numpy as np

from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial
from kerastune_lite.surrogate.encoder import SpaceEncoder

Array = np.ndarray[Any, Any]

# At most so many trials are used: the cost of a fit grows with the cube of their number.
_MOST = 120

# Minimized values are clipped here: the squares of larger ones overflow.
_HUGE = 1e100


def training_data(history: History, space_encoder: SpaceEncoder) -> tuple[Array, list[list[float]]]:
    """Coordinates, shape (n, dimensions), and for each row the minimized values of its executions."""

    def minimized(score: float) -> float:
        return min(max(history.objective.minimized(score), -_HUGE), _HUGE)

    trials = subset(list(history.ranked()))
    rows = [space_encoder.coordinates(trial.definitions, trial.values) for trial in trials]
    executions = [[minimized(run.best.score) for run in trial.executions if run.best is not None] for trial in trials]
    for result in history.external_results:
        rows.append(space_encoder.coordinates_of_values(result.values))
        executions.append([minimized(result.score)])
    return np.array(rows).reshape(len(executions), len(space_encoder)), executions


def subset(ranked: list[Trial]) -> list[Trial]:
    """At most `_MOST` trials: half of them the best ones, the others evenly spaced by rank."""
    if len(ranked) <= _MOST:
        return ranked
    others = np.linspace(_MOST // 2, len(ranked) - 1, _MOST // 2).round().astype(int)
    return ranked[: _MOST // 2] + [ranked[index] for index in others]


def vary(values: Array) -> bool:
    """Whether the values differ by more than rounding errors."""
    return bool(np.isfinite(values).all() and values.std() > 1e-12 * np.abs(values).max())


def imputed(coordinates: Array, space_encoder: SpaceEncoder) -> Array:
    """Inactive coordinates set to a constant, so that the effect of inactivity is attributed to the parent."""
    at = [0.5 if dimension.categories is None else 0.0 for dimension in space_encoder.dimensions]
    return np.where(np.isnan(coordinates), at, coordinates)
