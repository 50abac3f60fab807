import copy
import pickle
import warnings
from decimal import Decimal

import numpy as np
import pytest

from kerastune_lite.errors import SpaceError
from kerastune_lite.space.hp import HyperParameters, draw
from kerastune_lite.space.kinds import Fixed, Int
from kerastune_lite.space.overrides import Overrides


def test_made_by_hand_it_answers_with_defaults():
    hp = HyperParameters()
    assert [hp.Int("n", 2, 9), hp.Float("f", 0, 1, default=0.5), hp.Choice("c", "ab"[:1].split()), hp.Boolean("b")] == [
        2,
        0.5,
        "a",
        False,
    ]


def test_proposed_values_answer_by_name():
    assert HyperParameters({"n": 7}).Int("n", 2, 9) == 7


def test_a_proposed_value_that_the_definition_excludes_is_answered_anew():
    assert HyperParameters({"n": 70}).Int("n", 2, 9) == 2


def test_what_was_not_proposed_is_filled_with_the_first_level_or_a_draw():
    assert HyperParameters(unset="first").Float("f", 0.25, 1, default=0.5) == 0.25
    assert 0 <= HyperParameters(unset="sample", seed=1, number=2).Float("f", 0, 1) < 1


def test_a_draw_does_not_depend_on_the_order_of_reading():
    one, two = (HyperParameters(unset="sample", seed=1, number=2) for _ in range(2))
    assert (one.Float("a", 0, 1), one.Float("b", 0, 1)) == tuple(reversed((two.Float("b", 0, 1), two.Float("a", 0, 1))))


def test_draws_differ_by_seed_number_and_name():
    assert len({draw(seed, number, name) for seed in (0, 1) for number in (0, 1) for name in "ab"}) == 8


def test_draws_are_uniform():
    # the mean of 10,000 draws misses by more than 5 standard errors (0.0145) once in 1.7 million seeds
    draws = [draw(0, number, "x") for number in range(10_000)]
    assert abs(sum(draws) / len(draws) - 0.5) < 0.0145


def test_the_path_is_what_was_read_in_order():
    hp = HyperParameters({"n": 3, "unread": 1})
    hp.Int("n", 1, 9)
    hp.Boolean("b")
    assert [(read.definition.name, read.value) for read in hp.reads] == [("n", 3), ("b", False)]


def test_reading_again_gives_the_same_value():
    hp = HyperParameters(unset="sample", seed=1)
    assert hp.Float("f", 0, 1) == hp.Float("f", 0, 1)


def test_reading_again_with_other_bounds_shows_both_definitions():
    hp = HyperParameters()
    hp.Int("n", 1, 9)
    with pytest.raises(SpaceError) as caught:
        hp.Int("n", 1, 10)
    text = str(caught.value)
    assert "'n' is defined twice" in text
    assert "max_value=9" in text
    assert "max_value=10" in text


def test_values_are_found_by_name():
    hp = HyperParameters()
    hp.Int("n", 2, 9)
    assert (hp.get("n"), hp["n"], "n" in hp, "m" in hp) == (2, 2, True, False)


def test_an_unknown_name_is_an_error_with_the_nearest_one():
    hp = HyperParameters()
    hp.Int("units", 2, 9)
    with pytest.raises(KeyError, match="did you mean 'units'"):
        hp.get("unit")


def test_an_inactive_hyperparameter_is_none_and_no_part_of_the_path():
    hp = HyperParameters({"kind": "a"})
    hp.Choice("kind", ["a", "b"])
    with hp.conditional_scope("kind", ["b"]):
        assert hp.Int("n", 1, 9) is None
    assert hp.Int("m", 1, 9, parent_name="kind", parent_values="b") is None
    assert [read.definition.name for read in hp.reads] == ["kind"]
    assert [definition.name for definition in hp.space] == ["kind", "n", "m"]
    assert "n" not in hp


def test_an_active_conditional_hyperparameter_is_answered():
    hp = HyperParameters({"kind": "b", "n": 4})
    hp.Choice("kind", ["a", "b"])
    with hp.conditional_scope("kind", ["b"]):
        assert hp.Int("n", 1, 9) == 4


def test_below_an_inactive_parent_everything_is_inactive():
    hp = HyperParameters({"kind": "a"})
    hp.Choice("kind", ["a", "b"])
    with hp.conditional_scope("kind", ["b"]):
        hp.Boolean("deep", default=True)
        with hp.conditional_scope("deep", [True]):
            assert hp.Int("n", 1, 9) is None


def test_one_name_may_be_defined_differently_under_different_conditions():
    hp = HyperParameters({"kind": "b"})
    hp.Choice("kind", ["a", "b"])
    with hp.conditional_scope("kind", ["a"]):
        hp.Int("n", 1, 2)
    with hp.conditional_scope("kind", ["b"]):
        assert hp.Int("n", 10, 20) == 10


def test_a_parent_that_does_not_exist_is_an_error_with_the_nearest_one():
    hp = HyperParameters()
    hp.Choice("kind", ["a"])
    with pytest.raises(SpaceError, match=r"'kinds' does not exist.*did you mean 'kind'"):
        hp.Int("n", 1, 2, parent_name="kinds", parent_values=["a"])


def test_a_name_scope_goes_before_the_names_within():
    hp = HyperParameters()
    with hp.name_scope("encoder"), hp.name_scope("first"):
        hp.Int("n", 1, 2)
        assert hp.get("n") == 1
    assert list(hp.values) == ["encoder/first/n"]


def test_a_parent_is_looked_for_in_the_name_scope_first():
    hp = HyperParameters()
    with hp.name_scope("encoder"):
        hp.Boolean("on", default=True)
        assert hp.Int("n", 1, 2, parent_name="on", parent_values=[True]) == 1


def test_it_survives_its_config():
    hp = HyperParameters({"n": 3})
    hp.Int("n", 1, 9)
    hp.Choice("c", [(1, 2), None])
    again = HyperParameters.from_config(hp.get_config())
    assert (again.values, again.space) == (hp.values, hp.space)


def test_a_copy_is_independent():
    hp = HyperParameters({"n": 3})
    copy = hp.copy()
    copy.Int("m", 1, 2)
    assert (copy["n"], "m" in hp) == (3, False)


def test_a_prescribed_definition_takes_the_place_of_the_one_asked_for():
    hp = HyperParameters(overrides=Overrides({"n": Int("n", 5, 6)}))
    assert hp.Int("n", 1, 100) == 5


def test_new_entries_may_be_kept_at_their_default_or_forbidden():
    fixed = HyperParameters(unset="sample", overrides=Overrides({}, tune_new=False))
    assert fixed.Int("n", 1, 100, default=7) == 7
    assert fixed.space == [Fixed("n", 7)]
    with pytest.raises(SpaceError, match="allow_new_entries=True"):
        HyperParameters(overrides=Overrides({}, allow_new=False)).Int("n", 1, 2)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("int", "Int"), ("float", "Float"), ("choice", "Choice"), ("bool", "Boolean"), ("suggest_categorical", "Choice")],
)
def test_a_method_in_small_letters_or_of_another_library_is_answered_with_ours(name, meant):
    with pytest.raises(AttributeError, match=rf"hp has no attribute '{name}'; did you mean hp\.{meant}\?"):
        getattr(HyperParameters(), name)


def test_an_attribute_that_is_not_there_is_not_there():
    hp = HyperParameters()
    assert not hasattr(hp, "something")
    with pytest.raises(SpaceError, match="no attribute 'valuez'; did you mean 'values'"):
        _ = hp.valuez


def test_it_can_be_copied_and_pickled():
    hp = HyperParameters({"x": 3})
    assert [other.Int("x", 1, 4) for other in (copy.deepcopy(hp), pickle.loads(pickle.dumps(hp)))] == [3, 3]


def test_a_step_that_misses_max_value_warns_once_and_names_the_last_level():
    with pytest.warns(
        UserWarning, match=r"'missing': with step=32, max_value=512 is not reached: the last level is 481"
    ):
        HyperParameters().Int("missing", 1, 512, step=32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        HyperParameters().Int("missing", 1, 512, step=32)


def test_a_default_between_two_levels_is_the_nearer_one():
    with pytest.warns(UserWarning, match=r"'between': default=100 is no level; the nearest is 96"):
        assert HyperParameters().Int("between", 32, 512, step=32, default=100) == 96


def test_a_value_set_by_hand_is_answered():
    hp = HyperParameters()
    hp.values["n"] = 5
    assert (hp.Int("n", 1, 9), hp.get("n"), hp.reads[0].value) == (5, 5, 5)


def test_a_value_set_by_hand_is_answered_out_of_its_range_and_after_the_first_read():
    hp = HyperParameters({"n": 3})
    assert hp.Int("n", 1, 9) == 3
    hp.values["n"] = 12
    assert hp.Int("n", 1, 9) == 12
    assert hp.copy().values == {"n": 12}


def test_all_values_can_be_set_at_once():
    hp = HyperParameters()
    hp.values = {"n": 4}
    assert hp.Int("n", 1, 9) == 4


def test_in_a_trial_a_value_set_by_hand_must_be_possible():
    hp = HyperParameters({"n": 3}, unset="sample")
    hp.values["n"] = 12
    with pytest.raises(SpaceError, match=r"hp.values\['n'\] = 12 was set in a trial"):
        hp.Int("n", 1, 9)


def test_definitions_of_another_are_merged_in():
    hp, other = HyperParameters(), HyperParameters()
    other.Choice("kind", ["a", "b"])
    other.Int("n", 1, 9, parent_name="kind", parent_values=["b"])
    hp.merge(other)
    assert (hp.space, hp.values) == (other.space, {"kind": "a"})
    assert (hp.is_active("kind"), hp.is_active("n"), hp.is_active(hp.space[0])) == (True, False, True)


def test_in_a_trial_a_value_changed_after_its_read_is_refused_and_not_recorded():
    hp = HyperParameters({"n": 3}, unset="sample")
    hp.Int("n", 1, 9)
    hp.values["n"] = 5
    assert hp.reads[0].value == 3
    with pytest.raises(SpaceError, match=r"hp.values\['n'\] was changed to 5 after 3 was read"):
        hp.Int("n", 1, 9)


@pytest.mark.parametrize(("value", "answer"), [(np.int64(3), 3), (3.0, 3), (Decimal(3), 3)])
def test_a_proposed_number_is_answered_in_the_type_of_its_hyperparameter(value, answer):
    for hp in (HyperParameters({"n": value}), HyperParameters({"n": value}, unset="sample")):
        found = hp.Int("n", 1, 9)
        assert (found, type(found), type(hp.reads[0].value)) == (answer, int, int)
    assert type(HyperParameters({"x": np.int64(1)}).Float("x", 0, 2)) is float
