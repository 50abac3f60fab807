"""What every executor must do. A new one joins by a line in EXECUTORS: a function from a trial function to it.

Trial functions stand at the top of the module, so that they can travel to another process.
"""

import pytest

from kerastune_lite.errors import Infeasible, SpaceError
from kerastune_lite.executors import InProcess
from kerastune_lite.study.events import Ended, ReadsRecorded, Reported, Started
from kerastune_lite.study.task import Decision, Task
from tests.fakes import opened

EXECUTORS = [InProcess]


def three_epochs(task, send):
    hp = task.hyperparameters()
    hp.Float("x", 0, 1)
    send(ReadsRecorded.of(task.trial, hp, complete=True))
    for epoch in range(1, 4):
        decision = send(Reported(trial=task.trial, execution=0, epoch=epoch, metrics={"score": hp["x"] + epoch}))
        if decision.stop is not None:
            return Ended(trial=task.trial, outcome="stopped", reason=decision.stop)
    return None


def failing(task, send):
    raise ValueError(f"trial {task.trial} has bad luck")


def infeasible(task, send):
    raise Infeasible("too large")


def misused(task, send):
    task.hyperparameters().Float("x", 2, 1)


def endless(task, send):
    epoch = 0
    while True:
        epoch += 1
        if send(Reported(trial=task.trial, execution=0, epoch=epoch, metrics={"score": 0.0})).stop is not None:
            return Ended(trial=task.trial, outcome="stopped")


def task(number=0, **fields):
    return Task(Started(trial=number, attempt=1, values={}), opened(**fields))


class Listener:
    """The loop's side: remembers what it heard, and answers."""

    def __init__(self, answer=lambda event: Decision()):
        self.heard = []
        self._answer = answer

    def __call__(self, event):
        self.heard.append(event)
        return self._answer(event)

    @property
    def endings(self):
        return [event for event in self.heard if isinstance(event, Ended)]


@pytest.fixture(params=EXECUTORS, ids=lambda kind: kind.__name__)
def executor(request):
    """Makes executors and closes them."""
    made = []

    def make(function):
        made.append(request.param(function))
        return made[-1]

    yield make
    for an_executor in made:
        an_executor.close()


def run(an_executor, listener, *tasks):
    for a_task in tasks:
        while an_executor.free() == 0:
            an_executor.wait(listener, 60)
        an_executor.start(a_task)
    while len(listener.endings) < len(tasks):
        an_executor.wait(listener, 60)


def test_events_arrive_in_the_order_sent(executor):
    listener = Listener()
    run(executor(three_epochs), listener, task())
    assert [type(event).__name__ for event in listener.heard] == ["ReadsRecorded"] + ["Reported"] * 3 + ["Ended"]
    assert [event.epoch for event in listener.heard[1:4]] == [1, 2, 3]
    assert listener.endings == [Ended(trial=0)]


def test_the_task_decides_what_is_read(executor):
    reads = []
    for _ in range(2):
        listener = Listener()
        run(executor(three_epochs), listener, task(number=5))
        reads.append(listener.heard[0].reads)
    assert reads[0] == reads[1]


def test_the_decision_to_stop_is_obeyed(executor):
    listener = Listener(lambda event: Decision(stop="enough" if getattr(event, "epoch", 0) == 2 else None))
    run(executor(three_epochs), listener, task())
    assert [event.epoch for event in listener.heard if isinstance(event, Reported)] == [1, 2]
    assert listener.endings == [Ended(trial=0, outcome="stopped", reason="enough")]


def test_a_failure_is_an_event_with_its_traceback(executor):
    listener = Listener()
    run(executor(failing), listener, task(number=3))
    ending = listener.endings[0]
    assert (ending.outcome, ending.reason) == ("failed", "ValueError: trial 3 has bad luck")
    assert "in failing" in ending.error


def test_an_infeasible_configuration_is_an_event(executor):
    listener = Listener()
    run(executor(infeasible), listener, task())
    assert listener.endings == [Ended(trial=0, outcome="infeasible", reason="too large")]


def test_a_usage_error_is_handed_on_as_fatal(executor):
    listener = Listener()
    run(executor(misused), listener, task())
    assert isinstance(listener.endings[0].fatal, SpaceError)
    assert listener.endings[0].outcome == "interrupted"


def test_many_tasks_each_end_once(executor):
    listener = Listener()
    run(executor(three_epochs), listener, *(task(number) for number in range(6)))
    assert sorted(event.trial for event in listener.endings) == list(range(6))


def test_a_failure_does_not_hurt_the_next_task(executor):
    an_executor, listener = executor(failing), Listener()
    run(an_executor, listener, task(0), task(1))
    assert [event.outcome for event in listener.endings] == ["failed", "failed"]


def test_there_is_room_until_tasks_are_queued(executor):
    an_executor = executor(three_epochs)
    room = an_executor.free()
    for number in range(room):
        an_executor.start(task(number))
    assert (room >= 1, an_executor.free()) == (True, 0)


def test_there_is_room_again_afterwards(executor):
    an_executor, listener = executor(three_epochs), Listener()
    room = an_executor.free()
    run(an_executor, listener, task())
    assert an_executor.free() == room


def test_waiting_with_nothing_queued_returns(executor):
    executor(three_epochs).wait(Listener(), 0.01)


def test_a_running_trial_that_is_cancelled_ends_at_its_next_event(executor):
    an_executor = executor(endless)

    def cancel(event):
        an_executor.cancel(event.trial)
        return Decision()

    listener = Listener(cancel)
    run(an_executor, listener, task())
    assert len(listener.endings) == 1


def test_closing_twice_does_no_harm(executor):
    an_executor = executor(three_epochs)
    an_executor.close()
    an_executor.close()
