"""Policies that compare trials at the same epoch."""

import pytest

from kerastune_lite.errors import UsageError
from kerastune_lite.stopping import ASHA, Hyperband, Median, Percentile
from kerastune_lite.study.objective import Objective
from tests.fakes import search

EPOCHS = 27


def run(policy, levels, *, epochs=EPOCHS, known=True, curve=lambda level, epoch: level * epoch / EPOCHS, **options):
    """A search whose n-th trial rises to the n-th level."""

    def train(hp, report):
        trials.append(hp.Float("x", 0, 1))
        for epoch in range(1, epochs + 1):
            value = curve(levels[len(trials) - 1], epoch)
            if report(epoch, {"other": 1.0} if value is None else value):
                return

    trials = []
    options = {"epochs": epochs if known else None, "scored_from": None, "max_trials": len(levels), **options}
    return search(train, reports=True, stopping=policy, **options)


def ends(history):
    return [(trial.status, trial.epoch) for trial in history.trials]


RISING = [number / 10 for number in range(10)]
FALLING = RISING[::-1]
ALL = ("completed", EPOCHS)


def test_asha_stops_what_is_not_in_the_best_third_at_a_rung():
    history = run(ASHA(), FALLING)
    assert ends(history)[0] == ALL
    assert set(ends(history)[1:]) == {("stopped", 3)}
    assert history[9].reason == "epoch 3: rank 10 of 10, and the best 3 continue"


def test_asha_lets_each_new_best_trial_train_to_the_end():
    assert ends(run(ASHA(), RISING)) == [ALL] * 10


def test_asha_judges_survivors_again_at_the_next_rung():
    levels = [0.9, *(number / 100 for number in range(8, 0, -1)), 0.8, 0.85]
    assert ends(run(ASHA(), levels))[-2:] == [("stopped", 9), ("stopped", 9)]


def test_the_first_rung_is_a_twentieth_of_long_trainings():
    history = run(ASHA(), FALLING[:3], epochs=100)
    assert ends(history)[1:] == [("stopped", 5)] * 2


def test_a_rung_of_the_users_own():
    assert ends(run(ASHA(eta=4, first_epoch=6), FALLING[:3]))[1:] == [("stopped", 6)] * 2


def test_nobody_stops_until_a_trial_has_completed_where_the_epochs_are_unknown():
    history = run(ASHA(), FALLING, known=False)
    assert ends(history)[0] == ALL
    assert ends(history)[1:] == [("stopped", 3)] * 9


def test_an_epoch_without_the_objective_is_judged_at_the_next_one_with_it():
    history = run(ASHA(), FALLING[:3], curve=lambda level, epoch: level if epoch % 5 == 0 else None)
    assert ends(history)[1:] == [("stopped", 5)] * 2


def test_a_lower_score_is_better_where_the_objective_is_minimised():
    history = run(ASHA(), RISING[:4], objective=Objective("score", "min"), curve=lambda level, epoch: level + 1 / epoch)
    assert ends(history) == [ALL, *[("stopped", 3)] * 3]


def test_executions_are_compared_with_the_same_execution():
    def train(hp, report):  # the second execution is better throughout: no trial may profit from that
        hp.Float("x", 0, 1)
        calls.append(len(calls))
        for epoch in range(1, EPOCHS + 1):
            if report(epoch, [0.5, 0.9, 0.4, 0.8][calls[-1]] * epoch / EPOCHS):
                return

    calls = []
    history = search(train, reports=True, stopping=Median(1), max_trials=2, executions=2, epochs=EPOCHS)
    assert [[len(run.metrics) for run in trial.executions] for trial in history.trials] == [[EPOCHS, EPOCHS], [3]]


def test_the_last_value_counts_where_it_is_the_objective():
    def falls(level, epoch):
        return level - 0.01 * epoch

    last = run(Median(1), [0.5, 0.45], curve=falls, objective=Objective("score", "max", "last"))
    assert last[1].status == "stopped"
    late = run(
        Median(1),
        [0.5, 0.45],
        curve=lambda level, epoch: 1.0 if epoch == 1 else level,
        objective=Objective("score", "max"),
    )
    assert late[1].status == "completed"  # the best so far is the same


@pytest.mark.parametrize(("percentile", "stopped"), [(25, 8), (50, 5), (90, 1)])
def test_a_percentile_is_the_share_that_continues(percentile, stopped):
    history = run(Percentile(percentile, startup_trials=10), [*RISING, *[0.05 + level for level in RISING]])
    assert sum(trial.status == "stopped" for trial in history.trials) == pytest.approx(stopped, abs=2)


def test_the_median_waits_for_its_startup_trials():
    statuses = [status for status, _ in ends(run(Median(startup_trials=4), FALLING[:6]))]
    assert statuses == ["completed"] * 4 + ["stopped"] * 2


def test_comparisons_come_every_so_many_epochs():
    crossing = lambda level, epoch: level if epoch < 5 else (1 - level)  # noqa: E731 - what is ahead falls behind
    history = run(
        Median(1, first_epoch=4, every=10),
        [0.4, 0.45, 0.6],
        curve=crossing,
        objective=Objective("score", "max", "last"),
    )
    assert ends(history)[2] == ("stopped", 14)


def test_hyperband_has_a_bracket_that_starts_later_and_one_that_stops_nobody():
    history = run(Hyperband(), [0.9] * 3 + [0.1] * 9)
    assert set(ends(history)[3::3]) == {("stopped", 3)}
    assert set(ends(history)[4::3]) == {("stopped", 9)}
    assert set(ends(history)[5::3]) == {ALL}


def test_reports_of_many_epochs_at_once_are_judged_at_the_last_rung_they_reach():
    def train(hp, report):
        level = 1 - hp.Float("x", 0, 1) / 10 - len(history)
        history.append(level)
        for epoch in (10, 20, 27):
            if report(epoch, level):
                return

    history = []
    found = search(train, reports=True, stopping=ASHA(), max_trials=4, epochs=EPOCHS)
    assert ends(found) == [ALL, *[("stopped", 10)] * 3]
    assert found[1].reason.startswith("epoch 9:")


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: ASHA(eta=1), "eta=1"),
        (lambda: ASHA(eta=2.5), "eta=2.5"),
        (lambda: ASHA(first_epoch=0), "first_epoch=0"),
        (lambda: Hyperband(brackets=0), "brackets=0"),
        (lambda: Median(startup_trials=-1), "startup_trials=-1"),
        (lambda: Median(every=0), "every=0"),
        (lambda: Percentile(0), "percentile=0"),
        (lambda: Percentile(100), "percentile=100"),
        (lambda: Percentile("half"), "percentile='half'"),
    ],
)
def test_parameters_out_of_range_are_named(make, name):
    with pytest.raises(UsageError, match=name):
        make()
