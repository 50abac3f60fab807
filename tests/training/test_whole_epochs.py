"""Whole epochs in one call: equal to Keras's own training, batch by batch, bit for bit."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_lite.training import whole_epochs
from kerastune_lite.training.build_ahead import build_ahead
from kerastune_lite.training.data_cache import DataCache, EpochOrder

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(50, 6)).astype("float32"), RNG.integers(0, 3, 50)
IMAGES, TOKENS = RNG.normal(size=(50, 6, 6, 1)).astype("float32"), RNG.integers(0, 9, (50, 5))
WEIGHTS = RNG.uniform(size=50)
layers, optimizers = keras.layers, keras.optimizers


def compiled(model, optimizer="adam", **options):
    return compiled_for(model, optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"], **options)


def compiled_for(model, optimizer, **options):
    model.compile(optimizers.get(optimizer), **options)
    return model


def mlp(optimizer="adam", **options):
    hidden = [layers.Dense(8, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.3)]
    return compiled(keras.Sequential([layers.Input((6,)), *hidden, layers.Dense(3, "softmax")]), optimizer, **options)


def without_input():
    return compiled(keras.Sequential([layers.Dense(8, kernel_regularizer="l2"), layers.Dense(3, "softmax")]))


def cnn():
    hidden = [layers.Conv2D(4, 3), layers.MaxPooling2D(), layers.SpatialDropout2D(0.2), layers.Flatten()]
    return compiled(keras.Sequential([layers.Input((6, 6, 1)), *hidden, layers.Dense(3, "softmax")]), "rmsprop")


def lstm():
    hidden = [layers.Embedding(9, 4), layers.LSTM(4, dropout=0.1)]
    return compiled(keras.Sequential([layers.Input((5,)), *hidden, layers.Dense(3, "softmax")]))


def two_inputs():
    one, two = layers.Input((6,), name="one"), layers.Input((6, 6, 1), name="two")
    both = layers.Concatenate()([one, layers.Flatten()(two)])
    classes = layers.Dense(3, "softmax", name="classes")(both)
    number = layers.Dense(1, name="number")(both)
    model = keras.Model({"one": one, "two": two}, [classes, number])
    losses = ["sparse_categorical_crossentropy", "mse"]
    return compiled_for(model, "adamw", loss=losses, loss_weights=[1, 0.5], metrics=[["accuracy"], ["mae"]])


def half():
    policy = keras.DTypePolicy("mixed_bfloat16")
    hidden = layers.Dense(8, activation="relu", dtype=policy)
    return compiled(keras.Sequential([layers.Input((6,)), hidden, layers.Dense(3, "softmax")]))


def schedule():
    return mlp(optimizers.SGD(optimizers.schedules.CosineDecay(0.1, 20), momentum=0.9, nesterov=True))


def trained(build, by_epochs, **arguments):
    """The history and the variables of a training."""
    keras.utils.set_random_seed(1)
    model = build()
    fed = DataCache().feed({"epochs": 3, "batch_size": 8, **arguments}, keep=True)
    build_ahead(model, fed.train.first_batch())
    callbacks = [EpochOrder(fed.train, 5)]
    if by_epochs:
        assert whole_epochs.obstacle(model, fed, callbacks) is None
        graphs = whole_epochs.EpochGraphs.of(model, fed)
        whole_epochs.fit(model, graphs, fed, callbacks)
    else:
        model.fit(**fed.arguments, callbacks=callbacks, verbose=0)
    variables = [*model.variables, *model.optimizer.variables]
    return model.history.history, [np.asarray(variable.numpy(), dtype="float64") for variable in variables]


@pytest.mark.parametrize(
    ("build", "arguments"),
    [
        (mlp, {"x": X, "y": Y, "validation_split": 0.2}),
        (mlp, {"x": X, "y": Y, "validation_split": 0.5, "validation_batch_size": 7, "validation_steps": 3}),
        (without_input, {"x": X, "y": Y, "validation_data": (X, Y), "validation_freq": 2}),
        (cnn, {"x": IMAGES, "y": Y, "validation_data": (IMAGES, Y, WEIGHTS)}),
        (lstm, {"x": TOKENS, "y": Y, "validation_batch_size": 20, "validation_split": 0.5}),
        (two_inputs, {"x": {"one": X, "two": IMAGES}, "y": [Y, WEIGHTS]}),
        (two_inputs, {"x": {"one": X, "two": IMAGES}, "y": [Y, WEIGHTS], "sample_weight": [WEIGHTS, None]}),
        (half, {"x": X, "y": Y, "sample_weight": WEIGHTS}),
        (schedule, {"x": X, "y": Y, "steps_per_epoch": 4}),
        (lambda: mlp(steps_per_execution=3), {"x": X, "y": Y, "shuffle": False}),
        (lambda: mlp("lion", jit_compile=True), {"x": X, "y": Y, "validation_split": 0.2}),
    ],
    ids=[
        "mlp",
        "validation steps",
        "unbuilt",
        "cnn",
        "lstm",
        "two inputs",
        "no weight",
        "bfloat16",
        "schedule",
        "several steps",
        "xla",
    ],
)
def test_a_training_by_whole_epochs_equals_one_by_batches(build, arguments):
    (by_epochs, by_epochs_variables), (by_batches, variables) = (trained(build, each, **arguments) for each in (1, 0))
    assert by_epochs == by_batches
    assert all(np.array_equal(one, two) for one, two in zip(by_epochs_variables, variables, strict=True))


class OwnStep(keras.Model):
    def train_step(self, data):
        return super().train_step(data)


class EachBatch(keras.callbacks.Callback):
    def on_test_batch_end(self, batch, logs=None):
        pass


def ready(model):
    model.build((None, 6))
    return model


def own_step():
    return compiled(ready(OwnStep(inputs := layers.Input((6,)), layers.Dense(3, "softmax")(inputs))))


@pytest.mark.parametrize(
    ("build", "arguments", "callbacks", "reason"),
    [
        (
            lambda: compiled(keras.Sequential([layers.Dense(3)])),
            {},
            [],
            "the model is not built before its first batch",
        ),
        (lambda: mlp(run_eagerly=True), {}, [], "the model runs eagerly"),
        (own_step, {}, [], "OwnStep has a train_step of its own"),
        (mlp, {"class_weight": {0: 2.0}, "sample_weight": WEIGHTS}, [], "fit is given class_weight"),
        (
            mlp,
            {"validation_split": 0.5, "validation_steps": 2},
            [],
            "fit is given validation_steps",
        ),
        (mlp, {}, [EachBatch()], "EachBatch.on_test_batch_end is called for each batch"),
        (
            lambda: mlp(steps_per_execution=2),
            {},
            [keras.callbacks.TerminateOnNaN()],
            "TerminateOnNaN sees several batches at once",
        ),
        (
            mlp,
            {},
            [keras.callbacks.TensorBoard(update_freq=3)],
            "TensorBoard.on_train_batch_begin is called for each batch",
        ),
        (
            mlp,
            {},
            [keras.callbacks.TensorBoard(profile_batch=2)],
            "TensorBoard.on_train_batch_begin is called for each batch",
        ),
        (
            mlp,
            {},
            [keras.callbacks.LambdaCallback(on_train_batch_end=print)],
            "LambdaCallback.on_train_batch_end is called for each batch",
        ),
        (
            mlp,
            {},
            [keras.callbacks.ModelCheckpoint("model.keras", save_freq=5)],
            "ModelCheckpoint.on_train_batch_end is called for each batch",
        ),
    ],
)
def test_what_must_see_each_batch_is_named(build, arguments, callbacks, reason):
    fed = DataCache().feed({"x": X, "y": Y, **arguments}, keep=True)
    assert whole_epochs.obstacle(build(), fed, callbacks) == reason


def test_callbacks_of_epochs_are_no_obstacle():
    kinds = keras.callbacks
    usual = [kinds.EarlyStopping(), kinds.ReduceLROnPlateau(), kinds.CSVLogger("log.csv"), kinds.History()]
    saving = [kinds.ModelCheckpoint("model.keras"), kinds.BackupAndRestore("backup"), kinds.TensorBoard()]
    assert (
        whole_epochs.obstacle(
            mlp(),
            DataCache().feed({"x": X, "y": Y}, keep=True),
            [*usual, *saving, kinds.LambdaCallback(on_epoch_end=print)],
        )
        is None
    )


def fit(model, callbacks):
    fed = DataCache().feed({"x": X, "y": Y, "validation_data": (X, Y), "epochs": 2, "batch_size": 8}, keep=True)
    build_ahead(model, fed.train.first_batch())
    whole_epochs.fit(model, whole_epochs.EpochGraphs.of(model, fed), fed, callbacks)
    return model


class Evaluates(keras.callbacks.Callback):
    """Uses the model on other data while it is trained."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        again = self.model.evaluate(X, Y, verbose=0, return_dict=True)
        self.seen.append((again, {name.removeprefix("val_"): logs[name] for name in logs if name.startswith("val_")}))


def test_a_callback_may_evaluate_the_model_on_other_data():
    callback = Evaluates()
    fit(mlp(), [callback])
    assert all(again == pytest.approx(validation) for again, validation in callback.seen)
    assert len(callback.seen) == 2


class Trains(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.train_on_batch(X[:4], Y[:4])


def test_a_callback_may_train_the_model_on_other_data():
    assert int(fit(mlp(), [Trains()]).optimizer.iterations.numpy()) == 2 * (7 + 1)


def test_callbacks_are_told_the_number_of_batches():
    callback = keras.callbacks.Callback()
    fit(mlp(), [callback])
    assert callback.params == {"verbose": 0, "epochs": 2, "steps": 7}


def test_the_model_can_be_trained_by_keras_afterwards():
    model = fit(mlp(), [])
    model.fit(X, Y, batch_size=10, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 2 * 7 + 5


def test_an_interrupt_is_noticed_within_an_epoch(monkeypatch):
    monkeypatch.setattr(whole_epochs, "_LONGEST", 0.0)  # one batch a call
    model = mlp()
    fed = DataCache().feed({"x": X, "y": Y, "batch_size": 8}, keep=True)
    build_ahead(model, fed.train.first_batch())
    graph = whole_epochs.EpochGraphs.of(model, fed).train
    batches, positions = graph._batches, []

    def watched(order, position, *others):
        positions.append(int(position))
        return batches(order, position, *others)

    graph._batches = watched
    graph.run(fed.train.tensors, fed.train.order, fed.train.batch_size)
    assert positions == [0, 8, 16, 24, 32, 40, 48]
    assert int(model.optimizer.iterations.numpy()) == 7


def as_plain(build, callbacks=(), **arguments):
    """A training by whole epochs and one by Keras alone, in the order of the rows."""
    found = []
    for by_epochs in (True, False):
        keras.utils.set_random_seed(5)
        model, made = build(), [each() for each in callbacks]
        arguments = {"x": X, "y": Y, "epochs": 3, "batch_size": 8, "shuffle": False, **arguments}
        if by_epochs:
            fed = DataCache().feed(arguments, keep=True)
            build_ahead(model, fed.train.first_batch())
            assert whole_epochs.obstacle(model, fed, made) is None
            whole_epochs.fit(model, whole_epochs.EpochGraphs.of(model, fed, made), fed, made)
        else:
            model.fit(**arguments, callbacks=made, verbose=0)
        found.append((model.history.history, [variable.numpy().tolist() for variable in model.trainable_variables]))
    return found


ONE_HOT, COLUMN = np.eye(3)[Y], Y[:, None].astype("float32")


def categorical():
    return compiled_for(mlp(), "adam", loss="categorical_crossentropy", weighted_metrics=["accuracy"])


@pytest.mark.parametrize(
    ("build", "arguments"),
    [
        (mlp, {"class_weight": {0: 0.2, 1: 3.0, 2: 1.5}, "validation_split": 0.2}),
        (mlp, {"class_weight": {2: 5}, "y": COLUMN, "validation_data": (X, COLUMN)}),
        (categorical, {"class_weight": {1: 0.5}, "y": ONE_HOT}),
        (mlp, {"validation_data": (X, Y, WEIGHTS), "validation_batch_size": 20, "validation_steps": 2}),
        (mlp, {"validation_split": 0.5, "validation_steps": 4}),
    ],
    ids=["classes", "column", "one-hot", "validation steps", "all steps"],
)
def test_weights_of_classes_and_steps_of_validation_are_those_of_keras(build, arguments):
    by_epochs, plain = as_plain(build, **arguments)
    assert by_epochs == plain


def diverging():
    """A model whose loss becomes infinite in the second epoch."""
    model = keras.Sequential([layers.Input((6,)), layers.Dense(1, kernel_initializer="ones")])
    return compiled_for(model, optimizers.SGD(60.0), loss="mse", metrics=["mae"])


@pytest.mark.parametrize("build", [diverging, mlp])
def test_a_training_ends_with_the_batch_after_which_the_loss_is_no_number(build, capsys):
    by_epochs, plain = as_plain(build, [keras.callbacks.TerminateOnNaN], epochs=20, validation_split=0.2)
    assert repr(by_epochs) == repr(plain)  # NaN differs from itself
    printed = capsys.readouterr().out.splitlines()
    assert (len(printed), len(set(printed))) == ((2, 1) if build is diverging else (0, 0))


def test_a_loss_that_is_no_number_raises_what_it_does_in_keras():
    messages = []
    for by_epochs in (True, False):
        keras.utils.set_random_seed(5)
        model, callbacks = diverging(), [keras.callbacks.TerminateOnNaN(raise_error=True)]
        arguments = {"x": X, "y": Y, "epochs": 20, "batch_size": 8, "shuffle": False}
        fed = DataCache().feed(arguments, keep=True)
        build_ahead(model, fed.train.first_batch())
        graphs = whole_epochs.EpochGraphs.of(model, fed, callbacks) if by_epochs else None
        train = partial(whole_epochs.fit, model, graphs, fed, callbacks)
        train = train if by_epochs else partial(model.fit, **arguments, callbacks=callbacks, verbose=0)
        with pytest.raises(RuntimeError, match="NaN or Inf loss encountered at batch") as raised:
            train()
        messages.append(str(raised.value))
    assert messages[0] == messages[1]


def test_tensorboard_writes_the_same(tmp_path):
    runs = iter(["epochs", "plain"])
    as_plain(mlp, [lambda: keras.callbacks.TensorBoard(tmp_path / next(runs))], validation_split=0.2)
    epochs, plain = (written(tmp_path / run) for run in ("epochs", "plain"))
    assert epochs == plain
    assert {"epoch_loss", "evaluation_loss_vs_iterations"} <= {tag for _, tag, *_ in epochs}


def written(directory):
    """The tag, step and value of all scalars below a directory."""
    found = []
    for path in sorted(directory.rglob("*.v2")):
        for raw in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(raw.numpy())
            found += [
                (path.parent.name, value.tag, event.step, tf.make_ndarray(value.tensor).tolist())
                for value in event.summary.value
                if value.metadata.plugin_data.plugin_name == "scalars"
            ]
    return found
