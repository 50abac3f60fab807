"""Learning curves, and the timeline."""

import math

import pytest

from kerastune_lite.analysis.curves import curves, mean_curve, timeline
from kerastune_lite.study.events import Ended, Stamp, Started
from kerastune_lite.study.history import History
from tests import fakes


def test_a_curve_has_the_objective_of_each_epoch_of_each_execution():
    values = iter([0.1, 0.2, 0.3, 0.5])

    def function(hp, report):
        hp.Choice("x", [1])
        for epoch in (1, 2):
            report(epoch, {"score": next(values)})

    (trial,) = fakes.search(function, max_trials=1, reports=True, executions=2).trials
    assert curves(trial) == [[(1, 0.1), (2, 0.2)], [(1, 0.3), (2, 0.5)]]
    assert [point.mean for point in mean_curve(trial)] == pytest.approx([0.2, 0.35])
    assert [point.deviation for point in mean_curve(trial)] == pytest.approx([0.1 * 2**0.5, 0.15 * 2**0.5])


def test_the_mean_leaves_out_what_is_not_finite():
    def function(hp, report):
        hp.Choice("x", [1])
        for epoch, value in enumerate([0.1, math.nan, 0.3], start=1):
            report(epoch, {"score": value})

    (trial,) = fakes.search(function, max_trials=1, reports=True).trials
    assert [point.epoch for point in mean_curve(trial)] == [1, 3]
    assert math.isnan(curves(trial)[0][1][1])


def at(wall, worker="a"):
    return Stamp(wall=wall, monotonic=wall, worker=worker)


def attempts(*events):
    return History([fakes.opened(stamp=at(100.0)), *events])


def started(trial, wall, worker="a", attempt=1):
    return Started(trial=trial, attempt=attempt, values={}, stamp=at(wall, worker))


def test_each_worker_has_a_lane_and_each_attempt_a_bar():
    lanes, bars = timeline(
        attempts(
            started(0, 101.0),
            started(1, 102.0, "b"),
            Ended(trial=0, outcome="failed", stamp=at(104.0)),
            started(0, 105.0, attempt=2),
        )
    )
    assert lanes == ["a", "b"]
    assert [(bar.lane, bar.trial, bar.start, bar.end, bar.status) for bar in bars] == [
        (0, 0, 1.0, 4.0, "failed"),
        (1, 1, 2.0, None, "running"),
        (0, 0, 5.0, None, "running"),
    ]


def test_attempts_of_a_worker_that_overlap_have_lanes_of_their_own():
    lanes, bars = timeline(attempts(started(0, 101.0), started(1, 102.0)))
    assert lanes == ["a", "a"]
    assert [bar.lane for bar in bars] == [0, 1]


def test_an_attempt_whose_process_died_lasted_until_its_last_event():
    _, (bar,) = timeline(
        attempts(started(0, 101.0), Ended(trial=0, outcome="interrupted", died=True, stamp=at(900.0, "b")))
    )
    assert (bar.start, bar.end) == (1.0, 1.0)


def test_to_end_a_paused_trial_makes_no_attempt_longer():
    _, (bar,) = timeline(
        attempts(
            started(0, 101.0),
            Ended(trial=0, outcome="paused", stamp=at(104.0)),
            Ended(trial=0, outcome="stopped", stamp=at(500.0)),
        )
    )
    assert (bar.end, bar.status) == (4.0, "paused")
