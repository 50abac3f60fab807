"""A search with `cv`: the executions of a trial are folds."""

from dataclasses import dataclass

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

import kerastune_lite as kt
from kerastune_lite.errors import DataError, StudyChanged, UsageError
from tests import tiny

X, Y = tiny.X, tiny.Y


@pytest.fixture
def tuner(tmp_path):
    """Makes tuners of one study."""

    def make(build_model=tiny.build_model, objective="val_loss", kind=kt.RandomSearch, **options):
        options = {"max_trials": 2, "seed": 3, "cv": 3, "tensorboard": False, "directory": tmp_path, **options}
        return kind(build_model, objective, **options)

    return make


def search(tuner, x=X, y=Y, **arguments):
    return tuner.search(x, y, **{"epochs": 1, "verbose": 0, **arguments})


def curves(results):
    return {trial.number: [dict(execution.metrics) for execution in trial.executions] for trial in results}


def test_the_score_is_the_mean_over_folds_with_its_deviation(tuner):
    best = search(tuner()).best
    assert len(best.execution_scores) == 3
    assert best.score == pytest.approx(np.mean(best.execution_scores))
    assert best.deviation == pytest.approx(np.std(best.execution_scores, ddof=1))


def test_a_number_of_folds_is_the_stratified_splitter_with_the_studys_seed(tuner, tmp_path):
    by_number = search(tuner())
    splitter = StratifiedKFold(3, shuffle=True, random_state=3)
    by_splitter = search(tuner(cv=splitter, directory=tmp_path / "other"))
    assert curves(by_number) == curves(by_splitter)


def test_all_trials_see_the_same_folds(tuner):
    seen = []

    class Recording(kt.HyperModel):
        def build(self, hp):
            return tiny.build_model(hp)

        def fit(self, hp, model, x, y, validation_data, **kwargs):
            seen.append((x.tolist(), validation_data[0].tolist()))
            return model.fit(x, y, validation_data=validation_data, **kwargs)

    search(tuner(Recording()))
    assert seen[:3] == seen[3:]
    assert len({str(held_out) for _, held_out in seen}) == 3
    assert all(sorted(train + held_out) == sorted(X.tolist()) for train, held_out in seen)


def test_groups_reach_the_splitter(tuner):
    groups = np.arange(len(X)) % 4
    assert len(search(tuner(cv=GroupKFold(4)), groups=groups).best.execution_scores) == 4


class Interrupt(keras.callbacks.Callback):
    """Interrupts a training at the beginning of its second epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


def in_the_third_fold(trial):
    return [Interrupt()] if (trial.number, trial.execution) == (1, 2) else []


def test_a_search_interrupted_in_its_third_fold_resumes_with_that_fold(tuner, tmp_path):
    def build(hp):
        return tiny.compiled(tiny.network(hp.Int("units", 2, 8), dropout=0.3))

    uncut = search(tuner(build, directory=tmp_path / "uncut"), epochs=3)
    with pytest.raises(KeyboardInterrupt):
        search(tuner(build), epochs=3, callbacks=in_the_third_fold)
    (cut,) = [trial for trial in tuner(build).results() if trial.status == "interrupted"]
    assert [len(execution.metrics) for execution in cut.executions] == [3, 3, 1]
    resumed = search(tuner(build), epochs=3)
    assert curves(resumed) == curves(uncut)
    assert all("resume" not in trial.notes for trial in resumed)


@dataclass(frozen=True)
class StopsAfterTwoFolds:
    def __call__(self, trial, history):
        done = trial.number > 0 and len(trial.executions) == 2 and trial.epoch == 2
        return kt.stopping.Stop("two folds are enough") if done else None


def test_a_trial_stopped_between_folds_keeps_the_folds_it_has(tuner):
    a_tuner = tuner(stopping=StopsAfterTwoFolds(), keep_checkpoints=None)
    results = search(a_tuner, epochs=2)
    whole, stopped = sorted(results, key=lambda trial: trial.number)
    assert (whole.status, len(whole.executions)) == ("completed", 3)
    assert (stopped.status, stopped.reason) == ("stopped", "two folds are enough")
    assert [len(execution.metrics) for execution in stopped.executions] == [2, 2]
    assert stopped.score == pytest.approx(np.mean(stopped.execution_scores))
    assert results.best is whole
    assert len(a_tuner.get_best_models(2)) == 2


@pytest.mark.parametrize("change", [{"cv": 4}, {"cv": None}, {"cv": KFold(3)}], ids=str)
def test_other_folds_are_a_changed_study(tuner, change):
    search(tuner())
    data = {} if change["cv"] is not None else {"validation_split": 0.2}
    with pytest.raises(StudyChanged, match="cv: StratifiedKFold, 3 folds of 96 rows"):
        search(tuner(**change), **data)
    assert len(search(tuner(**change, max_trials=3, extend=True), **data)) == 3


def test_other_rows_are_a_changed_study(tuner):
    search(tuner())
    with pytest.raises(StudyChanged, match=r"3 folds of 96 rows \(\w+\), now StratifiedKFold, 3 folds of 90 rows"):
        search(tuner(), X[:90], Y[:90])


def test_a_drawn_seed_is_recorded_and_gives_the_same_folds_again(tuner):
    first = search(tuner(seed=None, max_trials=1))
    again = search(tuner(seed=None, max_trials=2))
    assert curves(again)[0] == curves(first)[0]


def test_executions_that_are_the_folds_may_be_named(tuner):
    a_tuner = tuner(executions_per_trial=3)
    search(a_tuner)
    assert a_tuner.executions_per_trial == 3


@pytest.mark.parametrize("executions", [1, 2])
def test_another_number_of_executions_is_an_error(tuner, executions):
    with pytest.raises(UsageError, match=rf"executions_per_trial={executions}, but cv=3 gives 3 folds"):
        search(tuner(executions_per_trial=executions))


@pytest.mark.parametrize(
    "cv", [1, 0, -3, True, "5", 2.5, KFold, pytest.param((fold for fold in ()), id="generator")], ids=str
)
def test_what_is_no_splitter_is_an_error_at_once(tuner, cv):
    with pytest.raises(UsageError, match="cv="):
        tuner(cv=cv)


def test_cv_as_an_argument_of_search_is_an_error_with_its_place(tuner):
    with pytest.raises(UsageError, match=r"cv is an option of the tuner: RandomSearch\(build_model, ..., cv=5\)"):
        search(tuner(cv=None), cv=5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"validation_split": 0.2}, "give cv or validation_split"),
        ({"validation_data": (X, Y)}, "give cv or validation_data"),
        (
            {"x": tf.data.Dataset.from_tensor_slices((X, Y)).batch(8), "y": None},
            "leave out cv and give validation_data=",
        ),
        ({"x": lambda: X}, "x is a function"),
    ],
    ids=["split", "data", "dataset", "function"],
)
def test_data_that_cannot_be_split_is_an_error_before_anything_is_written(tuner, tmp_path, arguments, message):
    with pytest.raises(DataError, match=message):
        search(tuner(), **arguments)
    assert list(tmp_path.iterdir()) == []


def test_an_overridden_run_trial_and_cv_exclude_each_other(tuner):
    class Own(kt.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            return 0.0

    with pytest.raises(UsageError, match="cv cannot be used with an overridden run_trial"):
        tuner(kind=Own)
    tuner(kind=Own, cv=None)
