"""The tuner from the outside: what a user's script sees."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerastune_lite as kt
from kerastune_lite.errors import (
    DataError,
    ModelError,
    ObjectiveError,
    SearchError,
    SpaceError,
    StudyChanged,
    UsageError,
)
from kerastune_lite.study.layout import CHECKPOINTS, MODEL, checkpoint_directory
from tests import tiny


@pytest.fixture
def tuner(tmp_path):
    """Makes tuners of one study."""

    def make(build_model=tiny.build_model, objective="val_loss", **options):
        options = {"max_trials": 2, "seed": 0, "tensorboard": False, "directory": tmp_path, **options}
        return kt.RandomSearch(build_model, objective, **options)

    return make


def search(tuner, *args, epochs=2, **kwargs):
    if not args:
        args = (tiny.X_TRAIN, tiny.Y_TRAIN)
    kwargs = {"validation_data": (tiny.X_VAL, tiny.Y_VAL), "verbose": 0, **kwargs}
    return tuner.search(*args, epochs=epochs, **kwargs)


def curves(results):
    return {
        trial.number: (dict(trial.values), [dict(execution.metrics) for execution in trial.executions])
        for trial in results
    }


class Peek(keras.callbacks.Callback):
    """Passes on what a callback sees, through a function (which copies share)."""

    def __init__(self, tell):
        super().__init__()
        self.tell = tell

    def on_train_begin(self, logs=None):
        self.tell(self)


def test_making_a_tuner_reads_and_writes_nothing(tmp_path):
    built = []
    kt.RandomSearch(built.append, "val_loss", directory=tmp_path / "logs")
    assert (built, list(tmp_path.iterdir())) == ([], [])


def test_a_search_returns_the_trials_best_first(tuner):
    results = search(tuner(max_trials=3))
    assert [trial.status for trial in results] == ["completed"] * 3
    assert [trial.score for trial in results] == sorted(trial.score for trial in results)
    assert results.best.score == min(trial.metrics["val_loss"] for trial in results)


def test_the_best_model_evaluates_to_what_the_table_says(tuner):
    a_tuner = tuner(objective="val_accuracy")
    results = search(a_tuner, epochs=4)
    model = a_tuner.get_best_models()[0]
    _, accuracy = model.evaluate(tiny.X_VAL, tiny.Y_VAL, verbose=0)
    assert accuracy == pytest.approx(results.best.score)


def test_the_saved_model_loads_without_us(tuner, tmp_path):
    a_tuner = tuner(objective="val_accuracy")
    results = search(a_tuner)
    model = keras.models.load_model(checkpoint_directory(tmp_path / "study", results.best.number) / MODEL)
    assert model.evaluate(tiny.X_VAL, tiny.Y_VAL, verbose=0)[1] == pytest.approx(results.best.score)


def test_models_come_best_first_from_another_process_too(tuner):
    results = search(tuner(max_trials=3))
    models = tuner(max_trials=3).get_best_models(2)
    losses = [model.evaluate(tiny.X_VAL, tiny.Y_VAL, verbose=0)[0] for model in models]
    assert losses == pytest.approx([trial.score for trial in results[:2]], rel=1e-5)


def test_only_the_best_checkpoints_stay_on_disk(tuner, tmp_path):
    results = search(tuner(max_trials=4, keep_checkpoints=2))
    kept = sorted(path.parent.name for path in (tmp_path / "study" / CHECKPOINTS).glob(f"*/{MODEL}"))
    assert kept == sorted(f"trial_{trial.number:04d}" for trial in results[:2])


def test_nothing_but_the_models_stays_of_trials_that_are_over(tuner, tmp_path):
    search(tuner(keep_checkpoints=None))
    left = {path.name for path in (tmp_path / "study" / CHECKPOINTS).rglob("*") if path.is_file()}
    assert left == {"model.keras", "model.json"}


def test_without_checkpoints_there_are_no_models(tuner, tmp_path):
    a_tuner = tuner(checkpoint=False)
    search(a_tuner)
    assert not (tmp_path / "study" / CHECKPOINTS).exists()
    with pytest.raises(SearchError, match=r"model of trial . is not on disk"):
        a_tuner.get_best_models()


def test_the_best_hyperparameters_rebuild_the_best_model(tuner):
    a_tuner = tuner()
    results = search(a_tuner)
    hp = a_tuner.get_best_hyperparameters()[0]
    model = a_tuner.hypermodel.build(hp)
    assert (hp.values, model.layers[0].units) == (results.best.values, hp.get("units"))


def test_the_same_seed_gives_the_same_trials_and_the_same_curves(tuner):
    assert curves(search(tuner(project_name="one"))) == curves(search(tuner(project_name="two")))


def test_another_seed_gives_other_trials(tuner):
    one, two = search(tuner(project_name="one", seed=1)), search(tuner(project_name="two", seed=3))
    learning_rates = [{trial.values["learning_rate"] for trial in results} for results in (one, two)]
    assert learning_rates[0].isdisjoint(learning_rates[1])


def test_grid_search_tries_every_combination(tmp_path):
    tuner = kt.GridSearch(tiny.build_grid, "val_loss", directory=tmp_path, tensorboard=False)
    results = search(tuner, epochs=1)
    points = [
        (trial.values["units"], trial.values["learning_rate"]) for trial in sorted(results, key=lambda t: t.number)
    ]
    assert points == [(2, 0.1), (2, 0.01), (4, 0.1), (4, 0.01)]


def test_a_second_run_adds_nothing_when_the_budget_is_used(tuner):
    first = curves(search(tuner()))
    assert curves(search(tuner())) == first


def test_raising_max_trials_extends_the_study(tuner):
    first = curves(search(tuner(max_trials=1)))
    longer = curves(search(tuner(max_trials=3)))
    assert (len(longer), longer[0]) == (3, first[0])
    assert longer == curves(search(tuner(max_trials=3, project_name="at once")))


def test_overwriting_needs_the_argument_and_starts_over(tuner):
    search(tuner(max_trials=3))
    assert len(search(tuner(max_trials=1, overwrite=True))) == 1


def test_a_second_search_of_an_overwriting_tuner_keeps_what_the_first_found(tuner):
    a_tuner = tuner(max_trials=1, overwrite=True)
    first = curves(search(a_tuner))
    assert curves(search(a_tuner)) == first


def test_a_changed_space_is_refused_with_the_difference_and_the_ways_on(tuner):
    def changed(hp):
        return tiny.compiled(tiny.network(hp.Int("units", 2, 64)))

    search(tuner())
    with pytest.raises(StudyChanged) as caught:
        search(tuner(changed))
    text = str(caught.value)
    assert "Int('units', min_value=2, max_value=8" in text
    assert "Int('units', min_value=2, max_value=64" in text
    assert "'learning_rate'" in text
    assert all(way in text for way in ("undo the change", "extend=True", "overwrite=True"))


def test_a_changed_space_is_accepted_with_extend(tuner):
    def changed(hp):
        return tiny.compiled(tiny.network(hp.Int("units", 2, 64)))

    search(tuner())
    results = search(tuner(changed, max_trials=3, extend=True))
    assert [sorted(trial.values) for trial in sorted(results, key=lambda trial: trial.number)] == [
        ["learning_rate", "units"],
        ["learning_rate", "units"],
        ["units"],
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"objective": "loss"}, "objective: val_loss (min), now loss (min)"),
        ({"seed": 5}, "seed: 0, now 5"),
    ],
)
def test_a_changed_objective_or_seed_is_refused(tuner, change, said):
    search(tuner())
    with pytest.raises(StudyChanged) as caught:
        search(tuner(**change))
    assert said in str(caught.value)


def test_a_mistyped_objective_stops_the_search_in_its_first_epoch_and_may_be_corrected(tuner):
    epochs = []
    with pytest.raises(ObjectiveError, match=r"'val_acuracy'.*val_loss.*did you mean 'val_accuracy'"):
        search(tuner(objective=kt.Objective("val_acuracy", "max")), epochs=5, callbacks=lambda: [Peek(epochs.append)])
    assert len(epochs) == 1
    assert len(search(tuner(objective="val_accuracy"))) == 2


def test_a_val_objective_without_validation_data_is_refused_before_anything_is_built(tuner):
    with pytest.raises(ObjectiveError, match="needs validation data"):
        search(tuner(lambda hp: pytest.fail("built")), validation_data=None)


@pytest.mark.parametrize(
    ("build_model", "said"),
    [
        (lambda hp: None, "must return a compiled Keras model, got None"),
        (lambda hp: tiny.network(), "not compiled"),
    ],
)
def test_a_build_model_that_gives_no_compiled_model_is_refused(tuner, build_model, said):
    with pytest.raises(ModelError, match=said):
        search(tuner(build_model))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_trials": 0}, "max_trials=0"),
        ({"max_trials": 2.5}, "max_trials=2.5"),
        ({"executions_per_trial": 0}, "executions_per_trial=0"),
        ({"seed": -1}, "seed=-1"),
        ({"keep_checkpoints": -1}, "keep_checkpoints=-1"),
        ({"patience": 0}, "patience=0"),
        ({"patience": 2, "early_stopping": object()}, "patience or early_stopping"),
        ({"tune_new_entries": False}, "need hyperparameters"),
        ({"objective": "val_mystery"}, "direction of objective 'val_mystery'"),
        ({"objective": ["loss", "accuracy"]}, "only one objective"),
        ({"objective_reduction": "median"}, "reduction"),
        ({"reuse": True}, 'reuse=True must be "auto" or "never"'),
        ({"build_model": 3}, "must be a function of hp"),
    ],
)
def test_impossible_arguments_are_refused_by_name_and_value(tuner, options, said):
    with pytest.raises(UsageError, match=said):
        search(tuner(**options))


def build_compiled(hp):
    model = tiny.network()
    model.compile(keras.optimizers.SGD(hp.Float("rate", 1e-3, 1e-1)), "binary_crossentropy", metrics=["accuracy"])
    return model


def test_trials_that_reuse_graphs_score_as_those_that_do_not(tmp_path):
    found = {}
    for reuse in ("auto", "never"):
        options = {"max_trials": 3, "seed": 1, "directory": tmp_path / reuse, "reuse": reuse}
        results = search(kt.RandomSearch(build_compiled, "val_loss", **options))
        found[reuse] = {trial.number: [trial.executions, trial.reused] for trial in results}
    assert [found["auto"][number][1] for number in range(3)] == [False, True, True]
    assert [found["never"][number][1] for number in range(3)] == [False, False, False]
    assert all(found["auto"][number][0] == found["never"][number][0] for number in range(3))


def test_a_trial_notes_why_it_reuses_no_graph(tuner):
    trial = search(tuner(max_trials=1)).best
    assert (trial.reused, trial.notes["reuse"]) == (False, "the model runs eagerly")


def test_the_data_frame_tells_which_trials_reused_graphs(tuner):
    assert search(tuner(max_trials=1)).to_dataframe()["reused"].tolist() == [False]


def test_a_generator_as_data_is_refused_with_the_remedy(tuner):
    with pytest.raises(DataError, match="can be iterated only once; give a function"):
        search(tuner(), (batch for batch in ()))


def test_a_generator_made_by_a_function_feeds_every_trial(tuner):
    def batches():
        for start in itertools.cycle(range(0, 64, 16)):
            yield tiny.X[start : start + 16], tiny.Y[start : start + 16]

    results = search(tuner(), batches, epochs=1, steps_per_epoch=4)
    assert [trial.status for trial in results] == ["completed"] * 2


def test_a_tf_dataset_is_taken_as_it_is(tuner):
    dataset = tf.data.Dataset.from_tensor_slices((tiny.X_TRAIN, tiny.Y_TRAIN)).batch(16)
    assert len(search(tuner(), dataset)) == 2


def test_a_pydataset_is_taken_as_it_is(tuner):
    class Rows(keras.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            part = slice(16 * index, 16 * index + 16)
            return tiny.X[part], tiny.Y[part]

    assert len(search(tuner(), Rows())) == 2


def test_arguments_of_fit_may_be_functions_of_hp(tuner):
    results = search(tuner(), batch_size=lambda hp: hp.Choice("batch_size", [8, 16]))
    assert {trial.values["batch_size"] for trial in results} <= {8, 16}


def test_validation_split_trains_on_the_first_rows_and_validates_on_the_last(tuner):
    a_tuner = tuner(objective="val_accuracy")
    results = search(a_tuner, tiny.X, tiny.Y, validation_data=None, validation_split=0.25)
    _, accuracy = a_tuner.get_best_models()[0].evaluate(tiny.X[72:], tiny.Y[72:], verbose=0)
    assert accuracy == pytest.approx(results.best.score)


def test_class_weights_reach_the_training(tuner):
    plain = search(tuner(project_name="plain"))
    weighted = search(tuner(project_name="weighted"), class_weight={0: 10.0, 1: 0.1})
    assert plain[0].metrics["loss"] != weighted[0].metrics["loss"]


def test_several_executions_give_the_mean_and_keep_the_best(tuner):
    a_tuner = tuner(max_trials=1, executions_per_trial=3)
    trial = search(a_tuner).best
    scores = [execution.best.score for execution in trial.executions]
    assert (len(set(scores)), trial.score) == (3, pytest.approx(sum(scores) / 3))
    assert trial.best_execution == int(np.argmin(scores))
    loss, _ = a_tuner.get_best_models()[0].evaluate(tiny.X_VAL, tiny.Y_VAL, verbose=0)
    assert loss == pytest.approx(min(scores), rel=1e-5)


def test_patience_ends_trainings_early_and_says_why(tuner):
    def stuck(hp):
        return tiny.compiled(tiny.network(hp.Int("units", 2, 8)), learning_rate=0.0)

    results = search(tuner(stuck, patience=2), epochs=20)
    assert [(trial.epoch, trial.status, trial.reason) for trial in results] == [
        (3, "completed", "no better val_loss in 2 epochs")
    ] * 2


def test_a_training_whose_loss_is_nan_is_stopped_and_keeps_its_finite_epochs(tuner):
    class Poison(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                self.model.set_weights([array * np.nan for array in self.model.get_weights()])

    trial = search(tuner(max_trials=1), epochs=5, callbacks=lambda: [Poison()]).best
    assert (trial.status, trial.epoch, trial.best_epoch) == ("stopped", 2, 1)
    assert trial.reason == "the loss became nan in epoch 2"


def test_a_nan_objective_in_every_trial_is_a_search_error(tuner):
    def poisoned(hp):
        model = tiny.compiled(tiny.network(hp.Int("units", 2, 8)))
        model.set_weights([array * np.nan for array in model.get_weights()])
        return model

    a_tuner = tuner(poisoned)
    with pytest.raises(SearchError, match=r"2 failed with: .*not finite"):
        search(a_tuner)
    assert [trial.status for trial in a_tuner.results()] == ["failed", "failed"]
    with pytest.raises(SearchError, match="not finite"):
        _ = a_tuner.results().best


def test_a_wrong_width_of_the_input_is_one_cause_and_every_trial_is_recorded(tuner, capsys):
    def build(hp):
        layers = [keras.layers.Input((7,)), keras.layers.Dense(hp.Int("units", 2, 8)), keras.layers.Dense(1)]
        return tiny.compiled(keras.Sequential(layers))

    a_tuner = tuner(build, max_trials=3, overwrite=True)
    with pytest.raises(SearchError, match=r"the first 3 trials failed with the same error: (.|\n)*incompatible"):
        search(a_tuner, verbose=1)
    assert [trial.status for trial in a_tuner.results()] == ["failed"] * 3
    texts = [*(trial.reason + trial.error for trial in a_tuner.results()), *capsys.readouterr()]
    assert not any("\x1b" in text for text in texts)


def test_a_failing_build_is_recorded_with_its_values_and_the_search_continues(tuner):
    def brittle(hp):
        if hp.Boolean("bad"):
            raise ValueError("this one cannot be built")
        return tiny.build_model(hp)

    results = search(tuner(brittle, max_trials=6), epochs=1)
    failed = [trial for trial in results if trial.status == "failed"]
    assert [trial.values for trial in failed] == [{"bad": True}]
    assert "this one cannot be built" in failed[0].error
    assert len(results) == 6


def test_a_failing_fit_is_recorded_and_retried_if_configured(tuner):
    calls = []

    class Fragile(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            calls.append(epoch)
            if len(calls) == 1:
                raise RuntimeError("out of luck")

    results = search(tuner(max_trials=1, max_retries_per_trial=1), epochs=1, callbacks=lambda: [Fragile()])
    assert [(trial.status, trial.attempts) for trial in results] == [("completed", 2)]


def test_an_infeasible_configuration_uses_no_budget(tuner):
    def picky(hp):
        if hp.Int("units", 1, 4) == 1:
            raise kt.Infeasible("too small")
        return tiny.compiled(tiny.network(hp.get("units")))

    results = search(tuner(picky, max_trials=3), epochs=1)
    assert sorted(trial.status for trial in results) == ["completed"] * 3 + ["infeasible"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_exception_in_a_del_does_not_hurt(tuner):
    class Grumpy:
        def __del__(self):
            raise RuntimeError("not now")

    def grumpy(hp):
        Grumpy()
        return tiny.build_model(hp)

    results = search(tuner(grumpy), epochs=1)
    assert [trial.status for trial in results] == ["completed"] * 2


def test_an_observer_that_raises_is_left_out_and_the_search_continues(tuner):
    def observer(event, history):
        raise ConnectionError("tracker is down")

    with pytest.warns(RuntimeWarning, match="tracker is down"):
        results = search(tuner(observers=[observer]))
    assert len(results) == 2


def test_an_observer_sees_every_event(tuner):
    seen = []
    search(tuner(max_trials=1, observers=[lambda event, history: seen.append(type(event).__name__)]))
    assert seen == [
        "SearchStarted",
        "Started",
        "ReadsRecorded",
        "Annotated",  # the model
        "Annotated",  # whether graphs are reused
        "Reported",
        "Reported",
        "Ended",
        "Annotated",
    ]


def test_a_function_given_as_callbacks_receives_the_trial(tuner):
    received = []
    search(tuner(), callbacks=lambda trial: received.append((trial.number, sorted(trial.values))) or [])
    assert received == [(0, ["learning_rate", "units"]), (1, ["learning_rate", "units"])]


def test_what_is_proposed_and_not_read_is_no_value_of_the_trial(tmp_path):
    seen = []

    def propose(history, rng):
        return kt.strategies.Proposal({"unread": 2, "units": 3, "learning_rate": 0.01})

    a_tuner = kt.Tuner(tiny.build_model, "val_loss", 1, strategy=propose, seed=0, directory=tmp_path, tensorboard=False)
    search(a_tuner, callbacks=lambda trial: seen.append(trial.values) or [])
    assert seen == [{"units": 3, "learning_rate": 0.01}]


def test_each_trial_trains_with_its_own_copy_of_a_callback(tuner):
    seen = []
    search(tuner(), callbacks=[Peek(seen.append)])
    assert len({id(callback) for callback in seen}) == 2


def test_all_callbacks_see_the_end_of_a_training_that_is_stopped(tuner):
    ends = []
    end = keras.callbacks.LambdaCallback(on_train_end=lambda logs: ends.append(1))
    policy_stop = kt.stopping.Stop("enough")
    results = search(tuner(stopping=lambda trial, history: policy_stop), epochs=5, callbacks=[end])
    assert [(trial.status, trial.reason, trial.epoch) for trial in results] == [("stopped", "enough", 1)] * 2
    assert ends == [1, 1]


def test_prescribed_hyperparameters_take_the_place_of_those_in_the_model(tuner):
    hp = kt.HyperParameters()
    hp.Fixed("units", 3)
    results = search(tuner(hyperparameters=hp))
    assert [trial.values["units"] for trial in results] == [3, 3]
    assert len({trial.values["learning_rate"] for trial in results}) == 2


def test_what_is_not_prescribed_keeps_its_default_if_new_entries_are_not_tuned(tuner):
    hp = kt.HyperParameters()
    hp.Int("units", 2, 8)
    results = search(tuner(hyperparameters=hp, tune_new_entries=False))
    assert [trial.values["learning_rate"] for trial in results] == [1e-3, 1e-3]


def test_what_is_not_prescribed_is_an_error_if_new_entries_are_not_allowed(tuner):
    hp = kt.HyperParameters()
    hp.Int("unit", 2, 8)
    with pytest.raises(SpaceError, match=r"'units', which is not in `hyperparameters`.*did you mean 'unit'"):
        search(tuner(hyperparameters=hp, allow_new_entries=False))


class Hyper(kt.HyperModel):
    """As written for KerasTuner: builds, and trains with a hyperparameter of its own."""

    def build(self, hp):
        return tiny.build_model(hp)

    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, batch_size=hp.Choice("batch_size", [8, 16]), **kwargs)


def test_the_fit_of_a_hypermodel_trains_and_may_read_more_hyperparameters(tuner):
    results = search(tuner(Hyper()))
    assert [sorted(trial.values) for trial in results] == [["batch_size", "learning_rate", "units"]] * 2
    assert [len(trial.executions[0].metrics) for trial in results] == [2, 2]


def test_trials_with_a_fit_of_their_own_reuse_graphs(tuner, capfd):
    class OneSize(Hyper):
        def build(self, hp):
            model = tiny.network()
            model.compile(keras.optimizers.SGD(hp.Float("rate", 0.01, 0.1)), "binary_crossentropy")
            return model

    assert [trial.reused for trial in search(tuner(OneSize()))] == [False, True]
    assert "/step" not in capfd.readouterr().out  # no progress bars


@pytest.mark.parametrize("returned", [{"val_loss": 0.25, "more": 1.0}, 0.25])
def test_what_a_hypermodel_returns_counts_where_it_reported_nothing(tuner, returned):
    class Silent:
        def build(self, hp):
            return tiny.build_model(hp)

        def fit(self, hp, model, *args, **kwargs):
            return returned

    assert [trial.score for trial in search(tuner(Silent()))] == [0.25, 0.25]


def test_hypermodel_is_another_name_for_build_model(tmp_path):
    tuner = kt.RandomSearch(
        hypermodel=tiny.build_model, objective="val_loss", max_trials=1, directory=tmp_path, tensorboard=False
    )
    assert len(search(tuner)) == 1


def test_no_finished_trial_gives_a_clear_error(tuner):
    with pytest.raises(SearchError, match=r"no finished trial; call search\(\) first"):
        tuner().get_best_models()


def test_the_space_is_known_before_a_search(tuner, capsys):
    tuner().search_space_summary()
    printed = capsys.readouterr().out
    assert "units" in printed
    assert "learning_rate" in printed


def test_results_are_read_from_disk_without_a_search(tuner):
    first = search(tuner())
    assert curves(tuner().results()) == curves(first)


class Unsavable(keras.Model):
    """Takes an argument and has no get_config."""

    def __init__(self, units):
        super().__init__()
        self.first = keras.layers.Dense(units, activation="relu")
        self.last = keras.layers.Dense(1, activation="sigmoid")

    def call(self, inputs):
        return self.last(self.first(inputs))


def lambda_without_input(hp):
    layers = [keras.layers.Dense(hp.Int("units", 2, 8)), keras.layers.Lambda(lambda z: 2 * z), keras.layers.Dense(1)]
    return tiny.compiled(keras.Sequential(layers))


def test_a_model_that_cannot_be_saved_whole_keeps_its_weights_and_warns(tuner):
    a_tuner = tuner(lambda hp: tiny.compiled(Unsavable(hp.Int("units", 2, 8))))
    with pytest.warns(UserWarning, match=r"Unsavable cannot be saved whole .*build_model"):
        results = search(a_tuner)
    (model,) = a_tuner.get_best_models()
    assert model.evaluate(tiny.X_VAL, tiny.Y_VAL, verbose=0)[0] == pytest.approx(results.best.score, rel=1e-5)


def test_a_model_without_input_shape_comes_back_whatever_its_layers(tuner):
    a_tuner = tuner(lambda_without_input)
    results = search(a_tuner)
    (model,) = a_tuner.get_best_models()
    assert model.evaluate(tiny.X_VAL, tiny.Y_VAL, verbose=0)[0] == pytest.approx(results.best.score, rel=1e-5)


class OwnLoop(kt.HyperModel):
    """A training loop that knows of callbacks no more than it must."""

    def build(self, hp):
        return tiny.network(hp.Int("units", 2, 8))

    def fit(self, hp, model, x, y, callbacks=None):
        optimizer = keras.optimizers.SGD(hp.Float("rate", 0.01, 0.1))
        for callback in callbacks:
            callback.set_model(model)
        for epoch in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(keras.losses.binary_crossentropy(y[:, None], model(x)))
            variables = model.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            for callback in callbacks:
                callback.on_epoch_end(epoch, logs={"my_metric": float(loss)})


def test_a_custom_training_loop_is_reported_and_its_model_kept(tuner):
    a_tuner = tuner(OwnLoop(), kt.Objective("my_metric", "min"))
    results = a_tuner.search(tiny.X_TRAIN, tiny.Y_TRAIN, verbose=0)
    assert [trial.status for trial in results] == ["completed", "completed"]
    assert sorted(results.best.values) == ["rate", "units"]
    assert (results.best.epoch, len(a_tuner.get_best_models(2))) == (3, 2)


def test_a_hypermodel_gets_no_argument_that_search_did_not_get(tuner):
    class Strict(kt.HyperModel):
        def build(self, hp):
            return tiny.build_model(hp)

        def fit(self, hp, model, x, y, callbacks=None, **others):
            return model.fit(x, y, verbose=0, callbacks=callbacks, **others)

    results = search(tuner(Strict()))
    assert [trial.status for trial in results] == ["completed", "completed"]


def test_a_missing_model_of_a_hypermodel_that_drops_its_callbacks_is_explained(tuner):
    class Drops(kt.HyperModel):
        def build(self, hp):
            return tiny.build_model(hp)

        def fit(self, hp, model, x, y, **others):
            return 0.5

    a_tuner = tuner(Drops())
    search(a_tuner)
    with pytest.raises(SearchError, match=r"must pass its callbacks to model\.fit"):
        a_tuner.get_best_models()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"batchsize": 3}, "fit has no argument 'batchsize'; did you mean 'batch_size'"),
        ({"epochs": "2"}, "epochs='2' must be an integer >= 1"),
        ({"epochs": 0}, "epochs=0 must be an integer >= 1"),
        ({"epochs": True}, "epochs=True must be an integer >= 1"),
        ({"epochs": None}, "epochs=None must be an integer >= 1"),
        ({"batch_size": 0}, "batch_size=0 must be an integer >= 1"),
        ({"batch_size": -8}, "batch_size=-8 must be an integer >= 1"),
        ({"batch_size": lambda hp: hp.Int("units", 2, 8) * 0}, "batch_size=0 must be an integer >= 1"),
        ({"validation_batch_size": 2.5}, "validation_batch_size=2.5 must be an integer >= 1"),
        ({"epochs": lambda hp: 0}, "epochs=0 must be an integer >= 1"),
        ({"validation_split": 2.0}, r"validation_split=2.0 must be a fraction in \[0, 1\)"),
        ({"validation_freq": 5}, "'val_loss' is never reported: validation_freq=5 with epochs=2"),
        ({"callbacks": lambda trial: None}, "must return a list of callbacks, got None"),
        ({"verbose": "auto"}, "verbose='auto' must be 0, 1 or 2"),
        ({"x": None}, "no training data"),
    ],
)
def test_arguments_that_would_fail_every_trial_are_refused_and_cost_nothing(tuner, options, said):
    a_tuner = tuner()
    given = {
        "x": tiny.X_TRAIN,
        "y": tiny.Y_TRAIN,
        "validation_data": (tiny.X_VAL, tiny.Y_VAL),
        "epochs": 2,
        "verbose": 0,
    }
    with pytest.raises(UsageError, match=said):
        a_tuner.search(**{**given, **options})
    assert [trial.status for trial in search(a_tuner)] == ["completed", "completed"]


@pytest.mark.parametrize("name", ["checkpoint", "tensorboard"])
def test_options_of_another_type_are_refused(tuner, name):
    with pytest.raises(UsageError, match=f"{name}='x' must be True, False or a"):
        search(tuner(**{name: "x"}))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"early_stopping": kt.callbacks.EarlyStopping},
            r"give an instance: early_stopping=kt.callbacks.EarlyStopping",
        ),
        (
            {"early_stopping": keras.callbacks.EarlyStopping()},
            r"give callbacks of Keras to search\(callbacks=\[...\]\)",
        ),
        ({"early_stopping": 3}, "early_stopping=3 must be None or a kt.callbacks.EarlyStopping"),
        ({"checkpoint": kt.callbacks.Checkpoint}, r"give an instance: checkpoint=kt.callbacks.Checkpoint"),
        ({"tensorboard": kt.callbacks.TensorBoard}, r"give an instance: tensorboard=kt.callbacks.TensorBoard"),
    ],
)
def test_a_class_or_a_callback_of_keras_as_an_option_is_refused_with_the_remedy(tuner, options, said):
    with pytest.raises(UsageError, match=said):
        search(tuner(lambda hp: pytest.fail("built"), **options))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (tiny.network(), r"build_model is the model 'sequential.*'; give a function that creates one for each trial"),
        (keras.Model, r"build_model is the class Model; give an instance: Model\(\)"),
        (kt.HyperModel, r"build_model is the class HyperModel; give an instance: HyperModel\(\)"),
    ],
)
def test_a_model_or_a_class_as_build_model_is_refused_with_the_remedy(tuner, given, said):
    with pytest.raises(UsageError, match=said):
        tuner(given)


def test_a_mistyped_method_of_hp_ends_the_search_before_its_first_training(tuner):
    def build(hp):
        return tiny.compiled(tiny.network(hp.int("units", 2, 8)))

    with pytest.raises(SpaceError, match=r"did you mean hp\.Int\?"):
        search(tuner(build))


def test_a_trials_own_directory_is_there_when_asked_for(tuner):
    seen = []
    search(tuner(), callbacks=lambda trial: seen.append(trial.directory.is_dir()) or [])
    assert seen == [True, True]


def test_nothing_is_known_of_a_study_that_will_be_overwritten(tuner):
    search(tuner())
    assert len(tuner(overwrite=True).results()) == 0


def test_changed_epochs_and_executions_are_reported(tuner, capsys):
    search(tuner())
    search(tuner(max_trials=3, executions_per_trial=2), epochs=1, verbose=1)
    printed = capsys.readouterr().out
    assert "epochs: 2 before, 1 now" in printed
    assert "executions: 1 before, 2 now" in printed


def test_a_study_continues_once_the_missing_metric_is_compiled(tuner):
    def build(metrics):
        return lambda hp: tiny.compiled(tiny.network(hp.Int("units", 2, 8)), metrics=metrics)

    with pytest.raises(ObjectiveError, match=r'metrics=\["accuracy"\]'):
        search(tuner(build(()), objective="val_accuracy"))
    recorded = tuner(build(()), objective="val_accuracy").results()
    assert [(trial.status, trial.reason.partition(":")[0]) for trial in recorded] == [
        ("interrupted", "the search failed")
    ]
    results = search(tuner(build(("accuracy",)), objective="val_accuracy"))
    assert [trial.status for trial in results] == ["completed"] * 2


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"max_trial": 3}, "did you mean 'max_trials'"),
        ({"objectiv": "val_loss"}, "did you mean 'objective'"),
        ({"build_modell": None}, "did you mean 'build_model'"),
    ],
)
def test_a_misspelt_argument_is_answered_with_the_nearest_one(options, hint):
    with pytest.raises(UsageError, match=hint):
        kt.RandomSearch(**options)


@pytest.mark.parametrize("observers", [print, None, "x", [dict]])
def test_observers_that_are_no_list_of_functions_are_refused(tuner, observers):
    with pytest.raises(UsageError, match="must be a list of functions of"):
        tuner(observers=observers)


def test_a_build_model_that_does_not_take_hp_is_refused():
    def build_model():
        return None

    with pytest.raises(UsageError, match=r"must take hp: def build_model\(hp\)"):
        kt.RandomSearch(build_model, "val_loss")


def test_another_early_stopping_policy_or_number_of_retries_is_a_notice_at_resume(tuner, capsys):
    def never(trial, history):
        return None

    search(tuner(max_trials=1, patience=2, keep_checkpoints=1))
    changed = {"early_stopping": kt.callbacks.EarlyStopping(3), "stopping": never, "max_retries_per_trial": 1}
    search(tuner(max_trials=1, keep_checkpoints=1, **changed), verbose=1)
    printed = capsys.readouterr().out
    assert "early_stopping: patience=2 before, EarlyStopping(patience=3" in printed
    assert "stopping: None before, " in printed
    assert "max_retries_per_trial: 0 before, 1 now" in printed


def test_bayesian_search_runs_on_a_keras_model(tmp_path):
    a_tuner = kt.BayesianOptimization(
        tiny.build_model, "val_loss", 6, num_initial_points=3, directory=tmp_path, seed=0, tensorboard=False
    )
    results = search(a_tuner)
    assert [trial.status for trial in results] == ["completed"] * 6
    assert [trial.note is not None for trial in sorted(results, key=lambda trial: trial.number)] == [False] * 3 + [
        True
    ] * 3


def test_enqueued_configurations_come_first_once_and_unset_values_are_sampled(tuner):
    a_tuner = tuner(max_trials=3)
    a_tuner.enqueue({"units": 7, "learning_rate": 0.05})
    a_tuner.enqueue({"units": 3})
    values = {trial.number: trial.values for trial in search(a_tuner)}
    assert dict(values[0]) == {"units": 7, "learning_rate": 0.05}
    assert (values[1]["units"], len(values[1])) == (3, 2)
    again = tuner(max_trials=4)
    again.enqueue({"units": 3})
    assert {trial.number: trial.values for trial in search(again)}[3]["units"] != 3


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"units": 99}, r"units=99 is not a value of Int\('units', min_value=2, max_value=8"),
        ({"unitz": 3}, "hyperparameter 'unitz' is not read with these values; remove it; did you mean 'units'"),
    ],
)
def test_configurations_outside_the_space_are_refused(tuner, values, said):
    for give in (lambda t: t.enqueue(values), lambda t: t.add_trial(values, 0.5)):
        a_tuner = tuner()
        give(a_tuner)
        with pytest.raises(SpaceError, match=said):
            search(a_tuner)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), "0.5", True])
def test_the_score_of_an_external_result_must_be_a_finite_number(tuner, score):
    with pytest.raises(UsageError, match="the score must be a finite number"):
        tuner().add_trial({"units": 3}, score)


def test_external_results_are_recorded_once_and_are_no_trials(tuner, tmp_path):
    for _ in range(2):
        a_tuner = tuner(max_trials=1)
        a_tuner.add_trial({"units": 3, "learning_rate": 0.01}, 0.4)
        assert len(search(a_tuner)) == 1
    journal = (tmp_path / "study" / "study.jsonl").read_text()
    assert journal.count('"event":"told"') == 1


def test_a_model_that_is_too_large_is_infeasible_and_free(tuner):
    results = search(tuner(max_trials=3, max_model_size=30))
    finished = [trial for trial in results if trial.succeeded]
    infeasible = [trial for trial in results if trial.status == "infeasible"]
    assert len(finished) == 3
    assert max(trial.values["units"] for trial in finished) < min(trial.values["units"] for trial in infeasible)
    assert "parameters exceed max_model_size=30" in infeasible[0].reason


def test_numbers_of_numpy_are_numbers(tuner):
    a_tuner = tuner(max_trials=np.int64(2), patience=np.int64(2), max_model_size=np.int64(10**6), seed=np.int64(0))
    a_tuner.enqueue({"units": np.int64(7), "learning_rate": np.float32(0.05)})
    a_tuner.add_trial({"units": np.int64(3)}, np.float32(0.5))
    results = search(a_tuner, epochs=np.int64(2), batch_size=lambda hp: np.int64(16), validation_freq=np.int64(1))
    assert [(trial.epoch, trial.status) for trial in results] == [(2, "completed")] * 2
    assert {7} < {trial.values["units"] for trial in results}


def test_a_hypermodel_may_return_a_number_of_numpy(tuner):
    class Silent:
        def build(self, hp):
            return tiny.build_model(hp)

        def fit(self, hp, model, *args, **kwargs):
            return np.float32(0.25)

    assert [trial.score for trial in search(tuner(Silent()))] == [0.25, 0.25]


def test_lists_are_data(tuner):
    arrays = search(tuner(project_name="arrays"))
    validation = (tiny.X_VAL.tolist(), tiny.Y_VAL.tolist())
    lists = search(tuner(project_name="lists"), tiny.X_TRAIN.tolist(), tiny.Y_TRAIN.tolist, validation_data=validation)
    assert lists.best.score == pytest.approx(arrays.best.score, rel=1e-5)


def test_labels_in_the_wrong_form_end_the_search_before_its_first_training(tuner):
    def build(hp):
        model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(hp.Int("units", 2, 2))])
        model.compile("sgd", "categorical_crossentropy")
        return model

    with pytest.raises(DataError, match="holds class numbers"):
        search(tuner(build))


def test_what_a_callback_logs_that_is_no_number_is_left_out_with_one_warning(tuner):
    class Chatty(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["mood"] = "fine"

    with pytest.warns(
        UserWarning, match="metric 'mood' is not a single number but 'fine' and is not recorded"
    ) as caught:
        results = search(tuner(), callbacks=[Chatty()])
    assert len([warning for warning in caught if "mood" in str(warning.message)]) == 1
    assert [(trial.status, "mood" in trial.metrics) for trial in results] == [("completed", False)] * 2


def build_with_auc(hp):
    return tiny.compiled(tiny.network(hp.Int("units", 2, 8)), metrics=[keras.metrics.AUC()])


def test_an_unnamed_metric_has_its_plain_name_in_every_trial_and_in_the_models(tuner):
    build_with_auc(kt.HyperParameters())
    a_tuner = tuner(build_with_auc, "val_auc")
    results = search(a_tuner)
    assert [sorted(trial.metrics) for trial in results] == [["auc", "loss", "val_auc", "val_loss"]] * 2
    for model in a_tuner.get_best_models(2):
        assert sorted(model.evaluate(tiny.X_VAL, tiny.Y_VAL, verbose=0, return_dict=True)) == ["auc", "loss"]


def test_unnamed_layers_are_called_alike_in_every_trial(tuner):
    results = search(tuner())
    names = [[layer[0] for layer in trial.notes["model"]["layers"]] for trial in results]
    assert names[0] == names[1]


def test_no_layer_shares_the_name_of_one_made_before_the_search(tuner):
    mine = keras.layers.Normalization()
    mine.adapt(tiny.X_TRAIN)

    def build(hp):
        inputs = keras.Input((4,))
        hidden = keras.layers.Normalization(mean=0.0, variance=1.0)(mine(inputs))
        hidden = keras.layers.Dense(hp.Int("units", 2, 8))(hidden)
        return tiny.compiled(keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(hidden)))

    assert [trial.status for trial in search(tuner(build))] == ["completed"] * 2


def test_the_best_models_can_be_joined_into_one(tuner):
    a_tuner = tuner()
    search(a_tuner)
    inputs = keras.Input((4,))
    joined = keras.Model(inputs, keras.layers.average([model(inputs) for model in a_tuner.get_best_models(2)]))
    assert joined.predict(tiny.X_VAL, verbose=0).shape == (32, 1)


class PoisonFrom(keras.callbacks.Callback):
    """The weights are NaN from an epoch on, from 0."""

    def __init__(self, first):
        super().__init__()
        self.first = first

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.first:
            self.model.set_weights([array * np.nan for array in self.model.get_weights()])


def test_a_trial_that_never_had_a_finite_loss_is_failed_though_its_accuracy_is_finite(tuner):
    def callbacks(trial):
        return [PoisonFrom(0)] if trial.number == 0 else []

    results = search(tuner(objective="val_accuracy"), callbacks=callbacks)
    assert [(trial.number, trial.status) for trial in results] == [(1, "completed"), (0, "failed")]
    assert np.isfinite(results[1].metrics["val_accuracy"])
    assert results[1].reason == "the loss was not finite in any epoch; the loss became nan in epoch 1"


def test_an_epoch_whose_loss_is_nan_never_scores(tuner):
    # all weights NaN: the accuracy is that of one class, whatever the epochs before had
    a_tuner = tuner(objective=kt.Objective("val_accuracy", "min"), max_trials=1)
    best = search(a_tuner, epochs=5, callbacks=[PoisonFrom(2)]).best
    assert (best.status, best.epoch) == ("stopped", 3)
    assert best.best_epoch < 3
    assert all(np.isfinite(array).all() for array in a_tuner.get_best_models()[0].get_weights())


def damage(journal):
    """Spoils the fourth line of a journal, and tears the last one."""
    lines = journal.read_bytes().split(b"\n")
    lines[3] = lines[3].replace(b"i", b"j", 1)
    journal.write_bytes(b"\n".join(lines) + b'{"torn')


def test_a_damaged_record_is_a_warning_without_a_console(tuner, tmp_path):
    search(tuner())
    damage(tmp_path / "study" / "study.jsonl")
    with pytest.warns(RuntimeWarning, match=r"study.jsonl: line 4 is damaged and is skipped"):
        tuner().results()
    with pytest.warns(RuntimeWarning) as caught:
        search(tuner())
    assert [str(warning.message).partition(": ")[2] for warning in caught] == [
        "the last line (number 20) was torn by a crash and is dropped",
        "line 4 is damaged and is skipped",
    ]


def test_with_a_console_a_damaged_record_is_reported_only_there(tuner, tmp_path, capsys):
    search(tuner())
    damage(tmp_path / "study" / "study.jsonl")
    search(tuner(), verbose=1)
    assert "line 4 is damaged and is skipped" in capsys.readouterr().out
