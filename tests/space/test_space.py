import json

import numpy as np
import pytest

from kerastune_lite.errors import SpaceError
from kerastune_lite.space.grid import discretized
from kerastune_lite.space.kinds import (
    Boolean,
    Choice,
    Condition,
    Fixed,
    Float,
    Int,
    definition_from_json,
    definition_to_json,
    from_json,
    key,
    to_json,
)
from kerastune_lite.space.space import Space

EVERY_KIND = [
    Float("f", 0, 1, 0.25, default=0.5),
    Float("g", 1e-4, 1e-1, sampling="log"),
    Int("i", 1, 9, 2, conditions=(Condition("f", (0.5, 1.0)),)),
    Choice("c", (None, True, 1, 1.0, "a", [1, 2], (3, "b"))),
    Choice("w", ("x", "y"), weights=(1, 3)),
    Boolean("b", default=True, weights=(2, 1)),
    Fixed("k", (1, 2)),
]


@pytest.mark.parametrize("definition", EVERY_KIND, ids=str)
def test_a_definition_survives_json(definition):
    again = definition_from_json(json.loads(json.dumps(definition_to_json(definition))))
    assert again == definition
    assert again.identity == definition.identity


@pytest.mark.parametrize("definition", EVERY_KIND, ids=str)
def test_values_have_a_place_and_come_back_from_it(definition):
    for index in range(discretized(4)(definition).count() or 0):
        value = discretized(4)(definition).level(index)
        assert value in definition
        assert key(definition.from_unit(definition.to_unit(value))) == key(value) or definition.name == "g"


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "a", [1, (2, None)], (1, [2]), {"a": (1,)}])
def test_values_keep_their_types_in_json(value):
    again = from_json(json.loads(json.dumps(to_json(value))))
    assert repr(again) == repr(value)


def test_true_one_and_one_point_zero_are_three_values():
    assert len({key(True), key(1), key(1.0)}) == 3
    assert Choice("c", (True, 1, 1.0)).count() == 3
    assert True not in Choice("c", (1, 2))


def test_a_choice_keeps_booleans():
    assert [Choice("c", (True, False)).level(i) for i in range(2)] == [True, False]


def test_numpy_numbers_become_python_ones():
    values = Choice("c", tuple(np.array([1, 2]))).values + Choice("d", tuple(np.array([0.5]))).values
    assert [type(value) for value in values] == [int, int, float]


def test_weights_share_out_the_unit_interval():
    weighted = Choice("c", ("rare", "common"), weights=(1, 3))
    assert [weighted.from_unit(unit) for unit in (0.0, 0.24, 0.26, 0.99)] == ["rare", "rare", "common", "common"]
    assert Boolean("b", weights=(9, 1)).from_unit(0.85) is False


def test_defaults_are_the_lower_end_the_first_value_or_false():
    assert [Float("f", 0.5, 1).default, Int("i", 3, 9).default, Choice("c", ("x", "y")).default] == [0.5, 3, "x"]
    assert Boolean("b").default is False


def test_an_int_takes_integral_floats_and_gives_integers():
    definition = Int("i", 1.0, np.int64(4))
    assert [type(definition.level(index)) for index in range(4)] == [int] * 4


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Float("lr", 2, 1), "'lr': min_value=2.0 is above max_value=1.0"),
        (lambda: Float("lr", 0.0, 1, sampling="log"), 'use sampling="linear" or raise min_value'),
        (lambda: Float("x", 0, 1, default=2), "'x': default=2.0 is not in [0.0, 1.0]"),
        (lambda: Float("x", 0, 1, 0.2, default=0.5), "default=0.5 is not in [0.0, 1.0] in steps of 0.2"),
        (lambda: Float("x", "a", 1), "min_value must be a number, got 'a'"),
        (lambda: Float("x", True, 2), "min_value must be a number, got True"),
        (lambda: Int("n", 1, 2.5), "max_value must be an integer, got 2.5; use Float"),
        (lambda: Choice("c", ()), "'c': values is empty"),
        (lambda: Choice("c", "abc"), "values must be a list, got 'abc'"),
        (lambda: Choice("c", (1, 2, 1)), "holds 1 twice"),
        (lambda: Choice("c", (1, 2), default=3), "default=3 is not among values=[1, 2]"),
        (lambda: Choice("c", (1, 2), weights=(1,)), "has 1 entries for 2 values"),
        (lambda: Choice("c", (1, 2), weights=(1, 0)), "must all be above 0"),
        (lambda: Choice("c", (object(),)), "cannot be written as JSON"),
        (lambda: Choice("c", (float("nan"),)), "cannot be written as JSON"),
        (lambda: Choice("c", ({1: 2},)), "changes when written as JSON"),
        (lambda: Choice("c", (1, "a"), ordered=True), "ordered=True needs values of one type"),
        (lambda: Boolean("b", default=1), "default must be True or False, got 1"),
        (lambda: Boolean("b", weights=(1, -1)), "must all be above 0"),
        (lambda: Fixed("k", object()), "cannot be written as JSON"),
        (lambda: Fixed("", 1), "name must be a non-empty string, got ''"),
        (lambda: Int(3, 1, 2), "name must be a non-empty string, got 3"),
    ],
)
def test_an_impossible_definition_is_told_by_name_value_and_way_out(make, said):
    with pytest.raises(SpaceError) as caught:
        make()
    assert said in str(caught.value)


def test_a_space_lists_names_in_the_order_first_read():
    assert Space([Int("b", 1, 2), Float("a", 0, 1), Int("b", 1, 9)]).names == ["b", "a"]


def test_ranges_of_one_name_merge_into_their_union():
    (merged,) = Space([Int("n", 1, 4), Int("n", 3, 9)])
    assert (merged.min_value, merged.max_value) == (1, 9)


def test_choices_of_one_name_merge_into_all_their_values():
    (merged,) = Space([Choice("c", ("x", "y")), Choice("c", ("y", "z"))])
    assert merged.values == ("x", "y", "z")


def test_different_fixed_values_of_one_name_become_a_choice():
    (merged,) = Space([Fixed("k", 1), Fixed("k", 2), Fixed("k", 3)])
    assert merged == Choice("k", (1, 2, 3))


def test_two_kinds_under_one_name_stay_two():
    assert len(Space([Int("n", 1, 4), Choice("n", ("a",))])) == 2


@pytest.mark.parametrize("sampling", ["LOG", "Log", "log"])
def test_the_sampling_may_be_written_in_any_case(sampling):
    assert Float("x", 1e-4, 1, sampling=sampling) == Float("x", 1e-4, 1, sampling="log")


def test_the_default_of_a_mirrored_scale_is_its_first_level():
    assert Int("n", 1, 10, 2, "reverse_log").default == 3


def test_definitions_with_conditions_on_lists_can_be_compared_and_hashed():
    conditions = [(Condition("layers", (value,)),) for value in ([64, 32], [64, 32], [128])]
    one, same, other = (Float("x", 0, 1, conditions=condition) for condition in conditions)
    assert (one == same, one == other, len({one, same, other})) == (True, False, 2)


def test_conditions_on_values_of_other_types_differ():
    assert Condition("a", (1,)) != Condition("a", (True,))


def endless():
    value = [1]
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value", [{"__tuple__": 1}, {"a": {"__tuple__": "x"}}, {"__tuple__": [1]}, endless()], ids=repr
)
def test_a_value_that_json_cannot_give_back_is_refused(value):
    with pytest.raises(SpaceError, match="JSON"):
        Fixed("x", value)
