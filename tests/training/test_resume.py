"""A killed training resumes as if it had not been interrupted, or says that it may differ."""

import csv
from collections import Counter, defaultdict, deque

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_lite.callbacks.kept_model import read_metadata
from kerastune_lite.study.layout import RESUME, checkpoint_directory
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.task import Task
from tests import tiny
from tests.training.attempts import X_VAL, Y_VAL, Killed, Trial, X, Y, whole

INEXACT = "resumed after epoch 2, and may differ from an uninterrupted training: "


def build(hp):
    return tiny.compiled(tiny.network(4, dropout=0.3))


def exact(tmp_path, model=build, **options):
    """Whether a trial killed in its third epoch ends as an uninterrupted one, without a note."""
    uncut = whole(tmp_path / "whole", model, **options)
    trial = Trial(tmp_path / "cut", model, **options).killed_and_resumed()
    assert trial.reported[2:] == [2, 3]
    assert (trial.curves, trial.note) == (uncut.curves, None)
    return trial


class Subclassed(keras.Model):
    """Has no variables before the first batch."""

    def __init__(self):
        super().__init__()
        self.first = keras.layers.Dense(3, activation="relu")
        self.noise = keras.layers.Dropout(0.3)
        self.last = keras.layers.Dense(1, activation="sigmoid")

    def call(self, inputs, training=False):
        return self.last(self.noise(self.first(inputs), training=training))


@pytest.mark.filterwarnings("ignore:Subclassed cannot be saved whole")
def test_a_model_without_variables_before_its_first_batch_resumes(tmp_path):
    exact(tmp_path, lambda hp: tiny.compiled(Subclassed()))


@pytest.mark.parametrize("epoch", [1, 2])
def test_the_kept_model_of_a_subclassed_model_in_two_executions_is_the_one_that_scored(tmp_path, epoch):
    trial = Trial(tmp_path, lambda hp: tiny.compiled(Subclassed()), executions=2, keep=True)
    trial.attempt(kill_at=epoch)
    trial.attempt()
    assert trial.kept_loss() == pytest.approx(trial.score, rel=1e-5)


class Everything(keras.callbacks.Callback):
    """Keeps all kinds of plain data, and logs what it knows of them."""

    def __init__(self):
        super().__init__()
        self.by_epoch = {}
        self.window = deque(maxlen=2)
        self.seen = set()
        self.scalar = np.float32(0)
        self.array = np.zeros(3)
        self.moments = {"mean": np.zeros(2), "more": [np.ones(1, dtype=np.int8), (1, None)]}
        self.counted = Counter()
        self.grouped = defaultdict(list)
        self.best = None

    def on_epoch_end(self, epoch, logs=None):
        self.by_epoch[epoch] = logs["loss"]
        self.window.append(logs["loss"])
        self.seen.add(epoch)
        self.scalar = np.float32(self.scalar + logs["loss"])
        self.array[epoch % 3] += 1
        self.moments["mean"] = self.moments["mean"] + logs["loss"]
        self.counted[epoch % 2] += 1
        self.grouped[epoch % 2].append(epoch)
        self.best = min(self.best or 9.0, logs["loss"])
        self.made_late = getattr(self, "made_late", 0) + 1
        logs["known"] = (
            sum(self.by_epoch.values()) + sum(self.window) + len(self.seen) + float(self.scalar) + self.array[0]
            + self.moments["mean"].sum() + self.counted[0] + len(self.grouped[1]) + self.made_late
        )  # fmt: skip


def test_callbacks_keep_every_kind_of_plain_data(tmp_path):
    exact(tmp_path, callbacks=lambda: [Everything()])


class Noisy(keras.layers.Layer):
    """Draws from Keras's global generator, or from TensorFlow's."""

    def __init__(self, draw):
        super().__init__()
        self.draw = draw

    def call(self, inputs):
        return inputs + 0.1 * self.draw(inputs.shape)


def noisy(draw, *, eager=True):
    def build_noisy(hp):
        layers = [keras.layers.Input((4,), batch_size=16), Noisy(draw), keras.layers.Dense(1, activation="sigmoid")]
        model = tiny.compiled(keras.Sequential(layers))
        model.run_eagerly = eager
        return model

    return build_noisy


@pytest.mark.filterwarnings("ignore:Sequential cannot be saved whole")
@pytest.mark.parametrize(
    "draw",
    [keras.random.normal, tf.random.normal, lambda shape: np.random.normal(size=shape).astype("float32")],  # noqa: NPY002
    ids=["keras", "tensorflow", "numpy"],
)
def test_random_generators_of_the_process_resume(tmp_path, draw):
    exact(tmp_path, noisy(draw), batch_size=16)


@pytest.mark.filterwarnings("ignore:Sequential cannot be saved whole")
def test_random_operations_of_a_compiled_step_are_noted(tmp_path):
    trial = Trial(tmp_path, noisy(tf.random.normal, eager=False), batch_size=16).killed_and_resumed()
    assert trial.note == f"{INEXACT}the model uses tf.random; use keras.random"


@pytest.mark.filterwarnings("ignore:Sequential cannot be saved whole")
def test_keras_random_in_a_compiled_step_resumes(tmp_path):
    exact(tmp_path, noisy(keras.random.normal, eager=False), batch_size=16)


def build_stateful(hp):
    layers = [keras.layers.Input((2, 2), batch_size=16), keras.layers.GRU(3, stateful=True)]
    model = keras.Sequential([*layers, keras.layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    return model


STATEFUL = {
    "x": X.reshape(-1, 2, 2),
    "validation_data": (X_VAL.reshape(-1, 2, 2), Y_VAL),
    "batch_size": 16,
    "shuffle": False,
}


def test_a_stateful_rnn_resumes_with_its_state(tmp_path):
    exact(tmp_path, build_stateful, **STATEFUL)


def test_a_stateful_rnn_trains_as_in_plain_fit(tmp_path):
    trial = whole(tmp_path, build_stateful, **STATEFUL)
    seed = Task(trial.events[1], trial.events[0]).training_seed(0)
    keras.utils.set_random_seed(seed)
    history = build_stateful(None).fit(y=Y, epochs=3, verbose=0, **STATEFUL).history
    assert [metrics["loss"] for metrics in trial.curves[0].values()] == history["loss"]


def test_a_csv_logger_keeps_every_epoch_once(tmp_path):
    path, loggers = tmp_path / "log.csv", []

    class DiesAfterLogging(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 2 and trial.attempts == 1:
                loggers[0].csv_file.close()
                raise Killed

    def callbacks():
        loggers.append(keras.callbacks.CSVLogger(path))
        return [loggers[-1], DiesAfterLogging()]

    trial = Trial(tmp_path, build, callbacks=callbacks)
    assert [trial.attempt(), trial.attempt()] == [True, False]
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2]
    assert [float(row["loss"]) for row in rows] == [metrics["loss"] for metrics in trial.curves[0].values()]


class Unfreezes(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            self.model.layers[0].trainable = True
            self.model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "binary_crossentropy", run_eagerly=True)
            self.model.make_train_function()


def test_a_training_that_unfreezes_layers_starts_over_and_ends_alike(tmp_path):
    def frozen(hp):
        model = tiny.network(4)
        model.layers[0].trainable = False
        return tiny.compiled(model)

    uncut = whole(tmp_path / "whole", frozen, callbacks=lambda: [Unfreezes()])
    trial = Trial(tmp_path / "cut", frozen, callbacks=lambda: [Unfreezes()]).killed_and_resumed()
    assert trial.curves == uncut.curves
    assert trial.note == "the training started over: layers have been frozen or unfrozen during the training"


def test_a_training_whose_optimizer_has_changed_starts_over(tmp_path):
    made = [keras.optimizers.SGD(0.01, momentum=0.9), keras.optimizers.Adam(), keras.optimizers.Adam()]

    def changing(hp):
        model = tiny.network(4)
        model.compile(made.pop(0), "binary_crossentropy", run_eagerly=True)
        return model

    trial = Trial(tmp_path, changing).killed_and_resumed()
    assert trial.note == "the training started over: the model has another optimizer than when it was saved"
    assert trial.reported == [1, 2, 1, 2, 3]


class Rows(keras.utils.PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        part = slice(16 * index, 16 * index + 16)
        return tiny.X[part], tiny.Y[part]


class Rewinding(Rows):
    def on_epoch_end(self):
        pass


def batches():
    while True:
        for index in range(2):
            yield Rows()[index]


def dataset():
    return tf.data.Dataset.from_tensor_slices((X, Y))


def generated():
    spec = (tf.TensorSpec((None, 4)), tf.TensorSpec((None,)))
    return tf.data.Dataset.from_generator(lambda: (Rows()[index] for index in range(2)), output_signature=spec).apply(
        tf.data.experimental.assert_cardinality(2)
    )


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        ({"x": Rows()}, "Keras shuffles the PyDataset"),
        ({"x": Rewinding(), "shuffle": False}, "the on_epoch_end of the PyDataset may change it"),
        ({"x": batches, "steps_per_epoch": 2}, "the data is a generator, which starts again"),
        ({"x": dataset().shuffle(64).batch(16)}, "the dataset is shuffled"),
        ({"x": dataset().batch(16).repeat(), "steps_per_epoch": 2}, "steps_per_epoch does not use the dataset up"),
        ({"x": generated()}, "the dataset comes from a Python generator or nested datasets"),
        (
            {"x": dataset().batch(16).map(lambda x, y: (x + tf.random.normal(tf.shape(x)), y))},
            "the dataset draws random numbers",
        ),
        ({"x": X, "y": Y, "shuffle": "batch"}, "Keras shuffles the data"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.filterwarnings("ignore:Your `PyDataset` class should call")
def test_data_that_may_differ_after_a_resumption_is_noted(tmp_path, arguments, cause):
    trial = Trial(tmp_path, build, **{"y": None, **arguments}).killed_and_resumed()
    assert trial.note.startswith(INEXACT)
    assert cause in trial.note
    assert trial.reported == [1, 2, 2, 3]


@pytest.mark.parametrize(
    "arguments",
    [
        {"x": Rows(), "y": None, "shuffle": False},
        {"x": dataset().batch(16).map(lambda x, y: (x * 2, y)).prefetch(2), "y": None},
        {},
    ],
    ids=["PyDataset", "tf.data", "arrays"],
)
@pytest.mark.filterwarnings("ignore:Your `PyDataset` class should call")
def test_data_in_a_fixed_order_resumes_exactly(tmp_path, arguments):
    exact(tmp_path, **arguments)


class Phase(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.phase = "warm"

    def on_epoch_end(self, epoch, logs=None):
        self.phase = "hot"


def test_state_of_callbacks_that_cannot_be_kept_is_noted(tmp_path):
    trial = Trial(tmp_path, build, callbacks=lambda: [Phase()]).killed_and_resumed()
    assert trial.note == f"{INEXACT}state of callbacks that cannot be restored: phase of Phase"


def test_a_changed_argument_of_a_callback_holds(tmp_path):
    factors = [0.5, 0.1]
    rates = []

    class Rate(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            rates.append(float(self.model.optimizer.learning_rate))

    def callbacks():
        return [keras.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=9.0, factor=factors.pop(0)), Rate()]

    Trial(tmp_path, build, callbacks=callbacks, epochs=4).killed_and_resumed()
    assert [round(rates[index] / rates[index - 1], 3) for index in range(1, 4)] == [0.5, 0.1, 0.1]


def test_a_damaged_state_falls_back_to_the_best_epoch_and_is_noted(tmp_path):
    uncut = whole(tmp_path / "whole", build, objective="val_loss")
    trial = Trial(tmp_path / "cut", build, objective="val_loss")
    trial.attempt(kill_at=2)
    path = checkpoint_directory(trial.directory, 0) / RESUME
    content = bytearray(path.read_bytes())
    path.unlink()  # best_epoch.npz may be another name of it
    content[500] ^= 4
    path.write_bytes(content)
    with pytest.warns(RuntimeWarning, match=r"resume\.npz is damaged.*: the training resumes after epoch \d"):
        trial.attempt()
    assert trial.curves == uncut.curves
    assert trial.note.startswith("resume.npz is damaged")


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
@pytest.mark.filterwarnings("ignore:Two cannot be saved whole")
def test_the_optimizers_of_a_custom_training_step_resume(tmp_path):
    class Two(keras.Model):
        """Trains its two layers by an optimizer each; has no call."""

        def __init__(self):
            super().__init__()
            self.first, self.last = keras.layers.Dense(3), keras.layers.Dense(1, activation="sigmoid")
            self.first.build((None, 4))
            self.last.build((None, 3))
            self.other = keras.optimizers.Adam(0.05)

        def test_step(self, data):
            x, y = data
            return {"loss": tf.reduce_mean(keras.losses.binary_crossentropy(y[:, None], self.last(self.first(x))))}

        def train_step(self, data):
            with tf.GradientTape(persistent=True) as tape:
                loss = self.test_step(data)["loss"]
            for optimizer, layer in ((self.optimizer, self.first), (self.other, self.last)):
                variables = layer.trainable_variables
                optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            return {"loss": loss}

    def build_two(hp):
        model = Two()
        model.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
        return model

    options = {"objective": "loss", "validation_data": None}
    uncut = whole(tmp_path / "whole", build_two, **options)
    trial = Trial(tmp_path / "cut", build_two, **options).killed_and_resumed()
    assert (trial.curves, trial.note, trial.reported) == (uncut.curves, None, [1, 2, 2, 3])


def test_the_best_execution_is_kept_though_only_the_last_one_puts_the_trial_among_the_best(tmp_path):
    values = [0.1, 0.9, 0.5]

    class MadeUp(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["made_up"] = values.pop(0)

    objective = Objective("made_up", "max")
    options = {"objective": objective, "executions": 3, "epochs": 1, "callbacks": lambda: [MadeUp()]}
    whole(tmp_path, build, keep=lambda event: getattr(event, "execution", 0) == 2, **options)
    assert read_metadata(checkpoint_directory(tmp_path, 0)).execution == 1
