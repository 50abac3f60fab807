"""Successive halving and Hyperband, on functions whose level shows from the first epoch on."""

from collections import Counter

import pytest

import kerastune_lite as kt
from kerastune_lite.errors import UsageError
from kerastune_lite.strategies import Halving, Proposal, Random
from kerastune_lite.strategies.halving import total_epochs
from kerastune_lite.study.events import Enqueued
from kerastune_lite.study.store import MemoryStore
from tests.fakes import opened, search

EPOCHS = 27


def train(hp, report):
    level = hp.Float("x", 0, 1)
    for epoch in range(1, EPOCHS + 1):
        if report(epoch, level * epoch / EPOCHS):
            return


def run(strategy=None, max_trials=17, **options):
    options = {"epochs": EPOCHS, **options}
    return search(train, strategy or Halving(), reports=True, max_trials=max_trials, **options)


def bracket(history, number):
    return [trial for trial in history.trials if trial.note is not None and trial.note["bracket"] == number]


def epochs_of(trials):
    return Counter(trial.epoch for trial in trials)


def test_the_plan_is_that_of_hyperband():
    assert [[tuple(rung) for rung in rungs] for rungs in Halving(min_epochs=1).plan(81)] == [
        [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
        [(34, 3), (11, 9), (3, 27), (1, 81)],
        [(15, 9), (5, 27), (1, 81)],
        [(8, 27), (2, 81)],
        [(5, 81)],
    ]


def test_the_best_third_of_each_rung_continues():
    history = run()
    assert [epochs_of(bracket(history, number)) for number in range(3)] == [
        {3: 6, 9: 2, 27: 1},
        {9: 4, 27: 1},
        {27: 3},
    ]
    for number, first in [(0, 3), (1, 9)]:
        ranked = sorted(bracket(history, number), key=lambda trial: -trial.values["x"])
        assert [trial.epoch for trial in ranked] == sorted((trial.epoch for trial in ranked), reverse=True)
        assert ranked[-1].reason == f"epoch {first}: rank {len(ranked)} of {len(ranked)}"


def test_every_trial_has_ended_when_the_brackets_have():
    history = run()
    assert Counter(trial.status for trial in history.trials) == {"stopped": 12, "completed": 5}
    assert history.notes["search ended"] == "max_trials=17 reached"


def test_the_epochs_are_those_announced():
    announced = sum(epochs for _, epochs in total_epochs(Halving().plan(EPOCHS)))
    assert sum(trial.epoch for trial in run().trials) == announced == 207


def test_the_same_configurations_are_tried_as_without_halving():
    values = [dict(trial.values) for trial in run().trials]
    assert values == [dict(trial.values) for trial in search(train, Random(), reports=True, max_trials=17).trials]


def test_brackets_follow_one_another_until_the_budget_is_used():
    history = run(max_trials=20)
    assert len(bracket(history, 3)) == 3
    assert epochs_of(bracket(history, 3)) == {3: 2, 27: 1}  # a bracket that ends early promotes as many as it can


def test_only_some_brackets():
    assert {trial.note["bracket"] for trial in run(Halving(brackets=1), 9).trials} == {0}
    assert epochs_of(run(Halving(brackets=1), 18).trials) == {3: 12, 9: 4, 27: 2}


def test_failed_trials_are_not_promoted_and_infeasible_ones_take_no_place():
    def fails(hp, report):
        level = hp.Float("x", 0, 1)
        if level > 0.9:
            raise kt.Infeasible
        if level > 0.7:
            raise ValueError(level)
        train(hp, report)

    history = search(fails, Halving(brackets=1), reports=True, max_trials=9, epochs=EPOCHS, seed=4)
    statuses = Counter(trial.status for trial in history.trials)
    assert statuses["failed"]
    assert statuses["infeasible"]
    assert sum(statuses.values()) == 9 + statuses["infeasible"]
    best = max(trial.values["x"] for trial in history.trials if trial.status in ("completed", "stopped"))
    assert (history.best.values["x"], history.best.epoch) == (best, EPOCHS)


def test_a_space_that_is_exhausted_within_a_bracket_ends_it():
    def small(hp, report):
        level = hp.Int("x", 1, 5) / 5
        for epoch in range(1, EPOCHS + 1):
            if report(epoch, level * epoch):
                return

    history = search(small, Halving(), reports=True, max_trials=None, epochs=EPOCHS)
    assert sorted(trial.epoch for trial in history.trials) == [3, 3, 3, 9, 27]
    assert history.best.values == {"x": 5}
    assert history.notes["search ended"] == "every configuration of the space has been tried"


def test_an_enqueued_configuration_trains_to_the_end_and_belongs_to_no_bracket():
    store = MemoryStore()
    store.append(opened(Halving(), max_trials=10, epochs=EPOCHS))
    store.append(Enqueued(values={"x": 0.01}))
    history = run(Halving(), 10, store=store)
    assert (history[0].status, history[0].epoch) == ("completed", EPOCHS)
    assert len(bracket(history, 0)) == 9


@pytest.mark.parametrize("strategy", [Halving(), Halving(asynchronous=True)], ids=["synchronous", "asynchronous"])
def test_a_study_killed_after_any_event_ends_as_the_uninterrupted_one(strategy):
    whole = MemoryStore()
    expected = run(strategy, 10, store=whole)
    events = whole.events()
    for cut in range(2, len(events), 7):
        store = MemoryStore()
        for event in events[:cut]:
            store.append(event)
        history = run(strategy, 10, store=store)
        assert [(t.status, t.epoch, t.values) for t in history.trials] == [
            (t.status, t.epoch, t.values) for t in expected.trials
        ]


def test_asynchronous_promotion_waits_for_no_rung_to_be_full():
    history = run(Halving(asynchronous=True), 9)
    starts = [trial.number for trial in history.trials if trial.attempts > 1]
    assert starts
    assert history.best.epoch == EPOCHS  # the winner is fully trained
    assert history.best.status == "completed"
    third = history.trials[:3]
    assert max(third, key=lambda trial: trial.values["x"]).epoch > 3


def test_what_base_proposes_is_used_with_its_note():
    def base(history, rng):
        return Proposal({"x": len(history) / 100}, note={"because": "in order"})

    history = run(Halving(base=base, brackets=1), 9)
    assert [trial.values["x"] for trial in history.trials] == [number / 100 for number in range(9)]
    assert history[0].note == {"because": "in order", "bracket": 0}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"eta": 1}, "eta=1"),
        ({"max_epochs": 0}, "max_epochs=0"),
        ({"max_epochs": 2.5}, "max_epochs=2.5"),
        ({"min_epochs": 0}, "min_epochs=0"),
        ({"brackets": 0}, "brackets=0"),
        ({"max_epochs": 3}, "max_epochs=3 is not above the first rung, epoch 3"),
        ({"max_epochs": 10, "min_epochs": 10}, "max_epochs=10 is not above the first rung, epoch 10"),
        ({"base": Random}, "base="),
    ],
)
def test_arguments_out_of_range_are_named(options, message):
    with pytest.raises(UsageError, match=message):
        Halving(**options)


def test_epochs_that_are_not_known_must_be_given():
    with pytest.raises(UsageError, match=r"Halving\(max_epochs=\.\.\.\)"):
        run(epochs=None)
    assert run(Halving(max_epochs=EPOCHS), epochs=None).best.epoch == EPOCHS


def test_two_numbers_of_epochs_must_agree():
    with pytest.raises(UsageError, match="give the same number"):
        run(Halving(max_epochs=30))
