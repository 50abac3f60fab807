"""A trial: one configuration and everything recorded about it."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.space.kinds import Hyperparameter, Value
from kerastune_lite.study.curves import Curve
from kerastune_lite.study.events import (
    REUSE,
    SILENT,
    Ended,
    Metrics,
    Outcome,
    ReadsRecorded,
    Reported,
    SearchStarted,
    Stamp,
    Started,
)
from kerastune_lite.study.objective import Best, Objective, RunningScore

Status = Literal["running", "completed", "stopped", "failed", "infeasible", "duplicate", "interrupted", "paused"]


# How trials are ranked, before their scores are compared.
CONFIRMED, COMPLETE, INCOMPLETE, NO_SCORE = range(4)


@dataclass(frozen=True, slots=True)
class Execution:
    """One training run of a trial.

    Attributes:
        metrics: The metrics of each epoch, by epoch (from 1), ascending.
        best: Score and epoch of this run; None if the objective was never finite.
    """

    metrics: Mapping[int, Metrics]
    best: Best | None


class Span(NamedTuple):
    """When an attempt ran, in seconds since 1970, on which worker (host and process), and how it ended.

    Without an end it runs.
    """

    start: float
    end: float | None
    worker: str
    outcome: Outcome | None


class Trial:
    """One configuration and what is recorded about it. Only the history changes it.

    Attributes:
        number: From 0, in the order started.
        values: The values of hyperparameters by name: those read; before the first read, those proposed.
        definitions: The definitions read, in order.
        reads_known: Whether the trial has sent its reads, even if there were none.
        reads_complete: Whether it will read no more.
        note: What the strategy kept with its proposal.
        notes: Annotations by key.
    """

    __slots__ = (
        "_attempts",
        "_began",
        "_crashes",
        "_ended",
        "_failures",
        "_furthest",
        "_last",
        "_progressed",
        "_reports",
        "_scores",
        "_seconds",
        "_settings",
        "_spans",
        "_started",
        "definitions",
        "note",
        "notes",
        "number",
        "reads_complete",
        "reads_known",
        "values",
    )

    def __init__(self, number: int, settings: SearchStarted) -> None:
        self.number = number
        self.values: Mapping[str, Value] = {}
        self.definitions: tuple[Hyperparameter, ...] = ()
        self.reads_known = False
        self.reads_complete = False
        self.note: Any = None
        self.notes: dict[str, Any] = {}
        self._settings = settings
        self._attempts = 0
        self._began = 0.0
        self._failures = 0
        self._crashes = 0
        self._furthest = (0, 0)
        self._progressed = False
        self._started: Started | None = None
        self._ended: Ended | None = None
        self._last = Stamp()
        self._seconds = 0.0
        self._spans: list[Span] = []
        self._reports: list[dict[int, Reported]] = []
        self._scores: list[RunningScore] = []

    @property
    def status(self) -> Status:
        """How the last attempt ended, or "running"."""
        return "running" if self._ended is None else self._ended.outcome

    @property
    def succeeded(self) -> bool:
        """Whether its last attempt has ended well: completed, stopped, or paused with a score."""
        return self.status in ("completed", "stopped") or (self.status == "paused" and self.score is not None)

    @property
    def ended(self) -> bool:
        """Whether it has ended for good: not running, interrupted or paused."""
        return self.status not in ("running", "interrupted", "paused")

    @property
    def confirms(self) -> bool:
        """Whether its last attempt is to confirm its score, by further training runs with other seeds."""
        return self._started is not None and self._started.executions is not None

    @property
    def confirmed(self) -> bool:
        """Whether further training runs, with other seeds, have confirmed its score."""
        return self.confirms and self.succeeded

    @property
    def reused(self) -> bool | None:
        """Whether its last training has reused the graphs of an earlier one; None if that is not known."""
        noted = self.notes.get(REUSE)
        return None if noted is None else noted is True

    @property
    def waiting(self) -> bool:
        """Whether it is paused where its strategy wanted, and waits to be promoted or ended."""
        pause_at = None if self._started is None else self._started.pause_at
        return self.status == "paused" and pause_at is not None and (self.execution > 0 or self.epoch >= pause_at)

    @property
    def attempts(self) -> int:
        """The number of attempts."""
        return self._attempts

    @property
    def failures(self) -> int:
        """The number of failed attempts."""
        return self._failures

    @property
    def crashes(self) -> int:
        """How often in a row its process died before the trial had done an epoch that no attempt before had done."""
        return self._crashes

    @property
    def crashes_if_dead(self) -> int:
        """`crashes`, if the process of the running attempt has died."""
        return 1 if self._progressed else self._crashes + 1

    @property
    def retriable(self) -> bool:
        """Whether it has failed in a way that another attempt may help."""
        return self._ended is not None and self._ended.outcome == "failed" and not self._ended.final

    @property
    def proposal(self) -> Started | None:
        """The event of its last start; None if the record of it is damaged."""
        return self._started

    @property
    def reason(self) -> str | None:
        """Why it ended, in words."""
        return None if self._ended is None else self._ended.reason

    @property
    def error(self) -> str | None:
        """The traceback of its failure."""
        return None if self._ended is None else self._ended.error

    @property
    def objective(self) -> Objective:
        """What is optimised."""
        return self._settings.objective

    @property
    def score(self) -> float | None:
        """The mean score of its executions, in the objective's sign; None without a score, and for failed trials."""
        scores = self._finite_scores()
        return sum(scores) / len(scores) if scores else None

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation of the scores of its executions; None with fewer than two scores."""
        scores = self._finite_scores()
        if len(scores) < 2:
            return None
        mean = statistics.mean(scores)  # exact, so that equal scores have no deviation
        return math.hypot(*(score - mean for score in scores)) / math.sqrt(len(scores) - 1)

    @property
    def execution_scores(self) -> list[float | None]:
        """The score of each execution, in order; None for one that has no finite value."""
        return [None if run.best is None else run.best.score for run in self._scores]

    @property
    def minimized(self) -> float | None:
        """The score, with its sign changed if it is maximised: lower is better. For strategies."""
        return None if self.score is None else self.objective.minimized(self.score)

    @property
    def first_minimized(self) -> float:
        """The minimized value without the training runs that confirm it; infinite without a score."""
        runs = self._scores[: self._settings.executions]
        scores = [self.objective.minimized(run.best.score) for run in runs if run.best is not None]
        return sum(scores) / len(scores) if scores else math.inf

    @property
    def best_execution(self) -> int | None:
        """The execution, from 0, with the best score: the one whose model is kept."""
        bests = {number: run.best.score for number, run in enumerate(self._scores) if run.best is not None}
        return min(bests, key=lambda number: self.objective.minimized(bests[number])) if bests else None

    @property
    def best_epoch(self) -> int | None:
        """The epoch, from 1, of the best execution that scored."""
        best = None if self.best_execution is None else self._scores[self.best_execution].best
        return None if best is None else best.epoch

    @property
    def executions(self) -> Sequence[Execution]:
        """Its training runs, in order."""
        pairs = zip(self._reports, self._scores, strict=True)
        return [
            Execution({epoch: reports[epoch].metrics for epoch in sorted(reports)}, run.best) for reports, run in pairs
        ]

    def curve(self, execution: int = 0) -> Curve:
        """The score of a training run after each epoch that reported the objective."""
        if execution >= len(self._scores):
            return Curve((), ())
        run = self._scores[execution]
        return Curve(run.epochs, run.minimized)

    @property
    def reported_epochs(self) -> int:
        """The epochs reported in all executions."""
        return sum(map(len, self._reports))

    @property
    def longest_execution(self) -> int:
        """The epochs of its longest training run."""
        return max(map(_last, self._reports), default=0)

    def replay(self) -> Iterator[tuple[Reported, float | None]]:
        """Its reports in order, each with the score of the trial at that time."""
        done: list[float] = []
        for reports in self._reports:
            run = RunningScore(self.objective)
            for epoch in sorted(reports):
                best = run.add(epoch, self._value(reports[epoch]))
                scores = done if best is None else [*done, best.score]
                yield reports[epoch], sum(scores) / len(scores) if scores else None
            done += [] if run.best is None else [run.best.score]

    @property
    def executions_missing(self) -> int:
        """How many executions are without a score."""
        return self._settings.executions - sum(run.best is not None for run in self._scores)

    @property
    def execution(self) -> int:
        """The latest execution, from 0."""
        return max(0, len(self._reports) - 1)

    @property
    def epoch(self) -> int:
        """Epochs done in the latest execution."""
        return _last(self._reports[-1]) if self._reports else 0

    @property
    def metrics(self) -> Metrics:
        """All metrics of the best epoch; of the last epoch if there is no score."""
        execution, epoch = self.best_execution, self.best_epoch
        if execution is not None and epoch is not None:
            return self._reports[execution][epoch].metrics
        return self._reports[-1][self.epoch].metrics if self._reports else {}

    @property
    def duration(self) -> float:
        """Seconds of all attempts together; one that its process did not survive lasted until its last event."""
        return self._seconds

    @property
    def started_at(self) -> float:
        """When its first attempt began, in seconds since 1970."""
        return self._began

    @property
    def ended_at(self) -> float:
        """When its last attempt ended, in seconds since 1970; when it was started if none has ended."""
        return self._began if self._ended is None else self._ended.stamp.wall

    @property
    def heard_at(self) -> float:
        """When its last attempt began, read or reported for the last time, in seconds since 1970."""
        return self._last.wall

    @property
    def silent_since(self) -> float | None:
        """Since when the worker that runs it gives no sign of life, in seconds since 1970; None if it does."""
        since = self.notes.get(SILENT)
        return since if self.status == "running" and isinstance(since, float) else None

    @property
    def worker(self) -> str | None:
        """The host and the process that run it, or ran its last attempt; None before the first."""
        return self._spans[-1].worker if self._spans else None

    @property
    def spans(self) -> Sequence[Span]:
        """When each attempt ran; one that its process did not survive ran until its last event."""
        return tuple(self._spans)

    @property
    def hyperparameters(self) -> HyperParameters:
        """An `hp` to build its model with."""
        return HyperParameters.holding(self.definitions, self.values)

    def sort_key(self) -> tuple[int, float]:
        """Sorts confirmed trials first, then the others, incomplete results, and trials without a score."""
        loss = self.minimized
        if loss is None:
            return (NO_SCORE, 0.0)
        if not self.succeeded or self.executions_missing > 0:
            return (INCOMPLETE, loss)
        return (CONFIRMED if self.confirmed else COMPLETE, loss)

    def __repr__(self) -> str:
        return f"Trial(number={self.number}, status={self.status!r}, score={self.score}, values={dict(self.values)})"

    def repeats(self, event: Reported) -> bool:
        """Whether a report is of an epoch that is known: a training has resumed before it."""
        return (event.execution, event.epoch) <= (len(self._reports) - 1, self.epoch)

    def epochs_for(self, event: Reported) -> int:
        """The epochs trained for a report; none if a resumed training has reported where it resumed."""
        reports = self._reports[event.execution] if event.execution < len(self._reports) else {}
        before = reports.get(event.epoch)
        if before is not None and before.metrics == event.metrics:
            return 0
        return max(1, event.epoch - _last(reports))

    # The methods below are for the history.

    def _judge_by(self, settings: SearchStarted) -> None:
        """Computes the scores by other settings."""
        self._settings = settings
        self._scores = [self._score(reports) for reports in self._reports]

    def _start(self, event: Started) -> None:
        """An attempt begins."""
        if self.status == "failed" and self._attempts:  # the next attempt starts from scratch
            self._reports, self._scores = [], []
        self._attempts = max(self._attempts, event.attempt)
        self._began = self._began or event.stamp.wall
        self._progressed, self._last = False, event.stamp
        self._spans.append(Span(event.stamp.wall, None, event.stamp.worker, None))
        self._started, self._ended = event, None
        if not self.reads_known:
            self.values = event.values
        self.note = event.note

    def _run_by(self, worker: Any) -> None:
        """The last attempt runs in another process than the one that records it."""
        if self._spans and isinstance(worker, str):
            self._spans[-1] = self._spans[-1]._replace(worker=worker)

    def _read(self, event: ReadsRecorded) -> None:
        """What it has read so far."""
        self.values = event.values
        self._last = event.stamp
        self.reads_known = True
        if event.definitions is not None:
            self.definitions = event.definitions
            self.reads_complete = event.complete

    def _report(self, event: Reported) -> None:
        """The metrics of an epoch; they replace those of an earlier attempt from this epoch on."""
        while len(self._reports) <= event.execution:
            self._reports.append({})
            self._scores.append(RunningScore(self.objective))
        reports = self._reports[event.execution]
        if event.epoch <= _last(reports):  # repeated: what came after it is outdated
            reports = {epoch: report for epoch, report in reports.items() if epoch < event.epoch}
            self._reports[event.execution :] = [reports]
            self._scores[event.execution :] = [self._score(reports)]
        reports[event.epoch] = event
        self._last = event.stamp
        if (event.execution, event.epoch) > self._furthest:
            self._furthest, self._progressed = (event.execution, event.epoch), True
        self._scores[event.execution].add(event.epoch, self._value(event))

    def _end(self, event: Ended) -> None:
        """The attempt has ended, or a paused trial has."""
        paused, self._ended = self._ended, event
        self._failures += event.outcome == "failed"
        if event.died:
            self._crashes = self.crashes_if_dead
        start, end = self._started, self._last if event.died else event.stamp
        if self._spans and self._spans[-1].end is None:
            self._spans[-1] = self._spans[-1]._replace(end=end.wall, outcome=event.outcome)
        if paused is None and start is not None and start.stamp.worker == end.worker:
            self._seconds += max(0.0, end.monotonic - start.stamp.monotonic)

    def _finite_scores(self) -> list[float]:
        """The scores that count; none if the trial has ended without success."""
        if self.ended and not self.succeeded:
            return []
        return [run.best.score for run in self._scores if run.best is not None]

    def _score(self, reports: Mapping[int, Reported]) -> RunningScore:
        return RunningScore(self.objective, ((epoch, self._value(reports[epoch])) for epoch in sorted(reports)))

    def _value(self, event: Reported) -> float:
        return self.objective.value(event.metrics)


def _last(reports: dict[int, Reported]) -> int:
    """The last epoch: reports are kept in ascending order."""
    return next(reversed(reports), 0)
