"""The trials of a tuner that overrides `run_trial`."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from kerastune_lite.errors import UsageError
from kerastune_lite.kerastuner.oracle_view import OracleView
from kerastune_lite.kerastuner.trial_view import TrialStatus, TrialView, trial_id
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.space.overrides import Overrides
from kerastune_lite.study.events import Ended, Event, ReadsRecorded, Reported
from kerastune_lite.study.task import Decision, Send, Task
from kerastune_lite.training.returned import check_objective, returned_epochs

Train = Callable[[Task, Send, HyperParameters, tuple[Any, ...], dict[str, Any]], Ended | None]
"""Trains a trial as a tuner without an overridden `run_trial` does."""


@final
@dataclass(frozen=True)
class OwnTrials:
    """Calls `run_trial(trial, *args, **kwargs)` for each task.

    Attributes:
        run_trial: The method of the tuner.
        train: Implements `super().run_trial`.
        oracle: The oracle of the tuner, through which running trials may report.
        overrides: Definitions that override those of the model.
        args: The positional arguments of `search`.
        kwargs: The keyword arguments of `search`.

    Raises:
        UsageError: `run_trial` does not take these arguments.
    """

    run_trial: Callable[..., Any]
    train: Train
    oracle: OracleView
    overrides: Overrides | None
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    def __post_init__(self) -> None:
        try:
            inspect.signature(self.run_trial).bind(None, *self.args, **self.kwargs)
        except TypeError as error:
            raise UsageError(f"run_trial() is called with the trial and the arguments of search(): {error}") from error

    def __call__(self, task: Task, send: Send) -> Ended | None:
        """Runs the attempt; an interrupted trial starts over, unless `super().run_trial` trains it."""
        attempt = _Attempt(self, task, send)
        self.oracle.reporters[task.trial] = attempt.update
        try:
            return attempt.run()
        except _TrialOver as over:
            return over.ended
        finally:
            del self.oracle.reporters[task.trial]


class _TrialOver(Exception):
    """Leaves the user's `run_trial` if there is nothing to train, as for a duplicate."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.reason)
        self.ended = ended


class _Attempt:
    """One call of `run_trial`."""

    def __init__(self, own: OwnTrials, task: Task, send: Send) -> None:
        self._own = own
        self._task = task
        self._forward = send
        self._hp = task.hyperparameters(own.overrides)
        self._trial = TrialView(self._hp, trial_id(task.trial, own.oracle.max_trials))
        self._trial.train = self._train
        self._reported: dict[int, dict[int, Mapping[str, float]]] = {}
        self._complete_reads = -1
        self._stop: str | None = None
        self._ended: Ended | None = None

    def run(self) -> Ended | None:
        own = self._own
        complete = False
        try:
            returned = own.run_trial(self._trial, *own.args, **own.kwargs)
            complete = True
        finally:
            self._send_reads(complete=complete)
        stop = self._stop  # one that answers what was returned is too late: the trial is complete
        self._report_returned(returned)
        return self._ended if stop is None else Ended(trial=self._task.trial, outcome="stopped", reason=stop)

    def update(self, metrics: Mapping[str, float], step: int) -> str | None:
        """Implements `tuner.oracle.update_trial`; returns why the trial should stop."""
        self._send_reads(complete=False)
        self._report(0, step + 1, metrics)
        if self._stop is not None:
            self._trial.status, self._trial.message = TrialStatus.STOPPED, self._stop
        return self._stop

    def _train(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Implements `super().run_trial`; returns the History of each execution, as KerasTuner does."""
        from keras.callbacks import History  # noqa: PLC0415 - heavy: loaded by the first training

        self._ended = self._own.train(self._task, self._send, self._hp, args, kwargs)
        if self._ended is not None and self._ended.outcome not in ("completed", "stopped"):
            raise _TrialOver(self._ended)
        histories = []
        for reports in self._reported.values():
            history = History()
            history.epoch = [epoch - 1 for epoch in reports]
            names = dict.fromkeys(name for metrics in reports.values() for name in metrics)
            history.history = {name: [row[name] for row in reports.values() if name in row] for name in names}
            histories.append(history)
        return histories

    def _report_returned(self, returned: Any) -> None:
        """Reports what `run_trial` returned, unless the objective has been reported."""
        objective, caller = self._own.oracle.objective, "run_trial()"
        rows = (row for reports in self._reported.values() for row in reports.values())
        if any(objective.name in row for row in rows):
            return
        results: Sequence[Any] = returned if isinstance(returned, (list, tuple)) else [returned]
        executions = sorted(self._reported)  # a resumed trial reports only those that were left
        if len(executions) < max(len(results), 1):
            executions = list(range(max(len(results), 1)))
        for index, execution in enumerate(executions):
            epochs = returned_epochs(results[min(index, len(results) - 1)], objective, caller) if results else []
            before = self._reported.get(execution, {})
            last = max(before, default=1)
            if before and epochs:  # metrics known after the training are added to its last epoch
                epochs = [{**before[last], **epochs[-1]}]
            check_objective(epochs[-1] if epochs else {}, objective, caller)
            for epoch, metrics in enumerate(epochs, start=last):
                self._report(execution, epoch, metrics)

    def _report(self, execution: int, epoch: int, metrics: Mapping[str, float]) -> None:
        plain = {str(name): float(value) for name, value in metrics.items()}
        self._send(Reported(trial=self._task.trial, execution=execution, epoch=epoch, metrics=plain))

    def _send(self, event: Event) -> Decision:
        """Sends an event; remembers its metrics and the decision."""
        decision = self._forward(event)
        if isinstance(event, Reported):
            self._reported.setdefault(event.execution, {})[event.epoch] = event.metrics
        elif isinstance(event, ReadsRecorded) and event.complete:
            self._complete_reads = len(event.values)
        self._stop = decision.stop or self._stop
        return decision

    def _send_reads(self, *, complete: bool) -> None:
        """Sends the reads, unless a training has sent all of them."""
        if self._complete_reads != len(self._hp.reads):
            self._send(ReadsRecorded.of(self._task.trial, self._hp, complete=complete))
