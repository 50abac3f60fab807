from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from kerastune_lite.errors import SpaceError
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.space.kinds import Float, Int
from kerastune_lite.space.number import number, plain, whole


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (3, 3),
        (0.5, 0.5),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.array(3), 3),
        (np.array(0.5), 0.5),
        (Decimal("0.5"), 0.5),
        (Fraction(1, 2), 0.5),
        (True, True),
        (np.True_, True),
        (np.array(False), False),
        ("3", "3"),
        (None, None),
    ],
)
def test_numbers_of_any_library_become_pythons_own(value, found):
    assert (plain(value), type(plain(value))) == (found, type(found))


@pytest.mark.parametrize("value", [True, np.True_, "3", None, [3], np.array([3])])
def test_what_is_no_number_is_none(value):
    assert (number(value), whole(value)) == (None, None)


def test_a_fraction_is_no_whole_number():
    assert (whole(np.int32(2)), whole(2.0), whole(Decimal(2))) == (2, None, None)


def test_tensors_count_as_numbers():
    import keras
    import tensorflow as tf

    assert (number(tf.constant(0.5)), number(keras.Variable(2.0)), number(tf.constant([1.0]))) == (0.5, 2.0, None)


@pytest.mark.parametrize("make", [np.int64, np.float32, np.array, Decimal])
def test_bounds_step_and_default_are_numbers_of_any_library(make):
    assert Int("x", make(2), make(8), make(2), default=make(4)) == Int("x", 2, 8, 2, default=4)
    assert Float("x", make(2), make(8), make(2), default=make(4)) == Float("x", 2.0, 8.0, 2.0, default=4.0)
    assert make(4) in Int("x", 2, 8)


def test_truth_values_of_numpy_are_truth_values():
    hp = HyperParameters()
    assert hp.Boolean("x", default=np.True_) is True
    assert hp.Choice("y", [np.True_, np.False_]) is True
    with pytest.raises(SpaceError, match="min_value must be a number"):
        hp.Int("z", np.True_, 3)


def test_a_condition_may_name_numbers_of_numpy():
    hp = HyperParameters()
    hp.Int("x", 1, 3)
    with hp.conditional_scope("x", [np.int64(1)]):
        assert hp.Int("y", 5, 6) == 5
    with hp.conditional_scope("x", np.int64(1)):
        assert hp.Int("z", 5, 6) == 5
