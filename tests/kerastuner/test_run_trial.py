"""Tuners that override `run_trial`, or the hooks."""

import keras
import pytest

import kerastune_lite as kt
from kerastune_lite.errors import DataError, ObjectiveError, SearchError, UsageError
from kerastune_lite.kerastuner.run_trial import OwnTrials
from kerastune_lite.study.events import Reported, Started
from kerastune_lite.study.task import Decision, Task
from kerastune_lite.training.data_cache import DataCache
from tests import tiny
from tests.fakes import opened

DATA = {"x": tiny.X_TRAIN, "y": tiny.Y_TRAIN, "validation_data": (tiny.X_VAL, tiny.Y_VAL), "verbose": 0}


@pytest.fixture
def running(tmp_path):
    """Makes a tuner whose `run_trial` is a function of (tuner, trial, ...)."""

    def make(run, base=kt.RandomSearch, **options):
        kind = type("Mine", (base,), {"run_trial": run})
        return kind(**{"max_trials": 2, "seed": 0, "directory": tmp_path, "tensorboard": False, **options})

    return make


def number(tuner, trial, **_):
    return trial.hyperparameters.Float("x", 0, 1)


def test_a_number_is_minimised_where_no_objective_is_named(running):
    results = running(number, max_trials=4).search(verbose=0)
    assert [trial.score for trial in results] == sorted(trial.values["x"] for trial in results)


def test_a_list_is_one_result_for_each_execution_and_its_mean_counts(running):
    results = running(lambda tuner, trial, **_: [1.0, {"default_objective": 3.0}], max_trials=1).search(verbose=0)
    assert (results.best.score, len(results.best.executions)) == (2.0, 2)


@pytest.mark.parametrize(
    ("returned", "error", "said"),
    [
        (None, DataError, r"run_trial\(\) reported no epoch and returned None; return the History"),
        ("0.5", DataError, "returned '0.5'"),
        ({"loss": 1.0}, ObjectiveError, "did not return a single number to minimise, .* give one of loss"),
        ([], ObjectiveError, "did not return a single number"),
    ],
)
def test_a_result_without_a_score_ends_the_search(running, returned, error, said):
    with pytest.raises(error, match=said):
        running(lambda tuner, trial, **_: returned).search(verbose=0)


def test_a_dict_without_the_objective_is_an_error_with_the_nearest_name(running):
    with pytest.raises(ObjectiveError, match=r"'val_loss' is not among the reported metrics .*'val_los'"):
        running(lambda tuner, trial, **_: {"val_los": 1.0}, objective="val_loss").search(verbose=0)


def test_run_trial_gets_what_search_was_given_and_no_more(running):
    got = []

    def run(tuner, trial, *args, **kwargs):
        got.append((args, kwargs))
        return trial.hyperparameters.Float("x", 0, 1)

    running(run, max_trials=1, project_name="one").search(1, 2, 3, 4, 5, extra="e", callbacks=["c"], verbose=0)
    running(run, max_trials=1, project_name="two").search()
    assert got == [((1, 2, 3, 4, 5), {"extra": "e", "callbacks": ["c"], "verbose": 0}), ((), {})]


def test_a_duplicate_is_left_before_it_is_trained(running):
    trained = []

    def run(tuner, trial, *args, **kwargs):
        trial.hyperparameters.Choice("batch_size", [16, 32])
        tuner_run = super(type(tuner), tuner).run_trial
        histories = tuner_run(trial, *args, **kwargs)
        trained.append(trial.trial_id)
        return histories

    tuner = running(run, hypermodel=lambda hp: tiny.compiled(tiny.network()), objective="val_loss", max_trials=5)
    results = tuner.search(**DATA)
    assert sorted(trial.values["batch_size"] for trial in results if trial.succeeded) == [16, 32]
    assert len(trained) == 2


def test_super_trains_with_what_the_trial_has_read_and_returns_histories(running):
    seen = []

    def run(tuner, trial, *args, **kwargs):
        kwargs["epochs"] = trial.hyperparameters.Int("epochs", 2, 2)
        histories = super(type(tuner), tuner).run_trial(trial, *args, **kwargs)
        seen.append([(history.epoch, sorted(history.history)) for history in histories])

    tuner = running(run, hypermodel=tiny.build_model, objective="val_loss", max_trials=1, executions_per_trial=2)
    results = tuner.search(**DATA)
    assert list(results.best.values) == ["epochs", "units", "learning_rate"]
    assert seen == [[([0, 1], ["accuracy", "loss", "val_accuracy", "val_loss"])] * 2]
    assert len(tuner.get_best_models()) == 1


def test_a_value_returned_after_super_joins_the_last_epoch(running):
    def run(tuner, trial, *args, **kwargs):
        super(type(tuner), tuner).run_trial(trial, *args, epochs=2, **kwargs)
        return 0.25

    tuner = running(run, hypermodel=tiny.build_model, max_trials=1)
    best = tuner.search(**DATA).best
    assert (best.score, best.best_epoch, "val_loss" in best.metrics) == (0.25, 2, True)
    assert len(tuner.get_best_models()) == 1


def test_the_error_of_a_trial_is_its_own(running):
    def run(tuner, trial, **_):
        if trial.hyperparameters.Boolean("bad"):
            raise ValueError("bad")
        return 1.0

    results = running(run, base=kt.GridSearch, max_trials=None).search(verbose=0)
    assert [(trial.status, dict(trial.values)) for trial in results] == [
        ("completed", {"bad": False}),
        ("failed", {"bad": True}),
    ]


def test_a_model_is_kept_by_save_model(running):
    def run(tuner, trial, x, y, **kwargs):
        model = tuner.hypermodel.build(trial.hyperparameters)
        history = tuner.hypermodel.fit(trial.hyperparameters, model, x, y, verbose=0)
        tuner.save_model(trial.trial_id, model)
        kept.append(model)
        return history

    kept = []
    tuner = running(run, hypermodel=tiny.build_model, objective="loss", max_trials=1)
    tuner.search(**DATA)
    (model,) = tuner.get_best_models()
    assert model.predict(tiny.X_VAL, verbose=0) == pytest.approx(kept[0].predict(tiny.X_VAL, verbose=0))


def test_the_error_for_a_missing_model_explains_how_to_save_it(running):
    tuner = running(lambda tuner, trial, **_: 1.0, hypermodel=tiny.build_model, max_trials=1)
    tuner.search(verbose=0)
    with pytest.raises(SearchError, match=r"self\.save_model\(trial\.trial_id, model\)"):
        tuner.get_best_models()


def test_a_tuner_without_a_model_raises_when_one_is_built(running):
    with pytest.raises(UsageError, match="has no model to build"):
        running(lambda tuner, trial, **_: tuner.hypermodel.build(trial.hyperparameters)).search(verbose=0)


def test_a_model_is_needed_where_run_trial_is_not_overridden():
    with pytest.raises(UsageError, match="give build_model"):
        kt.RandomSearch(objective="val_loss")


def test_a_study_of_run_trial_is_resumed(running):
    first = running(number, max_trials=2).search(verbose=0)
    both = running(number, max_trials=4).search(verbose=0)
    assert {trial.number: trial.score for trial in first}.items() <= {
        trial.number: trial.score for trial in both
    }.items()


def test_hooks_of_batches_and_searches_are_called(tmp_path):
    called = []

    class Hooked(kt.RandomSearch):
        def on_search_begin(self):
            called.append("search begins")

        def on_batch_begin(self, trial, model, batch, logs=None):
            called.append((trial.trial_id, isinstance(model, keras.Model), batch))

        def on_epoch_begin(self, trial, model, epoch, logs=None):
            called.append(f"epoch {epoch}")

        def on_batch_end(self, trial, model, batch, logs=None):
            called.append("loss" in logs)

    tuner = Hooked(tiny.build_model, "val_loss", 1, directory=tmp_path, tensorboard=False)
    tuner.search(**DATA, batch_size=32)
    assert called == ["search begins", "epoch 0", ("0", True, 0), True, ("0", True, 1), True]


def test_the_directory_of_a_trial_is_made_when_asked_for(tmp_path):
    tuner = kt.RandomSearch(tiny.build_model, "val_loss", directory=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert tuner.get_trial_dir("07") == str(tmp_path / "study" / "files" / "trial_0007")
    assert (tmp_path / "study" / "files" / "trial_0007").is_dir()


def test_arguments_that_run_trial_does_not_take_are_refused_at_once(running):
    def run(tuner, trial, x):
        pytest.fail("run")

    with pytest.raises(UsageError, match=r"the trial and the arguments of search\(\): got an unexpected .* 'epochs'"):
        running(run).search(1, epochs=2)


def test_a_stop_that_answers_what_is_returned_comes_too_late(running):
    def send(event):
        return Decision(stop="now" if isinstance(event, Reported) else None)

    tuner = running(number)
    own = OwnTrials(tuner.run_trial, lambda *_: None, tuner.oracle, None, (), {})
    assert own(Task(Started(trial=0, attempt=1, values={}), opened()), send) is None


def test_a_value_returned_by_a_resumed_trial_joins_the_executions_that_were_left(running):
    sent = []

    def train(task, send, hp, args, kwargs):
        send(Reported(trial=0, execution=1, epoch=3, metrics={"loss": 1.0}))

    def run(tuner, trial):
        super(type(tuner), tuner).run_trial(trial)
        return 0.5

    def send(event):
        sent.append(event)
        return Decision()

    tuner = running(run, hypermodel=tiny.build_model)
    own = OwnTrials(tuner.run_trial, train, tuner.oracle, None, (), {})
    own(Task(Started(trial=0, attempt=2, values={}), opened(), resume=True), send)
    assert [(event.execution, event.epoch) for event in sent if isinstance(event, Reported)] == [(1, 3), (1, 3)]


def as_given(tuner, trial, *args, **kwargs):
    return super(type(tuner), tuner).run_trial(trial, *args, **kwargs)


def two_outputs(hp):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, [keras.layers.Dense(1)(inputs), keras.layers.Dense(1)(inputs)])
    model.compile(hp.Choice("optimizer", ["sgd", "adam", "adamw"]), ["mse", "mse"], run_eagerly=True)
    return model


def test_unnamed_outputs_are_called_alike_in_every_trial(running):
    keras.backend.clear_session()  # the names begin with `dense`
    tuner = running(as_given, hypermodel=two_outputs, objective=kt.Objective("val_dense_1_loss", "min"), max_trials=3)
    results = tuner.search(tiny.X, [tiny.Y, tiny.Y], validation_data=(tiny.X, [tiny.Y, tiny.Y]), verbose=0)
    assert [trial.status for trial in results] == ["completed"] * 3


@pytest.mark.parametrize(("copied", "count"), [(False, 1), (True, 2)])
def test_only_the_data_that_search_was_given_is_cached_for_later_trials(running, monkeypatch, copied, count):
    caches = []

    def feed(cache, arguments, **options):
        caches.append(cache)
        return original(cache, arguments, **options)

    def run(tuner, trial, x, **kwargs):
        return as_given(tuner, trial, x.copy() if copied else x, **kwargs)

    original = DataCache.feed
    monkeypatch.setattr(DataCache, "feed", feed)
    running(run, hypermodel=tiny.build_model, objective="val_loss").search(**DATA)
    assert len({id(cache) for cache in caches}) == count
