"""What ends a search apart from `max_trials`: time, epochs, a score that is good enough, no improvement."""

import math
from dataclasses import dataclass
from typing import final

from kerastune_lite.errors import UsageError
from kerastune_lite.space.number import number, optional_count
from kerastune_lite.strategies import Proposal
from kerastune_lite.study.durations import seconds_in
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective

_LEAST_SCORES = 10
_SHARES = ("acc", "accuracy", "auc", "precision", "recall", "f1_score", "iou")


@final
@dataclass(frozen=True)
class Reached:
    """A limit that the search has reached.

    Attributes:
        reason: Which, in words.
        resumable: Whether the running trials may be resumed by a search with a larger limit.
    """

    reason: str
    resumable: bool


@final
@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of a search; None for no limit.

    Attributes:
        max_time: Seconds of one call of `search`; or a text such as "2h 30min", with the units s, min (or m), h and d.
        max_epochs_total: Epochs of the study, all trials and executions together.
        target: A score that is good enough, in the objective's sign.
        no_improvement: So many trials in a row without a new best one.
        stop_when_ei_below: The search ends when the next trial is expected to improve on the best score by less, in the
            objective's units; only for strategies that compute the expected improvement, after ten scores.

    Raises:
        UsageError: A value is out of its range.
    """

    max_time: float | str | None = None
    max_epochs_total: int | None = None
    target: float | None = None
    no_improvement: int | None = None
    stop_when_ei_below: float | None = None

    def __post_init__(self) -> None:
        for name in ("max_epochs_total", "no_improvement"):
            optional_count(name, getattr(self, name), 1)
        target = number(self.target)
        if self.target is not None and (target is None or not math.isfinite(target)):
            raise UsageError(f"target={self.target!r} must be a finite number or None")
        least = number(self.stop_when_ei_below)
        if self.stop_when_ei_below is not None and not (least is not None and 0 < least < math.inf):
            raise UsageError(f"stop_when_ei_below={self.stop_when_ei_below!r} must be a finite number above 0, or None")
        _ = self.seconds

    @property
    def seconds(self) -> float | None:
        """`max_time` in seconds."""
        return None if self.max_time is None else _seconds(self.max_time)

    def check(self, objective: Objective) -> None:
        """Raises a UsageError for a target that the objective can never reach."""
        share = objective.name.endswith(_SHARES) and objective.direction == "max"
        if self.target is not None and share and self.target > 1:
            raise UsageError(
                f"target={self.target!r} cannot be reached: {objective.name} is at most 1; "
                f"give target={self.target / 100:g}"
            )

    def reached(self, history: History, seconds: float, epochs: int) -> Reached | None:
        """The first limit that is reached.

        Args:
            history: What is known.
            seconds: How long the search has been running.
            epochs: How many epochs it has trained; the first one is not ended by the clock.
        """
        if (score := self._best(history)) is not None:
            return Reached(f"target={self.target} reached with {score:.6g} ({history.objective})", resumable=False)
        if self.max_epochs_total is not None and history.epochs_used >= self.max_epochs_total:
            return Reached(f"max_epochs_total={self.max_epochs_total} reached", resumable=True)
        if (limit := self.seconds) is not None and seconds >= limit and epochs > 0:
            note = ", by its first epoch" if epochs == 1 else ""
            return Reached(f"max_time={self.max_time!r} reached{note}", resumable=True)
        return None

    def _best(self, history: History) -> float | None:
        """The score of a trial that meets the target: the best one, confirmed or not, or a running one."""
        if self.target is None:
            return None
        unconfirmed = next((trial for trial in history.ranked() if not trial.confirmed), None)
        trials = [trial for trial in (history.best, unconfirmed, *history.running) if trial is not None]
        scores = [trial.score for trial in trials if trial.score is not None and trial.executions_missing <= 0]
        objective = history.objective
        return next((score for score in scores if not objective.better(self.target, score)), None)

    def stalled(self, history: History) -> str | None:
        """Why no further trial is worth it: the last ones have not improved on the best."""
        limit = self.no_improvement
        if limit is None or history.best is None or history.ended_since_best < limit:
            return None
        return f"no_improvement={limit}: the last {history.ended_since_best} trials have not improved on the best"

    def unpromising(self, history: History, proposal: Proposal) -> str | None:
        """Why a proposed trial is not worth it: it is expected to improve too little.

        Source: Nguyen et al., Regret for Expected Improvement over the Best-Observed Value and Stopping Condition (ACML
        2017), section 4. A model of a few scores may claim that all is known, hence the least number of scores.
        """
        limit, expected = self.stop_when_ei_below, proposal.expected_improvement
        if limit is None or expected is None or expected >= limit or history.scored < _LEAST_SCORES:
            return None
        return f"stop_when_ei_below={limit}: the next trial is expected to improve on the best by {expected:.3g}"


def _seconds(given: float | str) -> float:
    found = seconds_in(given)
    if found is None or not 0 < found < math.inf:
        raise UsageError(
            f'max_time={given!r} must be a number of seconds above 0, or a text such as "90min" or "2h 30min"'
        )
    return found
