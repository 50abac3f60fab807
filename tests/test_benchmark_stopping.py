"""The replay of learning curves: what the benchmark of stopping measures must mean what it says."""

import numpy as np
import pytest

from benchmarks import stopping
from benchmarks.stopping import AT, BudgetUsed, Meter, baseline, duel, mean_regrets, ratio, run, summary
from benchmarks.tasks.curves import pool

EPOCHS = 10
LEVELS = np.linspace(0.1, 1.0, 40)
POOL = pool("TaskSet/made", LEVELS[:, None] * np.arange(1, EPOCHS + 1) / EPOCHS)


def whole(meter, *indices):
    for index in indices:
        meter.train({"index": index}, lambda epoch, score: False)


def test_regret_is_zero_at_the_best_run_and_one_at_the_median():
    assert (POOL.regret(1.0), POOL.regret(float(np.median(LEVELS)))) == (0.0, pytest.approx(1.0))
    assert POOL.regret(-np.inf) == 1.0


def test_a_meter_reads_the_best_score_at_each_budget():
    meter = Meter(POOL)
    whole(meter, 5, 20, 10, 39)
    assert len(meter.best) == 4 * EPOCHS
    assert meter.best[EPOCHS - 1] == pytest.approx(LEVELS[5])
    assert meter.regrets() == [0.0] * len(AT)  # the best run came within the first budget


def test_a_trial_that_continues_trains_only_its_further_epochs():
    meter = Meter(POOL)
    meter.train({"index": 3}, lambda epoch, score: epoch >= 4)
    whole(meter, 3)
    assert (meter.trials, len(meter.best)) == (1, EPOCHS)


def test_no_epoch_is_trained_beyond_the_budget():
    meter = Meter(POOL)
    with pytest.raises(BudgetUsed):
        whole(meter, *range(40))
    assert len(meter.best) == max(AT) * EPOCHS


def test_a_search_that_tries_nothing_new_ends():
    meter = Meter(POOL)
    with pytest.raises(BudgetUsed):
        whole(meter, *[0] * 1000)


def test_scores_that_are_not_finite_are_no_best_score():
    meter = Meter(pool("TaskSet/broken", np.array([[np.nan, 0.5, np.inf], [0.1, 0.2, 0.3]])))
    whole(meter, 0)
    assert meter.best == [-np.inf, 0.5, 0.5]


@pytest.mark.parametrize(
    "side", ["random, none", "random, ASHA", "halving", "12 % of the epochs", "Optuna RandomSampler, MedianPruner"]
)
def test_a_side_stays_within_the_budget_and_depends_on_its_seed_only(side):
    if side.startswith("Optuna"):
        pytest.importorskip("optuna", reason="Optuna is installed for benchmarks only")
    first, again = (run(side, POOL, seed=1) for _ in range(2))
    assert first.best == again.best
    assert len(first.best) <= max(AT) * EPOCHS


def test_stopping_tries_more_trials_for_the_same_epochs():
    assert run("random, ASHA", POOL, 0).trials > run("random, none", POOL, 0).trials


def test_each_side_is_compared_with_its_own_search_without_stopping():
    assert baseline("random, auto") == baseline("halving") == "random, none"
    assert baseline("bayesian, auto") == "bayesian, none"
    assert baseline("Optuna TPESampler, MedianPruner") == "Optuna TPESampler, NopPruner"
    assert {baseline(side) for side in stopping.SIDES} <= set(stopping.SIDES)


def lines(side, regrets):
    return [
        {"side": side, "task": task, "seed": 0, "regret": [regret] * len(AT), "trials": 7}
        for task, regret in regrets.items()
    ]


def test_a_ratio_that_may_be_one_is_marked_as_undecided():
    better, mixed = np.array([0.1, 0.2, 0.1]), np.array([0.4, 0.1, 0.3])
    assert ratio(better, 4 * better).startswith("0.25")
    assert not ratio(better, 4 * better).endswith("?")
    assert ratio(mixed, mixed[::-1]).endswith("?")
    assert duel(better, mixed) == "2-0-1"


def test_a_side_that_has_not_run_all_tasks_is_left_out():
    runs = [*lines("random, none", {"a": 0.4, "b": 0.2}), *lines("random, auto", {"a": 0.1})]
    assert mean_regrets(runs, "random, auto", ["a", "b"]).size == 0
    assert "random, auto" not in summary(runs, ["random, none", "random, auto"], ["a", "b"])
    assert "| 40.0 |" in summary(runs, ["random, none", "random, auto"], ["a"]).replace("  ", " ")
