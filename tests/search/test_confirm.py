"""Further training runs of the best trials, in the end."""

import itertools

import pytest

import kerastune_lite as kt
from kerastune_lite.errors import UsageError
from kerastune_lite.search.limits import Limits
from kerastune_lite.study.events import Ended, Reported, Started
from kerastune_lite.study.store import MemoryStore
from tests import tiny
from tests.fakes import Several, search

SCORES = [0.5, 0.9, 0.7, 0.6, 0.8]


def lucky(hp, report=None):
    """Each trial's first run has a score of its own; further ones of trial 1, the luckiest, are bad."""
    number = round(hp.Float("x", 0, 1, step=0.25) * 4)
    run = next(runs[number])
    return SCORES[number] if run == 0 else {1: 0.1}.get(number, SCORES[number] - 0.01)


runs = {}


@pytest.fixture(autouse=True)
def fresh():
    runs.update({number: itertools.count() for number in range(5)})


def confirmed(**options):
    return search(lucky, max_trials=5, strategy=kt.strategies.Grid(), **options)


def test_the_best_trials_are_trained_twice_more_and_rank_first_by_their_mean():
    history = confirmed(confirm=2)
    assert [trial.number for trial in history.trials if trial.confirmed] == [1, 4]
    assert [trial.number for trial in history.ranked()] == [4, 1, 2, 3, 0]
    assert history.best.score == pytest.approx((0.8 + 0.79 + 0.79) / 3)
    assert history[1].score == pytest.approx((0.9 + 0.1 + 0.1) / 3)
    assert [len(trial.executions) for trial in history.trials] == [1, 3, 1, 1, 3]


def test_the_search_ends_for_its_own_reason():
    assert confirmed(confirm=2).notes["search ended"] == "max_trials=5 reached"


def test_nothing_is_confirmed_unless_asked():
    assert not any(trial.confirmed for trial in confirmed().trials)


def test_a_rerun_confirms_nothing_again():
    store = MemoryStore()
    confirmed(confirm=2, store=store)
    count = len(store.events())
    confirmed(confirm=2, store=store)
    assert len(store.events()) == count + 2  # a search began and ended


def test_a_further_search_confirms_those_that_are_now_among_the_best():
    store = MemoryStore()
    search(lucky, max_trials=2, strategy=kt.strategies.Grid(), store=store, confirm=1)
    history = confirmed(confirm=2, store=store)
    assert [trial.number for trial in history.trials if trial.confirmed] == [1, 4]


def test_a_run_that_fails_leaves_the_trial_its_score():
    def fails(hp):
        score = lucky(hp)
        if score not in SCORES:
            raise RuntimeError("out of memory")
        return score

    history = search(fails, max_trials=5, strategy=kt.strategies.Grid(), confirm=1)
    assert (history.best.number, history.best.score, history.best.status) == (1, 0.9, "completed")
    assert "out of memory" in history.best.reason


def test_a_limit_of_epochs_leaves_the_rest_unconfirmed():
    history = confirmed(confirm=2, limits=Limits(max_epochs_total=5))
    assert not any(trial.confirmed for trial in history.trials)


def test_a_target_that_is_not_confirmed_does_not_end_the_search():
    history = confirmed(confirm=1, limits=Limits(target=0.85))
    assert len(history) == 5
    assert history[1].confirmed
    assert history.notes["search ended"] == "max_trials=5 reached"


def test_a_target_that_is_confirmed_ends_the_search():
    history = confirmed(confirm=1, limits=Limits(target=0.45))
    assert [trial.confirmed for trial in history.trials] == [True]
    assert history.notes["search ended"].startswith("target=0.45 reached")


def test_a_study_killed_after_any_event_ends_as_the_uninterrupted_one():
    def same(hp):
        return hp.Float("x", 0, 1, step=0.25)

    def run(store):
        history = search(same, max_trials=5, strategy=kt.strategies.Grid(), confirm=2, store=store)
        return [(trial.status, trial.score, len(trial.executions)) for trial in history.trials]

    whole = MemoryStore()
    expected = run(whole)
    for cut in range(2, len(whole.events())):
        store = MemoryStore()
        for event in whole.events()[:cut]:
            store.append(event)
        assert run(store) == expected


def test_more_than_there_are_trials_is_an_error():
    with pytest.raises(UsageError, match="confirm=6 is more than max_trials=5"):
        kt.tune(lambda hp: 1.0, objective="score", max_trials=5, confirm=6)


def test_a_keras_trial_keeps_the_model_of_its_best_run(tmp_path):
    events = []
    tuner = kt.RandomSearch(
        tiny.build_model,
        "val_loss",
        max_trials=2,
        confirm=1,
        seed=2,
        directory=tmp_path,
        observers=[lambda event, history: events.append(event)],
    )
    results = tuner.search(tiny.X, tiny.Y, epochs=2, validation_data=(tiny.X, tiny.Y), verbose=0)
    best = results.best
    scores = [run.best.score for run in best.executions]
    assert len(set(scores)) == 3
    model = tuner.get_best_models()[0]
    assert model.evaluate(tiny.X, tiny.Y, verbose=0, return_dict=True)["loss"] == pytest.approx(min(scores), rel=1e-5)
    assert sum(isinstance(event, Ended) for event in events) == 3
    assert [event.execution for event in events if isinstance(event, Reported)][-4:] == [1, 1, 2, 2]


def test_a_search_without_improvement_ends_as_early_with_confirmations_as_without():
    def bowl(hp, report):
        x = hp.Float("x", 0, 1)
        for epoch in (1, 2):
            if report(epoch, -((x - 0.3) ** 2)):
                return

    alone, confirmed_too = (
        search(bowl, reports=True, max_trials=60, epochs=2, seed=1, confirm=confirm, limits=Limits(no_improvement=5))
        for confirm in (None, 1)
    )
    assert len(confirmed_too) == len(alone)


def known(history):
    return [(trial.status, trial.confirmed, trial.score, trial.execution_scores) for trial in history.trials]


def steady(hp):
    return hp.Float("x", 0, 1, step=0.25) ** 2


def test_free_workers_confirm_at_the_same_time():
    running = []

    def count(event, history):
        if isinstance(event, Started) and event.executions is not None:
            running.append(len(history.running))

    confirmed(confirm=3, executor=Several(2), observers=[count])
    assert running == [1, 2, 2]


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_the_number_of_workers_changes_no_confirmation(workers):
    options = {"max_trials": 5, "strategy": kt.strategies.Grid(), "confirm": 3}
    assert known(search(steady, executor=Several(workers), **options)) == known(search(steady, **options))


def test_nothing_new_starts_beside_a_confirmation():
    beside = []

    def note(event, history):
        if isinstance(event, Started) and event.executions is None:
            beside.extend(trial.number for trial in history.running if trial.confirms)

    history = confirmed(confirm=2, limits=Limits(target=0.85), executor=Several(2), observers=[note])
    assert history[1].confirmed
    assert len(history) == 5
    assert beside == []


def test_a_study_of_several_workers_killed_after_any_event_ends_as_the_uninterrupted_one():
    whole = MemoryStore()
    options = {"max_trials": 5, "strategy": kt.strategies.Grid(), "confirm": 3, "executor": Several(2)}
    expected = known(search(steady, store=whole, **options))
    for cut in range(2, len(whole.events())):
        store = MemoryStore()
        for event in whole.events()[:cut]:
            store.append(event)
        assert known(search(steady, store=store, **options)) == expected
