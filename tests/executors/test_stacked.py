"""Trials in turns, without Keras."""

from contextvars import ContextVar

import pytest
from greenlet import GreenletExit

from kerastune_lite.errors import UsageError
from kerastune_lite.executors import Stacked
from kerastune_lite.study.events import Annotated, Ended, SearchStarted, Started
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.task import Decision, Task, Work

SETTINGS = SearchStarted(objective=Objective("loss", "min"), strategy={}, seed=0, max_trials=None)


def executor(function, trials, start=None):
    """An executor, with a task for each trial."""
    made = Stacked(trials)(function)
    for number in range(trials if start is None else start):
        made.start(Task(Started(trial=number, attempt=0, values={}), SETTINGS))
    return made


def run(made, trials, handle=None):
    """Runs all trials; returns their events."""
    events = []

    def note(event):
        events.append(event)
        return Decision() if handle is None else handle(event)

    while made.free() < trials:
        made.wait(note, None)
    made.close()
    return events


def note(send, trial, what):
    send(Annotated(trial=trial, key="note", value=what))


def notes(events):
    return [(event.trial, event.value) for event in events if isinstance(event, Annotated)]


def endings(events):
    return {event.trial: event.outcome for event in events if isinstance(event, Ended)}


def test_steps_of_a_group_are_taken_at_once_and_each_trial_gets_its_own_result():
    taken = []

    def take(given):
        taken.append(list(given))
        return [10 * each for each in given]

    def trial(task, send):
        note(send, task.trial, [task.meet(Work("group", task.trial + shift, take)) for shift in (0, 1)])

    events = run(executor(trial, 3), 3)
    assert taken == [[0, 1, 2], [1, 2, 3]]
    assert notes(events) == [(number, [10 * number, 10 * number + 10]) for number in range(3)]
    assert endings(events) == dict.fromkeys(range(3), "completed")


def test_other_groups_are_taken_in_turn():
    taken = []

    def trial(task, send):
        for number in range(2):
            task.meet(Work(task.trial % 2, (task.trial, number), lambda given: taken.append(given) or given))

    run(executor(trial, 4), 4)
    assert taken == [[(0, 0), (2, 0)], [(1, 0), (3, 0)], [(0, 1), (2, 1)], [(1, 1), (3, 1)]]


def test_a_new_trial_falls_into_step_with_the_others():
    taken = []

    def step(task, kind):
        task.meet(Work(kind, task.trial, lambda given: taken.append((kind, given)) or given))

    def trial(task, send):
        for epoch in range(2):
            step(task, "train")
            note(send, task.trial, epoch)
            step(task, "test")

    made = executor(trial, 2, start=1)
    made.wait(lambda _: Decision(), None)  # to its first validation
    made.start(Task(Started(trial=1, attempt=0, values={}), SETTINGS))
    run(made, 2)
    together = [("train", [1, 0]), ("test", [1, 0])]
    assert taken == [("train", [0]), ("test", [0]), *together, ("train", [1]), ("test", [1])]


def test_an_exception_among_the_results_is_raised_in_its_trial():
    def trial(task, send):
        task.meet(Work("group", task.trial, lambda given: [ValueError("odd") if each == 1 else each for each in given]))

    events = run(executor(trial, 3), 3)
    assert endings(events) == {0: "completed", 1: "failed", 2: "completed"}
    assert [event.reason for event in events if event.trial == 1] == ["ValueError: odd"]


def test_a_trial_that_never_meets_runs_to_its_end():
    def trial(task, send):
        note(send, task.trial, "begun")
        if task.trial != 1:
            task.meet(Work("group", None, lambda given: given))
        note(send, task.trial, "done")

    events = run(executor(trial, 3), 3)
    assert notes(events) == [(0, "begun"), (1, "begun"), (1, "done"), (2, "begun"), (0, "done"), (2, "done")]


def test_a_wait_ends_after_an_event_so_that_the_next_trial_can_start():
    def trial(task, send):
        note(send, task.trial, "begun")
        task.meet(Work("group", None, lambda given: given))

    made, events = executor(trial, 2), []
    made.wait(lambda event: events.append(event) or Decision(), None)
    assert notes(events) == [(0, "begun")]
    assert made.free() == 0
    made.close()


def test_closing_ends_trials_where_they_wait_and_what_they_send_then_is_dropped():
    unwound, ended = [], []

    def trial(task, send):
        try:
            task.meet(Work("group", None, lambda given: given))
        finally:
            note(send, task.trial, "late")
            unwound.append(task.trial)
            with pytest.raises(GreenletExit):
                task.meet(Work("group", None, list))
            ended.append(task.trial)

    events = []
    made = executor(trial, 2)
    made._handle = events.append
    for _ in range(2):
        made._begin(made._queue.popleft())
    made.close()
    made.close()
    assert unwound == [0, 1]
    assert ended == [0, 1]
    assert events == []


def test_an_interrupt_of_the_steps_ends_the_wait():
    def interrupt(_):
        raise KeyboardInterrupt

    unwound = []

    def trial(task, send):
        try:
            task.meet(Work("group", None, interrupt))
        finally:
            unwound.append(task.trial)

    made = executor(trial, 2)
    with pytest.raises(KeyboardInterrupt):
        run(made, 2)
    assert unwound == []
    made.close()
    assert unwound == [0, 1]


def test_an_interrupt_in_a_trial_is_its_own():
    def trial(task, send):
        task.meet(Work("group", None, lambda given: given))
        if task.trial == 0:
            raise KeyboardInterrupt

    assert endings(run(executor(trial, 2), 2)) == {0: "interrupted", 1: "completed"}


def test_each_trial_has_context_variables_of_its_own():
    variable = ContextVar("variable", default="outside")

    def trial(task, send):
        seen = [variable.get()]
        variable.set(task.trial)
        task.meet(Work("group", None, lambda given: given))
        note(send, task.trial, [*seen, variable.get()])

    variable.set("before")
    assert notes(run(executor(trial, 2), 2)) == [(0, ["before", 0]), (1, ["before", 1])]
    assert variable.get() == "before"


def test_a_trial_may_search_in_turns_itself():
    def inner(task, send):
        note(send, task.trial, task.meet(Work("inner", task.trial, lambda given: [len(given)] * len(given))))

    def outer(task, send):
        found = notes(run(executor(inner, 2), 2))
        note(send, task.trial, [found, task.meet(Work("outer", None, lambda given: [len(given)] * len(given)))])

    expected = [[(0, 2), (1, 2)], 3]
    assert notes(run(executor(outer, 3), 3)) == [(number, expected) for number in range(3)]


def test_as_many_trials_as_it_is_told_can_run_and_each_begins_before_the_next_is_started():
    made = Stacked(3)(lambda task, send: note(send, task.trial, task.meet(Work("group", None, list))))
    assert made.free() == 3
    made.start(Task(Started(trial=0, attempt=0, values={}), SETTINGS))
    assert made.free() == 0
    made._begin(made._queue.popleft())
    assert made.free() == 2
    made.close()


@pytest.mark.parametrize("trials", [0, -1, 1.5, "many", True, None])
def test_the_number_of_trials_must_be_a_positive_integer(trials):
    with pytest.raises(UsageError, match="trials"):
        Stacked(trials)
