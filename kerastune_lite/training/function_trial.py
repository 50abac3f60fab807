"""One attempt at a trial of a plain Python function, without Keras."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kerastune_lite.errors import DataError
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.space.number import plain, whole
from kerastune_lite.space.overrides import Overrides
from kerastune_lite.study.events import Ended, ReadsRecorded, Reported
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.task import Send, Task


@dataclass(frozen=True)
class FunctionTrial:
    """Calls `function(hp)`, or `function(hp, report)` if `reports`, for each task."""

    function: Callable[..., Any]
    objective: Objective
    reports: bool
    overrides: Overrides | None = None

    def __call__(self, task: Task, send: Send) -> Ended | None:
        """Runs the attempt; an interrupted trial starts over."""
        for execution in range(task.first_execution, task.executions):
            ended = _Call(self, task, send, execution).run()
            if ended is not None:  # a stop ends the whole trial
                return ended
        return None


class _Call:
    """One call of the function."""

    def __init__(self, trial: FunctionTrial, task: Task, send: Send, execution: int) -> None:
        self._trial = trial
        self._task = task
        self._send = send
        self._execution = execution
        self._hp: HyperParameters = task.hyperparameters(trial.overrides)
        self._sent = -1
        self._epoch = 0
        self._stop: str | None = None
        self._duplicate_of: int | None = None

    def run(self) -> Ended | None:
        complete = False
        try:
            returned = self._trial.function(self._hp, *([self.report] if self._trial.reports else []))
            complete = True
        finally:
            self._send_reads(complete=complete)
        if self._epoch == 0 and self._duplicate_of is not None:  # another worker has tried the same meanwhile
            reason = f"the same configuration as trial {self._duplicate_of}"
            return Ended(trial=self._task.trial, outcome="duplicate", reason=reason)
        if self._epoch == 0:  # a function that has reported need not return a score
            self._report(1, self._metrics(returned))
            if self._execution + 1 == self._task.executions:
                return None  # it is complete: a stop that answers its score is too late
        return None if self._stop is None else Ended(trial=self._task.trial, outcome="stopped", reason=self._stop)

    def report(self, epoch: int, metrics: Mapping[str, float] | float) -> bool:
        """Reports an epoch, from 1; called by the user's function. Returns whether the trial should stop."""
        self._send_reads(complete=False)
        self._report(epoch, self._metrics(metrics))
        return self._stop is not None

    def _report(self, epoch: int, metrics: dict[str, float]) -> None:
        done = whole(epoch)
        if done is None or done < 1:
            raise DataError(
                f"report(epoch={epoch!r}, ...): epoch must be an integer >= 1, the number of completed epochs"
            )
        self._epoch = done
        decision = self._send(Reported(trial=self._task.trial, execution=self._execution, epoch=done, metrics=metrics))
        self._stop = decision.stop or self._stop

    def _send_reads(self, *, complete: bool) -> None:
        """Sends the reads, if there are new ones or they are complete."""
        count = len(self._hp.reads)
        if complete or count != self._sent:
            self._sent = count
            decision = self._send(ReadsRecorded.of(self._task.trial, self._hp, complete=complete))
            self._duplicate_of = decision.duplicate_of

    def _metrics(self, value: Any) -> dict[str, float]:
        if isinstance(value, Mapping):
            metrics = {str(name): plain(metric) for name, metric in value.items()}
        else:
            metrics = {self._trial.objective.name: plain(value)}
        if all(isinstance(metric, (int, float)) for metric in metrics.values()):
            return {name: float(metric) for name, metric in metrics.items()}
        raise DataError(f"a tuned function must return or report a number or a dict of numbers, got {value!r}")
