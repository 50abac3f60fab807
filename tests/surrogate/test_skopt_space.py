"""Values survive the way to scikit-optimize and back."""

import pytest

from kerastune_lite.space.kinds import Boolean, Choice, Fixed, Float, Int
from kerastune_lite.space.space import Space
from kerastune_lite.surrogate.skopt_space import axes_of, point, skopt_space

MIXED = [True, 1, 1.0, "1", "True", None, (1,), [1], {"a": 1}]


def axis(definition, *, indexed=True):
    (found,) = axes_of(Space([definition]), indexed=indexed)
    return found


@pytest.mark.parametrize("value", MIXED, ids=repr)
def test_levels_of_any_type_come_back_as_they_were(value):
    there = axis(Choice("x", tuple(MIXED)))
    back = there.value(there.cell({"x": value}))
    assert (type(back), back) == (type(value), value)


@pytest.mark.parametrize(
    ("definition", "values"),
    [
        (Float("x", 1e-4, 1.0, sampling="log"), [1e-4, 0.03, 1.0]),
        (Int("x", 1, 9), [1, 4, 9]),
        (Int("x", 2**63 - 2, 2**63 + 9), [2**63 - 2, 2**63 + 1, 2**63 + 9]),
        (Boolean("x"), [False, True]),
        (Choice("x", (16, 32, 0.5)), [16, 32, 0.5]),
        (Choice("x", ("low", "high"), ordered=True), ["low", "high"]),
    ],
    ids=lambda item: item.kind if hasattr(item, "kind") else "",
)
def test_what_scikit_optimize_gives_back_is_of_pythons_types(definition, values):
    there = axis(definition)
    space = skopt_space([there])
    rows = space.inverse_transform(space.transform([point([there], {"x": value}) for value in values]))
    back = [there.value(row[0]) for row in rows]
    assert [type(value) for value in back] == [type(value) for value in values]
    assert back == pytest.approx(values)


def test_what_a_trial_did_not_read_stands_at_its_default():
    axes = axes_of(Space([Int("a", 1, 9, default=4), Choice("b", ("x", None), default="x")]), indexed=True)
    assert point(axes, {}) == [4, "x"]


def test_none_that_was_read_is_not_the_default():
    assert axis(Choice("b", ("x", None))).cell({"b": None}) == "None"


def test_a_value_that_does_not_fit_stands_at_its_default():
    assert axis(Int("a", 1, 9, default=4)).cell({"a": 77}) == 4


def test_what_has_one_level_is_left_out():
    space = Space([Fixed("k", 3), Int("n", 2, 2), Float("x", 1.0, 1.0), Choice("c", ("only",)), Int("free", 1, 2)])
    assert [found.definition.name for found in axes_of(space, indexed=True)] == ["free"]


def test_ordered_values_go_by_their_index_for_search_and_by_their_text_for_plots():
    units = Choice("units", (16, 32, 64))
    assert [axis(units, indexed=flag).cell({"units": 64}) for flag in (True, False)] == [2, "64"]


def test_integers_of_more_than_64_bits_are_real_to_scikit_optimize():
    there = axis(Int("x", 0, 10**30))
    space = skopt_space([there])
    ((cell,),) = space.inverse_transform(space.transform([point([there], {"x": 10**29})]))
    assert (type(there.value(cell)), there.value(cell)) == (int, pytest.approx(10**29))
