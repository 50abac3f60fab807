"""The training data of the models: the trials of a study as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from kerastune_lite.strategies.bayesian.conditional_space import ConditionalSpace
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial
from kerastune_lite.surrogate.encoder import FeatureEncoder, SpaceEncoder
from kerastune_lite.surrogate.output_warp import output_warp
from kerastune_lite.surrogate.process import Observations

Array = np.ndarray[Any, Any]

# At most so many finished trials, and so many failed ones, are used: the cost of a fit grows with the cube of their
# number.
MOST_TRIALS = 400

_FAILED = ("failed", "infeasible")


@final
@dataclass(frozen=True)
class TrainingData:
    """The trials and the external results of a study.

    Attributes:
        coordinates: Coordinates of finished trials and external results, shape (n, dimensions).
        minimized: The minimized value of each, the mean over its executions, shape (n,).
        executions: The minimized value of each execution of each.
        failed: Coordinates of failed and infeasible trials, completed where reads are missing, shape (., dimensions).
        pending: Coordinates of unfinished trials without a result, completed in the same way, shape (., dimensions).
        durations: Duration of each in seconds, shape (n,); NaN for external results.
    """

    coordinates: Array
    minimized: Array
    executions: Sequence[Sequence[float]]
    failed: Array
    pending: Array
    durations: Array

    @classmethod
    def of(cls, history: History, space_encoder: SpaceEncoder, space: ConditionalSpace) -> "TrainingData":
        """The training data of a study; a subset of its trials if there are too many."""
        finished = [trial for trial in history.trials if trial.succeeded and trial.minimized is not None]
        finished = _subset(finished, MOST_TRIALS)
        rows = [space_encoder.coordinates(trial.definitions, trial.values) for trial in finished]
        values = [[history.objective.minimized(best.score) for e in t.executions if (best := e.best)] for t in finished]
        for result in history.external_results:
            rows.append(space_encoder.coordinates_of_values(result.values))
            values.append([history.objective.minimized(result.score)])
        values = _error_rates(values)
        failed = [trial for trial in history.trials if trial.status in _FAILED][-MOST_TRIALS:]
        pending = [trial for trial in history.unfinished if _is_pending(trial)]
        return cls(
            coordinates=np.array(rows).reshape(-1, len(space_encoder)),
            minimized=np.array([sum(one) / len(one) for one in values]),
            executions=values,
            failed=_completed(failed, space_encoder, space),
            pending=_completed(pending, space_encoder, space),
            durations=np.array([trial.duration for trial in finished] + [np.nan] * len(history.external_results)),
        )


def _is_pending(trial: Trial) -> bool:
    """Whether nothing but its values is known; a paused trial has a score."""
    return not trial.succeeded and bool(trial.values or trial.reads_known)


def _subset(trials: list[Trial], most: int) -> list[Trial]:
    """At most `most` trials: half of them the best ones, the others evenly spaced over time."""
    if len(trials) <= most:
        return trials
    best = sorted(trials, key=lambda trial: trial.sort_key())[: most // 2]
    chosen = {trial.number for trial in best}
    others = [trial for trial in trials if trial.number not in chosen]
    kept = np.linspace(0, len(others) - 1, most - len(best)).round().astype(int)
    return best + [others[index] for index in kept]


def _error_rates(values: list[list[float]]) -> list[list[float]]:
    """Error rates (1 - score) instead of negative scores, if all scores are fractions to be maximised.

    From 0.98 to 0.99 the error rate halves. The output warp can take ratios into account only if the values are
    positive.
    """
    flat = [value for one in values for value in one]
    if flat and min(flat) >= -1 and max(flat) <= 0 and min(flat) < 0:
        return [[1 + value for value in one] for one in values]
    return values


def _completed(trials: Sequence[Trial], space_encoder: SpaceEncoder, space: ConditionalSpace) -> Array:
    """Coordinates of trials whose reads may be incomplete; missing ones are those in the middle of the prior."""
    if not trials:
        return np.zeros((0, len(space_encoder)))
    known = np.array([space_encoder.coordinates_of_values(trial.values) for trial in trials]).reshape(
        -1, len(space_encoder)
    )
    return space.complete(known, np.full(known.shape, 0.5))


def observations(data: TrainingData, encoder: FeatureEncoder) -> Observations:
    """Warped minimized values, followed by failures, which count as the worst value."""
    warp = output_warp(data.minimized)
    counts = np.array([len(values) for values in data.executions])
    warped = warp(np.concatenate([np.asarray(values) for values in data.executions]))
    finished = Observations.of_replicates(encoder.rows(data.coordinates), warped, counts)
    rows = np.vstack([finished.rows, encoder.rows(data.failed)])
    targets = np.concatenate([finished.targets, np.full(len(data.failed), finished.targets.max())])
    replicates = np.concatenate([counts, np.ones(len(data.failed))])
    return Observations(rows, targets, replicates, finished.within_ss)


def log_durations(data: TrainingData, encoder: FeatureEncoder) -> Observations:
    """The logarithms of durations in seconds, minus their mean; differences are ratios of costs."""
    logs = np.log(np.maximum(data.durations, 1e-3))
    return Observations(encoder.rows(data.coordinates), logs - logs.mean(), np.ones(len(logs)))
