"""How a search went: the best score so far, the distribution of scores, and a range that shows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.trial import Trial

# A score is shown if it is at most so many times as far from the best as the median: the better half of the trials has
# at least a quarter of the height.
FENCE = 4.0

# Curves are shown farther to the bad side, since all of them begin there.
CURVE_FENCE = 10.0

# The same among fewer than so many scores, which tell little of what is usual.
_FENCE_OF_FEW = 100.0
_SEVERAL = 5


@final
@dataclass(frozen=True)
class Step:
    """A trial that has ended, or waits with a score, and where the search stood then.

    Attributes:
        trial: Its number.
        seconds: When it ended, in seconds since the study began.
        score: Its score; None if it has failed, or is infeasible.
        best: The best score so far; None before the first.
        improved: Whether it is the best one so far.
    """

    trial: int
    seconds: float
    score: float | None
    best: float | None
    improved: bool


def progress(history: History, *, by_time: bool = False) -> list[Step]:
    """The trials in the order of their numbers, or of the times at which they ended; without duplicates."""
    trials = [trial for trial in history.trials if counts(trial)]
    if by_time:
        trials.sort(key=lambda trial: (trial.ended_at, trial.number))
    steps: list[Step] = []
    best: float | None = None
    for trial in trials:
        score = trial.score if trial.succeeded else None
        improved = score is not None and history.objective.better(score, best)
        best = score if improved else best
        steps.append(Step(trial.number, trial.ended_at - history.created, score, best, improved))
    return steps


def counts(trial: Trial) -> bool:
    """Whether a trial has a result, be it a failure."""
    return trial.succeeded or trial.status in ("failed", "infeasible")


def edf(history: History) -> list[tuple[float, float]]:
    """The empirical distribution of scores: (score, share of trials that are at least as good), the best first.

    Failed and infeasible trials count as worse than any score.
    """
    steps = progress(history)
    if not steps:
        return []  # a study that was never searched has no objective
    scores = sorted((step.score for step in steps if step.score is not None), key=history.objective.minimized)
    return [(score, (index + 1) / len(steps)) for index, score in enumerate(scores)]


def score_range(scores: Iterable[float], objective: Objective, fence: float = FENCE) -> tuple[float, float] | None:
    """The lowest and the highest score that a plot should show; None without a score.

    The best score is always shown. At the bad side, scores beyond a fence are left out, so that diverged trials do not
    flatten the others. It is `fence` times as far from the best score as the median is (where half of the scores
    equal the best: the median of the others), and 100 times among fewer than five scores, which tell little of what is
    usual.

    Example:
        >>> score_range([0.3, 0.2, 0.4, 0.35, 1e5], Objective("loss", "min"))
        (0.2, 0.4)
    """
    values = sorted(objective.minimized(score) for score in scores)
    if not values:
        return None
    best = values[0]
    middle = _lower_median(values)
    if middle == best:
        middle = _lower_median([value for value in values if value > best] or values)
    reach = fence if len(values) >= _SEVERAL else max(fence, _FENCE_OF_FEW)
    farthest = best + reach * (middle - best) if len(values) > 2 else values[-1]
    worst = max(value for value in values if value <= farthest)
    low, high = sorted((objective.score(best), objective.score(worst)))
    return low, high


def _lower_median(values: Sequence[float]) -> float:
    """The median of sorted values; of the two in the middle the better one, so that no outlier has a part in it."""
    return values[(len(values) - 1) // 2]
