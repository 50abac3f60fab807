"""What every strategy must do. A new one joins by a line in STRATEGIES."""

import random
from collections import Counter
from itertools import product

import numpy as np
import pytest
from sklearn.linear_model import BayesianRidge

from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.space.kinds import key
from kerastune_lite.strategies import Bayesian, Grid, Random, Skopt, fingerprint
from kerastune_lite.study.events import Started
from kerastune_lite.study.history import History
from kerastune_lite.study.store import MemoryStore
from tests.fakes import declared, nested, opened, points, search

# few candidates, since each test asks often; a given `initial`, since the share of `max_trials` changes with that
STRATEGIES = [
    Random(),
    Grid(points=3),
    Bayesian(initial=4, candidates=64),
    Skopt(BayesianRidge(), n_initial_points=4, acq_optimizer_kwargs={"n_points": 64}),  # it is fitted in a millisecond
]

pytestmark = pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: type(strategy).__name__)


def all_points(function):
    """Every point of a finite space, by brute force: build with each combination of levels, keep what was read."""
    found, frontier = set(), [{}]
    while frontier:
        values = frontier.pop()
        hp = HyperParameters(values)
        function(hp)
        found.add(tuple((read.definition.name, key(read.value)) for read in hp.reads))
        for read in hp.reads:
            if read.definition.name not in values:
                above = {step.definition.name: step.value for step in hp.reads[: hp.reads.index(read)]}
                levels = [read.definition.level(i) for i in range(read.definition.count())]
                frontier += [{**above, read.definition.name: level} for level in levels if level != read.value]
    return found


def keyed(history):
    return [tuple((name, key(value)) for name, value in trial.values.items()) for trial in history.trials]


def dependent(hp):
    """Bounds that depend on a value read before, and one name under two conditions."""
    low = hp.Int("low", 1, 4)
    hp.Int("high", low, 5)
    if low > 2:
        hp.Choice("more", ["x", None, True])
    else:
        hp.Int("more", 1, 2)
    return 1.0


def small(hp):
    """18 points, with a loop and a conditional."""
    for i in range(hp.Int("layers", 1, 2)):
        hp.Choice(f"units_{i}", [1, 2])
    if hp.Boolean("dropout"):
        hp.Float("rate", 0.0, 0.5, step=0.5)
    return 1.0


@pytest.mark.parametrize("function", [small, declared, dependent], ids=lambda function: function.__name__)
def test_every_point_of_a_finite_space_comes_exactly_once(strategy, function):
    history = search(function, strategy, max_trials=None)
    assert Counter(keyed(history)) == Counter(all_points(function))
    assert history.notes["search ended"] == "every configuration of the space has been tried"


def test_a_large_nested_space_is_used_up_without_a_repeat(strategy):
    def large(hp):
        for i in range(hp.Int("a", 1, 4)):
            hp.Int(f"b{i}", 1, 5)
        if hp.Boolean("c"):
            hp.Choice("d", [None, "x", (1, 2)])
        return 1.0

    if isinstance(strategy, (Bayesian, Skopt)):
        pytest.skip("a model of three thousand trials takes minutes; the smaller spaces above show the same")
    history = search(large, strategy, max_trials=None)
    expected = (5 + 25 + 125 + 625) * (1 + 3)
    assert (len(history), len(set(keyed(history)))) == (expected, expected)


def test_a_space_of_one_point_is_tried_once(strategy):
    assert points(search(lambda hp: hp.Fixed("k", 3), strategy, max_trials=5, objective=opened().objective)) == [
        (("k", 3),)
    ]


def test_a_space_without_hyperparameters_is_tried_once(strategy):
    assert points(search(lambda hp: 1.0, strategy, max_trials=5)) == [()]


def test_the_budget_is_kept(strategy):
    assert len(search(nested, strategy, max_trials=7)) == 7


def test_the_same_seed_gives_the_same_trials(strategy):
    assert points(search(nested, strategy)) == points(search(nested, strategy))


def test_any_prefix_of_the_record_gives_the_proposal_that_followed(strategy):
    store = MemoryStore()
    search(nested, strategy, store=store, max_trials=40)
    events = store.events()
    for place, event in enumerate(events):
        if isinstance(event, Started):
            proposal = strategy(History(events[:place]), np.random.default_rng([0, event.trial]))
            assert (proposal.values, proposal.unset) == (event.values, event.unset)


def test_going_on_with_a_larger_budget_is_like_never_having_stopped(strategy):
    store = MemoryStore()
    search(nested, strategy, store=store, max_trials=20)
    assert points(search(nested, strategy, store=store, max_trials=50)) == points(
        search(nested, strategy, max_trials=50)
    )


def test_four_pending_trials_are_four_new_points(strategy):
    def square(hp):
        return float(hp.Choice("a", [1, 2, 3, 4]) + hp.Choice("b", [1, 2, 3, 4]))

    history = search(square, strategy, max_trials=9)
    for number in range(9, 13):
        proposal = strategy(history, np.random.default_rng([0, number]))
        history.apply(Started(trial=number, attempt=1, values=proposal.values, unset=proposal.unset))
    pending = [tuple(sorted(trial.values.items())) for trial in history.running]
    done = [tuple(sorted(trial.values.items())) for trial in history.trials if trial.succeeded]
    full = [point for point in pending if len(point) == 2]
    assert len(set(pending)) == 4
    assert set(full).isdisjoint(done)


def test_when_only_points_under_way_are_left_one_of_them_is_proposed(strategy):
    def two(hp):
        return float(hp.Choice("x", [1, 2]))

    history = search(two, strategy, max_trials=1)
    first = strategy(history, np.random.default_rng([0, 1]))
    history.apply(Started(trial=1, attempt=1, values=first.values))
    assert strategy(history, np.random.default_rng([0, 2])) == first


def test_it_leaves_the_global_random_state_alone(strategy):
    before = (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002 - it is the global one that is meant
    search(nested, strategy)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


def test_types_of_values_are_kept(strategy):
    history = search(lambda hp: float(bool(hp.Choice("x", [True, 1, 1.0, None, (1,), [1]]))), strategy, max_trials=None)
    assert sorted(repr(trial.values["x"]) for trial in history.trials) == sorted(
        ["True", "1", "1.0", "None", "(1,)", "[1]"]
    )


def test_a_range_without_a_step_never_gives_a_value_twice(strategy):
    history = search(lambda hp: hp.Float("x", 0, 1), strategy, max_trials=30)
    assert len(set(points(history))) == len(history) == (3 if isinstance(strategy, Grid) else 30)


def test_its_fields_are_its_fingerprint(strategy):
    assert fingerprint(strategy)["strategy"] == type(strategy).__name__


def test_a_failing_region_is_not_tried_twice(strategy):
    def failing(hp):
        if hp.Int("x", 1, 3) == 2:
            raise RuntimeError("no")
        hp.Int("y", 1, 2)
        return 1.0

    history = search(failing, strategy, max_trials=None)
    assert Counter(trial.status for trial in history.trials) == {"completed": 4, "failed": 1}


def test_all_products_are_reached(strategy):
    def square(hp):
        return float(hp.Choice("a", [1, 2, 3]) + hp.Choice("b", [1, 2, 3]))

    found = {tuple(trial.values.values()) for trial in search(square, strategy, max_trials=None).trials}
    assert found == set(product([1, 2, 3], repeat=2))
