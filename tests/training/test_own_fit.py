"""A hypermodel's own `fit` that calls `model.fit`: the same bit for bit as without anything in between."""

import inspect

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from kerastune_lite.training.graph_cache import GraphCache
from kerastune_lite.training.name_counters import NameCounters
from kerastune_lite.training.own_fit import FitByEpochs

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 6)).astype("float32"), RNG.integers(0, 3, 40)
WEIGHTS = RNG.uniform(size=40)
VALIDATION = (X[:10], Y[:10])
NEW = "no training before had the same graph"
layers = keras.layers
NAMES = NameCounters()


def compiled(model):
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def mlp(*hidden):
    inside = [layers.Dense(8, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.3), *hidden]
    return compiled(keras.Sequential([layers.Input((6,)), *inside, layers.Dense(3, "softmax")]))


def without_input():
    return compiled(keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(3, "softmax")]))


def two_outputs():
    inputs = layers.Input((6,))
    outputs = [layers.Dense(3, "softmax")(inputs), layers.Dense(3, "softmax")(inputs)]
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=[["accuracy"], ["accuracy"]])
    return model


def trained(fit, build=mlp, cache=None, seed=1):
    """What `fit` returned, the values of all variables, and the notes; in between only if there is a cache."""
    NAMES.reset()
    keras.utils.set_random_seed(seed)
    model, notes = build(), []

    def graphs(model, fed, callbacks):
        return cache.graphs(model, fed, callbacks)

    if cache is None:
        returned = fit(model)
    else:
        with FitByEpochs(model, graphs, notes.append, 0):
            returned = fit(model)
    variables = [*model.variables, *model.optimizer.variables]
    history = returned.history if isinstance(returned, keras.callbacks.History) else returned
    return history, [np.asarray(variable.numpy(), "float64").tolist() for variable in variables], notes


def by_name(**arguments):
    return lambda model: model.fit(**{"x": X, "y": Y, "epochs": 3, "batch_size": 8, "verbose": 0, **arguments})


CALLS = {
    "shuffled": by_name(),
    "by position": lambda model: model.fit(X, Y, 7, 3, 0, [], 0.2),
    "default batches": by_name(batch_size=None, validation_data=VALIDATION),
    "in order": by_name(shuffle=False, validation_split=0.25, validation_freq=2),
    "sample weights": by_name(sample_weight=WEIGHTS, validation_data=(X, Y, WEIGHTS), validation_batch_size=7),
    "class weights": by_name(class_weight={1: 3.0}, validation_split=0.2),
    "later epochs": by_name(initial_epoch=1),
    "pandas": by_name(x=pd.DataFrame(X.astype("float64")), y=pd.Series(Y), validation_split=0.2),
    "tensors": by_name(x=tf.constant(X), y=tf.constant(Y)),
}


@pytest.mark.parametrize("fit", CALLS.values(), ids=CALLS)
def test_a_call_of_fit_gives_the_same_with_graphs_that_are_used_again(fit):
    cache = GraphCache()
    assert trained(fit, cache=cache, seed=2)[2] == [NEW]
    history, variables, notes = trained(fit, cache=cache)
    assert notes == [True]
    assert (history, variables, []) == trained(fit)


@pytest.mark.parametrize(
    ("build", "y"), [(without_input, Y), (two_outputs, [Y, Y])], ids=["without input", "two outputs"]
)
def test_models_of_other_kinds_give_the_same(build, y):
    fit = by_name(y=y, validation_split=0.2)
    history, variables, notes = trained(fit, build, GraphCache())
    assert notes == [NEW]
    assert (history, variables, []) == trained(fit, build)


def batches(*_):
    return tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)


class EachBatch(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        pass


LEFT = {
    "steps_per_epoch": (by_name(steps_per_epoch=2), "fit is given steps_per_epoch"),
    "validation_steps": (by_name(validation_data=VALIDATION, validation_steps=1), "fit is given validation_steps"),
    "shown": (by_name(verbose=1), "fit shows each batch"),
    "dataset": (lambda model: model.fit(batches(), epochs=2), "the data is not arrays"),
    "validation": (by_name(validation_data=batches()), "the data is not as fit takes it"),
    "batch shuffle": (by_name(shuffle="batch"), "the data is not arrays"),
    "hook": (by_name(callbacks=[EachBatch()]), "EachBatch.on_train_batch_end is called for each batch"),
    "list": (
        lambda model: by_name(callbacks=keras.callbacks.CallbackList([], add_history=True, model=model))(model),
        "fit is given a CallbackList",
    ),
}


@pytest.mark.parametrize(("fit", "reason"), LEFT.values(), ids=LEFT)
@pytest.mark.filterwarnings("ignore:.*shuffle=True", "ignore:Your input ran out of data")
def test_what_is_left_to_keras_is_named_and_gives_the_same(fit, reason):
    history, variables, notes = trained(fit, cache=GraphCache())
    assert notes == [reason]
    assert (history, variables, []) == trained(fit)


def test_sample_weights_of_several_outputs_are_left_to_keras():
    fit = by_name(y=[Y, Y], sample_weight=[WEIGHTS, WEIGHTS])
    assert trained(fit, two_outputs, GraphCache())[2] == ["there are sample weights for several outputs"]


def test_numbers_of_tf_random_are_those_of_the_call():
    def build():
        return mlp(layers.Lambda(lambda x: x + tf.random.normal(tf.shape(x))))

    history, variables, notes = trained(by_name(), build, GraphCache())
    assert notes == ["the model uses tf.random"]
    assert (history, variables, []) == trained(by_name(), build)


def in_stages(model):
    return [by_name(epochs=epoch + 1, initial_epoch=epoch)(model).history for epoch in range(3)]


def frozen_first(model):
    first = by_name()(model).history
    model.layers[0].trainable = False
    compiled(model)
    return first, by_name(validation_split=0.2)(model).history, model.predict(X, verbose=0).tolist()


def evaluated_before(model):
    before = model.evaluate(X, Y, verbose=0), model.predict(X, verbose=0).tolist()
    history = by_name(validation_data=VALIDATION)(model).history
    return before, history, model.evaluate(X, Y, verbose=0), model.predict(X, verbose=0).tolist()


def frozen_without_compile(model):
    first = by_name()(model).history
    model.layers[0].trainable = False  # Keras's training function does not notice
    return first, by_name()(model).history


@pytest.mark.parametrize(
    ("fit", "count"), [(in_stages, 1), (frozen_first, 2), (evaluated_before, 1), (frozen_without_compile, 1)]
)
def test_several_calls_give_the_same_in_each_trial(fit, count):
    cache = GraphCache()
    assert trained(fit, cache=cache, seed=2)[2] == [NEW] * count
    history, variables, notes = trained(fit, cache=cache)
    assert notes == [True] * count
    assert (history, variables, []) == trained(fit)


def test_a_model_that_was_trained_by_batches_before_goes_on_like_that():
    def fit(model):
        loss = model.train_on_batch(X[:8], Y[:8])
        return loss, by_name()(model).history

    history, variables, notes = trained(fit, cache=GraphCache())
    assert notes == ["the model has been trained by batches before"]
    assert (history, variables, []) == trained(fit)


def test_arrays_that_the_user_changes_are_read_again():
    def fit(model, scale):
        x = X.copy()
        first = by_name(x=x)(model).history
        x *= scale
        return first, by_name(x=x)(model).history

    assert trained(lambda model: fit(model, 5.0), cache=GraphCache())[:2] == trained(lambda model: fit(model, 5.0))[:2]


def test_errors_are_those_of_fit():
    for cache in (None, GraphCache()):
        with pytest.raises(ValueError, match="same number of samples"):
            trained(by_name(y=Y[:5]), cache=cache)
        with pytest.raises(TypeError, match="unexpected keyword argument"):
            trained(by_name(epoch=2), cache=cache)


def test_a_line_per_epoch_has_the_number_of_batches(capsys):
    trained(by_name(verbose=2, epochs=1), cache=GraphCache())
    assert "5/5 - " in capsys.readouterr().out


def test_fit_looks_as_it_is_and_is_itself_again_afterwards():
    model = mlp()
    with FitByEpochs(model, GraphCache().graphs, print, 0):
        assert inspect.signature(model.fit) == inspect.signature(keras.Sequential.fit.__get__(model))
    assert "fit" not in vars(model)


def test_a_model_keeps_what_it_predicts_when_its_graphs_train_another():
    cache, models = GraphCache(), []

    def fit(model):
        models.append(model)
        by_name()(model)
        return model.predict(X, verbose=0).tolist()

    first = trained(fit, cache=cache)[0]
    assert trained(fit, cache=cache, seed=2)[2] == [True]
    assert models[0].predict(X, verbose=0).tolist() == first
