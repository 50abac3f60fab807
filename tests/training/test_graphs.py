"""Graphs of trained models are freed; gradients of those that live still work."""

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_lite.training.graphs import free_graphs
from tests import tiny


def variables_of_a_trained_model():
    """Weak references to the memory of the variables of a model that was trained."""
    model = tiny.network()
    model.compile("sgd", "mse")
    model.fit(tiny.X, tiny.Y, verbose=0)
    return [weakref.ref(variable.value.handle) for variable in (*model.variables, *model.optimizer.variables)]


def test_the_variables_of_a_trained_model_are_freed():
    variables = variables_of_a_trained_model()
    free_graphs()
    gc.collect()
    assert not any(variable() is not None for variable in variables)


def traced(activation):
    function = tf.function(activation)
    function.get_concrete_function(tf.TensorSpec([None]))
    return function


def within_a_function(x):
    return tf.function(tf.nn.silu)(x) + 1.0


@pytest.mark.parametrize("activation", [tf.nn.silu, within_a_function])
def test_gradients_of_a_function_that_lives_are_as_before(activation):
    x = tf.constant([-1.0, 0.5, 2.0])

    def gradient(function):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return tape.gradient(y, x).numpy()

    expected, function = gradient(activation), traced(activation)
    free_graphs()
    gc.collect()
    np.testing.assert_array_equal(gradient(function), expected)


def test_a_model_with_such_an_activation_trains_on():
    model = keras.Sequential([keras.layers.Input((tiny.X.shape[1],)), keras.layers.Dense(1, activation="silu")])
    model.compile("sgd", "mse")
    model.fit(tiny.X, tiny.Y, verbose=0)
    free_graphs()
    gc.collect()
    model.fit(tiny.X, tiny.Y, batch_size=3, verbose=0)
    assert np.isfinite(model.evaluate(tiny.X, tiny.Y, verbose=0))
