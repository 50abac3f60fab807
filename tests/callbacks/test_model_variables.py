"""The content of variables as arrays."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_lite.callbacks.model_variables import read


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool", "bfloat16"])
def test_a_variable_is_read_as_it_is(dtype):
    variable = keras.Variable(np.array([[0, 1], [1, 1]]), dtype=dtype)
    np.testing.assert_array_equal(read(variable), variable.numpy(), strict=True)
    np.testing.assert_array_equal(read(variable.value), variable.numpy(), strict=True)


def test_a_distributed_variable_is_read_as_it_is():
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        variable = keras.Variable(np.arange(3.0))
    np.testing.assert_array_equal(read(variable), [0, 1, 2])


def test_what_is_read_stays_when_the_variable_changes():
    variable = keras.Variable(np.zeros(3))
    before = read(variable)
    variable.assign(np.ones(3))
    np.testing.assert_array_equal(before, np.zeros(3))
