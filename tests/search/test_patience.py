"""What becomes of a trial that does not report although `max_time` has passed."""

import pytest

from kerastune_lite.executors import Ended
from kerastune_lite.search.limits import Limits
from kerastune_lite.study.events import SILENT, Annotated, ReadsRecorded, Reported
from kerastune_lite.study.store import MemoryStore
from tests.fakes import search


class Silence(float):
    """After so many seconds, the executor notes that a worker is silent."""


class Time:
    """A clock, and workers that are as long at work as a test says.

    Args:
        acts: Of each trial, by number: for each event the seconds before it; it hangs when there are no more.
    """

    def __init__(self, *acts):
        self.now = 0.0
        self._acts = acts
        self._due = []
        self.waits = []

    def __call__(self, function=None):
        return self.now if function is None else self

    def free(self):
        return len(self._acts) - len({trial for _, trial, _ in self._due})

    def start(self, task):
        now, number = self.now, task.trial
        hp = task.hyperparameters()
        hp.Float("x", 0, 1)
        events = [ReadsRecorded.of(number, hp, complete=True)]
        seconds = self._acts[number] if number < len(self._acts) else ()
        events += [
            Annotated(trial=number, key=SILENT, value=7.0)
            if isinstance(delay, Silence)
            else Reported(trial=number, execution=0, epoch=epoch, metrics={"score": 0.5})
            for epoch, delay in enumerate(seconds, start=1)
        ]
        for event, delay in zip(events, (0.0, *seconds), strict=True):
            now += delay
            self._due.append((now, number, event))
        self._due.append((float("inf"), number, None))

    def wait(self, handle, timeout):
        self.waits.append(timeout)
        self._due.sort(key=lambda due: due[:2])
        at, number, event = self._due[0]
        if timeout is not None and self.now + timeout < at:
            self.now += timeout
            return
        assert event is not None, "it would wait for ever"
        self.now = max(self.now, at)
        self._due.pop(0)
        if handle(event).stop is not None:
            self._due = [due for due in self._due if due[1] != number]
            handle(Ended(trial=number, outcome="stopped"))


def searched(*acts, max_time, **options):
    time = Time(*acts)
    history = search(None, executor=time, clock=time, limits=Limits(max_time=max_time), max_trials=len(acts), **options)
    return history, time


def test_a_trial_that_hangs_is_ended_a_minute_after_max_time():
    history, time = searched([1, 1], [1] * 200, max_time=100)
    assert time.now == pytest.approx(100 + 60, abs=2)
    hung, other = history.trials
    assert (hung.status, hung.crashes) == ("interrupted", 1)
    assert hung.reason == "max_time=100 reached, and no report for 1 min 0 s after that"
    assert (other.status, other.reason) == ("paused", "max_time=100 reached")
    assert history.notes["search ended"] == "max_time=100 reached"


def test_a_trial_with_long_epochs_is_waited_for():
    history, _ = searched([1, 50, 300, 1], max_time=100)
    assert (history[0].status, history[0].epoch) == ("paused", 3)


def test_the_wait_is_ten_times_the_longest_that_an_epoch_has_taken():
    history, time = searched([20, 50], max_time=100)
    assert time.now == 100 + 500
    assert history[0].reason.endswith("no report for 8 min 20 s after that")


def test_without_max_time_a_search_waits_for_ever():
    with pytest.raises(AssertionError, match="for ever"):
        searched([1, 1], max_time=None)


def test_the_first_epoch_of_a_search_is_not_ended():
    with pytest.raises(AssertionError, match="for ever"):
        searched([], max_time=100)


def test_a_trial_that_hangs_in_every_search_fails():
    store = MemoryStore()
    for status in ("interrupted", "failed"):
        history, _ = searched([1, 1], max_time=100, store=store)
        assert history[0].status == status


def test_a_note_that_its_worker_is_silent_is_no_event_of_a_trial():
    history, time = searched([1, 1, Silence(120)], max_time=100)
    assert history[0].notes[SILENT] == 7.0
    assert time.now == 160


def test_what_the_driver_takes_itself_is_not_held_against_a_trial():
    def slow(event, history):
        if isinstance(event, Ended):
            time.now += 1000

    time = Time([1] * 200, [1.5] * 200)
    limits = Limits(max_time=100)
    history = search(None, executor=time, clock=time, limits=limits, max_trials=2, observers=[slow])
    assert [trial.status for trial in history.trials] == ["paused", "paused"]
