"""What every executor must do.

Trial functions stand at the top of the module, so that they can be sent to another process.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kerastune_lite.errors import Infeasible, SpaceError
from kerastune_lite.executors import Decision, Executor, Send, Task, TrialFunction
from kerastune_lite.study.events import Ended, Event, ReadsRecorded, Reported, Started
from kerastune_lite.testing.searches import search_started

MakeExecutor = Callable[[TrialFunction], Executor]


def _three_epochs(task: Task, send: Send) -> Ended | None:
    hp = task.hyperparameters()
    hp.Float("x", 0, 1)
    send(ReadsRecorded.of(task.trial, hp, complete=True))
    for epoch in range(1, 4):
        decision = send(Reported(trial=task.trial, execution=0, epoch=epoch, metrics={"score": hp["x"] + epoch}))
        if decision.stop is not None:
            return Ended(trial=task.trial, outcome="stopped", reason=decision.stop)
    return None


def _failing(task: Task, send: Send) -> Ended | None:
    raise ValueError(f"trial {task.trial} has bad luck")


def _leaving(task: Task, send: Send) -> Ended | None:
    sys.exit("enough")


def _infeasible(task: Task, send: Send) -> Ended | None:
    raise Infeasible("too large")


def _misused(task: Task, send: Send) -> Ended | None:
    task.hyperparameters().Float("x", 2, 1)
    return None


def _long(task: Task, send: Send) -> Ended | None:
    for epoch in range(1, 1001):
        if send(Reported(trial=task.trial, execution=0, epoch=epoch, metrics={"score": 0.0})).stop is not None:
            return Ended(trial=task.trial, outcome="stopped")
    return None


def _task(number: int = 0) -> Task:
    return Task(Started(trial=number, attempt=1, values={}), search_started())


class _Listener:
    """The loop's side: remembers what it heard, and answers."""

    def __init__(self, answer: Callable[[Any], Decision] = lambda _: Decision()) -> None:
        self.heard: list[Any] = []
        self._answer = answer

    def __call__(self, event: Event) -> Decision:
        self.heard.append(event)
        return self._answer(event)

    @property
    def endings(self) -> list[Ended]:
        return [event for event in self.heard if isinstance(event, Ended)]


def _run(an_executor: Executor, listener: _Listener, *tasks: Task) -> None:
    for a_task in tasks:
        while an_executor.free() == 0:
            an_executor.wait(listener, 60)
        an_executor.start(a_task)
    while len(listener.endings) < len(tasks):
        an_executor.wait(listener, 60)


class ExecutorConformance:
    """What every executor must do. Needs the fixture `make_executor`: makes an executor from a trial function."""

    @pytest.fixture
    def executor(self, make_executor: MakeExecutor) -> Iterator[MakeExecutor]:
        """Makes executors and closes them after the test."""
        made: list[Executor] = []

        def make(function: TrialFunction) -> Executor:
            made.append(make_executor(function))
            return made[-1]

        yield make
        for an_executor in made:
            an_executor.close()

    def test_events_arrive_in_the_order_sent(self, executor: MakeExecutor) -> None:
        listener = _Listener()
        _run(executor(_three_epochs), listener, _task())
        assert [type(event).__name__ for event in listener.heard] == ["ReadsRecorded"] + ["Reported"] * 3 + ["Ended"]
        assert [event.epoch for event in listener.heard[1:4]] == [1, 2, 3]
        assert listener.endings == [Ended(trial=0)]

    def test_the_task_decides_what_is_read(self, executor: MakeExecutor) -> None:
        reads = []
        for _ in range(2):
            listener = _Listener()
            _run(executor(_three_epochs), listener, _task(number=5))
            reads.append(listener.heard[0].reads)
        assert reads[0] == reads[1]

    def test_the_decision_to_stop_is_obeyed(self, executor: MakeExecutor) -> None:
        listener = _Listener(lambda event: Decision(stop="enough" if getattr(event, "epoch", 0) == 2 else None))
        _run(executor(_three_epochs), listener, _task())
        assert [event.epoch for event in listener.heard if isinstance(event, Reported)] == [1, 2]
        assert listener.endings == [Ended(trial=0, outcome="stopped", reason="enough")]

    def test_a_failure_is_an_event_with_its_traceback(self, executor: MakeExecutor) -> None:
        listener = _Listener()
        _run(executor(_failing), listener, _task(number=3))
        ending = listener.endings[0]
        assert (ending.outcome, ending.reason) == ("failed", "ValueError: trial 3 has bad luck")
        assert ending.error is not None
        assert "in _failing" in ending.error

    def test_leaving_python_is_a_failure(self, executor: MakeExecutor) -> None:
        listener = _Listener()
        _run(executor(_leaving), listener, _task())
        assert [(ending.outcome, ending.reason) for ending in listener.endings] == [("failed", "SystemExit: enough")]

    def test_an_infeasible_configuration_is_an_event(self, executor: MakeExecutor) -> None:
        listener = _Listener()
        _run(executor(_infeasible), listener, _task())
        assert listener.endings == [Ended(trial=0, outcome="infeasible", reason="too large")]

    def test_a_usage_error_is_handed_on_as_fatal(self, executor: MakeExecutor) -> None:
        listener = _Listener()
        _run(executor(_misused), listener, _task())
        assert isinstance(listener.endings[0].fatal, SpaceError)
        assert listener.endings[0].outcome == "interrupted"

    def test_many_tasks_each_end_once(self, executor: MakeExecutor) -> None:
        listener = _Listener()
        _run(executor(_three_epochs), listener, *(_task(number) for number in range(6)))
        assert sorted(event.trial for event in listener.endings) == list(range(6))

    def test_a_failure_does_not_hurt_the_next_task(self, executor: MakeExecutor) -> None:
        an_executor, listener = executor(_failing), _Listener()
        _run(an_executor, listener, _task(0), _task(1))
        assert [event.outcome for event in listener.endings] == ["failed", "failed"]

    def test_there_is_room_until_tasks_are_queued(self, executor: MakeExecutor) -> None:
        an_executor = executor(_three_epochs)
        room = an_executor.free()
        for number in range(room):
            an_executor.start(_task(number))
        assert (room >= 1, an_executor.free()) == (True, 0)

    def test_there_is_room_again_afterwards(self, executor: MakeExecutor) -> None:
        an_executor, listener = executor(_three_epochs), _Listener()
        room = an_executor.free()
        _run(an_executor, listener, _task())
        assert an_executor.free() >= room  # workers become ready one after the other

    def test_waiting_with_nothing_queued_returns(self, executor: MakeExecutor) -> None:
        executor(_three_epochs).wait(_Listener(), 0.01)

    def test_a_running_trial_that_is_cancelled_ends_at_its_next_event(self, executor: MakeExecutor) -> None:
        an_executor = executor(_long)

        def cancel(event: Any) -> Decision:
            an_executor.cancel(event.trial)
            return Decision()

        listener = _Listener(cancel)
        _run(an_executor, listener, _task())
        assert [event.outcome for event in listener.endings] == ["stopped"]

    def test_closing_twice_does_no_harm(self, executor: MakeExecutor) -> None:
        an_executor = executor(_three_epochs)
        an_executor.close()
        an_executor.close()
