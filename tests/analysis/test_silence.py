"""What is said of running trials that do not report, and of workers that are silent."""

import pytest

from kerastune_lite.analysis.silence import quiet_for, silence_of, silent_workers
from kerastune_lite.study.events import SILENT, WORKER, Annotated, Ended, Reported, Stamp, Started
from kerastune_lite.study.history import History
from tests.fakes import opened


def at(second):
    return Stamp(1000.0 + second, second, "box:1")


def told(*events):
    """A study whose trial 0 began in second 0 on another host."""
    begin = Started(trial=0, attempt=1, values={}, stamp=at(0))
    return History([opened(), begin, Annotated(trial=0, key=WORKER, value="gpu2:77", stamp=at(0)), *events])


def reported(second):
    return Reported(trial=0, execution=0, epoch=1, metrics={"score": 0.5}, stamp=at(second))


def silent(since=1030.0, second=60):
    return Annotated(trial=0, key=SILENT, value=since, stamp=at(second))


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([], "50.0 s since its last report"),
        ([reported(10)], "40.0 s since its last report"),
        ([reported(45)], None),
        ([reported(10), silent()], "no sign of life from its worker for 20.0 s"),
        ([reported(10), silent(), silent(None)], "40.0 s since its last report"),
    ],
)
def test_watch_says_how_long_a_trial_is_quiet(events, said):
    assert quiet_for(told(*events)[0], now=1050.0) == said


def test_a_silent_worker_is_named():
    (sentence,) = silent_workers(told(silent()))
    assert sentence.startswith("trial 0: no sign of life from its worker gpu2:77 since ")


@pytest.mark.parametrize(
    "events", [[], [silent(), silent(None)], [silent(), Ended(trial=0, outcome="interrupted", stamp=at(70))]]
)
def test_nothing_is_said_of_a_worker_that_is_heard_or_gone(events):
    history = told(*events)
    assert silent_workers(history) == []
    assert silence_of(history[0]) is None
