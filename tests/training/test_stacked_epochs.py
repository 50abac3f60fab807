"""Models that are trained together: equal to models that are trained alone, but for rounding."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_lite.executors.stacked import Stacked
from kerastune_lite.study.events import SearchStarted, Started
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.task import Decision, Task
from kerastune_lite.training import stacked_epochs, whole_epochs
from kerastune_lite.training.build_ahead import build_ahead
from kerastune_lite.training.data_cache import DataCache, EpochOrder
from kerastune_lite.training.graph_cache import GraphCache
from kerastune_lite.training.name_counters import NameCounters
from kerastune_lite.training.stacked_epochs import SharedEpochs

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(43, 6)).astype("float32"), RNG.integers(0, 3, 43)
TOKENS = RNG.integers(0, 9, (43, 5))
layers, optimizers, regularizers = keras.layers, keras.optimizers, keras.regularizers
NAMES = NameCounters()
SETTINGS = SearchStarted(objective=Objective("loss", "min"), strategy={}, seed=0, max_trials=None)


def compiled(*hidden, shape=(6,), optimizer=None, **options):
    model = keras.Sequential([layers.Input(shape), *hidden, layers.Dense(3, "softmax")])
    options = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **options}
    model.compile(optimizer or optimizers.Adam(0.01), **options)
    return model


def mlp(rate=0.01, **options):
    return compiled(layers.Dense(8, "relu"), optimizer=optimizers.Adam(rate), **options)


def two_inputs(rate):
    inputs = {"a": layers.Input((6,), name="a"), "b": layers.Input((6,), name="b")}
    joined = layers.Concatenate()([layers.Dense(4)(each) for each in inputs.values()])
    model = keras.Model(inputs, layers.Dense(3, "softmax")(joined))
    model.compile(optimizers.Adam(rate), "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    return model


def regularized(rate):
    hidden = layers.Dense(8, "relu", kernel_regularizer=regularizers.L2(rate / 10))
    optimizer = optimizers.AdamW(rate, weight_decay=rate / 2)
    return compiled(hidden, layers.BatchNormalization(), layers.Dropout(0.1 + rate), optimizer=optimizer)


@pytest.fixture(autouse=True)
def always_worth_while(monkeypatch):
    monkeypatch.setattr(stacked_epochs, "_WORTHWHILE", 0)


def fitted(build, seed, cache, meet, callbacks=(), **arguments):
    """The model after a training, and the graphs of its epochs."""
    NAMES.reset()
    keras.utils.set_random_seed(seed)
    model = build()
    data = {"x": X, "y": Y, "validation_split": 0.3, "epochs": 3, "batch_size": 8}
    fed = cache.data.feed({**data, **arguments}, keep=True)
    build_ahead(model, fed.train.first_batch())
    callbacks = [EpochOrder(fed.train, seed), *callbacks]
    assert whole_epochs.obstacle(model, fed, callbacks) is None
    graphs, _ = cache.graphs(model, fed, callbacks, meet)
    whole_epochs.fit(model, graphs, fed, callbacks)
    return model, graphs


class Cache(GraphCache):
    """Graphs and data."""

    def __init__(self):
        super().__init__()
        self.data = DataCache()


def alone(builds, **options):
    """Models that are trained one after the other, each with a graph of its own."""
    return [fitted(build, seed, Cache(), None, **options)[0] for seed, build in enumerate(builds)]


def together(builds, cache=None, callbacks=None, each=None, **options):
    """Models that are trained in turns, and how many epochs each took together with others."""
    cache, found, ended = cache or Cache(), {}, []

    def train(task, send):
        own = [] if callbacks is None else callbacks[task.trial]
        arguments = options if each is None else each[task.trial]
        found[task.trial] = fitted(builds[task.trial], task.trial, cache, task.meet, own, **arguments)

    executor = Stacked(len(builds))(train)
    for number in range(len(builds)):
        executor.start(Task(Started(trial=number, attempt=0, values={}), SETTINGS))
    while executor.free() < len(builds):
        executor.wait(lambda event: ended.append(event) or Decision(), None)
    executor.close()
    assert not [each for each in ended if each.outcome != "completed"], ended
    models, graphs = zip(*(found[number] for number in range(len(builds))), strict=True)
    return models, [each.train.together for each in graphs]


def values(model):
    return [np.array(variable) for variable in (*model.variables, *model.optimizer.variables)]


def assert_close(models, others):
    for model, other in zip(models, others, strict=True):
        for value, expected in zip(values(model), values(other), strict=True):
            np.testing.assert_allclose(value, expected, rtol=2e-3, atol=2e-5)
        history, expected = model.history.history, other.history.history
        assert history.keys() == expected.keys()
        for name in history:
            np.testing.assert_allclose(history[name], expected[name], rtol=1e-4, atol=1e-5)


def equal(models, others):
    pairs = zip(models, others, strict=True)
    return all(
        model.history.history == other.history.history
        and all(np.array_equal(*pair) for pair in zip(values(model), values(other), strict=True))
        for model, other in pairs
    )


KINDS = {
    "two inputs": two_inputs,
    "floats that differ": regularized,
    "normalized": lambda rate: compiled(
        layers.BatchNormalization(), layers.LayerNormalization(), layers.Dropout(0.4), optimizer=optimizers.Adam(rate)
    ),
    "schedule": lambda rate: compiled(
        optimizer=optimizers.SGD(optimizers.schedules.CosineDecay(0.01, 9), momentum=0.9, nesterov=True)
    ),
    "rmsprop": lambda rate: compiled(optimizer=optimizers.RMSprop(rate, momentum=0.5, centered=True)),
    "clipped": lambda rate: compiled(optimizer=optimizers.Adam(rate, global_clipnorm=0.5, use_ema=True)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_models_that_are_trained_together_equal_models_alone(kind):
    data = {"x": {"a": X, "b": X[::-1]}, "sample_weight": np.abs(X[:, 0])} if kind == "two inputs" else {}
    builds = [lambda rate=rate: KINDS[kind](rate) for rate in (0.01, 0.02, 0.03)]
    models, shared = together(builds, **data)
    assert shared == [3, 3, 3]
    assert_close(models, alone(builds, **data))


@pytest.mark.parametrize(
    ("x", "hidden"),
    [
        (TOKENS, lambda: [layers.Embedding(9, 4), layers.GlobalAveragePooling1D()]),
        (X.reshape(43, 3, 2), lambda: [layers.SimpleRNN(4)]),
    ],
    ids=["embedding", "recurrent"],
)
def test_other_layers_that_are_trained_together(x, hidden):
    builds = [lambda: compiled(*hidden(), shape=x.shape[1:])] * 2
    models, shared = together(builds, x=x)
    assert shared == [3, 3]
    assert_close(models, alone(builds, x=x))


def test_a_model_whose_numbers_overflow_leaves_the_others_alone():
    builds = [mlp, lambda: mlp(1e38), mlp]
    models, shared = together(builds)
    assert shared == [3, 3, 3]
    assert not np.isfinite(models[1].history.history["loss"][-1])
    assert_close(models[::2], [alone(builds)[number] for number in (0, 2)])


def test_models_with_other_graphs_are_trained_in_turns():
    wide = [lambda: compiled(layers.Dense(12))] * 2
    models, shared = together([mlp, *wide, mlp])
    assert shared == [3, 3, 3, 3]
    assert_close(models, alone([mlp, *wide, mlp]))


def test_only_models_with_the_same_data_and_batches_are_trained_together():
    other = X[::-1].copy()
    each = [{"x": X}, {"x": other}, {"x": X, "batch_size": 16}, {"x": X, "validation_split": 0.4}, {"x": X}]
    models, shared = together([mlp] * 5, each=each)
    assert shared == [3, 0, 0, 0, 3]
    expected = [fitted(mlp, seed, Cache(), None, **arguments)[0] for seed, arguments in enumerate(each)]
    assert_close(models, expected)
    assert equal(models[1:4], expected[1:4])


def test_a_single_model_equals_one_alone_bit_for_bit():
    builds = [lambda: regularized(0.01), mlp]
    models, shared = together(builds)
    assert shared == [0, 0]
    assert equal(models, alone(builds))


def test_so_few_steps_are_taken_one_by_one_bit_for_bit(monkeypatch):
    monkeypatch.setattr(stacked_epochs, "_WORTHWHILE", 1000)
    builds = [lambda rate=rate: regularized(rate) for rate in (0.01, 0.02, 0.03)]
    models, shared = together(builds)
    assert shared == [0, 0, 0]
    assert equal(models, alone(builds))


def test_stacking_begins_when_enough_steps_have_been_taken_or_are_left(monkeypatch):
    monkeypatch.setattr(stacked_epochs, "_WORTHWHILE", 40)  # three epochs of two models have 24 steps
    cache = Cache()
    shared = [together([mlp, mlp], cache)[1] for _ in range(2)]
    assert shared == [[0, 0], [3, 3]]


def nan_ends():
    return [keras.callbacks.TerminateOnNaN()]


@pytest.mark.parametrize(
    ("build", "callbacks", "obstacle"),
    [
        (mlp, nan_ends, "TerminateOnNaN may end the epoch of one model"),
        (lambda: mlp(jit_compile=True), list, "the model is compiled with XLA"),
        (lambda: compiled(layers.Dense(9000)), list, "the model has 90,003 parameters, more than 50,000"),
        (
            lambda: compiled(layers.Reshape((3, 2)), layers.Conv1D(4, 2), layers.Flatten()),
            list,
            "TensorFlow does not vectorize convolutions",
        ),
        (
            lambda: compiled(optimizer=optimizers.LossScaleOptimizer(optimizers.SGD(0.1))),
            list,
            "the training step cannot be vectorized: If uses a variable",
        ),
    ],
)
def test_what_cannot_be_stacked_is_trained_one_by_one(build, callbacks, obstacle, monkeypatch):
    found = []
    monkeypatch.setattr(SharedEpochs, "__init__", noting(SharedEpochs.__init__, found))
    models, shared = together([build, build], callbacks=[callbacks(), callbacks()])
    assert shared == [0, 0]
    assert {each.obstacle for each in found[::2]} == {obstacle}
    expected = [fitted(build, seed, Cache(), None, callbacks())[0] for seed in range(2)]
    assert equal(models, expected)


def noting(method, found):
    def noted(self, *args, **options):
        found.append(self)
        method(self, *args, **options)

    return noted


def test_where_memory_is_too_small_models_are_trained_one_by_one(monkeypatch):
    def fails(*_):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM\nat length")

    monkeypatch.setattr(stacked_epochs.StackedEpochs, "_vectorized", fails)
    models, shared = together([mlp, mlp])
    assert shared == [0, 0]
    assert equal(models, alone([mlp, mlp]))


def test_an_epoch_that_fails_fails_its_own_trial_only(monkeypatch):
    run, calls = whole_epochs.EpochGraph.run, []

    def failing(self, *arguments):
        calls.append(self)
        if len(calls) == 2:
            raise ValueError("of the second")
        return run(self, *arguments)

    monkeypatch.setattr(stacked_epochs, "_WORTHWHILE", 1e9)
    monkeypatch.setattr(whole_epochs.EpochGraph, "run", failing)
    done, failed = [], []

    cache = Cache()

    def train(task, send):
        try:
            done.append((task.trial, fitted(mlp, task.trial, cache, task.meet)[0]))
        except ValueError as error:
            failed.append((task.trial, str(error)))

    executor = Stacked(3)(train)
    for number in range(3):
        executor.start(Task(Started(trial=number, attempt=0, values={}), SETTINGS))
    while executor.free() < 3:
        executor.wait(lambda _: Decision(), None)
    assert failed == [(1, "of the second")]
    monkeypatch.undo()
    assert [number for number, _ in done] == [0, 2]
    assert equal([model for _, model in done], [alone([mlp] * 3)[number] for number in (0, 2)])


@pytest.mark.parametrize("widths", [(8, 8, 8), (8, 12, 16)])
def test_metrics_that_the_user_shares_between_models_count_for_each_alone(widths):
    metric = keras.metrics.SparseCategoricalAccuracy()
    builds = [
        lambda width=width: compiled(layers.Dense(width), optimizer=optimizers.Adam(width / 100), metrics=[metric])
        for width in widths
    ]
    models, _ = together(builds)
    for model, other in zip(models, alone(builds), strict=True):
        for name, expected in other.history.history.items():
            np.testing.assert_allclose(model.history.history[name], expected, rtol=1e-4)


def test_floats_that_are_read_under_a_condition_are_assigned_nothing():
    def build(rate):
        return compiled(optimizer=optimizers.AdamW(rate, weight_decay=rate / 3, gradient_accumulation_steps=2))

    builds = [lambda: build(0.01), lambda: build(0.02)]
    models, shared = together(builds)
    assert shared == [0, 0]
    assert equal(models, alone(builds))


class Draws(keras.callbacks.Callback):
    """Draws from the generators of the process after each epoch."""

    def __init__(self):
        super().__init__()
        self.drawn = []

    def on_epoch_end(self, epoch, logs=None):
        ours = random.random(), np.random.random()  # noqa: NPY002
        self.drawn.append((*ours, float(tf.random.uniform([])), float(keras.random.uniform([]))))


def test_callbacks_draw_the_numbers_that_they_draw_alone():
    drawn, expected = [Draws(), Draws()], [Draws(), Draws()]
    assert together([mlp, mlp], callbacks=[[each] for each in drawn])[1] == [3, 3]
    for seed, callback in enumerate(expected):
        fitted(mlp, seed, Cache(), None, [callback])
    assert [each.drawn for each in drawn] == [each.drawn for each in expected]


def test_trials_of_different_lengths_end_one_by_one():
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 0

    models, shared = together([mlp] * 3, callbacks=[[], [Stop()], []])
    assert shared == [3, 1, 3]
    assert [len(model.history.epoch) for model in models] == [3, 1, 3]
    expected = alone([mlp] * 3)
    assert_close(models[::2], expected[::2])


def test_a_model_can_be_used_while_others_train_and_afterwards():
    class Predicts(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.scores = self.model.evaluate(X, Y, verbose=0)

    callbacks = [Predicts(), Predicts()]
    models, shared = together([mlp, mlp], callbacks=[[each] for each in callbacks])
    assert shared == [3, 3]
    for model, callback in zip(models, callbacks, strict=True):
        assert model.evaluate(X, Y, verbose=0) == callback.scores
        before = values(model)
        model.fit(X, Y, epochs=1, verbose=0)
        assert not np.array_equal(before[0], values(model)[0])


def test_an_interrupt_within_an_epoch_changes_no_variable(monkeypatch):
    trace, calls, models = stacked_epochs.StackedEpochs._trace, [], []

    def interrupted(self):
        vectorized = trace(self)

        def call(*arguments):
            calls.append(vectorized(*arguments))
            if len(calls) == 2:
                raise KeyboardInterrupt
            return calls[-1]

        return call

    monkeypatch.setattr(whole_epochs, "_LONGEST", 0.0)  # each call takes a batch
    monkeypatch.setattr(stacked_epochs.StackedEpochs, "_trace", interrupted)

    def build():
        models.append(mlp())
        return models[-1]

    with pytest.raises(KeyboardInterrupt):
        together([build, build])
    assert len(calls) == 2
    for seed, model in enumerate(models):
        keras.utils.set_random_seed(seed)
        assert np.array_equal(mlp().layers[0].kernel, model.layers[0].kernel)
