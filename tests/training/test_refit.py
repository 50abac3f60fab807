"""`tuner.refit_best`: the best configuration, trained on all data."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

import kerastune_lite as kt
from kerastune_lite.errors import DataError, SearchError
from kerastune_lite.study.events import Ended, Reported, Started
from kerastune_lite.study.history import History
from kerastune_lite.training.refit import best_epochs
from tests import tiny
from tests.fakes import opened

X, Y = tiny.X, tiny.Y


@pytest.fixture
def tuner(tmp_path):
    """Makes tuners of one study."""

    def make(build_model=tiny.build_model, objective="val_loss", kind=kt.RandomSearch, **options):
        options = {"max_trials": 2, "seed": 3, "tensorboard": False, "directory": tmp_path, **options}
        return kind(build_model, objective, **options)

    return make


def search(tuner, **arguments):
    return tuner.search(X, Y, **{"validation_split": 0.25, "epochs": 3, "verbose": 0, **arguments})


class Seen(keras.callbacks.Callback):
    """Keeps what a training was given."""

    def on_train_begin(self, logs=None):
        self.begun = (self.params["epochs"], self.params["steps"])


def weights(model):
    return [array.tolist() for array in model.get_weights()]


def test_the_best_configuration_is_trained_on_all_rows_up_to_its_best_epoch(tuner):
    a_tuner, seen = tuner(), Seen()
    best = search(a_tuner).best
    model = a_tuner.refit_best(X, Y, batch_size=16, callbacks=[seen], verbose=0)
    assert seen.begun == (best.best_epoch, len(X) / 16)
    assert model.layers[0].units == best.values["units"]
    assert float(model.optimizer.learning_rate) == pytest.approx(best.values["learning_rate"])


@pytest.mark.parametrize(("epochs", "expected"), [((2, 3, 3), 3), ((1, 2, 1), 1), ((1,), 1), ((4, 6), 5)])
def test_the_number_of_epochs_is_the_mean_of_the_best_epochs_rounded(epochs, expected):
    reports = [
        Reported(trial=0, execution=execution, epoch=epoch, metrics={"score": 1.0})
        for execution, epoch in enumerate(epochs)
    ]
    events = [opened(executions=len(epochs)), Started(trial=0, attempt=1, values={}), *reports, Ended(trial=0)]
    assert best_epochs(History(events)[0]) == expected


def test_given_epochs_are_used(tuner):
    a_tuner, seen = tuner(), Seen()
    search(a_tuner)
    a_tuner.refit_best(X, Y, epochs=5, callbacks=[seen], verbose=0)
    assert seen.begun[0] == 5


def test_it_gives_the_same_model_each_time_and_in_another_process(tuner):
    search(tuner())
    first, second = (tuner().refit_best(X, Y, verbose=0) for _ in range(2))
    assert weights(first) == weights(second)


def test_the_seed_is_that_of_the_trials_first_training(tuner):
    seeds = []

    def build(hp):
        seeds.append(np.random.get_state()[1][0])  # noqa: NPY002 - what Keras sets
        return tiny.build_model(hp)

    a_tuner = tuner(build, executions_per_trial=2, max_trials=1)
    search(a_tuner)
    a_tuner.refit_best(X, Y, verbose=0)
    assert seeds[-1] == seeds[-3]
    assert seeds[-1] != seeds[-2]


def test_the_study_does_not_change(tuner, tmp_path):
    def files():
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    a_tuner = tuner()
    search(a_tuner)
    before, kept = files(), weights(a_tuner.get_best_models()[0])
    model = a_tuner.refit_best(X, Y, verbose=0)
    assert files() == before
    assert weights(a_tuner.get_best_models()[0]) == kept != weights(model)


def test_arguments_are_functions_of_the_best_configuration_as_in_search(tuner):
    def batch_size(hp):
        return hp.Choice("batch_size", [8, 24])

    a_tuner, seen = tuner(), Seen()
    best = search(a_tuner, batch_size=batch_size).best
    a_tuner.refit_best(X, Y, batch_size=batch_size, callbacks=[seen], verbose=0)
    assert seen.begun[1] == len(X) / best.values["batch_size"]


def test_data_is_all_that_fit_takes(tuner):
    a_tuner = tuner()
    search(a_tuner)
    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).batch(32)
    a_tuner.refit_best(dataset, verbose=0)
    a_tuner.refit_best(X.tolist(), Y.tolist(), verbose=0)
    a_tuner.refit_best((batch for batch in dataset), steps_per_epoch=3, epochs=1, verbose=0)


def test_after_cross_validation_all_rows_are_used(tuner):
    a_tuner, seen = tuner(cv=3), Seen()
    a_tuner.search(X, Y, epochs=2, verbose=0)
    a_tuner.refit_best(X, Y, batch_size=len(X), callbacks=[seen], verbose=0)
    assert seen.begun[1] == 1


def test_a_hypermodels_own_fit_trains(tuner):
    class Own(kt.HyperModel):
        def build(self, hp):
            return tiny.build_model(hp)

        def fit(self, hp, model, x, y, callbacks, **kwargs):
            trained.append((len(x), kwargs["epochs"]))
            return model.fit(x, y, callbacks=callbacks, **kwargs)

    trained = []
    a_tuner = tuner(Own())
    best = search(a_tuner).best
    a_tuner.refit_best(X, Y, verbose=0)
    assert trained[-1] == (len(X), best.best_epoch)


def test_an_estimator_is_fitted_to_all_rows(tmp_path):
    def logistic(hp):
        return LogisticRegression(C=hp.Choice("C", [1e-4, 1.0]))

    a_tuner = kt.SklearnTuner(logistic, max_trials=2, seed=0, tensorboard=False, directory=tmp_path)
    a_tuner.search(X, Y, verbose=0)
    assert a_tuner.refit_best(X, Y).coef_.tolist() == LogisticRegression(C=1.0).fit(X, Y).coef_.tolist()


def test_without_a_finished_trial_it_is_an_error(tuner):
    with pytest.raises(SearchError, match="has no finished trial; call search"):
        tuner().refit_best(X, Y)


def test_without_data_it_is_an_error(tuner):
    a_tuner = tuner()
    search(a_tuner)
    with pytest.raises(DataError, match=r"refit_best\(\) got no training data"):
        a_tuner.refit_best(None)


def test_invalid_arguments_are_errors(tuner):
    a_tuner = tuner()
    search(a_tuner)
    with pytest.raises(DataError, match="epochs=0 must be an integer >= 1"):
        a_tuner.refit_best(X, Y, epochs=0)
    with pytest.raises(DataError, match="got no y"):
        a_tuner.refit_best(X)
