"""Hyperband on Keras models: promoted trials continue their own training."""

import keras
import pytest

import kerastune_lite as kt
from kerastune_lite.errors import UsageError
from tests import tiny

DATA = {"x": tiny.X, "y": tiny.Y, "validation_data": (tiny.X, tiny.Y), "verbose": 0}


def tuner(directory, **options):
    options = {"max_epochs": 4, "seed": 1, "tensorboard": False, **options}
    return kt.Hyperband(tiny.build_model, "val_loss", directory=directory, **options)


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    begun = []

    class Begins(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            begun.append((self.trial, epoch))

    made = tuner(tmp_path_factory.mktemp("hyperband"))

    def callbacks(info):
        callback = Begins()
        callback.trial = info.number
        return [callback]

    return made, made.search(callbacks=callbacks, **DATA), begun


def test_the_best_trials_of_each_rung_continue_and_the_winner_is_fully_trained(searched):
    _, results, _ = searched
    assert sorted(trial.epoch for trial in results) == [3, 3, 4, 4, 4]
    assert all(trial.status in ("completed", "stopped") for trial in results)


def test_no_epoch_is_trained_twice(searched):
    _, results, begun = searched
    assert sorted(begun) == sorted((trial.number, epoch) for trial in results for epoch in range(trial.epoch))


def test_a_promoted_trial_ends_bit_for_bit_as_one_that_was_not_paused(searched, tmp_path):
    _, results, _ = searched
    promoted = next(trial for trial in results if trial.attempts > 1)
    plain = kt.RandomSearch(tiny.build_model, "val_loss", max_trials=1, seed=1, directory=tmp_path, tensorboard=False)
    plain.enqueue(promoted.values)
    whole = plain.search(epochs=4, **DATA)[0]
    assert (promoted.number, promoted.values) == (whole.number, whole.values)
    assert dict(promoted.executions[0].metrics) == dict(whole.executions[0].metrics)


def test_the_kept_models_score_what_the_table_says(searched):
    made, results, _ = searched
    losses = [model.evaluate(tiny.X, tiny.Y, verbose=0, return_dict=True)["loss"] for model in made.get_best_models(3)]
    assert losses == pytest.approx([trial.score for trial in results[:3]])


def test_no_state_to_resume_from_is_left(searched):
    made, _, _ = searched
    assert not [*made.project_dir.rglob("resume.npz")]


def test_the_first_line_is_the_number_of_epochs_that_it_trains(tmp_path, capsys):
    made = tuner(tmp_path, max_epochs=100, max_epochs_total=1)
    made.search(**{**DATA, "verbose": 1})
    assert capsys.readouterr().out.splitlines()[0] == "hyperband: 49 trials that train 1505 epochs in all"


def test_iterations_repeat_the_brackets(tmp_path):
    assert tuner(tmp_path, hyperband_iterations=2).remaining_trials == 10


def test_another_number_of_epochs_has_no_effect_and_warns(tmp_path):
    with pytest.warns(UserWarning, match="epochs=2 has no effect: Hyperband trains for max_epochs=4"):
        results = tuner(tmp_path, max_epochs_total=4).search(epochs=2, **DATA)
    assert max(trial.epoch for trial in results) == 3


def test_the_oracle_has_the_same_settings(tmp_path):
    oracle = kt.oracles.HyperbandOracle("val_loss", max_epochs=9, factor=3, hyperband_iterations=2, seed=1)
    made = kt.Tuner(tiny.build_model, oracle=oracle, directory=tmp_path, tensorboard=False, max_epochs_total=1)
    assert made.remaining_trials == 10
    assert made.search(epochs=9, **DATA)[0].proposal.pause_at == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_epochs": 3}, "max_epochs=3 is not above the first rung"),
        ({"factor": 1}, "eta=1"),
        ({"hyperband_iterations": 0}, "hyperband_iterations=0"),
        ({"hyperband_iterations": float("inf")}, "hyperband_iterations=inf"),
        ({"max_trials": 3}, "its own strategy and number of trials"),
        ({"strategy": kt.strategies.Random()}, "its own strategy and number of trials"),
    ],
)
def test_arguments_out_of_range_are_named(tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        tuner(tmp_path, **options)


@pytest.mark.parametrize("options", [{"executions_per_trial": 2}, {"cv": 3}], ids=["executions", "folds"])
def test_only_the_promoted_trials_get_all_executions_and_these_end_as_if_never_paused(tmp_path, options):
    data = DATA if "executions_per_trial" in options else {"x": tiny.X, "y": tiny.Y, "verbose": 0}
    runs = next(iter(options.values()))
    results = tuner(tmp_path / "halving", **options).search(**data)
    assert all(len(trial.executions) == (runs if trial.status == "completed" else 1) for trial in results)
    promoted = next(trial for trial in results if trial.attempts > 1)
    plain = kt.RandomSearch(
        tiny.build_model,
        "val_loss",
        max_trials=promoted.number + 1,
        seed=1,
        directory=tmp_path / "plain",
        tensorboard=False,
        **options,
    )
    for trial in sorted(results, key=lambda trial: trial.number)[: promoted.number + 1]:
        plain.enqueue(trial.values)
    whole = next(trial for trial in plain.search(epochs=4, **data) if trial.number == promoted.number)
    assert promoted.values == whole.values
    assert [dict(run.metrics) for run in promoted.executions] == [dict(run.metrics) for run in whole.executions]
