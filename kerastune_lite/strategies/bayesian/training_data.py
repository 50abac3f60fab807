"""What the trials so far say, as arrays that a model can be fitted to."""

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

# A study of more trials is learnt from by this many of them: docs/bayesian.md tells what that costs.
MOST_LEARNT_FROM = 400

_FAILED = ("failed", "infeasible")


@final
@dataclass(frozen=True)
class TrainingData:
    """What the trials say.

    Attributes:
        coordinates: Coordinates of the trials that gave a loss, shape (n, dimensions).
        losses: Their losses, the mean over executions, shape (n,).
        executions: The losses of each execution of each of them.
        failed: Coordinates of those that failed or were infeasible.
        pending: Coordinates of those under way, as far as they can be foreseen.
        durations: Seconds that each of those with a loss took, shape (n,); NaN for results from elsewhere.
    """

    coordinates: Array
    losses: Array
    executions: Sequence[Sequence[float]]
    failed: Array
    pending: Array
    durations: Array

    @classmethod
    def of(cls, history: History, space_encoder: SpaceEncoder, space: ConditionalSpace) -> "TrainingData":
        """Sorts the trials, and leaves some of them out if they are too many."""
        scored = [trial for trial in history.trials if trial.succeeded and trial.minimized is not None]
        scored = _most_telling(scored, MOST_LEARNT_FROM)
        rows = [space_encoder.coordinates(trial.definitions, trial.values) for trial in scored]
        losses = [[history.objective.minimized(best.score) for e in t.executions if (best := e.best)] for t in scored]
        for told in history.external_results:
            rows.append(space_encoder.coordinates_of_values(told.values))
            losses.append([history.objective.minimized(told.score)])
        losses = _error_rates(losses)
        failed = [trial for trial in history.trials if trial.status in _FAILED][-MOST_LEARNT_FROM:]
        pending = [trial for trial in history.unfinished if trial.values or trial.reads_known]
        width = len(space_encoder)
        return cls(
            np.array(rows).reshape(-1, width),
            np.array([sum(values) / len(values) for values in losses]),
            losses,
            _foreseen(failed, space_encoder, space),
            _foreseen(pending, space_encoder, space),
            np.array([trial.duration for trial in scored] + [np.nan] * len(history.external_results)),
        )


def _most_telling(trials: list[Trial], most: int) -> list[Trial]:
    """The best half of `most`, and as many of the others, evenly over time."""
    if len(trials) <= most:
        return trials
    best = sorted(trials, key=lambda trial: trial.sort_key())[: most // 2]
    chosen = {trial.number for trial in best}
    others = [trial for trial in trials if trial.number not in chosen]
    kept = np.linspace(0, len(others) - 1, most - len(best)).round().astype(int)
    return best + [others[index] for index in kept]


def _error_rates(losses: list[list[float]]) -> list[list[float]]:
    """Shares to be maximised (accuracies, say) are turned into what they lack of 1.

    From 0.98 to 0.99 is half of the errors gone; only in this form can the output warp see that.
    """
    flat = [loss for values in losses for loss in values]
    if flat and min(flat) >= -1 and max(flat) <= 0 and min(flat) < 0:
        return [[1 + loss for loss in values] for values in losses]
    return losses


def _foreseen(trials: Sequence[Trial], space_encoder: SpaceEncoder, space: ConditionalSpace) -> Array:
    """Coordinates of trials that may not have read, or not be known to have read, all that they will read."""
    if not trials:
        return np.zeros((0, len(space_encoder)))
    known = np.array([space_encoder.coordinates_of_values(trial.values) for trial in trials]).reshape(
        -1, len(space_encoder)
    )
    return space.complete(known, np.full(known.shape, 0.5))


def observations(data: TrainingData, columns: FeatureEncoder) -> Observations:
    """Transformed losses; failures come after them, at the worst loss seen."""
    warp = output_warp(data.losses)
    counts = np.array([len(values) for values in data.executions])
    warped = warp(np.concatenate([np.asarray(values) for values in data.executions]))
    scored = Observations.of_replicates(columns.rows(data.coordinates), warped, counts)
    rows = np.vstack([scored.rows, columns.rows(data.failed)])
    targets = np.concatenate([scored.targets, np.full(len(data.failed), scored.targets.max())])
    replicates = np.concatenate([counts, np.ones(len(data.failed))])
    return Observations(rows, targets, replicates, scored.within_ss)


def log_durations(data: TrainingData, columns: FeatureEncoder) -> Observations:
    """The logarithm of each trial's seconds, around its mean: a model of them predicts ratios of costs."""
    logs = np.log(np.maximum(data.durations, 1e-3))
    return Observations(columns.rows(data.coordinates), logs - logs.mean(), np.ones(len(logs)))
