"""Searches whose trials train together in this process."""

import keras
import numpy as np
import pytest

import kerastune_lite as kt
from kerastune_lite.errors import UsageError
from kerastune_lite.training import stacked_epochs
from tests import tiny

RATES = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06]


def build_model(hp):
    model = tiny.network(hp.Choice("units", [4, 5]))
    model.compile(keras.optimizers.Adam(hp.Choice("rate", RATES)), "binary_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture
def always_worth_while(monkeypatch):
    monkeypatch.setattr(stacked_epochs, "_WORTHWHILE", 0)


def tuner(directory, build=build_model, trials=6, units=4, kind=kt.RandomSearch, **options):
    made = kind(build, "val_loss", max_trials=trials, seed=1, directory=directory, **options)
    for rate in RATES[:trials]:
        made.enqueue({"units": units, "rate": rate})
    return made


def search(made, **arguments):
    arguments = {"validation_data": (tiny.X, tiny.Y), "epochs": 4, "batch_size": 16, **arguments}
    return made.search(tiny.X, tiny.Y, **arguments, verbose=0)


def curves(results):
    return {trial.number: [dict(run.metrics) for run in trial.executions] for trial in results}


def stacked(results):
    return [trial.notes.get("stacked") for trial in sorted(results, key=lambda trial: trial.number)]


def assert_close(results, others):
    found, expected = ({trial.number: trial for trial in each} for each in (results, others))
    assert found.keys() == expected.keys()
    for number, trial in expected.items():
        assert found[number].status == trial.status
        assert found[number].epoch == trial.epoch
        assert found[number].metrics == pytest.approx(trial.metrics, rel=1e-4)


@pytest.mark.usefixtures("always_worth_while")
def test_scores_differ_by_rounding_and_saved_models_have_their_scores(tmp_path):
    alone = search(tuner(tmp_path / "alone"))
    made = tuner(tmp_path / "stacked", workers=kt.executors.Stacked(4))
    together = search(made)
    assert_close(together, alone)
    assert stacked(alone) == [None] * 6
    assert stacked(together) == [4] * 6
    assert together.best.number == alone.best.number
    assert curves(search(tuner(tmp_path / "again", workers=kt.executors.Stacked(4)))) == curves(together)
    for model, trial in zip(made.get_best_models(3), together, strict=False):  # the best come first
        assert model.evaluate(tiny.X, tiny.Y, verbose=0, return_dict=True)["loss"] == pytest.approx(trial.score)


def test_few_steps_are_not_stacked_and_end_bit_for_bit_as_alone(tmp_path):
    alone = search(tuner(tmp_path / "alone"))
    together = search(tuner(tmp_path / "stacked", workers=kt.executors.Stacked(4)))
    assert curves(together) == curves(alone)
    assert stacked(together) == [0] * 6
    assert [trial.reused for trial in sorted(together, key=lambda trial: trial.number)] == [False] + [True] * 5


@pytest.mark.usefixtures("always_worth_while")
def test_a_trial_that_fails_does_not_disturb_the_others(tmp_path):
    class Fails(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1 and float(np.float32(self.model.optimizer.learning_rate)) == pytest.approx(0.02):
                raise ValueError("of the second")

    together = search(tuner(tmp_path / "stacked", workers=kt.executors.Stacked(6)), callbacks=[Fails()])
    assert [trial.status for trial in sorted(together, key=lambda trial: trial.number)] == [
        "completed",
        "failed",
        *["completed"] * 4,
    ]
    alone = search(tuner(tmp_path / "alone"), callbacks=[Fails()])
    assert_close(together, alone)


@pytest.mark.usefixtures("always_worth_while")
def test_trials_stop_one_by_one(tmp_path):
    options = {"early_stopping": kt.callbacks.EarlyStopping(patience=1, min_delta=0.01)}
    alone = search(tuner(tmp_path / "alone", **options), epochs=30)
    together = search(tuner(tmp_path / "stacked", workers=kt.executors.Stacked(6), **options), epochs=30)
    assert_close(together, alone)
    assert len({trial.epoch for trial in together}) > 1


class Interrupts(keras.callbacks.Callback):
    """Raises what Ctrl-C raises, once."""

    done = False

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1 and not Interrupts.done:
            Interrupts.done = True
            raise KeyboardInterrupt


def test_an_interrupted_search_is_resumed_bit_for_bit(tmp_path, monkeypatch):
    monkeypatch.setattr(Interrupts, "done", False)
    alone = search(tuner(tmp_path / "alone"))
    workers, callbacks = kt.executors.Stacked(4), [Interrupts()]
    with pytest.raises(KeyboardInterrupt):
        search(tuner(tmp_path / "stacked", workers=workers), callbacks=callbacks)
    interrupted = tuner(tmp_path / "stacked", workers=workers).results()
    assert [trial.status for trial in interrupted] == ["interrupted"] * 4
    together = search(tuner(tmp_path / "stacked", workers=workers), callbacks=callbacks)
    assert curves(together) == curves(alone)


@pytest.mark.usefixtures("always_worth_while")
def test_models_that_cannot_train_with_others_train_alone(tmp_path):
    class Own(keras.Sequential):
        def train_step(self, data):
            return super().train_step(data)

    def build(hp):
        model = build_model(hp)
        if hp.get("rate") in (0.02, 0.04):
            model = Own(model.layers)
            model.compile(keras.optimizers.Adam(hp.get("rate")), "binary_crossentropy", metrics=["accuracy"])
        keras.backend.clear_session()
        return model

    alone = search(tuner(tmp_path / "alone", build))
    together = search(tuner(tmp_path / "stacked", build, workers=kt.executors.Stacked(3)))
    assert_close(together, alone)
    assert stacked(together)[1::2][:2] == [None, None]
    assert stacked(together)[0] > 0


class OwnFit(kt.HyperModel):
    def build(self, hp):
        return build_model(hp)

    def fit(self, hp, model, x, y, **arguments):
        return model.fit(x, y, **arguments)


@pytest.mark.usefixtures("always_worth_while")
def test_a_fit_of_the_hypermodel_trains_alone_bit_for_bit(tmp_path):
    alone = search(tuner(tmp_path / "alone", OwnFit()))
    together = search(tuner(tmp_path / "stacked", OwnFit(), workers=kt.executors.Stacked(3)))
    assert curves(together) == curves(alone)
    assert stacked(together) == [None] * 6


@pytest.mark.usefixtures("always_worth_while")
def test_trials_pause_and_go_on_together(tmp_path):
    def build(hp):
        model = tiny.network(4)
        model.compile(keras.optimizers.Adam(hp.Float("rate", 0.01, 0.1)), "binary_crossentropy", metrics=["accuracy"])
        return model

    options = {"max_epochs": 9, "factor": 3, "seed": 1}
    made = kt.Hyperband(build, "val_loss", directory=tmp_path, workers=kt.executors.Stacked(9), **options)
    results = made.search(tiny.X, tiny.Y, validation_data=(tiny.X, tiny.Y), verbose=0)
    assert results.best.epoch == 9
    assert any(trial.notes["stacked"] for trial in results if "stacked" in trial.notes)


def test_graphs_that_are_never_reused_cannot_be_shared(tmp_path):
    with pytest.raises(UsageError, match="trials that train together share a graph"):
        tuner(tmp_path, workers=kt.executors.Stacked(2), reuse="never")


def test_functions_run_one_after_the_other(tmp_path):
    options = {"objective": kt.Objective("x", "min"), "directory": tmp_path, "verbose": 0}
    results = kt.tune(lambda hp: hp.Float("x", 0, 1), max_trials=5, workers=kt.executors.Stacked(2), **options)
    assert len(results) == 5


def test_an_interrupt_in_the_first_trial_starts_no_others(tmp_path):
    begun = []

    def interrupted(hp):
        begun.append(hp.Float("x", 0, 1))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kt.tune(
            interrupted, objective="loss", max_trials=5, workers=kt.executors.Stacked(4), directory=tmp_path, verbose=0
        )
    assert len(begun) == 1
