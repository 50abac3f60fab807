"""Short scripts as people write them for KerasTuner; each runs with either package as `kt` and returns what it found.

What a script returns must be the same with both packages: counts, names, kinds of values, never scores.
"""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tests import tiny

TRAIN = (tiny.X_TRAIN, tiny.Y_TRAIN)
VALIDATION = (tiny.X_VAL, tiny.Y_VAL)


def kinds(values):
    return {name: type(value).__name__ for name, value in sorted(values.items())}


def random_search(kt):
    """The first example of every tutorial."""
    tuner = kt.RandomSearch(
        tiny.build_model,
        objective="val_accuracy",
        max_trials=3,
        executions_per_trial=1,
        overwrite=True,
        directory="my_dir",
        project_name="helloworld",
    )
    tuner.search_space_summary()
    tuner.search(*TRAIN, epochs=1, validation_data=VALIDATION, verbose=0)
    tuner.results_summary()
    best = tuner.get_best_hyperparameters(num_trials=2)
    model = tuner.get_best_models(num_models=1)[0]
    return len(best), kinds(best[0].values), model.predict(tiny.X_VAL, verbose=0).shape


def from_the_tuners_module(kt):
    import importlib

    tuners = importlib.import_module(f"{kt.__name__}.tuners")
    tuner = tuners.RandomSearch(tiny.build_model, objective="val_loss", max_trials=1, directory="d", project_name="p")
    tuner.search(x=tiny.X_TRAIN, y=tiny.Y_TRAIN, epochs=1, validation_split=0.25, verbose=0)
    names = ("BayesianOptimization", "GridSearch", "Hyperband", "SklearnTuner", "Tuner")
    return kinds(tuner.get_best_hyperparameters(1)[0].values), [hasattr(tuners, name) for name in names]


def from_the_engine_modules(kt):
    import importlib

    engine = f"{kt.__name__}.engine"
    hyperparameters = importlib.import_module(f"{engine}.hyperparameters")
    hypermodel = importlib.import_module(f"{engine}.hypermodel")
    trial = importlib.import_module(f"{engine}.trial")
    oracle = importlib.import_module(f"{engine}.oracle")
    hp = hyperparameters.HyperParameters()
    return (
        hp.Int("units", 2, 8),
        issubclass(hypermodel.HyperModel, kt.HyperModel),
        trial.TrialStatus.COMPLETED,
        oracle.Objective("val_loss", "min").direction,
        hyperparameters.Choice("c", [1, 2]).default,
    )


def hyperband(kt):
    tuner = kt.Hyperband(
        tiny.build_model,
        objective="val_accuracy",
        max_epochs=4,
        factor=4,
        hyperband_iterations=1,
        seed=1,
        directory="my_dir",
        project_name="intro_to_kt",
    )
    stop_early = keras.callbacks.EarlyStopping(monitor="val_loss", patience=5)
    tuner.search(*TRAIN, epochs=4, validation_data=VALIDATION, callbacks=[stop_early], verbose=0)
    best = tuner.get_best_hyperparameters(num_trials=1)[0]
    model = tuner.hypermodel.build(best)
    read = {name: value for name, value in best.values.items() if not name.startswith("tuner/")}
    return kinds(read), model.predict(tiny.X_VAL, verbose=0).shape


def bayesian_optimization(kt):
    tuner = kt.BayesianOptimization(
        hypermodel=tiny.build_model,
        objective=kt.Objective("val_accuracy", direction="max"),
        max_trials=4,
        num_initial_points=2,
        seed=42,
        overwrite=True,
        directory="bayes",
        project_name="study",
    )
    tuner.search(*TRAIN, epochs=1, batch_size=32, validation_data=VALIDATION, verbose=0)
    return len(tuner.oracle.trials), kinds(tuner.get_best_hyperparameters()[0].values)


def grid_search(kt):
    tuner = kt.GridSearch(tiny.build_grid, objective="val_loss", directory="grid", project_name="study")
    tuner.search(*TRAIN, epochs=1, validation_data=VALIDATION, verbose=0)
    tried = {tuple(sorted(trial.hyperparameters.values.items())) for trial in tuner.oracle.trials.values()}
    return sorted(tried)


def hypermodel_class(kt):
    class Regressor(kt.HyperModel):
        def __init__(self, classes, name=None):
            super().__init__(name=name, tunable=True)
            self.classes = classes

        def build(self, hp):
            model = keras.Sequential([keras.layers.Input((4,))])
            for i in range(hp.Int("num_layers", 1, 2)):
                model.add(keras.layers.Dense(hp.Int(f"units_{i}", 2, 8, step=2), activation="relu"))
            model.add(keras.layers.Dense(self.classes, activation="sigmoid"))
            return tiny.compiled(model, hp.Choice("learning_rate", [1e-2, 1e-3]))

    hypermodel = Regressor(classes=1, name="mlp")
    tuner = kt.RandomSearch(hypermodel, "val_loss", 2, directory="d", project_name="p")
    tuner.search(*TRAIN, epochs=1, validation_data=VALIDATION, verbose=0)
    return tuner.hypermodel.classes, tuner.hypermodel.name, len(tuner.get_best_models(2))


def hypermodel_without_super_init(kt):
    class Model(kt.HyperModel):
        def __init__(self, units):
            self.units = units

        def build(self, hp):
            return tiny.compiled(tiny.network(hp.Int("units", 2, self.units)))

    tuner = kt.RandomSearch(Model(4), "val_loss", 2, directory="d", project_name="p")
    tuner.search(*TRAIN, epochs=1, validation_data=VALIDATION, verbose=0)
    return sorted(tuner.get_best_hyperparameters()[0].values)


def hypermodel_fit_tunes_the_training(kt):
    class Model(kt.HyperModel):
        def build(self, hp):
            return tiny.build_model(hp)

        def fit(self, hp, model, *args, **kwargs):
            return model.fit(
                *args, batch_size=hp.Choice("batch_size", [16, 32]), shuffle=hp.Boolean("shuffle"), **kwargs
            )

    tuner = kt.RandomSearch(Model(), objective="val_loss", max_trials=2, directory="d", project_name="p")
    tuner.search(*TRAIN, epochs=1, validation_data=VALIDATION, verbose=0)
    best = tuner.get_best_hyperparameters()[0]
    model = tuner.hypermodel.build(best)
    history = tuner.hypermodel.fit(best, model, *TRAIN, epochs=1, verbose=0)
    return kinds(best.values), sorted(history.history)


def hypermodel_fit_returns_a_number(kt):
    """No objective is given: what `fit` returns is minimised."""

    class Model(kt.HyperModel):
        def build(self, hp):
            return tiny.build_model(hp)

        def fit(self, hp, model, x, y, validation_data, **kwargs):
            model.fit(x, y, **kwargs)
            x_val, y_val = validation_data
            return np.mean(np.abs(model.predict(x_val, verbose=0)[:, 0] - y_val))

    tuner = kt.RandomSearch(Model(), max_trials=2, directory="d", project_name="p")
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=2, verbose=0)
    best = tuner.oracle.get_best_trials(1)[0]
    (model,) = tuner.get_best_models()
    return tuner.oracle.objective.name, tuner.oracle.objective.direction, 0 < best.score < 1, model.count_params() > 0


def hypermodel_fit_returns_a_dict(kt):
    class Model(kt.HyperModel):
        def build(self, hp):
            return tiny.build_model(hp)

        def fit(self, hp, model, x, y, **kwargs):
            history = model.fit(x, y, **kwargs)
            return {"metric_a": -history.history["loss"][-1], "metric_b": 1.0}

    tuner = kt.RandomSearch(Model(), kt.Objective("metric_a", "max"), 2, directory="d", project_name="p")
    tuner.search(*TRAIN, epochs=1, verbose=0)
    scores = [trial.score for trial in tuner.oracle.get_best_trials(2)]
    return scores == sorted(scores, reverse=True), tuner.oracle.get_best_trials()[0].metrics.exists("metric_b")


def hypermodel_fit_with_a_custom_training_loop(kt):
    class Model(kt.HyperModel):
        def build(self, hp):
            return tiny.network(hp.Int("units", 2, 8))

        def fit(self, hp, model, x, y, validation_data, callbacks=None, **kwargs):
            optimizer = keras.optimizers.SGD(hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=1e-3))
            for callback in callbacks:
                callback.set_model(model)
            best = float("inf")
            for epoch in range(2):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(keras.losses.binary_crossentropy(y[:, None], model(x)))
                variables = model.trainable_variables
                optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
                value = float(loss)
                for callback in callbacks:
                    callback.on_epoch_end(epoch, logs={"my_metric": value})
                best = min(best, value)
            return best

    tuner = kt.RandomSearch(Model(), kt.Objective("my_metric", "min"), 2, directory="d", project_name="p")
    tuner.search(*TRAIN, validation_data=VALIDATION)
    return sorted(tuner.get_best_hyperparameters()[0].values), len(tuner.get_best_models())


def run_trial_tunes_the_batch_size(kt):
    class MyTuner(kt.BayesianOptimization):
        def run_trial(self, trial, *args, **kwargs):
            kwargs["batch_size"] = trial.hyperparameters.Int("batch_size", 16, 32, step=16)
            kwargs["epochs"] = trial.hyperparameters.Int("epochs", 1, 2)
            return super().run_trial(trial, *args, **kwargs)

    tuner = MyTuner(tiny.build_model, objective="val_accuracy", max_trials=3, directory="d", project_name="p")
    tuner.search(*TRAIN, validation_data=VALIDATION, verbose=0)
    best = tuner.get_best_hyperparameters()[0]
    return len(tuner.oracle.trials), kinds(best.values), len(tuner.get_best_models())


def run_trial_is_a_black_box(kt):
    class MyTuner(kt.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            hp = trial.hyperparameters
            x = hp.Float("x", min_value=-1.0, max_value=1.0)
            return x * x + 1

    tuner = MyTuner(max_trials=5, overwrite=True, directory="my_dir", project_name="tune_anything")
    tuner.search()
    best = tuner.get_best_hyperparameters()[0]
    return (
        len(tuner.oracle.trials),
        kinds(best.values),
        tuner.oracle.get_best_trials()[0].score == best.get("x") ** 2 + 1,
    )


def run_trial_returns_a_dict_and_keeps_a_file(kt):
    class MyTuner(kt.RandomSearch):
        def run_trial(self, trial, x, y):
            weight = trial.hyperparameters.Float("weight", 0, 1)
            Path(self.get_trial_dir(trial.trial_id), "weight.txt").write_text(str(weight))
            return {"mse": float(np.mean((weight * x[:, 0] - y) ** 2)), "weight_seen": weight}

        def load_model(self, trial):
            return float(Path(self.get_trial_dir(trial.trial_id), "weight.txt").read_text())

    tuner = MyTuner(objective=kt.Objective("mse", "min"), max_trials=3, directory="d", project_name="p")
    tuner.search(*TRAIN)
    return tuner.get_best_models()[0] == tuner.get_best_hyperparameters()[0].get("weight")


def run_trial_cross_validates(kt):
    class CrossValidation(kt.RandomSearch):
        def run_trial(self, trial, x, y, epochs=1):
            results = []
            for fold in range(2):
                held = np.arange(len(x)) % 2 == fold
                model = self.hypermodel.build(trial.hyperparameters)
                results.append(
                    model.fit(x[~held], y[~held], validation_data=(x[held], y[held]), epochs=epochs, verbose=0)
                )
            return results

    tuner = CrossValidation(tiny.build_model, "val_loss", max_trials=2, directory="d", project_name="p")
    tuner.search(*TRAIN, epochs=1)
    return [type(trial.score).__mro__[-2].__name__ for trial in tuner.oracle.get_best_trials(2)]


def run_trial_reports_to_the_oracle(kt):
    """As in the first versions; KerasTuner says that it is deprecated."""
    import warnings

    class MyTuner(kt.RandomSearch):
        def run_trial(self, trial, x, y):
            model = self.hypermodel.build(trial.hyperparameters)
            loss = model.fit(x, y, epochs=1, verbose=0).history["loss"][-1]
            self.oracle.update_trial(trial.trial_id, {"loss": loss})

    tuner = MyTuner(tiny.build_model, objective="loss", max_trials=2, directory="d", project_name="p")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        tuner.search(*TRAIN)
    return [trial.status for trial in tuner.oracle.get_best_trials(2)], tuner.remaining_trials


def base_tuner_with_an_oracle(kt):
    tuner = kt.Tuner(
        oracle=kt.oracles.RandomSearchOracle(objective=kt.Objective("val_loss", "min"), max_trials=2, seed=1),
        hypermodel=tiny.build_model,
        directory="d",
        project_name="p",
        overwrite=True,
    )
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=1, verbose=0)
    return len(tuner.oracle.trials), sorted(tuner.oracle.trials)


def hooks_are_called(kt):
    called = []

    class MyTuner(kt.RandomSearch):
        def on_trial_begin(self, trial):
            super().on_trial_begin(trial)
            called.append("trial begins")

        def on_epoch_end(self, trial, model, epoch, logs=None):
            called.append(f"epoch {epoch} of {len(trial.hyperparameters.values)} values: {'val_loss' in logs}")

        def on_trial_end(self, trial):
            super().on_trial_end(trial)
            called.append(f"trial {trial.status}")

        def on_search_end(self):
            called.append("search ends")

    tuner = MyTuner(tiny.build_model, "val_loss", 2, directory="d", project_name="p")
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=2, verbose=0)
    return called


def every_kind_of_hyperparameter(kt):
    def build(hp):
        hp.Int("int", 1, 9)
        hp.Int("int_step", min_value=32, max_value=512, step=32, default=128)
        hp.Int("int_log", 1, 64, step=2, sampling="log")
        hp.Float("float", 0.0, 1.0)
        hp.Float("float_step", 0.0, 0.5, step=0.1, default=0.2)
        hp.Float("float_log", 1e-4, 1e-1, sampling="LOG", default=1e-3)
        hp.Float("float_reverse", min_value=1, max_value=10, sampling="reverse_log")
        hp.Choice("texts", ["relu", "tanh"], default="tanh")
        hp.Choice("numbers", values=[0.1, 0.2], ordered=True)
        hp.Boolean("flag", default=True)
        hp.Fixed("fixed", value=7)
        return tiny.compiled(tiny.network())

    hp = kt.HyperParameters()
    build(hp)
    tuner = kt.RandomSearch(build, "val_loss", 2, directory="d", project_name="p")
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=1, verbose=0)
    best = tuner.get_best_hyperparameters()[0]
    return sorted(hp.values.items()), kinds(best.values), [type(one).__name__ for one in hp.space]


def steps_that_miss_the_end(kt):
    import warnings

    class Steps(kt.GridSearch):
        def run_trial(self, trial):
            hp = trial.hyperparameters
            units = hp.Int("units", min_value=1, max_value=8, step=3)
            rate = hp.Float("rate", 0.1, 1.0, step=0.4)
            filters = hp.Int("filters", 1, 10, step=2, sampling="log")
            seen.add((units, round(rate, 6), filters))
            return units + rate + filters

    seen = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        Steps(directory="d", project_name="p").search()
    return sorted(seen)


def conditions_and_scopes(kt):
    class Scopes(kt.RandomSearch):
        def run_trial(self, trial):
            hp = trial.hyperparameters
            kind = hp.Choice("model_type", ["mlp", "wide"])
            with hp.conditional_scope("model_type", ["mlp"]):
                if kind == "mlp":
                    hp.Int("depth", 1, 9)
            with hp.conditional_scope("model_type", ["wide"]):
                if kind == "wide":
                    hp.Int("width", 8, 19)
            with hp.name_scope("head"):
                hp.Float("dropout", 0, 0.5)
            extra = hp.Int("extra", 1, 2, parent_name="model_type", parent_values=["wide"])
            return 1.0 if extra is None else 0.5

    tuner = Scopes(max_trials=12, directory="d", project_name="p")
    tuner.search()
    return {(hp.get("model_type"), tuple(sorted(hp.values))) for hp in tuner.get_best_hyperparameters(12)}


def hyperparameters_by_themselves(kt):
    hp = kt.HyperParameters()
    first = hp.Int("units", 32, 64, step=32)
    hp.values["units"] = 64
    hp.values["free"] = 3
    copied = hp.copy()
    copied.values["units"] = 32
    again = kt.HyperParameters.from_config(hp.get_config())
    return first, hp.Int("units", 32, 64, step=32), hp.get("units"), copied["units"], "units" in hp, again.values


def a_few_hyperparameters_are_tuned(kt):
    hp = kt.HyperParameters()
    hp.Choice("learning_rate", values=[1e-1, 1e-2])
    tuner = kt.GridSearch(
        tiny.build_model,
        hyperparameters=hp,
        tune_new_entries=False,
        objective="val_loss",
        max_trials=3,
        directory="d",
        project_name="p",
    )
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=1, verbose=0)
    return [trial.hyperparameters.get("learning_rate") for trial in tuner.oracle.trials.values()]


def a_hyperparameter_is_fixed(kt):
    hp = kt.HyperParameters()
    hp.Fixed("learning_rate", value=1e-2)
    tuner = kt.RandomSearch(
        tiny.build_model, "val_loss", 3, hyperparameters=hp, tune_new_entries=True, directory="d", project_name="p"
    )
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=1, verbose=0)
    best = tuner.get_best_hyperparameters(3)
    return {one.get("learning_rate") for one in best}, len({one.get("units") for one in best}) > 1


def compile_arguments_are_replaced(kt):
    tuner = kt.RandomSearch(
        tiny.build_model,
        objective="val_mse",
        max_trials=2,
        optimizer=keras.optimizers.Adam(1e-2),
        loss="mse",
        metrics=["mse"],
        directory="d",
        project_name="p",
    )
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=1, verbose=0)
    (model,) = tuner.get_best_models()
    return type(model.optimizer).__name__, model.loss


def in_a_distribution_strategy(kt):
    tuner = kt.RandomSearch(
        tiny.build_model,
        objective="val_loss",
        max_trials=1,
        distribution_strategy=tf.distribute.OneDeviceStrategy("/cpu:0"),
        directory="d",
        project_name="p",
    )
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=1, verbose=0)
    return len(tuner.get_best_models())


def callbacks_are_given(kt):
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=1)
    board = keras.callbacks.TensorBoard("tb_logs")
    tuner = kt.RandomSearch(tiny.build_model, "val_loss", 1, directory="d", project_name="p")
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=2, callbacks=[stop, board], verbose=0)
    best = tuner.get_best_hyperparameters(num_trials=1)[0]
    model = tuner.hypermodel.build(best)
    history = model.fit(*TRAIN, validation_data=VALIDATION, epochs=2, callbacks=[stop], verbose=0)
    losses = history.history["val_loss"]
    return losses.index(min(losses)) + 1 <= 2


def retrained_on_all_data(kt):
    tuner = kt.RandomSearch(tiny.build_model, "val_accuracy", 2, directory="d", project_name="p")
    tuner.search(*TRAIN, validation_split=0.2, epochs=1, verbose=0)
    best = tuner.get_best_hyperparameters(5)
    model = tiny.build_model(best[0])
    history = model.fit(tiny.X, tiny.Y, epochs=2, verbose=0)
    return sorted(history.history), len(history.epoch), best[0].get("units") == model.layers[0].units


def several_executions(kt):
    tuner = kt.RandomSearch(
        tiny.build_model, "val_loss", max_trials=2, executions_per_trial=2, directory="d", project_name="p"
    )
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=1, verbose=0)
    return tuner.executions_per_trial, len(tuner.oracle.trials), tuner.remaining_trials


def resumed_from_disk(kt):
    def tuner(trials):
        return kt.RandomSearch(tiny.build_model, "val_loss", trials, seed=1, directory="d", project_name="p")

    first = tuner(2)
    first.search(*TRAIN, validation_data=VALIDATION, epochs=1, verbose=0)
    left = tuner(3).remaining_trials
    again = tuner(3)
    again.search(*TRAIN, validation_data=VALIDATION, epochs=1, verbose=0)
    reader = tuner(3)
    reader.reload()
    return left, len(again.oracle.trials), len(reader.get_best_hyperparameters(3)), len(reader.get_best_models())


def trials_are_looked_at(kt):
    tuner = kt.RandomSearch(tiny.build_model, "val_accuracy", max_trials=2, directory="d", project_name="p")
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=1, verbose=0)
    best = tuner.oracle.get_best_trials(num_trials=1)[0]
    best.summary()
    state = best.get_state()
    same = tuner.oracle.get_trial(best.trial_id)
    return (
        sorted(tuner.oracle.trials),
        best.status,
        best.best_step,
        same.score == best.score == best.metrics.get_best_value("val_accuracy"),
        type(best.metrics.get_history("val_loss")[0].value[0]).__name__.startswith("float"),
        sorted(state),
        sorted(state["hyperparameters"]["values"]),
        sorted(one.name for one in tuner.oracle.get_space().space),
        tuner.oracle.objective.name,
    )


def functional_model(kt):
    def build(hp):
        inputs = keras.Input(shape=(4,))
        x = inputs
        for i in range(hp.Int("layers", 1, 2)):
            x = keras.layers.Dense(units=hp.Int("units_" + str(i), 2, 8), activation="relu")(x)
            if hp.Boolean("dropout"):
                x = keras.layers.Dropout(rate=0.25)(x)
        model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
        return tiny.compiled(model)

    tuner = kt.RandomSearch(build, "val_loss", 3, directory="d", project_name="p")
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=1, verbose=0)
    return tuner.get_best_models()[0].output_shape


class Subclassed(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.hidden = keras.layers.Dense(units, activation="relu")
        self.out = keras.layers.Dense(1, activation="sigmoid")

    def build(self, input_shape):
        self.hidden.build(input_shape)
        self.out.build((None, self.hidden.units))

    def call(self, inputs):
        return self.out(self.hidden(inputs))

    def get_config(self):
        return {"units": self.hidden.units}


def subclassed_model(kt):
    def build(hp):
        model = Subclassed(hp.Int("units", 2, 8))
        model.build((None, 4))
        return tiny.compiled(model)

    tuner = kt.RandomSearch(build, "val_loss", 2, directory="d", project_name="p")
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=1, verbose=0)
    return tuner.get_best_models()[0].predict(tiny.X_VAL, verbose=0).shape


def datasets(kt):
    train = tf.data.Dataset.from_tensor_slices(TRAIN).shuffle(64, seed=1).batch(16).prefetch(1)
    validation = tf.data.Dataset.from_tensor_slices(VALIDATION).batch(16)
    tuner = kt.RandomSearch(tiny.build_model, "val_loss", 2, directory="d", project_name="p")
    tuner.search(train, epochs=1, validation_data=validation, verbose=0)
    return len(tuner.get_best_hyperparameters(2))


def a_metric_of_ones_own(kt):
    def agreement(y_true, y_pred):
        return keras.ops.mean(keras.ops.cast(keras.ops.equal(y_true, keras.ops.round(y_pred)), "float32"))

    def build(hp):
        return tiny.compiled(tiny.network(hp.Int("units", 2, 8)), metrics=[agreement])

    tuner = kt.RandomSearch(build, kt.Objective("val_agreement", direction="max"), 2, directory="d", project_name="p")
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=1, verbose=0)
    return tuner.oracle.objective.direction, tuner.oracle.get_best_trials()[0].metrics.exists("val_agreement")


def a_failed_trial(kt):
    class Model(kt.HyperModel):
        def build(self, hp):
            if hp.Choice("units", [2, 4, 6]) == 4:
                raise kt.errors.FailedTrialError("not this one")
            return tiny.compiled(tiny.network(hp.get("units")))

    tuner = kt.GridSearch(Model(), "val_loss", directory="d", project_name="p")
    tuner.search(*TRAIN, validation_data=VALIDATION, epochs=1, verbose=0)
    return sorted((t.hyperparameters.get("units"), t.status) for t in tuner.oracle.trials.values())


def a_fatal_error(kt):
    def build(hp):
        hp.Int("units", 2, 8)
        if len(built) < 1:
            built.append(1)
            return tiny.compiled(tiny.network())
        raise kt.errors.FatalValueError("stop")

    built = []
    tuner = kt.RandomSearch(build, "val_loss", 3, directory="d", project_name="p")
    try:
        tuner.search(*TRAIN, validation_data=VALIDATION, epochs=1, verbose=0)
    except ValueError as error:
        return isinstance(error, kt.errors.FatalError), str(error)
    return None


def a_bug_in_the_model(kt):
    def build(hp):
        hp.Float("rate", 0, 1)
        if built:
            raise ValueError("a bug")
        built.append(1)
        return tiny.compiled(tiny.network())

    built = []
    tuner = kt.RandomSearch(build, "val_loss", 10, directory="d", project_name="p")
    try:
        tuner.search(*TRAIN, validation_data=VALIDATION, epochs=1, verbose=0)
    except Exception as error:
        return "a bug" in str(error), len(tuner.oracle.trials)
    return None


def scikit_learn(kt):
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, make_scorer
    from sklearn.model_selection import StratifiedKFold
    from sklearn.tree import DecisionTreeClassifier

    def build(hp):
        if hp.Choice("model_type", ["tree", "linear"]) == "tree":
            return DecisionTreeClassifier(max_depth=hp.Int("max_depth", 1, 4))
        return LogisticRegression(C=hp.Float("C", 1e-3, 10, sampling="log"))

    tuner = kt.tuners.SklearnTuner(
        oracle=kt.oracles.BayesianOptimizationOracle(objective=kt.Objective("score", "max"), max_trials=3),
        hypermodel=build,
        scoring=make_scorer(accuracy_score),
        metrics=accuracy_score,
        cv=StratifiedKFold(3),
        directory="d",
        project_name="p",
    )
    tuner.search(*TRAIN)
    best = tuner.get_best_models(num_models=1)[0]
    trial = tuner.oracle.get_best_trials()[0]
    return best.predict(tiny.X_VAL).shape, 0 <= trial.score <= 1, trial.metrics.exists("accuracy_score")


SCRIPTS = [
    value
    for name, value in list(globals().items())
    if callable(value) and getattr(value, "__module__", None) == __name__ and value not in (kinds, Subclassed)
]
