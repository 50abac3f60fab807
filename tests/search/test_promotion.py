"""Trials that pause where their strategy wants, and are resumed or ended by it."""

import pytest

from kerastune_lite.errors import SearchError
from kerastune_lite.strategies import Halving, Proposal
from kerastune_lite.study.codec import EventCodec
from kerastune_lite.study.events import Started
from kerastune_lite.study.store import MemoryStore
from tests.fakes import search

EPOCHS = 4


def train(hp, report):
    level = hp.Float("x", 0, 1)
    for epoch in range(1, EPOCHS + 1):
        if report(epoch, level * epoch):
            return


def script(*proposals):
    """A strategy that proposes these, one after the other; an attempt or an end that is recorded is one of them."""

    def strategy(history, rng):
        steps = iter(proposals)
        for trial in history.trials:
            for _ in range(trial.attempts + (trial.status == "stopped")):
                next(steps, None)
        return next(steps, None)

    return strategy


def run(*proposals, **options):
    return search(train, script(*proposals), reports=True, epochs=EPOCHS, **options)


NEW = [Proposal({"x": 0.5}, pause_at=2), Proposal({"x": 0.8}, pause_at=2)]


def ends(history):
    return [(trial.status, trial.epoch) for trial in history.trials]


def test_a_trial_pauses_where_its_proposal_says_and_has_a_rank():
    history = run(*NEW)
    assert ends(history) == [("paused", 2)] * 2
    assert [trial.reason for trial in history.trials] == ["epoch 2: waits for a promotion"] * 2
    assert [trial.number for trial in history.ranked()] == [1, 0]
    assert all(trial.waiting and trial.succeeded and not trial.ended for trial in history.trials)


def test_a_paused_trial_is_resumed_by_a_proposal_that_names_it():
    history = run(*NEW, Proposal(trial=1, pause_at=3), Proposal(trial=1))
    assert ends(history) == [("paused", 2), ("completed", EPOCHS)]
    assert history[1].attempts == 3
    assert history[1].values == {"x": 0.8}


def test_a_paused_trial_is_ended_by_a_proposal_that_says_why():
    store = MemoryStore()
    history = run(*NEW, Proposal(trial=0, stop="rank 2 of 2"), store=store)
    assert (history[0].status, history[0].reason, history[0].score) == ("stopped", "rank 2 of 2", 1.0)
    assert history[0].attempts == 1
    assert sum(isinstance(event, Started) for event in store.events()) == 2


def test_the_time_until_a_paused_trial_ends_is_not_its_own():
    clock = iter(range(10**6))
    history = run(*NEW, Proposal(trial=0, stop="rank 2 of 2"), clock=lambda: float(next(clock)))
    assert history[0].duration == pytest.approx(history[1].duration, abs=2)


def test_promotions_need_no_budget():
    history = run(*NEW, Proposal(trial=1), Proposal({"x": 0.1}), max_trials=2)
    assert ends(history) == [("paused", 2), ("completed", EPOCHS)]
    assert history.notes["search ended"] == "max_trials=2 reached"


def test_only_paused_trials_can_be_resumed():
    with pytest.raises(SearchError, match="resume trial 7, which is not paused"):
        run(*NEW, Proposal(trial=7))


def test_a_pause_beyond_the_last_epoch_is_none():
    assert ends(run(Proposal({"x": 0.5}, pause_at=EPOCHS), max_trials=1)) == [("completed", EPOCHS)]


def promotes_the_better(history, rng):
    """Two trials of which the better one continues; then a third one."""
    if len(history) < 2:
        return NEW[len(history)]
    waiting = [trial for trial in history.ranked() if trial.waiting]
    if len(waiting) == 2:
        return Proposal(trial=waiting[0].number)
    return Proposal(trial=waiting[0].number, stop="the other one is better") if waiting else Proposal({"x": 0.1})


def test_a_study_killed_after_any_event_ends_as_the_uninterrupted_one():
    options = {"reports": True, "epochs": EPOCHS, "max_trials": 3}
    whole = MemoryStore()
    expected = search(train, promotes_the_better, store=whole, **options)
    assert ends(expected) == [("stopped", 2), ("completed", EPOCHS), ("completed", EPOCHS)]
    for cut in range(2, len(whole.events())):
        store = MemoryStore()
        for event in whole.events()[:cut]:
            store.append(event)
        assert ends(search(train, promotes_the_better, store=store, **options)) == ends(expected)


def test_a_record_keeps_where_a_trial_pauses():
    codec = EventCodec()
    started = Started(trial=0, attempt=1, values={}, pause_at=3)
    assert codec.decode(codec.encode(started)[0]) == started


def halved(*, keeps):
    """The epochs that functions trained, and those on record, in a bracket of nine trials, three of them promoted."""
    trained, states = [], {}

    def function(hp, report):
        level = hp.Float("x", 0, 1)
        for epoch in range(states.get(level, 0) + 1, 10):
            trained.append(epoch)
            if keeps:
                states[level] = epoch
            if report(epoch, level * epoch):
                return

    history = search(function, Halving(max_epochs=9, brackets=1), reports=True, max_trials=9, epochs=9)
    return len(trained), [list(trial.curve().epochs) for trial in history.ranked() if trial.status == "completed"]


def test_a_promoted_function_starts_over():
    assert halved(keeps=False) == (9 * 3 + 3 * 9, [list(range(1, 10))] * 3)


def test_a_promoted_function_that_keeps_its_state_continues():
    assert halved(keeps=True) == (6 * 3 + 3 * 9, [list(range(1, 10))] * 3)
