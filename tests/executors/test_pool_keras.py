"""Keras trials in worker processes."""

import os
import signal
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerastune_lite as kt
from kerastune_lite.errors import UsageError
from tests import tiny

pytestmark = pytest.mark.slow


def searched(directory, *, build=tiny.build_model, **options):
    arguments = {"validation_data": (tiny.X, tiny.Y), "epochs": 3, **options.pop("arguments", {})}
    made = kt.RandomSearch(build, "val_loss", max_trials=4, seed=1, directory=directory, **options)
    for units in range(2, 6):  # what is proposed may depend on what has ended, what a trial does with it may not
        made.enqueue({"units": units, "learning_rate": 0.01})
    return made, made.search(tiny.X, tiny.Y, **arguments, verbose=0)


def content(results):
    return {trial.number: (dict(trial.values), [dict(run.metrics) for run in trial.executions]) for trial in results}


def test_trials_in_workers_end_bit_for_bit_as_in_this_process(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    _, alone = searched(tmp_path / "alone")
    tuner, together = searched(tmp_path / "together", workers=2)
    assert content(together) == content(alone)
    (model,) = tuner.get_best_models(1)
    loss = model.evaluate(tiny.X, tiny.Y, verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(together.best.score)


class Dies(keras.callbacks.Callback):
    def __init__(self, flag):
        super().__init__()
        self.flag = str(flag)

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2 and not Path(self.flag).exists():
            Path(self.flag).touch()
            os.kill(os.getpid(), signal.SIGKILL)


def test_a_training_whose_worker_is_killed_resumes_after_its_last_epoch(tmp_path):
    _, alone = searched(tmp_path / "alone")
    _, together = searched(tmp_path / "cut", workers=2, arguments={"callbacks": [Dies(tmp_path / "flag")]})
    assert content(together) == content(alone)
    assert sorted(trial.attempts for trial in together) == [1, 1, 1, 2]


def test_a_dataset_cannot_be_sent_and_a_function_that_makes_it_can(tmp_path):
    data = tf.data.Dataset.from_tensor_slices((tiny.X, tiny.Y)).batch(8)
    with pytest.raises(UsageError, match=r"x=<_BatchDataset .* cannot be sent to a worker .*search\(x=make_data"):
        kt.RandomSearch(tiny.build_model, "loss", 2, directory=tmp_path, workers=2).search(data)
    tuner = kt.RandomSearch(tiny.build_model, "loss", 2, directory=tmp_path, workers=2)

    def make():
        return tf.data.Dataset.from_tensor_slices((tiny.X, tiny.Y)).batch(8)

    assert len(tuner.search(make, verbose=0)) == 2


class OwnTrials(kt.RandomSearch):
    def run_trial(self, trial, *args, **kwargs):
        return super().run_trial(trial, *args, **kwargs)


class OwnHook(kt.RandomSearch):
    def on_epoch_end(self, trial, model, epoch, logs=None):
        raise AssertionError


@pytest.mark.parametrize(("kind", "name"), [(OwnTrials, "run_trial"), (OwnHook, "on_epoch_end")])
def test_methods_of_the_tuner_that_would_have_to_run_in_workers_are_named(tmp_path, kind, name):
    with pytest.raises(UsageError, match=rf"{kind.__name__}.{name} cannot run in workers"):
        kind(tiny.build_model, "loss", 2, directory=tmp_path, workers=2).search(np.zeros((4, 2)), np.zeros(4))


def whole(directory, tuner, **arguments):
    """The curves of the same trials, trained to the end in this process."""
    plain = kt.RandomSearch(tiny.build_model, "val_loss", seed=1, directory=directory, **arguments)
    for trial in sorted(tuner.results(), key=lambda trial: trial.number):
        plain.enqueue(trial.values)
    return plain


def test_hyperband_promotes_trials_across_workers_bit_for_bit(tmp_path):
    data = {"x": tiny.X, "y": tiny.Y, "validation_data": (tiny.X, tiny.Y), "verbose": 0}
    tuner = kt.Hyperband(tiny.build_model, "val_loss", max_epochs=4, seed=1, directory=tmp_path / "band", workers=2)
    results = tuner.search(**data)
    promoted = next(trial for trial in results if trial.attempts > 1)
    plain = whole(tmp_path / "plain", tuner, max_trials=len(results))
    alone = next(trial for trial in plain.search(epochs=4, **data) if trial.number == promoted.number)
    assert promoted.values == alone.values
    assert dict(promoted.executions[0].metrics) == dict(alone.executions[0].metrics)
    assert {trial.status for trial in results} <= {"completed", "stopped"}


def test_folds_and_confirmations_are_trained_in_workers(tmp_path):
    arguments = {"epochs": 2, "verbose": 0}
    folds = kt.RandomSearch(tiny.build_model, "val_loss", 3, seed=1, directory=tmp_path / "cv", cv=3, workers=2)
    assert {len(trial.executions) for trial in folds.search(tiny.X, tiny.Y, **arguments)} == {3}
    tuner = kt.RandomSearch(tiny.build_model, "val_loss", 3, seed=1, directory=tmp_path / "c", confirm=2, workers=2)
    results = tuner.search(tiny.X, tiny.Y, validation_data=(tiny.X, tiny.Y), **arguments)
    assert [len(trial.executions) for trial in results] == [3, 3, 1]
    assert len(tuner.get_best_models(2)) == 2


def test_workers_write_for_tensorboard_and_the_driver_shows_where_trials_ran(tmp_path):
    callbacks = [keras.callbacks.TensorBoard()]
    _, results = searched(tmp_path, workers=2, arguments={"callbacks": callbacks})
    runs = {path.name for path in (tmp_path / "study" / "tensorboard").iterdir()}
    assert {f"trial_{trial.number:04d}" for trial in results} <= runs
    assert (tmp_path / "study" / "tensorboard" / "trial_0000" / "train").is_dir()
