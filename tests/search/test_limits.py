"""What ends a search apart from `max_trials`."""

import itertools

import pytest

import kerastune_lite as kt
from kerastune_lite.errors import UsageError
from kerastune_lite.search.limits import Limits
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.store import MemoryStore
from tests.fakes import search


def levels(*scores, epochs=4):
    """A function whose n-th call rises to the n-th score; the last score stays."""
    calls = itertools.count()

    def train(hp, report):
        hp.Float("x", 0, 1)
        level = scores[min(next(calls), len(scores) - 1)]
        for epoch in range(1, epochs + 1):
            if report(epoch, level * epoch / epochs):
                return

    return train


def limited(train, *, max_trials=6, epochs=4, **limits):
    names = ("store", "clock", "objective", "strategy")
    options = {name: limits.pop(name) for name in names if name in limits}
    return search(train, reports=True, limits=Limits(**limits), max_trials=max_trials, epochs=epochs, **options)


def ends(history):
    return [(trial.status, trial.epoch) for trial in history.trials]


def why(history):
    return history.notes["search ended"]


def test_epochs_of_all_trials_are_limited_and_the_last_trial_is_paused():
    history = limited(levels(0.5), max_epochs_total=10)
    assert ends(history) == [("completed", 4), ("completed", 4), ("paused", 2)]
    assert why(history) == history[2].reason == "max_epochs_total=10 reached"


def test_a_limit_that_a_trial_ends_with_leaves_it_complete():
    assert ends(limited(levels(0.5), max_epochs_total=8)) == [("completed", 4), ("completed", 4)]


def test_a_larger_limit_resumes_the_paused_trial_first():
    store = MemoryStore()
    limited(levels(0.5), max_epochs_total=6, store=store)
    history = limited(levels(0.5), max_epochs_total=16, store=store, max_trials=3)
    assert ends(history) == [("completed", 4)] * 3
    assert history[1].attempts == 2


def test_a_paused_trial_has_a_rank():
    history = limited(levels(0.5, 0.9), max_epochs_total=7)
    assert ends(history)[1] == ("paused", 3)
    assert history.best is history[1]


def test_a_target_ends_the_search_and_stops_the_trial_that_has_it():
    history = limited(levels(0.5, 1.0), target=0.7)
    assert ends(history) == [("completed", 4), ("stopped", 3)]
    assert why(history) == "target=0.7 reached with 0.75 (score (max))"


def test_a_target_is_an_upper_bound_where_the_objective_is_minimised():
    history = limited(levels(0.5, 0.1), target=0.05, objective=Objective("score", "min"))
    assert ends(history) == [("completed", 4), ("stopped", 1)]


def test_a_target_that_the_record_has_reached_starts_no_trial():
    store = MemoryStore()
    limited(levels(0.9), max_trials=1, store=store)
    history = limited(levels(0.9), target=0.8, store=store)
    assert len(history) == 1
    assert why(history).startswith("target=0.8 reached")


def test_the_search_ends_when_trials_no_longer_improve():
    history = limited(levels(0.5, 0.9, 0.3, 0.4, 0.5), no_improvement=3, max_trials=20)
    assert len(history) == 5
    assert why(history) == "no_improvement=3: the last 3 trials have not improved on the best"


def test_the_clock_ends_the_search_after_an_epoch():
    history = limited(levels(0.5), max_time=10, clock=itertools.count(step=0.7).__next__)
    assert history.trials[-1].status == "paused"
    assert why(history) == "max_time=10 reached"
    assert 1 <= len(history) < 6


def test_the_first_epoch_counts_even_if_it_takes_longer():
    history = limited(levels(0.5), max_time=1, clock=itertools.count(step=1000).__next__)
    assert ends(history) == [("paused", 1)]
    assert why(history) == "max_time=1 reached, by its first epoch"


def test_the_time_is_that_of_one_call():
    store = MemoryStore()
    for _ in range(2):
        limited(levels(0.5), max_time=1, clock=itertools.count(step=1000).__next__, store=store)
    assert limited(levels(0.5), store=store, max_trials=1)[0].attempts == 3


def test_whichever_comes_first_ends_the_search():
    history = limited(levels(0.5), max_epochs_total=100, target=0.9, no_improvement=2)
    assert why(history).startswith("no_improvement=2")


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(90, 90), ("90s", 90), ("2h", 7200), ("2h 30min", 9000), ("1.5h", 5400), ("1d2h3m4s", 93784), ("5 min", 300)],
)
def test_a_time_is_seconds_or_a_text_with_units(given, seconds):
    assert Limits(max_time=given).seconds == seconds


@pytest.mark.parametrize(
    "given", [0, -1, float("nan"), float("inf"), "", "2", "h", "2 weeks", "1h and 2min", True, [1]]
)
def test_what_is_no_time_is_an_error(given):
    with pytest.raises(UsageError, match="max_time="):
        Limits(max_time=given)


@pytest.mark.parametrize(
    "limits",
    [
        {"max_epochs_total": 0},
        {"max_epochs_total": 1.5},
        {"no_improvement": 0},
        {"target": float("nan")},
        {"target": "high"},
        {"target": True},
        {"stop_when_ei_below": 0},
        {"stop_when_ei_below": float("inf")},
        {"stop_when_ei_below": "low"},
    ],
)
def test_limits_out_of_range_are_named(limits):
    with pytest.raises(UsageError, match=next(iter(limits))):
        Limits(**limits)


def test_a_target_of_zero_is_one():
    assert Limits(target=0).target == 0


def test_an_accuracy_in_percent_is_no_target():
    with pytest.raises(UsageError, match=r"target=99 cannot be reached: val_accuracy is at most 1; give target=0\.99"):
        kt.RandomSearch(lambda hp: None, "val_accuracy", target=99)


def test_tune_takes_limits():
    results = kt.tune(lambda hp: hp.Float("x", 0, 1), objective="score", max_trials=None, no_improvement=4, verbose=0)
    assert len(results) > 4


def bowl(hp, report):
    report(1, (hp.Float("x", -1, 1) - 0.3) ** 2)


def test_a_bayesian_search_ends_when_little_improvement_is_expected():
    history = limited(
        bowl,
        max_trials=40,
        epochs=1,
        objective=Objective("score", "min"),
        strategy=kt.strategies.Bayesian(),
        stop_when_ei_below=1e-3,
    )
    assert "stop_when_ei_below=0.001: the next trial is expected to improve on the best by" in why(history)
    assert 10 <= len(history) < 40
    assert history.best.score < 1e-3


def test_a_model_of_fewer_than_ten_scores_ends_no_search():
    history = limited(bowl, max_trials=40, epochs=1, strategy=kt.strategies.Bayesian(), stop_when_ei_below=1e6)
    assert len(history) == 10


def test_a_search_that_expects_nothing_cannot_end_by_it():
    with pytest.raises(UsageError, match=r"stop_when_ei_below=0\.1 needs a strategy that computes .* got Random\(\)"):
        limited(levels(0.5), stop_when_ei_below=0.1)


def test_halving_expects_what_its_base_expects():
    assert kt.strategies.Halving(kt.strategies.Bayesian()).computes_expected_improvement
    assert not kt.strategies.Halving().computes_expected_improvement
