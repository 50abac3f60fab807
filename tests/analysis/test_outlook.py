"""How long a search will take; tests of the console have the estimate by trials and epochs."""

from kerastune_lite.analysis.outlook import RECENT, recent_trials, seconds_left
from kerastune_lite.study.events import Ended, Stamp, Started
from kerastune_lite.study.history import History
from tests.fakes import opened


def at(second):
    return Stamp(1000.0 + second, float(second), "box:1")


def trial(number, start, end=None):
    events = [Started(trial=number, attempt=1, values={}, stamp=at(start))]
    return events if end is None else [*events, Ended(trial=number, stamp=at(end))]


def study(*events, **settings):
    return History([opened(stamp=at(0), **settings), *events])


def test_trials_that_run_at_the_same_time_go_on_doing_so():
    history = study(*trial(0, 0, 10), *trial(1, 10), *trial(2, 10), max_trials=5)
    assert seconds_left(history, recent_trials(history)) == 4 * 10 / 2


def test_a_limit_of_time_is_that_of_the_last_search():
    history = study(*trial(0, 0, 50))
    history.apply(opened(stamp=at(100), max_trials=None, options={"max_time": "1min"}))
    for event in trial(1, 110, 120):
        history.apply(event)
    assert seconds_left(history, recent_trials(history)) == 40.0


def test_nothing_is_left_after_the_limit():
    history = study(*trial(0, 0, 90), max_trials=None, options={"max_time": 60})
    assert seconds_left(history, recent_trials(history)) == 0.0


def test_the_latest_trials_tell_what_the_next_ones_cost():
    events = [event for number in range(RECENT + 5) for event in trial(number, number, number + 1)]
    recent = recent_trials(study(*events))
    assert [trial.number for trial in recent] == list(range(5, RECENT + 5))
