"""Graphs that read variables in place of floats: their results equal those of graphs with constants, bit for bit."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_lite.training import fingerprint
from kerastune_lite.training.float_variables import Slot, slots, traced
from kerastune_lite.training.graph_cache import GraphCache
from tests.training.test_graph_cache import NEW, Y, compiled, layers, mlp, optimizers, state, trained

ONE_HOT = np.eye(3, dtype="float32")[Y]
IMAGES, TOKENS = (
    np.random.default_rng(1).normal(size=(40, 4, 4, 2)).astype("float32"),
    np.arange(200).reshape(40, 5) % 7,
)
regularizers, losses = keras.regularizers, keras.losses


@pytest.fixture
def constants(monkeypatch):
    """A function after which floats are constants, as in a graph of Keras's own."""
    return lambda: monkeypatch.setattr(fingerprint, "slots", lambda _: ())


def half(build):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        return build()
    finally:
        keras.config.set_dtype_policy("float32")


def convolutional(a, b):
    inside = [layers.Conv2D(3, 2, kernel_regularizer=regularizers.L2(b)), layers.SpatialDropout2D(a), layers.Flatten()]
    return compiled(keras.Sequential([layers.Input((4, 4, 2)), *inside, layers.Dense(3, "softmax")]))


def recurrent(a, b):
    inside = [layers.Embedding(7, 4), layers.SpatialDropout1D(a), layers.LSTM(3), layers.Dropout(b)]
    return compiled(keras.Sequential([layers.Input((5,)), *inside, layers.Dense(3, "softmax")]))


def normalized(a, b):
    around = [layers.Dropout(a), layers.BatchNormalization(momentum=b), layers.LayerNormalization(), layers.Dropout(b)]
    return mlp(hidden=[layers.Dense(5), *around])


def l1_and_l2(a, b):
    both = layers.Dense(4, kernel_regularizer=regularizers.L1(a), bias_regularizer=regularizers.L2(b))
    return mlp(hidden=[both, layers.Dense(4, kernel_regularizer=regularizers.L1L2(a, b))])


def dropout(a, b):
    return mlp(hidden=[layers.Dropout(a), layers.Dense(5, "tanh"), layers.Dropout(b)])


BUILDS = {
    "AdamW": lambda a, b: mlp(optimizers.AdamW(0.01, weight_decay=a, beta_1=b, beta_2=b)),
    "Adam": lambda a, b: mlp(optimizers.Adam(0.01, beta_2=b, epsilon=a, weight_decay=a)),
    "SGD": lambda a, b: mlp(optimizers.SGD(0.01, momentum=b, weight_decay=a)),
    "Nesterov": lambda a, b: mlp(optimizers.SGD(0.01, momentum=b, nesterov=True)),
    "RMSprop": lambda a, b: mlp(optimizers.RMSprop(0.01, rho=b, momentum=a, epsilon=a, weight_decay=a)),
    "dropout": dropout,
    "noise": lambda a, b: mlp(hidden=[layers.GaussianNoise(a), layers.Dense(5), layers.GaussianNoise(b)]),
    "normalized": normalized,
    "regularizers": l1_and_l2,
    "mixed precision": lambda a, b: half(
        lambda: mlp(optimizers.AdamW(0.01, weight_decay=a), hidden=[layers.Dropout(b)])
    ),
    "smoothing": lambda a, b: mlp(loss=losses.CategoricalCrossentropy(label_smoothing=a)),
    "binary smoothing": lambda a, b: mlp(loss=losses.BinaryCrossentropy(label_smoothing=a)),
    "convolutional": convolutional,
    "recurrent": recurrent,
}
DATA = {
    "smoothing": {"y": ONE_HOT},
    "binary smoothing": {"y": ONE_HOT},
    "convolutional": {"x": IMAGES},
    "recurrent": {"x": TOKENS},
}


@pytest.mark.parametrize("name", BUILDS)
def test_a_training_with_other_floats_reuses_the_graphs_and_equals_one_with_constants(name, constants):
    cache, build, data = GraphCache(), BUILDS[name], DATA.get(name, {})
    trained(cache, lambda: build(0.03, 0.83), seed=7, **data)
    again, reason = trained(cache, lambda: build(0.07, 0.9123), **data)
    assert reason is None
    constants()
    assert state(again) == state(trained(GraphCache(), lambda: build(0.07, 0.9123), **data)[0])


# Here TensorFlow would rewrite a graph with constants otherwise than one with variables.
REWRITTEN = {
    "product before": lambda a: mlp(hidden=[layers.Dense(5, "gelu"), layers.Dropout(a)]),
    "factor before": lambda a: mlp(hidden=[layers.Rescaling(0.3), layers.Dropout(a)]),
    "activity": lambda a: mlp(hidden=[layers.Dense(4, activity_regularizer=regularizers.L2(a))]),
    "difference before": lambda a: mlp(optimizers.RMSprop(0.01, epsilon=a, centered=True)),
    "schedule": lambda a: mlp(optimizers.AdamW(optimizers.schedules.ExponentialDecay(0.01, 3, 0.7), weight_decay=a)),
}


@pytest.mark.parametrize("name", REWRITTEN)
def test_floats_that_must_be_constants_stay_constants(name, constants):
    cache, build = GraphCache(), REWRITTEN[name]
    trained(cache, lambda: build(0.03), seed=7)
    again, reason = trained(cache, lambda: build(0.07))
    assert reason == NEW
    assert trained(cache, lambda: build(0.03))[1] is None
    constants()
    assert state(again) == state(trained(GraphCache(), lambda: build(0.07))[0])


@pytest.mark.parametrize(("floats", "reason"), [((0.3, 0.3), NEW), ((0.5, 0.2), NEW), ((0.3, 0.2), None)])
def test_floats_that_are_equal_or_special_make_another_graph(floats, reason):
    cache = GraphCache()
    trained(cache, lambda: dropout(0.1, 0.2))
    assert trained(cache, lambda: dropout(*floats))[1] == reason


def test_a_float_at_its_default_is_a_constant():
    model = mlp(optimizers.Adam(0.01, beta_1=0.8))
    model.optimizer.build(model.trainable_variables)
    assert [slot.name for slot in fingerprint.Fingerprint.of(model).floats] == ["beta_1"]


def test_floats_of_a_class_of_the_users_stay_in_the_fingerprint():
    class Own(optimizers.SGD):
        pass

    assert [*slots(optimizers.SGD(0.1, 0.8))] != []
    assert [*slots(Own(0.1, 0.8))] == []


class ChangesMomentum(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.optimizer.momentum = 0.1


def test_a_callback_that_changes_a_float_has_no_effect_on_the_graph(constants):
    cache, callbacks = GraphCache(), [ChangesMomentum()]
    trained(cache, lambda: BUILDS["SGD"](0.03, 0.83), callbacks=callbacks)
    again, reason = trained(cache, lambda: BUILDS["SGD"](0.07, 0.9), callbacks=callbacks)
    assert (reason, again.optimizer.momentum) == (None, 0.1)
    constants()
    assert state(again) == state(trained(GraphCache(), lambda: BUILDS["SGD"](0.07, 0.9), callbacks=callbacks)[0])


def test_the_model_has_its_floats_after_the_trace():
    model, _ = trained(GraphCache(), lambda: BUILDS["AdamW"](0.03, 0.83))
    assert [type(each) for each in (model.optimizer.weight_decay, model.optimizer.beta_1)] == [float, float]


def traced_with(trace):
    """What `trace` notes when a stand-in for 0.3 is given to it."""
    slot = Slot({"rate": 0.3}, "rate", 0.3, 0.3)
    return traced([slot], frozenset(), lambda: trace(slot.holder["rate"]))[1]


@pytest.mark.parametrize(
    ("trace", "same", "other"),
    [
        (lambda rate: rate > 0.2, 0.4, 0.1),
        (lambda rate: 1 - rate == 0.7, 0.3, 0.4),
        (bool, 0.4, 0.0),
        (lambda rate: 1 / (rate - 0.4) < 0, 0.2, 0.4),
        (float, 0.3, 0.4),
        (math.sqrt, 0.3, 0.4),
        (np.float32, 0.3, 0.4),
        (lambda rate: {rate: 1}, 0.3, 0.4),
        (str, 0.3, 0.4),
        (lambda rate: rate.hex(), 0.3, 0.4),  # what a stand-in lacks
    ],
)
def test_whatever_python_reads_of_a_float_must_be_the_same(trace, same, other):
    floats = traced_with(trace)
    assert floats.fit([same])
    assert not floats.fit([other])


def test_a_float_that_python_does_not_read_may_be_any():
    assert traced_with(lambda rate: isinstance(rate, float)).fit([0.7])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_a_variable_has_the_bits_of_a_constant(dtype):
    values = np.random.default_rng(0).lognormal(size=50).tolist()
    slot = Slot({"rate": values[0]}, "rate", values[0], values[0])

    def trace(rate):
        return tf.function(lambda: tf.convert_to_tensor(1 / (1 - rate), dtype)).get_concrete_function()

    read, floats, _ = traced([slot], frozenset(), lambda: trace(slot.holder["rate"]))
    for value in values:
        floats.assign([value])
        assert read().numpy().tobytes() == trace(value)().numpy().tobytes()
