"""A trial: one point of the space and everything that happened to it, as far as the record tells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.space.kinds import Hyperparameter, Value
from kerastune_lite.study.events import Ended, Metrics, ReadsRecorded, Reported, SearchStarted, Started
from kerastune_lite.study.objective import Best, Objective, RunningScore

Status = Literal["running", "completed", "stopped", "failed", "infeasible", "duplicate", "interrupted", "paused"]


@dataclass(frozen=True, slots=True)
class Execution:
    """One training run of a trial.

    Attributes:
        metrics: The metrics of each epoch, by epoch (from 1), ascending.
        best: Score and epoch of this run; None without a finite value of the objective.
    """

    metrics: Mapping[int, Metrics]
    best: Best | None


class Trial:
    """One point of the space and what became of it. Read it; the history alone writes to it.

    Attributes:
        number: From 0, in the order started.
        values: The hyperparameters' values by name: what was read; before that, what was proposed.
        definitions: The definitions read, in order.
        reads_known: Whether anything (be it nothing at all) was read, rather than only proposed.
        reads_complete: Whether everything that will be read has been read.
        note: What the strategy kept with its proposal.
        notes: What was noted later, by key.
    """

    __slots__ = (
        "_attempts",
        "_began",
        "_ended",
        "_failures",
        "_reports",
        "_scores",
        "_seconds",
        "_settings",
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
        self._started: Started | None = None
        self._ended: Ended | None = None
        self._seconds = 0.0
        self._reports: list[dict[int, Reported]] = []
        self._scores: list[RunningScore] = []

    @property
    def status(self) -> Status:
        """What the last event says: "running" while an attempt is under way."""
        return "running" if self._ended is None else self._ended.outcome

    @property
    def succeeded(self) -> bool:
        """Whether it ended with a result to build on: completed or stopped."""
        return self.status in ("completed", "stopped")

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.status not in ("running", "interrupted", "paused")

    @property
    def attempts(self) -> int:
        """How often it was started."""
        return self._attempts

    @property
    def failures(self) -> int:
        """How many of its attempts failed."""
        return self._failures

    @property
    def retriable(self) -> bool:
        """Whether it has failed in a way that another attempt may help."""
        return self._ended is not None and self._ended.outcome == "failed" and not self._ended.final

    @property
    def proposal(self) -> Started | None:
        """Its last start: proposed values, how missing ones are filled, and where they come from."""
        return self._started

    @property
    def reason(self) -> str | None:
        """Why it stopped, in words."""
        return None if self._ended is None else self._ended.reason

    @property
    def error(self) -> str | None:
        """The traceback of its failure."""
        return None if self._ended is None else self._ended.error

    @property
    def objective(self) -> Objective:
        """What it is judged by."""
        return self._settings.objective

    @property
    def score(self) -> float | None:
        """The mean over executions of each one's score, in the objective's sign; None for a trial that failed."""
        scores = [run.best.score for run in self._scores if run.best is not None]
        if not scores or (self.ended and not self.succeeded):
            return None
        return sum(scores) / len(scores)

    @property
    def minimized(self) -> float | None:
        """The score as something to minimise."""
        return None if self.score is None else self.objective.minimized(self.score)

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

    def replay(self) -> Iterator[tuple[Reported, float | None]]:
        """Its reports in order, each with the score that the trial had then."""
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
        """How many of the study's executions have given no score."""
        return self._settings.executions - sum(run.best is not None for run in self._scores)

    @property
    def epoch(self) -> int:
        """Epochs done in the latest execution."""
        return max(self._reports[-1], default=0) if self._reports else 0

    @property
    def metrics(self) -> Metrics:
        """All metrics of the epoch that scored (of the last epoch, without a score)."""
        execution, epoch = self.best_execution, self.best_epoch
        if execution is not None and epoch is not None:
            return self._reports[execution][epoch].metrics
        return self._reports[-1][self.epoch].metrics if self._reports else {}

    @property
    def duration(self) -> float:
        """Seconds spent on it, over all attempts."""
        return self._seconds

    @property
    def started_at(self) -> float:
        """When it was first started, in seconds since the epoch."""
        return self._began

    @property
    def ended_at(self) -> float:
        """When its last attempt ended, in seconds since the epoch; when it was started if none has."""
        return self._began if self._ended is None else self._ended.stamp.wall

    @property
    def hyperparameters(self) -> HyperParameters:
        """An `hp` to build its model with."""
        return HyperParameters.holding(self.definitions, self.values)

    def sort_key(self) -> tuple[int, float]:
        """A key that sorts the best trial first: complete results, incomplete ones, those without a score."""
        loss = self.minimized
        if loss is None:
            return (2, 0.0)
        return (0 if self.succeeded and self.executions_missing <= 0 else 1, loss)

    def __repr__(self) -> str:
        return f"Trial(number={self.number}, status={self.status!r}, score={self.score}, values={dict(self.values)})"

    # What follows is for the history.

    def _judge_by(self, settings: SearchStarted) -> None:
        """New settings hold: scores are computed anew."""
        self._settings = settings
        self._scores = [self._score(reports) for reports in self._reports]

    def _start(self, event: Started) -> None:
        """A new attempt."""
        self._attempts = max(self._attempts, event.attempt)
        self._began = self._began or event.stamp.wall
        self._started, self._ended = event, None
        if not self.reads_known:
            self.values = event.values
        self.note = event.note

    def _read(self, event: ReadsRecorded) -> None:
        """What it has read so far."""
        self.values = event.values
        self.reads_known = True
        if event.definitions is not None:
            self.definitions = event.definitions
            self.reads_complete = event.complete

    def _report(self, event: Reported) -> None:
        """One epoch's metrics; an earlier attempt's for the same epoch are replaced."""
        while len(self._reports) <= event.execution:
            self._reports.append({})
            self._scores.append(RunningScore(self.objective))
        reports = self._reports[event.execution]
        repeated = event.epoch <= max(reports, default=0)
        reports[event.epoch] = event
        if repeated:
            self._scores[event.execution] = self._score(reports)
        else:
            self._scores[event.execution].add(event.epoch, self._value(event))

    def _end(self, event: Ended) -> None:
        """The attempt is over."""
        self._ended = event
        self._failures += event.outcome == "failed"
        start = self._started
        if start is not None and start.stamp.worker == event.stamp.worker:
            self._seconds += max(0.0, event.stamp.monotonic - start.stamp.monotonic)

    def _score(self, reports: Mapping[int, Reported]) -> RunningScore:
        return RunningScore(self.objective, ((epoch, self._value(reports[epoch])) for epoch in sorted(reports)))

    def _value(self, event: Reported) -> float:
        return self.objective.value(event.metrics)
