"""Numbers that floats can hardly hold: exact through every strategy and the journal, or refused when defined."""

import json
import math
from fractions import Fraction

import pytest

from kerastune_lite.errors import SpaceError
from kerastune_lite.space.kinds import Choice, Fixed, Float, Int, definition_from_json, definition_to_json
from kerastune_lite.strategies import Bayesian, Grid, Random, Skopt
from kerastune_lite.study.store import Journal
from kerastune_lite.testing.searches import search

TINY, HUGE = 5e-324, 1.7e308

HELD = [
    Int("x", 2**53 - 2, 2**53 + 3),
    Int("x", 2**63 - 2, 2**63 + 2),
    Int("x", -(2**64), -(2**64) + 4, step=2),
    Int("x", 1, 2**70, step=2, sampling="log"),
    Int("x", 1, 3**40, step=3, sampling="reverse_log"),
    Int("x", 1, 2**70, sampling="log"),
    Int("x", 0, 10**30),
    Float("x", 1e15, 1e15 + 10, step=1),
    Float("x", 1e17, 1e17 + 320, step=32),
    Float("x", TINY, 20 * TINY, step=TINY),
    Float("x", TINY, 1.0, sampling="log"),
    Float("x", 1e-300, 1e-299, step=1e-300),
    Float("x", 1e-300, 1e-290, step=10, sampling="log"),
    Float("x", 1e-300, 1.0, sampling="reverse_log"),
    Float("x", 1.0, HUGE, sampling="log"),
    Choice("x", [2**53, 2**53 + 1, 2**63, -(2**70)]),
    Choice("x", [TINY, 1e300, -0.5]),
    Fixed("x", 2**100 + 1),
]


def read(definition, hp):
    """Reads `definition` as a user does."""
    hp.merge([definition])
    return hp.values["x"]


@pytest.mark.parametrize("definition", HELD, ids=str)
def test_a_definition_is_the_same_after_json(definition):
    assert definition_from_json(json.loads(json.dumps(definition_to_json(definition)))) == definition


@pytest.mark.parametrize("definition", HELD, ids=str)
def test_every_sampled_value_is_possible_and_keeps_its_place(definition):
    for unit in (0.0, 1e-17, 0.1, 0.5, 0.77, 1 - 2**-53):
        value = definition.from_unit(unit)
        assert value in definition
        assert 0 <= definition.to_unit(value) <= 1


@pytest.mark.parametrize("definition", [d for d in HELD if (d.count() or 999) < 100], ids=str)
def test_levels_are_distinct_and_found_again(definition):
    levels = [definition.level(index) for index in range(definition.count())]
    assert len(set(levels)) == len(levels)
    assert all(level in definition and type(level) is type(definition.default) for level in levels)
    if not isinstance(definition, Fixed):
        assert [definition.from_unit(definition.to_unit(level)) for level in levels] == levels


@pytest.mark.parametrize(
    ("definition", "ends"),
    [
        (Int("x", 2**63 - 2, 2**63 + 2), [2**63 - 2, 2**63 + 2]),
        (Int("x", 1, 3**40, step=3, sampling="reverse_log"), [1, 3**40]),
        (Float("x", TINY, 20 * TINY, step=TINY), [TINY, 20 * TINY]),
        (Float("x", 1e-300, 1e-299, step=1e-300), [1e-300, 1e-299]),
    ],
    ids=str,
)
def test_both_ends_are_levels(definition, ends):
    assert [definition.level(0), definition.level(definition.count() - 1)] == ends


def test_a_tiny_step_that_misses_the_end_is_noticed():
    assert "4.5e-300 is not reached" in Float("x", 1e-300, 4.5e-300, step=1e-300).scale.missed_end()


def test_numbers_between_tiny_levels_are_not_held():
    assert 1.5e-300 not in Float("x", 1e-300, 1e-299, step=1e-300)
    assert 5e-10 not in Float("x", 1e-10, 1.0, step=10, sampling="log")


@pytest.mark.parametrize(
    ("define", "reason"),
    [
        (lambda: Float("x", 1e17, 1e17 + 10, step=1), "larger step"),
        (lambda: Float("x", 1e-300, 1.0, step=10, sampling="reverse_log"), "larger step"),
        (lambda: Float("x", TINY, 1.0, step=1.1, sampling="log"), "leave step out|larger step"),
        (lambda: Float("x", 1e-300, 1e300, step=10, sampling="log"), "leave step out"),
        (lambda: Float("x", -HUGE, HUGE), "halve"),
        (lambda: Float("x", 1e308, HUGE, sampling="reverse_log"), "halve"),
        (lambda: Float("x", 0, math.inf), "finite"),
        (lambda: Float("x", math.nan, 1), "finite"),
        (lambda: Float("x", 0, 1, step=math.nan), "above 0"),
        (lambda: Float("x", 0, 10**400), "too large"),
        (lambda: Float("x", 0, Fraction(10**400)), "finite"),
        (lambda: Float("x", 1.5e308, 1.5e308, step=2, sampling="reverse_log"), "halve"),
        (lambda: Float("x", 5 * TINY, 50 * TINY, step=1.1, sampling="log"), "larger step"),
        (lambda: Float("x", 5 * TINY, 7e-316, step=1.1, sampling="reverse_log"), "larger step"),
        (lambda: Int("x", 0, 10**400), "too large"),
        (lambda: Int("x", 0, math.inf), "integer"),
        (lambda: Int("x", 0, 10**5000), "too large"),
        (lambda: Int("x", 2**62, 2**62 + 3, sampling="log"), "linear"),
        (lambda: Choice("x", [math.nan]), "JSON"),
        (lambda: Choice("x", [10**5000]), "JSON"),
        (lambda: Fixed("x", math.inf), "JSON"),
    ],
)
def test_what_cannot_be_exact_is_refused_with_a_reason(define, reason):
    with pytest.raises(SpaceError, match=reason):
        define()


@pytest.mark.parametrize(
    "definition", [Int("x", 2**63 - 2, 2**63 + 9), Int("x", -(10**30), -(10**30) + 10**20)], ids=str
)
@pytest.mark.parametrize("strategy", [Bayesian(initial=2, candidates=16), Skopt("RF", n_initial_points=2)], ids=str)
def test_a_model_proposes_distinct_large_integers(definition, strategy):
    history = search(lambda hp: float(read(definition, hp) % 7), strategy, max_trials=6)
    assert len({trial.values["x"] for trial in history.trials}) == 6


def test_the_place_of_an_end_is_within_the_unit_interval():
    definition = Float("x", 0.6346163098667881, 6.346163098667881, sampling="reverse_log")
    assert definition.to_unit(definition.min_value) == 0.0
    assert Float("x", 0.1, 0.3, sampling="log").to_unit(0.3) <= 1.0


@pytest.mark.parametrize(
    "strategy", [Random(), Grid(points=3), Bayesian(), Skopt("RF")], ids=lambda s: type(s).__name__
)
@pytest.mark.parametrize("definition", HELD, ids=str)
def test_every_strategy_proposes_possible_values_and_the_record_keeps_them(definition, strategy):
    seen = []

    def function(hp):
        seen.append(read(definition, hp))
        return math.log1p(abs(float(seen[-1])))

    history = search(function, strategy, max_trials=4)
    assert [trial.values["x"] for trial in history.trials] == seen
    assert all(value in definition and type(value) is type(definition.default) for value in seen)


@pytest.mark.parametrize("definition", HELD, ids=str)
def test_a_reopened_study_holds_the_same_values(definition, tmp_path):
    def searched():
        store = Journal(tmp_path)
        history = search(lambda hp: 0.0 * len(str(read(definition, hp))), Random(), store=store, max_trials=3)
        store.close()
        return [trial.values["x"] for trial in history.trials]

    first = searched()
    again = searched()
    assert again == first
    assert list(map(type, again)) == list(map(type, first))
