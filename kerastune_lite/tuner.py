"""The tuner: searches the hyperparameters of a Keras model, and gives back what was found."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, cast

from kerastune_lite.errors import ObjectiveError, SearchError, SpaceError, UsageError, nearest
from kerastune_lite.executors import Decision, Send, Task, run_attempt
from kerastune_lite.kerastuner.hooks import Hooks, call_hooks, hook_callbacks
from kerastune_lite.kerastuner.oracle_settings import OracleSettings, without_oracle
from kerastune_lite.kerastuner.oracle_view import OracleView
from kerastune_lite.kerastuner.replaced import check_methods
from kerastune_lite.kerastuner.run_trial import OwnTrials
from kerastune_lite.kerastuner.trial_view import TrialView
from kerastune_lite.observers.model_files import ModelFiles
from kerastune_lite.observers.protocol import RunsObserver
from kerastune_lite.results.causes import check_any_success
from kerastune_lite.results.results import Results
from kerastune_lite.results.tables import show_results, show_space
from kerastune_lite.search.session import run_search
from kerastune_lite.search.settings import SearchOptions, Settings, check_options, search_settings, study_directory
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.space.kinds import Hyperparameter, Value
from kerastune_lite.space.number import number, plain
from kerastune_lite.space.overrides import Overrides
from kerastune_lite.space.space import Space
from kerastune_lite.strategies import Bayesian
from kerastune_lite.strategies.bayesian.prior import as_priors
from kerastune_lite.study.events import Ended, Enqueued, Event, ExternalResult, SearchStarted, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import FILES, METADATA, MODEL, WEIGHTS, checkpoint_directory, trial_name
from kerastune_lite.study.objective import Objective, resolve
from kerastune_lite.study.store import read_events, warn_of_damage
from kerastune_lite.study.task import TrialFunction
from kerastune_lite.study.trial import Trial
from kerastune_lite.training.arguments import FitArguments
from kerastune_lite.training.distribution import distributed
from kerastune_lite.training.hypermodel import Builder
from kerastune_lite.training.memory import collecting, frozen_garbage
from kerastune_lite.training.returned import DEFAULT_OBJECTIVE

if TYPE_CHECKING:
    import keras

    from kerastune_lite.callbacks import Checkpoint, EarlyStopping, TensorBoard
    from kerastune_lite.training.keras_trial import KerasTrial


class TunerOptions(SearchOptions, total=False):
    """Options of every tuner; `SearchOptions` has the others.

    Attributes:
        max_model_size: Parameters of a model at most; a larger one is infeasible and does not count.
        keep_checkpoints: How many of the best trials keep their model on disk; None for all.
        objective_reduction: A trial's score: its "best" epoch's value, the "last", or "mean_last_K".
        patience: Short for `early_stopping=kt.callbacks.EarlyStopping(patience)`.
        early_stopping: Ends a training that no longer improves.
        checkpoint: False to keep no models and no state of interrupted trainings, or a configured
            `kt.callbacks.Checkpoint`.
        tensorboard: False to write nothing for TensorBoard, or a configured `kt.callbacks.TensorBoard`.
        hyperparameters: Definitions that replace those in `build_model`, by name.
        tune_new_entries: Whether to tune hyperparameters that are not in `hyperparameters`; if not, they keep their
            defaults.
        allow_new_entries: Whether `build_model` may read hyperparameters that are not in `hyperparameters`.
        hypermodel: Another name for `build_model`.
        optimizer: Replaces that of each model built; a fresh copy for each.
        loss: Replaces that of each model built.
        metrics: Replace those of each model built.
        distribution_strategy: A `tf.distribute` strategy, in whose scope trials are built and trained.
        oracle: One of `kt.oracles`, in place of `strategy`, `objective` and `max_trials`.
        tuner_id: For the user's own use.
        logger: Not used; `observers` see all that happens.
    """

    max_model_size: int | None
    keep_checkpoints: int | None
    objective_reduction: str | None
    patience: int | None
    early_stopping: "EarlyStopping | None"
    checkpoint: "bool | Checkpoint"
    tensorboard: "bool | TensorBoard"
    hyperparameters: HyperParameters | None
    tune_new_entries: bool
    allow_new_entries: bool
    hypermodel: Any
    optimizer: "str | keras.optimizers.Optimizer | None"
    loss: Any
    metrics: Sequence[Any] | None
    distribution_strategy: Any
    oracle: OracleSettings | None
    tuner_id: str | None
    logger: Any


class Tuner(Hooks):
    """Searches the hyperparameters that `build_model(hp)` reads.

    Making a tuner reads and writes nothing; `search` does. Running the same script again resumes the search. A subclass
    may override `run_trial`, and the hooks called at the beginning and end of searches, trials, epochs and batches.

    Args:
        build_model: A function of hp that returns a compiled model, or an object with `build(hp)` and perhaps
            `fit(hp, model, *args, **kwargs)`. `hypermodel` is another name for it.
        objective: The metric to optimise: its name, if that tells the direction, or `kt.Objective(name, "max")`. It may
            be left out where the hypermodel's `fit` or an overridden `run_trial` returns a number to minimise.
        max_trials: Trials of the study in all, those of earlier runs included; None searches until the space is
            exhausted.
        **options: See `TunerOptions` and `SearchOptions`.

    Raises:
        UsageError: An argument is impossible or unknown.
        ObjectiveError: The objective's direction is not known.
    """

    def __init__(
        self,
        build_model: Any = None,
        objective: str | Objective | None = None,
        max_trials: int | None = None,
        **options: Unpack[TunerOptions],
    ) -> None:
        check_options(type(self).__name__, options, TunerOptions)
        check_methods(type(self))
        build_model, objective, max_trials, plain = without_oracle(build_model, objective, max_trials, options)
        options = cast(TunerOptions, plain)
        if options.get("patience") is not None and options.get("early_stopping") is not None:
            raise UsageError("give patience or early_stopping, not both: patience is short for the latter")
        self._own_trials = type(self).run_trial is not Tuner.run_trial
        self.hypermodel = _builder(build_model, options, own_trials=self._own_trials)
        if objective is None and self.hypermodel.own_fit is None and not self._own_trials:
            raise ObjectiveError('give an objective, such as objective="val_accuracy"')
        self.objective = resolve(
            DEFAULT_OBJECTIVE if objective is None else objective, options.get("objective_reduction")
        )
        self._options = options
        self._settings = search_settings(
            options,
            objective=self.objective,
            max_trials=max_trials,
            directory=study_directory(options, "logs"),
            keep_checkpoints=options.get("keep_checkpoints", 3),
            recorded=_recorded(options),
        )
        self._overrides = _overrides(options)
        self._requests: list[Enqueued | ExternalResult] = []
        self._history: History | None = None
        self.oracle = OracleView(self._known, self.objective, max_trials, self._settings.seed)
        self.executions_per_trial = self._settings.executions_per_trial
        self.tuner_id = options.get("tuner_id") or "tuner0"

    @property
    def project_dir(self) -> Path:
        """The study's directory."""
        return cast(Path, self._settings.directory)

    @property
    def remaining_trials(self) -> int | None:
        """How much of the budget is left; None without `max_trials`."""
        return self.oracle.remaining_trials()

    def get_trial_dir(self, trial_id: str | int) -> str:
        """A directory of a trial's own, for files; made when first asked for."""
        directory = self.project_dir / FILES / trial_name(int(trial_id))
        directory.mkdir(parents=True, exist_ok=True)
        return str(directory)

    def run_trial(self, trial: TrialView, *args: Any, **kwargs: Any) -> Any:
        """Trains a trial; a subclass may override it, and call it with other arguments of `fit`.

        Args:
            trial: `trial.hyperparameters` is the `hp` to read from and to build the model with.
            *args: Those of `search`.
            **kwargs: Those of `search`.

        Returns:
            Here, the History of each execution. A subclass returns the objective as a number, a dict of metrics that
            holds it, a History, or a list of these, whose mean counts; or nothing, after `super().run_trial`.

        Raises:
            UsageError: It is called out of a search.
        """
        if trial.train is None:
            raise UsageError(f"trial {trial.trial_id} is not under way; run_trial is for overriding, search() calls it")
        return trial.train(*args, **kwargs)

    def search(
        self,
        *fit_args: Any,
        callbacks: "Sequence[keras.callbacks.Callback] | Callable[..., Any] | None" = None,
        verbose: int | None = None,
        fit_verbose: int | str | None = None,
        **fit_kwargs: Any,
    ) -> Results:
        """Trains trial after trial, as `fit` would with these arguments, until the budget or the space is used up.

        Args:
            *fit_args: x and y, as for `fit`.
            callbacks: The user's own: a list (each trial trains with fresh copies), or a function of the trial (see
                `TrialInfo`) that makes one.
            verbose: 0 silent, 1 (unless given) brief, 2 a line per epoch.
            fit_verbose: Keras's own `verbose`; 0 unless given (a hypermodel's own `fit` gets it only if given).
            **fit_kwargs: All else that `fit` takes. A function without a parameter makes its argument anew for each
                training; one with a parameter is called with hp.

        Returns:
            All trials, best first.

        Raises:
            UsageError: An argument is impossible, or a trial showed that the search is.
            StudyError: The record cannot be used or written.
            SearchError: Every trial failed; the causes are counted.
            KeyboardInterrupt: Ctrl-C; the study can be gone on with.
        """
        arguments = FitArguments({}) if self._own_trials else FitArguments.of(fit_args, fit_kwargs)
        if self._own_trials:
            told = {"callbacks": callbacks, "verbose": verbose, "fit_verbose": fit_verbose}
            given = {name: value for name, value in told.items() if value is not None}
            kwargs = {**fit_kwargs, **given}
            trial: TrialFunction = OwnTrials(
                self.run_trial, self._train, self.oracle, self._overrides, fit_args, kwargs
            )
        else:
            trial = self._trial(arguments, callbacks, fit_verbose)
        tensorboard, settings = self._tensorboard(), self._search_settings(arguments)
        with frozen_garbage():
            self._history = run_search(
                settings,
                collecting(distributed(trial, self._options.get("distribution_strategy"))),
                verbose=1 if verbose is None else verbose,
                observers=[ModelFiles(self.project_dir), self._watch],
                tensorboard=tensorboard,
                requests=self._requests,
            )
        self._settings = replace(self._settings, overwrite=False)  # the next search must not delete this one
        check_any_success(self._history)
        return self.results()

    def enqueue(self, values: Mapping[str, Value]) -> None:
        """Has a point tried before any other by the next `search`; what it lacks is drawn.

        A point on record as enqueued already is left alone, so that a script can be run again.

        Args:
            values: By name. They are checked when the search begins: `build_model` must read each of them, and take it.
        """
        self._requests.append(Enqueued(values={name: plain(value) for name, value in values.items()}))

    def believe(self, priors: Mapping[str, Any]) -> None:
        """Tells a Bayesian search where the best values are believed to be; trials that say otherwise outweigh it.

        Args:
            priors: By the names of hyperparameters: values, or `kt.Prior` for more or less strength. They replace those
                given before for the same names.

        Raises:
            UsageError: The strategy is not Bayesian, or a prior is impossible. A value out of a hyperparameter's range
                is found when the search begins.

        Example:
            >>> tuner = kt.BayesianOptimization(build_model, "val_accuracy")  # doctest: +SKIP
            >>> tuner.believe({"learning_rate": 3e-4, "optimizer": kt.Prior("adam", strength=2)})  # doctest: +SKIP
        """
        strategy = self._settings.strategy
        if not isinstance(strategy, Bayesian):
            raise UsageError(
                f"believe() needs a strategy that can use it, not {type(strategy).__name__}: kt.BayesianOptimization, "
                "or strategy=kt.strategies.Bayesian()"
            )
        together = {**strategy.priors, **as_priors(priors)}
        self._settings = replace(self._settings, strategy=replace(strategy, priors=together))

    def add_trial(self, values: Mapping[str, Value], score: float) -> None:
        """Tells the next `search` of a result from elsewhere, which a Bayesian search learns from.

        Args:
            values: By name, checked as in `enqueue`.
            score: What the objective was there, in its own sign.

        Raises:
            UsageError: The score is not finite.
        """
        found = number(score)
        if found is None or not math.isfinite(found):
            raise UsageError(f"add_trial(score={score!r}): the score must be a finite number; leave out what failed")
        told = {name: plain(value) for name, value in values.items()}
        self._requests.append(ExternalResult(values=told, score=float(found)))

    def results(self) -> Results:
        """All trials on record, best first; read from the study's directory if this tuner has not searched."""
        return Results(self._known())

    def results_summary(self, num_trials: int = 10) -> None:
        """Prints the best trials."""
        show_results(self._known(), num_trials, where=str(self.project_dir))

    def search_space_summary(self, extended: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - KerasTuner's
        """Prints the hyperparameters known so far; builds the model once with its defaults to learn them."""
        space = Space(self._read_space(FitArguments({})))
        for definition in self._known().space:
            space.add(definition)
        show_space(space)

    def get_best_hyperparameters(self, num_trials: int = 1) -> list[HyperParameters]:
        """The hyperparameters of the best trials, best first: `build_model(hp)` builds their model anew."""
        return [trial.hyperparameters for trial in self._best(num_trials)]

    def get_best_models(self, num_models: int = 1) -> "list[keras.Model]":
        """The models of the best trials, best first, with the weights of the epoch that scored.

        Raises:
            SearchError: A model is not on disk, or there is no finished trial.
        """
        return [self.load_model(TrialView.of(trial, self.oracle.max_trials)) for trial in self._best(num_models)]

    def load_model(self, trial: TrialView) -> "keras.Model":
        """The model kept of a trial; a subclass overrides it with `save_model`.

        Raises:
            SearchError: It is not on disk.
        """
        return self._load(self._known()[int(trial.trial_id)])

    def save_model(self, trial_id: str | int, model: "keras.Model", step: int = 0) -> None:
        """Keeps a model as a trial's own, from within `run_trial`; a subclass overrides it for what is no Keras model.

        Args:
            trial_id: The trial's.
            model: A built model.
            step: The epoch (from 0) whose model it is.
        """
        import keras  # noqa: PLC0415 - heavy: loaded when a model is

        directory = checkpoint_directory(self.project_dir, int(trial_id))
        directory.mkdir(parents=True, exist_ok=True)
        model.save(directory / MODEL)
        facts = {"epoch": step + 1, "build": keras.saving.serialize_keras_object(model.get_build_config())}
        (directory / METADATA).write_text(json.dumps(facts))

    def reload(self) -> None:
        """Forgets what this tuner knows of the study, so that the record is read from disk when next asked for."""
        self._history = None
        self._settings = replace(self._settings, overwrite=False)

    def _watch(self, event: Event, history: History) -> None:
        """Observes the search: what it knows is known here, and the hooks are called."""
        self._history = history
        call_hooks(self, event, history, self.oracle.get_trial)

    def _search_settings(self, arguments: FitArguments) -> Settings:
        """The settings of one search, its arguments checked."""
        late = self._own_trials or self.hypermodel.own_fit is not None  # the objective may be what they return
        if not late:
            arguments.check()
            arguments.check_objective(self.objective)
        for event in self._requests:
            self._check_point(event.values, arguments)
        first = arguments.first_validated_epoch if self.objective.name.startswith("val_") else 1
        return replace(
            self._settings,
            space=self._read_space(arguments) if self.hypermodel.given is not None else None,
            epochs=None if self._own_trials else arguments.epochs,
            scored_from=None if late else first,
        )

    def _train(
        self, task: Task, send: Send, hp: HyperParameters, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Ended | None:
        """Trains a trial for `super().run_trial`, with the arguments given there."""
        rest = {name: value for name, value in kwargs.items() if name not in ("callbacks", "verbose", "fit_verbose")}
        arguments = FitArguments.of(args, rest)
        if self.hypermodel.own_fit is None:
            arguments.check()
        return self._trial(arguments, kwargs.get("callbacks"), kwargs.get("fit_verbose")).run(task, send, hp)

    def _known(self) -> History:
        if self._history is None and self._settings.overwrite:
            return History()
        if self._history is None:
            events, damage = read_events(self.project_dir)
            warn_of_damage(damage)
            return History(events)
        return self._history

    def _best(self, count: int) -> list[Trial]:
        best = [trial for trial, _ in zip(self._known().ranked(), range(count), strict=False)]
        if not best:
            raise SearchError(f"study {self.project_dir} has no finished trial yet; call search() first")
        return best

    def _load(self, trial: Trial) -> "keras.Model":
        import keras  # noqa: PLC0415 - heavy: loaded when a model is

        directory = checkpoint_directory(self.project_dir, trial.number)
        path = next((directory / name for name in (MODEL, WEIGHTS) if (directory / name).exists()), None)
        if path is None:
            own = " (fit() of the hypermodel must pass its callbacks on)" if self.hypermodel.own_fit is not None else ""
            own = " (run_trial may keep one by self.save_model(trial.trial_id, model))" if self._own_trials else own
            raise SearchError(
                f"the model of trial {trial.number} is not on disk ({directory}): "
                f"keep_checkpoints={self._settings.keep_checkpoints} and `checkpoint` decide what is kept{own}"
            )
        model = self.hypermodel.build(trial.hyperparameters)
        if not model.built:
            facts = json.loads((directory / METADATA).read_text())
            model.build_from_config(keras.saving.deserialize_keras_object(facts["build"]))
            model.built = True  # all its layers are, which a model without a build() of its own does not notice
        if model.compiled and model.optimizer is not None:
            model.optimizer.build(model.trainable_variables)  # so that its state is loaded too
        model.load_weights(path)
        return model

    def _trial(
        self,
        arguments: FitArguments,
        callbacks: "Sequence[keras.callbacks.Callback] | Callable[..., Any] | None",
        fit_verbose: int | str | None,
    ) -> "KerasTrial":
        """Imports Keras: everything before this was quick."""
        from kerastune_lite.callbacks import Checkpoint, EarlyStopping  # noqa: PLC0415
        from kerastune_lite.training.keras_trial import KerasTrial  # noqa: PLC0415
        from kerastune_lite.training.user_callbacks import UserCallbacks, check_option  # noqa: PLC0415

        checkpoint, patience = self._options.get("checkpoint", True), self._options.get("patience")
        stopping = self._options.get("early_stopping")
        if not isinstance(checkpoint, bool):
            check_option("checkpoint", checkpoint, Checkpoint, "True, False")
        if stopping is not None:
            check_option("early_stopping", stopping, EarlyStopping, "None")
        return KerasTrial(
            builder=self.hypermodel,
            arguments=arguments,
            objective=self.objective,
            directory=self.project_dir,
            tensorboard=getattr(self._options.get("tensorboard"), "log_dir", None),
            overrides=self._overrides,
            user_callbacks=UserCallbacks(callbacks),
            early_stopping=stopping if patience is None else EarlyStopping(patience),
            checkpoint=Checkpoint() if checkpoint is True else checkpoint or None,
            max_model_size=self._options.get("max_model_size"),
            fit_verbose=fit_verbose,
            hooks=self._hook_callbacks,
        )

    def _hook_callbacks(self, number: int, hp: HyperParameters) -> "list[keras.callbacks.Callback]":
        trial = self.oracle.get_trial(number)
        trial.hyperparameters = hp
        return hook_callbacks(self, trial)

    def _read_space(self, arguments: FitArguments) -> list[Hyperparameter]:
        """What the model reads with its defaults; where that raises, what it has read until then."""
        return self._read({}, arguments).space

    def _check_point(self, values: Mapping[str, Value], arguments: FitArguments) -> None:
        """Raises a SpaceError unless the model reads these values and takes them (`run_trial` may read others)."""
        if self._own_trials:
            return
        read = {step.definition.name: step for step in self._read(values, arguments).reads}
        for name, value in values.items():
            if name not in read:
                raise SpaceError(
                    f"{dict(values)}: with these values no hyperparameter {name!r} is read; leave it out"
                    f"{nearest(name, read)}"
                )
            if value not in read[name].definition:
                raise SpaceError(f"{dict(values)}: {name}={value!r} is not possible in {read[name].definition}")

    def _read(self, values: Mapping[str, Value], arguments: FitArguments) -> HyperParameters:
        """An `hp` that the model has been built with; where that raises, what was read until then."""
        hp = HyperParameters(values, overrides=self._overrides)

        def build(task: Task, send: Send) -> None:  # noqa: ARG001
            self.hypermodel.build(hp)
            arguments.read(hp)

        def hear(event: Event) -> Decision:
            if isinstance(event, Ended) and event.fatal is not None:
                raise event.fatal
            return Decision()

        started = SearchStarted(objective=self.objective, strategy={}, seed=0, max_trials=None)
        run_attempt(build, Task(Started(trial=0, attempt=0, values={}), started), hear)
        return hp

    def _tensorboard(self) -> Callable[[Path], RunsObserver] | None:
        given = self._options.get("tensorboard", True)
        if given is False:
            return None
        from kerastune_lite.callbacks import TensorBoard  # noqa: PLC0415
        from kerastune_lite.training.user_callbacks import check_option  # noqa: PLC0415

        if not isinstance(given, bool):
            check_option("tensorboard", given, TensorBoard, "True, False")
        return (TensorBoard() if given is True else given).observer


def _builder(build_model: Any, options: TunerOptions, *, own_trials: bool) -> Builder:
    hypermodel = options.get("hypermodel")
    given = [model for model in (build_model, hypermodel) if model is not None]
    if len(given) > 1 or not (given or own_trials):
        raise UsageError("give build_model: a function of hp that returns a compiled model")
    compiled = {"optimizer": options.get("optimizer"), "loss": options.get("loss"), "metrics": options.get("metrics")}
    replaced = {name: value for name, value in compiled.items() if value is not None}
    return Builder(given[0] if given else None, replaced=replaced, checked=not own_trials)


def _recorded(options: TunerOptions) -> dict[str, Any]:
    """Options that are on record so that a later search can tell that they have changed."""
    given, patience = options.get("early_stopping"), options.get("patience")
    if given is not None and hasattr(
        type(given), "get_config"
    ):  # what is no EarlyStopping is refused when the search begins
        return {"early_stopping": {"strategy": "EarlyStopping", **given.get_config()}}
    return {"early_stopping": None if patience is None else f"patience={patience}"}


def _overrides(options: TunerOptions) -> Overrides | None:
    hyperparameters = options.get("hyperparameters")
    tune_new, allow_new = options.get("tune_new_entries", True), options.get("allow_new_entries", True)
    if hyperparameters is None:
        if not (tune_new and allow_new):
            raise UsageError("tune_new_entries=False and allow_new_entries=False need hyperparameters=...")
        return None
    prescribed = {definition.name: definition for definition in hyperparameters.space}
    return Overrides(prescribed, tune_new=tune_new, allow_new=allow_new)
