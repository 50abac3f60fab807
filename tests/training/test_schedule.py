"""What is noted of a training for stopping policies: its epochs, and a learning rate schedule."""

import keras
import pytest

import kerastune_lite as kt
from tests import tiny

CONSTANT = keras.optimizers.Adam


def cosine():
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 100))


class Halving(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.01 / 2 ** (epoch + 1)


CASES = {
    "a constant rate": (CONSTANT, [], None),
    "a schedule": (cosine, [], "CosineDecay"),
    "a schedule under loss scaling": (lambda: keras.optimizers.LossScaleOptimizer(cosine()), [], "CosineDecay"),
    "a callback of Keras": (
        CONSTANT,
        [keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate)],
        "LearningRateScheduler",
    ),
    "a callback of the user's": (CONSTANT, [Halving()], "the learning rate changed in epoch 1"),
    "a plateau": (CONSTANT, [keras.callbacks.ReduceLROnPlateau(patience=0, min_delta=1e9)], None),
}


@pytest.mark.parametrize(("optimizer", "callbacks", "schedule"), CASES.values(), ids=CASES)
def test_a_schedule_is_noted_and_a_plateau_is_none(tmp_path, optimizer, callbacks, schedule):
    def build(hp):
        model = tiny.network(hp.Int("units", 1, 4))
        model.compile(optimizer(), "binary_crossentropy")
        return model

    tuner = kt.RandomSearch(build, "val_loss", max_trials=1, directory=tmp_path, tensorboard=False)
    results = tuner.search(tiny.X, tiny.Y, epochs=3, validation_split=0.2, callbacks=callbacks, verbose=0)
    assert results[0].notes.get("schedule") == schedule


@pytest.mark.parametrize(("epochs", "noted"), [(3, None), (lambda hp: hp.Int("epochs", 2, 2), 2)])
def test_the_epochs_are_noted_where_they_depend_on_the_trial(tmp_path, epochs, noted):
    tuner = kt.RandomSearch(tiny.build_model, "val_loss", max_trials=1, directory=tmp_path, tensorboard=False)
    results = tuner.search(tiny.X, tiny.Y, epochs=epochs, validation_split=0.2, verbose=0)
    assert results[0].notes.get("epochs") == noted


def test_a_stopped_trial_keeps_its_reason_and_its_model(tmp_path):
    tuner = kt.RandomSearch(
        tiny.build_model, "val_loss", max_trials=3, seed=3, directory=tmp_path, stopping=kt.stopping.ASHA(first_epoch=1)
    )
    results = tuner.search(tiny.X, tiny.Y, epochs=4, validation_data=(tiny.X, tiny.Y), verbose=0)
    stopped = [trial for trial in results if trial.status == "stopped"]
    assert stopped
    assert all(trial.reason.startswith("epoch 1: rank") for trial in stopped)
    losses = [model.evaluate(tiny.X, tiny.Y, verbose=0, return_dict=True)["loss"] for model in tuner.get_best_models(3)]
    assert losses == pytest.approx([trial.score for trial in results])
