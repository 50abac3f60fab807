"""The policy of `stopping="auto"`."""

import pytest

from kerastune_lite.stopping import ASHA, Auto, any_of
from kerastune_lite.stopping.auto import agreement
from kerastune_lite.strategies import Bayesian
from kerastune_lite.study.events import Annotated
from kerastune_lite.study.history import History
from kerastune_lite.study.store import MemoryStore
from tests.stopping.test_comparison import ALL, ends, run

LEVELS = [0.9, *(number / 100 for number in range(40, 10, -1))]


def statuses(history):
    return [trial.status for trial in history.trials]


def test_what_cannot_win_is_stopped_and_some_trials_are_spared_to_compare_with():
    found = statuses(run(Auto(), LEVELS))
    assert [number for number, status in enumerate(found) if status == "completed"] == [0, 20]


def test_halving_stops_trials_before_a_forecast_can_be_made():
    history = run(Auto(), LEVELS[:4])
    assert ends(history)[1:] == [("stopped", 3)] * 3
    assert "continue" in history[1].reason


def test_under_a_strategy_that_learns_only_the_forecast_counts():
    history = run(Auto(), LEVELS[:6], strategy=Bayesian(6))
    reasons = [trial.reason for trial in history.trials if trial.status == "stopped"]
    assert reasons
    assert all("chance of passing" in reason for reason in reasons)


def test_a_trial_whose_learning_rate_follows_a_schedule_is_never_stopped():
    store = MemoryStore()
    run(Auto(), LEVELS[:4], store=store)
    history, policy = History(), Auto()
    for event in store.events():
        history.apply(event)
        if type(event).__name__ == "Started":
            history.apply(Annotated(trial=event.trial, key="schedule", value="CosineDecay"))
        if type(event).__name__ == "Reported":
            assert policy(history[event.trial], history) is None


def crossing(level, epoch):
    """Those that are ahead early are behind in the end: like trainings whose learning rate decays."""
    return (1 - level) if epoch < 15 else 1 + level


def test_early_orders_that_turn_out_wrong_are_no_longer_trusted():
    store = MemoryStore()
    complete = run(None, [0.4, 0.1, 0.3, 0.2], curve=crossing, store=store)
    assert [agreement(complete.completed, epoch) for epoch in (3, 18)] == [0, 1]
    history = run(Auto(), [0.35, 0.38, 0.05, 0.06], curve=crossing, store=store, max_trials=8)
    assert ends(history)[4:6] == [ALL] * 2
    assert (
        run(Auto(), [0.05] * 4, curve=lambda level, epoch: level, store=store, max_trials=12)[9].status == "completed"
    )


def test_early_orders_that_were_right_are_trusted():
    store = MemoryStore()
    run(None, [0.4, 0.1, 0.3, 0.2], store=store)
    assert ends(run(Auto(), [0.05, 0.06], store=store, max_trials=6))[4:] == [("stopped", 3)] * 2


@pytest.mark.parametrize("count", [0, 3])
def test_agreement_is_unknown_for_few_trials(count):
    assert agreement(run(None, LEVELS[1 : 1 + count]).completed if count else [], 3) is None


def test_agreement_is_the_share_of_pairs_in_the_same_order():
    early = {0.1: 0.01, 0.2: 0.02, 0.3: 0.04, 0.4: 0.03}  # one of six pairs has another order
    history = run(None, list(early), curve=lambda level, epoch: early[level] if epoch < 10 else level)
    assert agreement(history.completed, 3) == pytest.approx(5 / 6)


def test_the_same_early_score_counts_half():
    history = run(None, [0.1, 0.2, 0.3, 0.4], curve=lambda level, epoch: level if epoch > 5 else 0.05)
    assert agreement(history.completed, 3) == 0.5


def test_a_search_says_where_early_scores_mislead():
    store = MemoryStore()
    run(None, [0.4, 0.1, 0.3, 0.2], curve=crossing, store=store)
    history = run(Auto(), [0.35, 0.38], curve=crossing, store=store, max_trials=6)
    assert history.notes["stopping"] == Auto().notice(history)
    assert "early scores mislead: pairs in their final order: 0% at epoch 3" in history.notes["stopping"]


def test_a_search_whose_early_scores_are_right_says_nothing():
    assert "stopping" not in run(Auto(), LEVELS).notes


def test_a_search_names_the_schedule_for_which_it_stops_nothing():
    history = run(Auto(), LEVELS[:4])
    history.apply(Annotated(trial=1, key="schedule", value="CosineDecay"))
    assert "follows a schedule (CosineDecay; 1 of 4 trials)" in Auto().notice(history)
    assert "CosineDecay" in any_of(ASHA(), Auto()).notice(history)
    assert any_of(ASHA()).notice(history) is None
