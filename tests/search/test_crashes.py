"""Trials that take their process with them: to the record, a dead process is one that writes no more."""

import asyncio
import io
import signal
import subprocess
import sys

import pytest

import kerastune_lite as kt
from kerastune_lite.errors import SpaceError, StudyWriteError, UsageError
from kerastune_lite.executors import InProcess
from kerastune_lite.search.interrupt import finishing_epoch
from kerastune_lite.stopping import Stop
from kerastune_lite.study.events import Ended, Reported, Stamp, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.store import MemoryStore
from tests.fakes import opened, points, search


class Mortal(MemoryStore):
    dead = False

    def append(self, event):
        if self.dead:
            raise StudyWriteError("the process is gone")
        super().append(event)


def live(store, function, **options):
    """The history after one life of the process."""
    store.dead = False
    try:
        return search(function, store=store, **{"max_trials": 4, **options})
    except StudyWriteError:
        return History(store.events())


def statuses(history):
    return [trial.status for trial in history.trials]


def deadly(store, *numbers):
    """A function that ends the process in these trials, when it has read their values."""
    lethal = [dict(values) for number, values in enumerate(points(search(harmless))) if number in numbers]

    def function(hp):
        values = {"x": hp.Float("x", 0, 1)}
        store.dead = values in lethal
        return values["x"]

    return function


def harmless(hp):
    return hp.Float("x", 0, 1)


def test_a_trial_that_kills_its_process_twice_has_failed_and_the_search_continues():
    store = Mortal()
    function = deadly(store, 1)
    assert statuses(live(store, function)) == ["completed", "running"]
    assert statuses(live(store, function)) == ["completed", "running"]
    history = live(store, function)
    assert statuses(history) == ["completed", "failed", "completed", "completed"]
    assert (history[1].reason, history[1].crashes) == ("the process died in this trial 2 times", 2)


def test_a_trial_that_kills_its_process_is_not_retried():
    store = Mortal()
    function = deadly(store, 0)
    for _ in range(3):
        history = live(store, function, max_trials=1, max_retries_per_trial=5)
    assert (statuses(history), history[0].attempts) == (["failed"], 2)
    assert statuses(live(store, function, max_trials=1)) == ["failed"]


def test_how_often_a_process_may_die_can_be_chosen():
    store = Mortal()
    function = deadly(store, 0)
    for _ in range(5):
        assert statuses(live(store, function, max_crashes=None)) == ["running"]
    assert statuses(live(store, function, max_crashes=1))[0] == "failed"


def test_a_higher_number_tries_it_again_while_nothing_has_succeeded():
    store = Mortal()
    function = deadly(store, 0)
    for _ in range(3):
        live(store, function, max_trials=1)
    history = live(store, harmless, max_trials=1, max_crashes=3)
    assert (statuses(history), history[0].attempts) == (["completed"], 3)


def test_a_trial_that_gets_further_each_time_is_resumed_however_often_its_process_dies():
    store = Mortal()
    life = 0

    def longer(hp, report):
        hp.Float("x", 0, 1)
        for epoch in range(1, 8):
            store.dead = store.dead or epoch > life
            report(epoch, {"score": float(epoch)})

    for life in range(1, 7):
        history = live(store, longer, reports=True, max_trials=1)
        assert (statuses(history), history[0].epoch) == (["running"], life)
    life = 100
    assert statuses(live(store, longer, reports=True, max_trials=1)) == ["completed"]


@pytest.mark.parametrize("value", [0, 1.5, "2"])
def test_max_crashes_is_a_positive_integer(value):
    with pytest.raises(UsageError, match=r"max_crashes=.* must be an integer >= 1 or None"):
        kt.tune(harmless, objective=kt.Objective("y", "min"), max_trials=1, max_crashes=value)


LETHAL = """
import os, sys, kerastune_lite as kt

def function(hp):
    if hp.Float("x", 0, 1) > 0.5:
        os._exit(3)
    return hp["x"]

results = kt.tune(function, objective=kt.Objective("y", "max"), max_trials=4, seed=0, directory=sys.argv[1], verbose=0)
print([trial.status for trial in sorted(results, key=lambda trial: trial.number)])
"""


def test_a_script_whose_trials_end_the_process_completes_when_it_is_run_often_enough(tmp_path):
    command = [sys.executable, "-c", LETHAL, str(tmp_path)]
    runs = [subprocess.run(command, check=False, capture_output=True, text=True) for _ in range(5)]
    codes = [run.returncode for run in runs]
    assert 3 in codes
    assert codes[-1] == 0
    assert "failed" in runs[-1].stdout
    assert "completed" in runs[-1].stdout


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SystemExit(2), "SystemExit: 2"),
        (asyncio.CancelledError(), "asyncio.exceptions.CancelledError"),
        (GeneratorExit(), "GeneratorExit"),
        (BaseException("odd"), "BaseException: odd"),
    ],
)
def test_an_exception_that_is_no_ctrl_c_costs_one_trial(error, reason):
    calls = []

    def second(hp):
        calls.append(hp.Float("x", 0, 1))
        if len(calls) == 2:
            raise error
        return calls[-1]

    history = search(second, max_trials=3)
    assert statuses(history) == ["completed", "failed", "completed"]
    assert history[1].reason == reason


def test_a_stopping_policy_that_leaves_python_ends_the_search_and_no_trial_is_blamed():
    def leaving(trial, history) -> Stop | None:
        sys.exit(1)

    store = MemoryStore()
    with pytest.raises(SystemExit):
        search(harmless, store=store, stopping=leaving)
    assert statuses(History(store.events())) == ["interrupted"]


def test_a_search_inside_a_trial_that_finds_nothing_costs_this_trial():
    def inner(hp):
        raise ValueError(f"{hp.Float('y', 0, 1)} is no good")

    def outer(hp):
        if hp.Int("n", 1, 100) % 2:
            kt.tune(inner, objective=kt.Objective("z", "min"), max_trials=2, verbose=0)
        return 1.0

    history = search(outer, max_trials=8)
    assert set(statuses(history)) == {"completed", "failed"}
    failed = next(trial for trial in history.trials if trial.status == "failed")
    assert failed.reason.startswith("none of the 2 trials finished with a score")


def test_a_search_inside_a_trial_that_was_misused_ends_the_outer_one():
    def outer(hp):
        return kt.tune(harmless, objective=kt.Objective("z", "min"), max_trials=0, verbose=0)

    with pytest.raises(UsageError, match="max_trials=0"):
        search(outer)


def test_skips_on_record_do_not_end_a_later_search():
    store = MemoryStore()

    def infeasible(hp):
        raise kt.Infeasible(str(hp.Float("x", 0, 1)))

    search(infeasible, store=store)
    history = search(harmless, store=store, max_trials=3)
    assert statuses(history)[-3:] == ["completed"] * 3
    assert len(history) == 103


def test_a_process_that_died_lasted_until_its_last_event_whatever_its_number():
    """In a container, the next process may have the same number; the clock may have counted an idle night."""

    def at(second):
        return Stamp(second, second, "host:7")

    events = [
        Started(trial=0, attempt=1, values={}, stamp=at(10)),
        Reported(trial=0, execution=0, epoch=1, metrics={"score": 0.5}, stamp=at(13)),
        Ended(trial=0, outcome="interrupted", died=True, stamp=at(80_000)),
        Started(trial=0, attempt=2, values={}, stamp=at(80_001)),
        Ended(trial=0, outcome="completed", stamp=at(80_005)),
    ]
    assert History([opened(), *events])[0].duration == 7


class Sticky:
    """An executor that cannot be closed."""

    def __init__(self, function):
        self._inner = InProcess(function)

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def close(self):
        raise OSError("cannot close")


def test_an_error_while_closing_does_not_hide_why_the_search_failed():
    def misused(hp):
        return hp.Float("x", 2, 1)

    options = {"objective": kt.Objective("y", "min"), "max_trials": 1, "verbose": 0, "workers": Sticky}
    with pytest.raises(SpaceError, match="x"):
        kt.tune(misused, **options)
    with pytest.raises(OSError, match="cannot close"):
        kt.tune(harmless, **options)


def test_ctrl_c_needs_nobody_to_read_what_it_prints(monkeypatch):
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    interrupted = []
    with finishing_epoch(lambda: bool(interrupted), lambda: interrupted.append(True)):
        signal.raise_signal(signal.SIGINT)
    assert interrupted == [True]
