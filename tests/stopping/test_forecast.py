"""Forecasts of learning curves."""

import math

import pytest

from kerastune_lite.errors import UsageError
from kerastune_lite.stopping import CurveForecast
from kerastune_lite.stopping.forecast import chance_below
from kerastune_lite.study.curves import Curve
from tests.stopping.test_comparison import ALL, FALLING, ends, run


def curve(end, exponent, epochs, drop=1.0):
    return Curve(range(1, epochs + 1), [end + drop * epoch**-exponent for epoch in range(1, epochs + 1)])


@pytest.mark.parametrize("exponent", [0.25, 0.5, 1.0, 2.0])
def test_a_power_law_is_forecast_where_it_ends(exponent):
    reached = 0.2 + 50**-exponent
    known = curve(0.2, exponent, 15)
    assert chance_below(reached - 0.05, known, 50) < 0.05
    assert chance_below(reached + 0.05, known, 50) > 0.95


def test_a_straight_line_may_go_on():
    line = Curve(range(1, 11), [1 - 0.01 * epoch for epoch in range(1, 11)])
    assert chance_below(0.6, line, 50) > 0.2


def test_a_curve_that_stays_flat_is_not_expected_to_rise():
    assert chance_below(0.5, Curve(range(1, 11), [0.9] * 10), 50) < 0.01


def test_noise_makes_the_forecast_uncertain():
    smooth, noisy = ([0.5 + 1 / e + swing * (-1) ** e for e in range(1, 13)] for swing in (0.0, 0.1))
    best_so_far = [min(noisy[:e]) for e in range(1, 13)]
    target = 0.4
    assert chance_below(target, Curve(range(1, 13), smooth), 50) < chance_below(
        target, Curve(range(1, 13), best_so_far), 50
    )


def test_there_is_no_forecast_from_two_epochs():
    assert chance_below(0.5, Curve([1, 2], [0.9, 0.8]), 50) is None


def test_the_chance_does_not_depend_on_the_unit():
    known = curve(0.2, 0.5, 15)
    thousandfold = Curve(known.epochs, [1000 * value for value in known.minimized])
    assert math.isclose(chance_below(0.3, known, 50), chance_below(300.0, thousandfold, 50), rel_tol=1e-6)


def rises(level, epoch):
    return level - 0.5 / epoch


def test_a_hopeless_trial_stops_with_its_chance_as_the_reason():
    history = run(CurveForecast(), FALLING, curve=rises)
    assert ends(history)[:3] == [ALL] * 3
    assert history[9].status == "stopped"
    assert history[9].reason == "epoch 3: less than 1 % chance of passing 0.8815"


def test_a_slow_starter_that_may_still_win_continues():
    def slow(level, epoch):
        return 0.01 * epoch if level == 0 else rises(level, epoch)

    assert ends(run(CurveForecast(startup_trials=1), [0.25, 0], curve=slow))[1] == ALL


def test_a_forecast_is_made_every_so_many_epochs():
    def late(level, epoch):  # the second trial falls behind after the first forecast
        return rises(level, epoch) if level else min(0.05 * epoch, 0.21)

    history = run(CurveForecast(startup_trials=1, every=7), [0.5, 0], curve=late)
    assert ends(history)[1] == ("stopped", 10)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: CurveForecast(chance=0), "chance=0"),
        (lambda: CurveForecast(chance=1.0), "chance=1.0"),
        (lambda: CurveForecast(every=0), "every=0"),
        (lambda: CurveForecast(startup_trials=0), "startup_trials=0"),
    ],
)
def test_parameters_out_of_range_are_named(make, name):
    with pytest.raises(UsageError, match=name):
        make()
