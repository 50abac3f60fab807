import keras
import numpy as np
import pytest
import tensorflow as tf

import kerastune_lite as kt
from kerastune_lite.errors import DataError, ModelError, ObjectiveError
from kerastune_lite.study.events import Reported, Started
from kerastune_lite.study.task import Decision, Task
from kerastune_lite.training.arguments import FitArguments
from kerastune_lite.training.hypermodel import Builder
from kerastune_lite.training.keras_trial import KerasTrial
from kerastune_lite.training.recompile import recompiled
from kerastune_lite.training.returned import DEFAULT_OBJECTIVE
from tests import tiny
from tests.fakes import opened

DATA = {"x": tiny.X_TRAIN, "y": tiny.Y_TRAIN, "verbose": 0}


class Returning(kt.HyperModel):
    """Its `fit` trains and returns what it was made with."""

    def __init__(self, returned, *, quiet=False):
        super().__init__()
        self.returned = returned
        self.quiet = quiet

    def build(self, hp):
        return tiny.build_model(hp)

    def fit(self, hp, model, *args, callbacks=None, **kwargs):
        model.fit(*args, callbacks=None if self.quiet else callbacks, verbose=0, **kwargs)
        return self.returned


@pytest.fixture
def tuner(tmp_path):
    def make(model, objective=None, **options):
        options = {"max_trials": 1, "directory": tmp_path, "tensorboard": False, "seed": 0, **options}
        return kt.RandomSearch(model, objective, **options)

    return make


def test_a_hypermodel_has_a_name_and_may_be_made_without_its_base():
    class Bare(kt.HyperModel):
        def __init__(self):
            pass

    assert (kt.HyperModel("mlp").name, kt.HyperModel().tunable, Bare().name, Bare().tunable) == (
        "mlp",
        True,
        None,
        True,
    )


def test_what_a_hypermodel_that_is_not_tunable_reads_keeps_its_default(tuner):
    class Still(kt.HyperModel):
        def build(self, hp):
            return tiny.build_model(hp)

    results = tuner(Still(tunable=False), "loss").search(**DATA)
    assert dict(results.best.values) == {}


def test_a_builder_shows_what_the_users_object_has():
    builder = Builder(Returning(0.5))
    assert builder.returned == 0.5
    with pytest.raises(AttributeError, match="nothing"):
        _ = builder.nothing


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("returned", [0.5, np.float32(0.5), np.array(0.5), {"default_objective": 0.5}])
def test_a_number_that_fit_returns_is_the_objective(tuner, returned, quiet):
    a_tuner = tuner(Returning(returned, quiet=quiet))
    best = a_tuner.search(**DATA, epochs=2).best
    assert (best.score, best.best_epoch) == (0.5, 1 if quiet else 2)


def test_the_model_of_the_last_epoch_is_kept_where_the_objective_is_known_afterwards(tuner):
    weights = []

    class Watching(Returning):
        def fit(self, hp, model, *args, **kwargs):
            returned = super().fit(hp, model, *args, **kwargs)
            weights.append(model.get_weights())
            return returned

    a_tuner = tuner(Watching(0.5))
    a_tuner.search(**DATA, epochs=2)
    (model,) = a_tuner.get_best_models()
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), weights[0], strict=True))


def test_the_model_of_the_best_execution_is_kept_where_the_objective_is_known_afterwards(tuner):
    weights, scores = [], [0.5, 0.25, 0.75]

    class Scored(Returning):
        def fit(self, hp, model, *args, **kwargs):
            super().fit(hp, model, *args, **kwargs)
            weights.append(model.get_weights())
            return scores[len(weights) - 1]

    a_tuner = tuner(Scored(None), executions_per_trial=3)
    assert a_tuner.search(**DATA, epochs=2).best.best_execution == 1
    (model,) = a_tuner.get_best_models()
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), weights[1], strict=True))


@pytest.mark.parametrize(("first_epoch", "kept"), [(2, 0), (0, 1)])
def test_the_model_of_the_best_stage_is_kept_unless_the_epochs_begin_again(tuner, first_epoch, kept):
    weights = []

    class Stages(Returning):
        def fit(self, hp, model, *args, callbacks=None, **kwargs):
            for begin, value in ((0, 0.25), (first_epoch, 0.75)):
                made_up = keras.callbacks.LambdaCallback(
                    on_epoch_end=lambda epoch, logs, value=value: logs.update(made_up=value - epoch / 100)
                )
                stage = {"initial_epoch": begin, "epochs": begin + 2, "verbose": 0}
                model.fit(*args, callbacks=[made_up, *callbacks], **stage)
                weights.append(model.get_weights())

    a_tuner = tuner(Stages(None), kt.Objective("made_up", "min"))
    a_tuner.search(**DATA)
    (model,) = a_tuner.get_best_models()
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), weights[kept], strict=True))


@pytest.mark.parametrize(("quiet", "outcome"), [(True, "completed"), (False, "stopped")])
def test_a_stop_after_the_training_does_not_stop_it(tmp_path, quiet, outcome):
    def send(event):
        return Decision(stop="now" if isinstance(event, Reported) else None)

    arguments = FitArguments({"x": tiny.X, "y": tiny.Y})
    trial = KerasTrial(Builder(Returning(0.5, quiet=quiet)), arguments, DEFAULT_OBJECTIVE, tmp_path)
    assert trial(Task(Started(trial=0, attempt=1, values={}), opened()), send).outcome == outcome


def test_what_epochs_report_counts_before_what_is_returned(tuner):
    best = tuner(Returning(123.0), "loss").search(**DATA).best
    assert best.score < 100


@pytest.mark.parametrize(
    ("model", "objective", "error", "said"),
    [
        (
            Returning(None, quiet=True),
            "loss",
            DataError,
            r"fit\(\) of the hypermodel reported no epoch and returned None",
        ),
        (Returning({"other": 1.0}), None, ObjectiveError, r'and no objective is given; .*objective="val_loss"'),
        (Returning({"other": 1.0}), "val_loss", ObjectiveError, "'val_loss' is not among the reported metrics"),
    ],
)
def test_a_training_without_the_objective_ends_the_search(tuner, model, objective, error, said):
    with pytest.raises(error, match=said):
        tuner(model, objective).search(**DATA)


def test_an_objective_is_needed_where_nothing_returns_a_number(tuner):
    with pytest.raises(ObjectiveError, match="give an objective"):
        tuner(tiny.build_model)


def test_compile_again_replaces_what_is_given_and_keeps_the_rest():
    model = tiny.compiled(tiny.network())
    assert recompiled(model, {}) is model
    optimizer = keras.optimizers.Adam(0.5)
    recompiled(model, {"optimizer": optimizer, "loss": "mse"})
    assert isinstance(model.optimizer, keras.optimizers.Adam)
    assert model.optimizer is not optimizer
    assert (float(model.optimizer.learning_rate), model.loss, model.run_eagerly) == (0.5, "mse", True)
    model.fit(tiny.X_TRAIN, tiny.Y_TRAIN, verbose=0)
    assert "accuracy" in model.get_metrics_result()


def test_a_model_that_was_not_compiled_is_compiled_by_the_tuner(tuner):
    a_tuner = tuner(
        lambda hp: tiny.network(hp.Int("units", 2, 8)), "loss", optimizer="sgd", loss="mse", metrics=["mae"]
    )
    assert "mae" in a_tuner.search(**DATA).best.metrics


def test_trials_are_built_and_trained_in_the_scope_of_a_distribution_strategy(tuner):
    strategy, seen = tf.distribute.OneDeviceStrategy("/cpu:0"), []

    class Watching(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(tf.distribute.get_strategy() is strategy)

    def build(hp):
        seen.append(tf.distribute.get_strategy() is strategy)
        return tiny.build_model(hp)

    tuner(build, "loss", distribution_strategy=strategy).search(**DATA, callbacks=lambda: [Watching()])
    assert seen[1:] == [True, True]  # the first build reads the space


def test_harmless_options_are_taken(tuner):
    assert tuner(tiny.build_model, "loss", logger=None, tuner_id="worker7").tuner_id == "worker7"


def test_a_build_model_that_returns_one_model_each_time_is_refused_before_its_first_training(tuner):
    model = tiny.compiled(tiny.network())
    a_tuner = tuner(lambda hp: model, "loss")
    with pytest.raises(ModelError, match=r"returned the model '.*' once more.*create the model inside of build_model"):
        a_tuner.search(**DATA)
    assert model.optimizer.iterations == 0
