"""A training that pauses and is resumed ends, bit for bit, as one that was not paused."""

import itertools

import keras
import numpy as np
import pytest

import kerastune_lite as kt
from kerastune_lite.callbacks import Checkpoint
from kerastune_lite.errors import UsageError
from kerastune_lite.study.layout import RESUME, checkpoint_directory
from tests import tiny
from tests.training.attempts import Trial, whole

EPOCHS = 5


def build(hp):
    model = keras.Sequential(
        [keras.layers.Dense(4, activation="relu"), keras.layers.BatchNormalization(), keras.layers.Dropout(0.3)]
    )
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    return tiny.compiled(model)


def paused_and_resumed(directory, *, pauses=(2,), **options):
    trial = Trial(directory, build, epochs=EPOCHS, **options)
    for pause in pauses:
        assert not trial.attempt(pause_at=pause)
    assert not trial.attempt()
    return trial


CASES = {
    "one pause": {},
    "several pauses": {"pauses": (1, 2, 4)},
    "a state at most once an hour": {"checkpoint": Checkpoint(every_seconds=3600)},
    "best weights restored when a training ends": {
        "callbacks": lambda: [keras.callbacks.EarlyStopping(patience=10, restore_best_weights=True)]
    },
    "a schedule by epoch": {
        "callbacks": lambda: [keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.01 / (epoch + 1))]
    },
    "two executions": {"executions": 2},
}


@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_a_paused_training_ends_as_one_that_was_not_paused(tmp_path, options):
    rest = {name: value for name, value in options.items() if name not in ("pauses", "checkpoint")}
    uncut = whole(tmp_path / "whole", build, epochs=EPOCHS, keep=True, **rest)
    trial = paused_and_resumed(tmp_path / "paused", keep=True, **options)
    assert trial.curves == uncut.curves
    assert trial.note is None
    assert trial.kept_loss() == uncut.kept_loss()


def test_the_number_of_epochs_is_that_of_the_whole_training_even_when_it_pauses(tmp_path):
    seen = []

    class Params(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append(self.params["epochs"])

    paused_and_resumed(tmp_path, callbacks=lambda: [Params()])
    assert seen == [EPOCHS] * 2


def test_a_state_is_not_saved_more_often_than_asked_for_except_for_the_best_epochs(tmp_path):
    saved, scores = [], iter([0.5, 0.9, 0.4, 0.8, 0.7])
    checkpoint = Checkpoint(tmp_path, objective="val_loss", every_seconds=3600)

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            saved.append((tmp_path / RESUME).stat().st_mtime_ns)

    class Score(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["val_loss"] = next(scores)

    model = build(None)
    tmp_path.mkdir(exist_ok=True)
    model.fit(tiny.X, tiny.Y, epochs=5, verbose=0, callbacks=[Score(), checkpoint, Look()])
    assert [after != before for before, after in itertools.pairwise(saved)] == [False, True, False, False]


@pytest.mark.parametrize("seconds", [-1, float("nan"), "1", None])
def test_the_time_between_saves_is_a_number_from_zero(seconds):
    with pytest.raises(UsageError, match="every_seconds"):
        Checkpoint(every_seconds=seconds)


def test_a_search_that_runs_out_of_epochs_resumes_its_training_where_it_paused(tmp_path):
    def run(**limits):
        tuner = kt.RandomSearch(
            tiny.build_model, "val_loss", max_trials=2, seed=1, directory=tmp_path / str(len(limits)), **limits
        )
        for _ in range(2 if limits else 1):
            results = tuner.search(tiny.X, tiny.Y, epochs=4, validation_split=0.2, verbose=0)
            tuner = kt.RandomSearch(tiny.build_model, "val_loss", max_trials=2, seed=1, directory=tmp_path / "1")
        return [(trial.status, trial.score, trial.epoch) for trial in sorted(results, key=lambda trial: trial.number)]

    assert run(max_epochs_total=6) == run()


def test_the_model_of_a_paused_trial_can_be_loaded(tmp_path):
    tuner = kt.RandomSearch(tiny.build_model, "val_loss", max_trials=2, directory=tmp_path, max_epochs_total=3)
    results = tuner.search(tiny.X, tiny.Y, epochs=4, validation_data=(tiny.X, tiny.Y), verbose=0)
    assert results[0].status == "paused"
    assert (checkpoint_directory(tuner.project_dir, 0) / RESUME).exists()
    loss = tuner.get_best_models()[0].evaluate(tiny.X, tiny.Y, verbose=0, return_dict=True)["loss"]
    assert np.isclose(loss, results[0].score)
