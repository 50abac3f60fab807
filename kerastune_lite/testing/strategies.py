"""What every strategy must do."""

import random
from collections import Counter
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.space.kinds import key
from kerastune_lite.strategies import Proposal, Strategy, fingerprint
from kerastune_lite.study.events import Started
from kerastune_lite.study.history import History
from kerastune_lite.study.store import MemoryStore
from kerastune_lite.testing.searches import SCORE, search

Function = Callable[[HyperParameters], float]


def _all_configurations(function: Function) -> set[Any]:
    """Every configuration of a finite space, by brute force: builds with each combination of levels."""
    found: set[Any] = set()
    frontier: list[dict[str, Any]] = [{}]
    while frontier:
        values = frontier.pop()
        hp = HyperParameters(values)
        function(hp)
        found.add(tuple((read.definition.name, key(read.value)) for read in hp.reads))
        for read in hp.reads:
            if read.definition.name not in values:
                above = {step.definition.name: step.value for step in hp.reads[: hp.reads.index(read)]}
                levels = [read.definition.level(i) for i in range(read.definition.count() or 0)]
                frontier += [{**above, read.definition.name: level} for level in levels if level != read.value]
    return found


def _keyed(history: History) -> list[Any]:
    return [tuple((name, key(value)) for name, value in trial.values.items()) for trial in history.trials]


def _dependent(hp: HyperParameters) -> float:
    """Bounds that depend on a value read before, and one name under two conditions."""
    low = hp.Int("low", 1, 4)
    hp.Int("high", low, 5)
    if low > 2:
        hp.Choice("more", ["x", None, True])
    else:
        hp.Int("more", 1, 2)
    return 1.0


def _small(hp: HyperParameters) -> float:
    """18 configurations, with a loop and a conditional."""
    for i in range(hp.Int("layers", 1, 2)):
        hp.Choice(f"units_{i}", [1, 2])
    if hp.Boolean("dropout"):
        hp.Float("rate", 0.0, 0.5, step=0.5)
    return 1.0


def nested(hp: HyperParameters) -> float:
    """273 configurations, with plain conditionals and a loop."""
    for i in range(hp.Int("layers", 1, 3)):
        hp.Choice(f"units_{i}", [1, 2, 4])
    if hp.Boolean("dropout"):
        hp.Float("rate", 0.0, 0.5, step=0.1)
    return 1.0


def declared(hp: HyperParameters) -> float:
    """11 configurations, with declared conditions."""
    hp.Choice("kind", ["a", "b", "c"])
    with hp.conditional_scope("kind", ["a"]):
        hp.Int("only_a", 1, 2)
    hp.Choice("not_a", [0.1, 0.2, 0.3], parent_name="kind", parent_values=["b", "c"])
    with hp.conditional_scope("kind", "c"):
        hp.Boolean("only_c")
    return 1.0


def _points(history: History) -> list[Any]:
    return [tuple(trial.values.items()) for trial in history.trials]


def _proposal(strategy: Strategy, history: History, rng: np.random.Generator) -> Proposal:
    proposal = strategy(history, rng)
    assert proposal is not None
    return proposal


class StrategyConformance:
    """What every strategy must do. Needs the fixture `strategy`.

    Attributes:
        exhausts_large_spaces: Whether it proposes 3,120 configurations within seconds.
    """

    exhausts_large_spaces = True

    @pytest.mark.parametrize("function", [_small, declared, _dependent], ids=["small", "declared", "dependent"])
    def test_every_point_of_a_finite_space_comes_exactly_once(self, strategy: Strategy, function: Function) -> None:
        history = search(function, strategy, max_trials=None)
        assert Counter(_keyed(history)) == Counter(_all_configurations(function))
        assert history.notes["search ended"] == "every configuration of the space has been tried"

    def test_a_large_nested_space_is_exhausted_without_a_repeat(self, strategy: Strategy) -> None:
        def large(hp: HyperParameters) -> float:
            for i in range(hp.Int("a", 1, 4)):
                hp.Int(f"b{i}", 1, 5)
            if hp.Boolean("c"):
                hp.Choice("d", [None, "x", (1, 2)])
            return 1.0

        if not self.exhausts_large_spaces:
            pytest.skip("it would take minutes; the smaller spaces show the same")
        history = search(large, strategy, max_trials=None)
        expected = (5 + 25 + 125 + 625) * (1 + 3)
        assert (len(history), len(set(_keyed(history)))) == (expected, expected)

    def test_a_space_of_one_point_is_tried_once(self, strategy: Strategy) -> None:
        assert _points(search(lambda hp: hp.Fixed("k", 3), strategy, max_trials=5, objective=SCORE)) == [(("k", 3),)]

    def test_a_space_without_hyperparameters_is_tried_once(self, strategy: Strategy) -> None:
        assert _points(search(lambda hp: 1.0, strategy, max_trials=5)) == [()]

    def test_the_budget_is_kept(self, strategy: Strategy) -> None:
        assert len(search(nested, strategy, max_trials=7)) == 7

    def test_the_same_seed_gives_the_same_trials(self, strategy: Strategy) -> None:
        assert _points(search(nested, strategy)) == _points(search(nested, strategy))

    def test_any_prefix_of_the_record_gives_the_proposal_that_followed(self, strategy: Strategy) -> None:
        store = MemoryStore()
        search(nested, strategy, store=store, max_trials=40)
        events = store.events()
        for place, event in enumerate(events):
            if isinstance(event, Started):
                proposal = _proposal(strategy, History(events[:place]), np.random.default_rng([0, event.trial]))
                assert (proposal.values, proposal.unset) == (event.values, event.unset)

    def test_going_on_with_a_larger_budget_is_like_never_having_stopped(self, strategy: Strategy) -> None:
        store = MemoryStore()
        search(nested, strategy, store=store, max_trials=20)
        assert _points(search(nested, strategy, store=store, max_trials=50)) == _points(
            search(nested, strategy, max_trials=50)
        )

    def test_four_pending_trials_are_four_new_points(self, strategy: Strategy) -> None:
        def square(hp: HyperParameters) -> float:
            return float(hp.Choice("a", [1, 2, 3, 4]) + hp.Choice("b", [1, 2, 3, 4]))

        history = search(square, strategy, max_trials=9)
        for number in range(9, 13):
            proposal = _proposal(strategy, history, np.random.default_rng([0, number]))
            history.apply(Started(trial=number, attempt=1, values=proposal.values, unset=proposal.unset))
        pending = [tuple(sorted(trial.values.items())) for trial in history.running]
        done = [tuple(sorted(trial.values.items())) for trial in history.trials if trial.succeeded]
        full = [point for point in pending if len(point) == 2]
        assert len(set(pending)) == 4
        assert set(full).isdisjoint(done)

    def test_when_only_points_under_way_are_left_one_of_them_is_proposed(self, strategy: Strategy) -> None:
        def two(hp: HyperParameters) -> float:
            return float(hp.Choice("x", [1, 2]))

        history = search(two, strategy, max_trials=1)
        first = _proposal(strategy, history, np.random.default_rng([0, 1]))
        history.apply(Started(trial=1, attempt=1, values=first.values))
        assert strategy(history, np.random.default_rng([0, 2])) == first

    def test_it_leaves_the_global_random_state_alone(self, strategy: Strategy) -> None:
        before = (random.getstate(), repr(np.random.get_state()))  # noqa: NPY002 - it is the global one that is meant
        search(nested, strategy)
        assert (random.getstate(), repr(np.random.get_state())) == before  # noqa: NPY002

    def test_types_of_values_are_kept(self, strategy: Strategy) -> None:
        history = search(
            lambda hp: float(bool(hp.Choice("x", [True, 1, 1.0, None, (1,), [1]]))), strategy, max_trials=None
        )
        assert sorted(repr(trial.values["x"]) for trial in history.trials) == sorted(
            ["True", "1", "1.0", "None", "(1,)", "[1]"]
        )

    def test_a_range_without_a_step_never_gives_a_value_twice(self, strategy: Strategy) -> None:
        history = search(lambda hp: hp.Float("x", 0, 1), strategy, max_trials=30)
        assert len(set(_points(history))) == len(history)
        assert len(history) == 30 or history.notes["search ended"].startswith("every configuration")

    def test_its_fields_are_its_fingerprint(self, strategy: Strategy) -> None:
        assert fingerprint(strategy)["strategy"] == type(strategy).__name__

    def test_a_failing_region_is_not_tried_twice(self, strategy: Strategy) -> None:
        def failing(hp: HyperParameters) -> float:
            if hp.Int("x", 1, 3) == 2:
                raise RuntimeError("no")
            hp.Int("y", 1, 2)
            return 1.0

        history = search(failing, strategy, max_trials=None)
        assert Counter(trial.status for trial in history.trials) == {"completed": 4, "failed": 1}

    def test_all_products_are_reached(self, strategy: Strategy) -> None:
        def square(hp: HyperParameters) -> float:
            return float(hp.Choice("a", [1, 2, 3]) + hp.Choice("b", [1, 2, 3]))

        found = {tuple(trial.values.values()) for trial in search(square, strategy, max_trials=None).trials}
        assert found == set(product([1, 2, 3], repeat=2))
