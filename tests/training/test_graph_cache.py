"""Trials that train with the graphs of earlier ones: equal to trials with graphs of their own, bit for bit."""

import gc
import pickle
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_lite.training import graph_cache, whole_epochs
from kerastune_lite.training.build_ahead import build_ahead
from kerastune_lite.training.data_cache import DataCache, EpochOrder
from kerastune_lite.training.graph_cache import GraphCache
from kerastune_lite.training.name_counters import NameCounters

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 6)).astype("float32"), RNG.integers(0, 3, 40)
NEW = "no training before had the same graph"
layers, optimizers = keras.layers, keras.optimizers
NAMES = NameCounters()


def compiled(model, optimizer="adam", **options):
    options = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **options}
    model.compile(optimizers.get(optimizer), **options)
    return model


def mlp(optimizer="adam", units=8, activation="relu", hidden=(), **options):
    inside = [layers.Dense(units, activation=activation), *hidden]
    return compiled(keras.Sequential([layers.Input((6,)), *inside, layers.Dense(3, "softmax")]), optimizer, **options)


def trained(cache, build, seed=1, callbacks=(), **arguments):
    """The model after a training, and why its graphs are new ones."""
    NAMES.reset()
    keras.utils.set_random_seed(seed)
    model = build()
    fed = DataCache().feed(
        {"x": X, "y": Y, "validation_split": 0.2, "epochs": 2, "batch_size": 8, **arguments}, keep=True
    )
    build_ahead(model, fed.train.first_batch())
    callbacks = [EpochOrder(fed.train, seed), *callbacks]
    assert whole_epochs.obstacle(model, fed, callbacks) is None
    graphs, reason = cache.graphs(model, fed)
    whole_epochs.fit(model, graphs, fed, callbacks)
    return model, reason


def state(model):
    variables = [*model.variables, *model.optimizer.variables]
    return model.history.history, [variable.numpy().tolist() for variable in variables]


def batch_normalized(rate):
    return mlp(optimizers.Adam(rate), hidden=[layers.BatchNormalization(), layers.Dropout(0.3)])


def shared(rate):
    inputs, layer = layers.Input((6,)), layers.Dense(6, activation="relu")
    outputs = layers.Dense(3, "softmax")(layer(layer(inputs)) + inputs)
    return compiled(keras.Model(inputs, outputs), optimizers.RMSprop(rate, momentum=0.5))


def two_outputs(rate):
    inputs = layers.Input((6,))
    outputs = [layers.Dense(3, "softmax")(inputs), layers.Dense(3, "softmax")(inputs)]
    return compiled(keras.Model(inputs, outputs), optimizers.SGD(rate, 0.9), metrics=[["accuracy"], ["accuracy"]])


def half(rate):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        return mlp(optimizers.AdamW(rate, weight_decay=0.1))
    finally:
        keras.config.set_dtype_policy("float32")


def moving_average(rate):
    return mlp(
        optimizers.Adam(rate, use_ema=True, ema_overwrite_frequency=3, clipnorm=0.5), weighted_metrics=["accuracy"]
    )


def frozen(rate):
    model = mlp(optimizers.Lion(rate))
    model.layers[0].trainable = False
    return compiled(model, optimizers.Lion(rate))


@pytest.mark.parametrize(
    ("build", "y"),
    [(batch_normalized, Y), (shared, Y), (two_outputs, [Y, Y]), (half, Y), (moving_average, Y), (frozen, Y)],
)
def test_a_training_with_the_graphs_of_another_equals_one_with_its_own(build, y):
    cache = GraphCache()
    trained(cache, lambda: build(0.1), seed=7, y=y)
    again, reason = trained(cache, lambda: build(0.003), y=y)
    assert reason is None
    own, reason = trained(GraphCache(), lambda: build(0.003), y=y)
    assert reason == NEW
    assert state(again) == state(own)


class OwnLayer(layers.Dense):
    pass


class OwnActivation:
    def __call__(self, x):
        return x


def own_loss(y, y_pred):
    return keras.losses.sparse_categorical_crossentropy(y, y_pred)


def with_random_layer():
    return mlp(hidden=[layers.Lambda(lambda x: x + 1)])


def adapted():
    normalization = layers.Normalization()
    normalization.adapt(X)
    return compiled(keras.Sequential([layers.Input((6,)), normalization, layers.Dense(3, "softmax")]))


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (
            lambda: mlp(activation=lambda x: x),
            "Dense.activation is the function or class <lambda>, which is not Keras's",
        ),
        (
            lambda: mlp(activation=OwnActivation()),
            "Dense.activation is of the class OwnActivation, which is not Keras's",
        ),
        (lambda: mlp(hidden=[OwnLayer(3)]), "is of the class OwnLayer, which is not Keras's"),
        (with_random_layer, "Lambda.function is the function or class <lambda>, which is not Keras's"),
        (lambda: mlp(loss=own_loss), "is the function or class own_loss, which is not Keras's"),
        (adapted, "Normalization.mean is data, which the graph may hold"),
    ],
)
def test_code_and_data_of_the_users_are_never_taken_for_equal(build, reason):
    cache = GraphCache()
    assert [trained(cache, build)[1] for _ in range(2)][1].endswith(reason)


def test_a_graph_with_a_variable_that_is_not_the_models_is_not_kept(monkeypatch):
    of = graph_cache.Fingerprint.of

    def lacking(model):
        found = of(model)
        return graph_cache.Fingerprint(found.tokens, found.variables[1:], found.floats)

    monkeypatch.setattr(graph_cache.Fingerprint, "of", lacking)
    cache = GraphCache()
    reason = "the graph uses data or variables that do not belong to the model"
    assert [trained(cache, mlp)[1] for _ in range(2)] == [reason, reason]


DIFFERENT = {
    "units": (mlp, lambda: mlp(units=9)),
    "activation": (mlp, lambda: mlp(activation="tanh")),
    "slope": (lambda: mlp(hidden=[layers.LeakyReLU(0.1)]), lambda: mlp(hidden=[layers.LeakyReLU(0.2)])),
    "no dropout": (lambda: mlp(hidden=[layers.Dropout(0.0)]), lambda: mlp(hidden=[layers.Dropout(0.2)])),
    "optimizer": (mlp, lambda: mlp("rmsprop")),
    "no decay": (lambda: mlp(optimizers.Adam(weight_decay=0.1)), mlp),
    "no momentum": (lambda: mlp(optimizers.SGD(0.1, 0.9)), lambda: mlp(optimizers.SGD(0.1))),
    "constants of XLA": (
        lambda: mlp(hidden=[layers.Dropout(0.1)], jit_compile=True),
        lambda: mlp(hidden=[layers.Dropout(0.2)], jit_compile=True),
    ),
    "schedule": (
        lambda: mlp(optimizers.SGD(optimizers.schedules.CosineDecay(0.1, 20))),
        lambda: mlp(optimizers.SGD(optimizers.schedules.CosineDecay(0.2, 20))),
    ),
    "loss": (mlp, lambda: mlp(loss=keras.losses.SparseCategoricalCrossentropy(ignore_class=1))),
    "metrics": (mlp, lambda: mlp(metrics=["accuracy", "sparse_top_k_categorical_accuracy"])),
    "regularizer": (mlp, lambda: mlp(hidden=[layers.Dense(3, activity_regularizer="l2")])),
    "xla": (mlp, lambda: mlp(jit_compile=True)),
    "frozen": (lambda: frozen(0.1), lambda: mlp(optimizers.Lion(0.1))),
}


@pytest.mark.parametrize("builds", DIFFERENT.values(), ids=DIFFERENT)
def test_models_that_differ_have_different_fingerprints(builds):
    found = []
    for build in builds:
        NAMES.reset()
        model = build()
        build_ahead(model, (tf.constant(X[:8]), tf.constant(Y[:8])))
        found.append(graph_cache.Fingerprint.of(model).tokens)
    assert found[0] != found[1]


def changed_after_compile():
    model = mlp()
    model.layers[0].activation = keras.activations.tanh  # a graph that was traced before does not follow
    return model


def test_a_model_changed_after_compile_is_another_one():
    cache = GraphCache()
    trained(cache, mlp)
    assert trained(cache, changed_after_compile)[1] == NEW


def test_other_surroundings_are_another_graph():
    cache = GraphCache()
    trained(cache, mlp)
    before = keras.config.epsilon()
    keras.config.set_epsilon(1e-3)
    try:
        assert trained(cache, mlp)[1] == NEW
    finally:
        keras.config.set_epsilon(before)


def test_sample_weights_are_another_graph():
    cache = GraphCache()
    trained(cache, mlp)
    assert trained(cache, mlp, sample_weight=np.ones(40))[1] == NEW


@pytest.mark.parametrize("arguments", [{"batch_size": 5}, {"x": X[:30], "y": Y[:30]}, {"epochs": 1}])
def test_batches_and_rows_may_differ(arguments):
    cache = GraphCache()
    trained(cache, mlp)
    again, reason = trained(cache, mlp, **arguments)
    assert reason is None
    assert state(again) == state(trained(GraphCache(), mlp, **arguments)[0])


def test_a_model_keeps_its_values_when_its_graphs_train_another():
    cache = GraphCache()
    first, _ = trained(cache, mlp)
    before = state(first)
    second, reason = trained(cache, mlp, seed=2)
    assert (reason, state(first)) == (None, before)
    assert state(second) != before


def test_graphs_of_one_model_trained_twice_do_not_share_variables():
    cache = GraphCache()
    first, _ = trained(cache, mlp)
    trained(cache, lambda: compiled(first, "sgd"))
    second, reason = trained(cache, mlp, seed=2)
    before = state(first), state(second)
    third, other_reason = trained(cache, lambda: mlp("sgd"), seed=3)
    assert (reason, other_reason) == (None, None)
    assert (state(first), state(second)) == before
    assert state(third) == state(trained(GraphCache(), lambda: mlp("sgd"), seed=3)[0])


def test_a_model_can_be_trained_on_when_its_graphs_train_another():
    cache = GraphCache()
    first, second = trained(cache, mlp)[0], trained(GraphCache(), mlp)[0]
    trained(cache, mlp, seed=2)
    histories = [model.fit(X, Y, shuffle=False, verbose=0).history for model in (first, second)]
    assert histories[0] == histories[1]


def test_a_model_that_reused_graphs_can_be_trained_on():
    cache = GraphCache()
    trained(cache, mlp, seed=2)
    (reusing, reason), (own, _) = trained(cache, mlp), trained(GraphCache(), mlp)
    assert reason is None
    histories = [model.fit(X, Y, shuffle=False, verbose=0).history for model in (reusing, own)]
    assert histories[0] == histories[1]


def test_two_models_can_alternate():
    cache, found = GraphCache(), []
    for rate, units in [(0.1, 4), (0.2, 8), (0.3, 4), (0.4, 8)]:
        build = lambda rate=rate, units=units: mlp(optimizers.Adam(rate), units)  # noqa: E731
        again, reason = trained(cache, build)
        found.append((reason, state(again) == state(trained(GraphCache(), build)[0])))
    assert found == [(NEW, True), (NEW, True), (None, True), (None, True)]


class Halves(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.optimizer.learning_rate = self.model.optimizer.learning_rate / 2
        self.model.layers[0].kernel.assign(self.model.layers[0].kernel * 0.5)


def test_a_callback_may_change_the_learning_rate_and_the_weights():
    cache = GraphCache()
    trained(cache, mlp)
    again, reason = trained(cache, mlp, callbacks=[Halves()])
    assert reason is None
    assert state(again) == state(trained(GraphCache(), mlp, callbacks=[Halves()])[0])


class Breaks(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise RuntimeError


def test_a_training_that_raised_leaves_nothing_behind():
    cache = GraphCache()
    with pytest.raises(RuntimeError):
        trained(cache, mlp, callbacks=[Breaks()])
    again, reason = trained(cache, mlp)
    assert reason is None
    assert state(again) == state(trained(GraphCache(), mlp)[0])


def test_the_cache_keeps_no_model_alive():
    cache = GraphCache()
    model, _ = trained(cache, mlp)
    found = weakref.ref(model)
    del model
    gc.collect()
    assert found() is None


def test_graphs_that_are_not_used_go_first(monkeypatch):
    monkeypatch.setattr(graph_cache, "_MOST_GRAPHS", 2)
    cache = GraphCache()
    reasons = [trained(cache, lambda units=units: mlp(units=units))[1] for units in (2, 3, 2, 4, 2, 3)]
    assert reasons == [NEW, NEW, None, NEW, None, NEW]


def test_graphs_of_large_models_are_not_kept(monkeypatch):
    monkeypatch.setattr(graph_cache, "_MOST_BYTES", 100)
    cache = GraphCache()
    assert [trained(cache, mlp)[1] for _ in range(2)] == [NEW, NEW]


def test_the_cache_is_empty_in_another_process():
    cache = GraphCache()
    trained(cache, mlp)
    assert trained(pickle.loads(pickle.dumps(cache)), mlp)[1] == NEW
