"""The tuner: searches the hyperparameters of a Keras model and returns the results."""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, cast

from kerastune_lite.errors import ObjectiveError, SearchError, SpaceError, UsageError, nearest
from kerastune_lite.executors import Decision, Send, Task, run_attempt
from kerastune_lite.executors.devices import leave_gpus_to_workers
from kerastune_lite.kerastuner.hooks import Hooks, call_hooks, hook_callbacks, hooks_while_training
from kerastune_lite.kerastuner.oracle_settings import without_oracle
from kerastune_lite.kerastuner.oracle_view import OracleView
from kerastune_lite.kerastuner.replaced import check_methods
from kerastune_lite.kerastuner.run_trial import OwnTrials
from kerastune_lite.kerastuner.trial_view import TrialView
from kerastune_lite.observers.model_files import ModelFiles
from kerastune_lite.results.causes import check_any_success
from kerastune_lite.results.results import Results
from kerastune_lite.results.tables import show_results, show_space
from kerastune_lite.search.session import run_search
from kerastune_lite.search.settings import Settings, check_options
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.space.kinds import Hyperparameter, Value
from kerastune_lite.space.number import number, plain
from kerastune_lite.space.space import Space
from kerastune_lite.strategies import Bayesian
from kerastune_lite.strategies.bayesian.prior import as_priors
from kerastune_lite.study.events import Ended, Enqueued, Event, ExternalResult, SearchStarted, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import FILES, checkpoint_directory, trial_name
from kerastune_lite.study.objective import Objective, resolve
from kerastune_lite.study.store import read_events, warn_of_damage
from kerastune_lite.study.task import TrialFunction
from kerastune_lite.study.trial import Trial
from kerastune_lite.training.arguments import DATA, FitArguments
from kerastune_lite.training.distribution import distributed, in_scope
from kerastune_lite.training.memory import collecting, frozen_garbage
from kerastune_lite.training.returned import DEFAULT_OBJECTIVE
from kerastune_lite.training.saved_model import load_model, save_model
from kerastune_lite.tuner_options import (
    TunerOptions,
    check_cv,
    check_early_stopping,
    check_reuse,
    checkpoint_callback,
    cross_validated,
    early_stopping_callback,
    model_builder,
    overrides,
    tensorboard_observer,
    tuner_settings,
)

if TYPE_CHECKING:
    import keras

    from kerastune_lite.training.folds import Folds
    from kerastune_lite.training.keras_trial import KerasTrial


class Tuner(Hooks):
    """Searches the hyperparameters that `build_model(hp)` reads.

    Creating a tuner reads and writes nothing; `search` does. Running the same script again resumes the search. A
    subclass may override `run_trial`, and the hooks that run at the beginning and end of searches, trials, epochs and
    batches.

    Args:
        build_model: A function of hp that returns a compiled model, or an object with `build(hp)` and, optionally,
            `fit(hp, model, *args, **kwargs)`. The option `hypermodel` is another name for it.
        objective: The metric to optimise: its name if the direction is known, or `kt.Objective(name, "max")`. Optional
            if the hypermodel's `fit` or an overridden `run_trial` returns a number to minimise.
        max_trials: The total number of trials of the study, including earlier runs; None to search until the space is
            exhausted.
        **options: See `TunerOptions` and `SearchOptions`.

    Raises:
        UsageError: An argument is invalid or unknown.
        ObjectiveError: The direction of the objective is unknown, or there is no objective.
    """

    def __init__(
        self,
        build_model: Any = None,
        objective: str | Objective | None = None,
        max_trials: int | None = None,
        **options: Unpack[TunerOptions],
    ) -> None:
        check_options(type(self), options, TunerOptions)
        check_methods(type(self))
        build_model, objective, max_trials, plain = without_oracle(build_model, objective, max_trials, options)
        options = cast(TunerOptions, plain)
        check_early_stopping(options)
        check_reuse(options)
        self._own_trials = type(self).run_trial is not Tuner.run_trial
        check_cv(options, own_trials=self._own_trials)
        self.hypermodel = model_builder(build_model, options, own_trials=self._own_trials)
        if objective is None and self.hypermodel.own_fit is None and not self._own_trials:
            raise ObjectiveError('give an objective, such as objective="val_accuracy"')
        self.objective = resolve(
            DEFAULT_OBJECTIVE if objective is None else objective, options.get("objective_reduction")
        )
        self._options = options
        self._settings = tuner_settings(options, self.objective, max_trials)
        self._overrides = overrides(options)
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
        """The remaining budget; None without `max_trials`."""
        return self.oracle.remaining_trials()

    def get_trial_dir(self, trial_id: str | int) -> str:
        """The directory for files of a trial; created if it does not exist."""
        directory = self.project_dir / FILES / trial_name(int(trial_id))
        directory.mkdir(parents=True, exist_ok=True)
        return str(directory)

    def run_trial(self, trial: TrialView, *args: Any, **kwargs: Any) -> Any:
        """Trains a trial. A subclass may override this method and call it with other arguments of `fit`.

        Args:
            trial: The trial; `trial.hyperparameters` is the `hp` to build the model with.
            *args: The positional arguments of `search`.
            **kwargs: The keyword arguments of `search`.

        Returns:
            The Keras History of each execution. A subclass may instead return the objective as a number, a dict of
            metrics that contains it, a History, or a list of these, of which the mean is the score. After
            `super().run_trial` it may return None.

        Raises:
            UsageError: The method is called outside of a search.
        """
        if trial.train is None:
            raise UsageError(f"trial {trial.trial_id} is not running; override run_trial, but let search() call it")
        return trial.train(*args, **kwargs)

    def search(
        self,
        *fit_args: Any,
        callbacks: "Sequence[keras.callbacks.Callback] | Callable[..., Any] | None" = None,
        verbose: int | None = None,
        fit_verbose: int | str | None = None,
        **fit_kwargs: Any,
    ) -> Results:
        """Runs trials until the budget is used or the space is exhausted.

        Each trial calls `fit` with these arguments.

        Args:
            *fit_args: x and y, as for `fit`.
            callbacks: A list of Keras callbacks, of which each training gets copies, or a function of the trial (see
                `TrialInfo`) that returns such a list.
            verbose: 0 silent, 1 (default) brief, 2 one line per epoch.
            fit_verbose: The `verbose` of `fit`, 0 by default. A hypermodel's `fit` receives it only if it is given.
            **fit_kwargs: Other arguments of `fit`. A function without parameters is called before each training and
                its result is passed to `fit`; a function with one parameter is called with hp. With the option `cv` of
                the tuner, `groups` are the labels of the rows for its splitter.

        Returns:
            All trials, best first.

        Raises:
            UsageError: An argument is invalid, or a trial shows that no trial can succeed.
            StudyError: The study cannot be read or written.
            SearchError: Every trial failed; the message counts the causes.
            KeyboardInterrupt: The user pressed Ctrl-C; the next `search` resumes the study.
        """
        folds = None
        self._check_executor()
        if self._own_trials:
            arguments = FitArguments({})
            named = {"callbacks": callbacks, "verbose": verbose, "fit_verbose": fit_verbose}
            kwargs = {**fit_kwargs, **{name: value for name, value in named.items() if value is not None}}
            train = partial(self._train, self._trial(arguments, None, None), (*fit_args, *kwargs.values()))
            trial: TrialFunction = OwnTrials(self.run_trial, train, self.oracle, self._overrides, fit_args, kwargs)
        else:
            arguments, folds = self._fit_arguments(fit_args, fit_kwargs)
            trial = replace(self._trial(arguments, callbacks, fit_verbose), folds=folds)
        tensorboard, settings = tensorboard_observer(self._options), self._search_settings(arguments, folds)
        with frozen_garbage():
            self._history = run_search(
                settings,
                collecting(distributed(trial, self._options.get("distribution_strategy"))),
                verbose=1 if verbose is None else verbose,
                observers=[ModelFiles(self.project_dir), self._observe],
                tensorboard=tensorboard,
                requests=self._requests,
            )
        self._settings = replace(self._settings, overwrite=False)  # so that the next search does not delete this one
        check_any_success(self._history)
        return self.results()

    def enqueue(self, values: Mapping[str, Value]) -> None:
        """Makes the next `search` try this configuration before any other; unset values are sampled.

        A configuration that the study has recorded as enqueued is not enqueued again, so the script can be rerun.

        Args:
            values: Values of hyperparameters by name. The search checks them when it begins: `build_model` must read
                each hyperparameter, and each value must be in its range.
        """
        self._requests.append(Enqueued(values={name: plain(value) for name, value in values.items()}))

    def believe(self, priors: Mapping[str, Any]) -> None:
        """Gives a Bayesian search prior beliefs about the best values; trials outweigh them as they accumulate.

        Args:
            priors: By hyperparameter name, a value, or a `kt.Prior` to set the strength. A prior replaces an earlier
                one of the same name.

        Raises:
            UsageError: The strategy is not Bayesian, or a prior is invalid. The search checks the range of the
                hyperparameters when it begins.

        Example:
            >>> tuner = kt.BayesianOptimization(build_model, "val_accuracy")  # doctest: +SKIP
            >>> tuner.believe({"learning_rate": 3e-4, "optimizer": kt.Prior("adam", strength=2)})  # doctest: +SKIP
        """
        strategy = self._settings.strategy
        if not isinstance(strategy, Bayesian):
            raise UsageError(
                f"believe() needs a strategy with priors, not {type(strategy).__name__}; use kt.BayesianOptimization "
                "or strategy=kt.strategies.Bayesian()"
            )
        merged = {**strategy.priors, **as_priors(priors)}
        self._settings = replace(self._settings, strategy=replace(strategy, priors=merged))

    def add_trial(self, values: Mapping[str, Value], score: float) -> None:
        """Adds an external result to the next `search`; a Bayesian search learns from it.

        Args:
            values: Values of hyperparameters by name, checked as in `enqueue`.
            score: The value of the objective, in its own sign.

        Raises:
            UsageError: The score is not finite.
        """
        found = number(score)
        if found is None or not math.isfinite(found):
            raise UsageError(f"add_trial(score={score!r}): the score must be a finite number; do not add failed trials")
        plain_values = {name: plain(value) for name, value in values.items()}
        self._requests.append(ExternalResult(values=plain_values, score=float(found)))

    def results(self) -> Results:
        """All recorded trials, best first; read from the study's directory if this tuner has not searched."""
        return Results(self._known())

    def results_summary(self, num_trials: int = 10) -> None:
        """Prints the best trials."""
        show_results(self._known(), num_trials, where=str(self.project_dir))

    def search_space_summary(self, extended: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - KerasTuner's
        """Prints the hyperparameters known so far, and builds the model with its defaults to find them."""
        space = Space(self._read_space(FitArguments({})))
        for definition in self._known().space:
            space.add(definition)
        show_space(space)

    def get_best_hyperparameters(self, num_trials: int = 1) -> list[HyperParameters]:
        """The hyperparameters of the best trials, best first; `build_model(hp)` rebuilds the model."""
        return [trial.hyperparameters for trial in self._best(num_trials)]

    def get_best_models(self, num_models: int = 1) -> "list[keras.Model]":
        """The models of the best trials, best first, with the weights of the best epoch.

        Raises:
            SearchError: A model is not on disk, or no trial has finished.
        """
        return [self.load_model(TrialView.of(trial, self.oracle.max_trials)) for trial in self._best(num_models)]

    def refit_best(self, x: Any, y: Any = None, **fit_arguments: Any) -> "keras.Model":
        """Builds a model of the best configuration and trains it on all given data, for use after the search.

        The study, its record and its kept models do not change. The random seed is that of the best trial's first
        training, a function of the study's seed and the trial's number. `patience` and other options of the tuner that
        concern trainings have no effect here.

        Args:
            x: The training data, as for `fit`. No validation data is needed.
            y: The targets.
            **fit_arguments: Other arguments of `fit`; callbacks and `verbose` are passed on as they are. Functions are
                called as in `search`, with the best configuration. By default, `epochs` is the best epoch of the best
                trial: the mean over its executions, rounded, at least 1.

        Returns:
            The model after the last epoch.

        Raises:
            SearchError: No trial has finished with a score.
            DataError: An argument is missing or invalid.
        """
        from kerastune_lite.training.refit import refit  # noqa: PLC0415 - needed once in a while

        (best,), settings = self._best(1), self._known().settings
        with in_scope(self._options.get("distribution_strategy")):
            return refit(self.hypermodel, best, settings, (x, y), fit_arguments)

    def load_model(self, trial: TrialView) -> "keras.Model":
        """Loads the model of a trial. A subclass that overrides `save_model` overrides this method too.

        Raises:
            SearchError: The model is not on disk.
        """
        known = self._known()[int(trial.trial_id)]
        directory = checkpoint_directory(self.project_dir, known.number)
        model = load_model(self.hypermodel, known.hyperparameters, directory)
        if model is None:
            own_fit = self.hypermodel.own_fit is not None
            hint = " (the hypermodel's fit() must pass its callbacks to model.fit)" if own_fit else ""
            hint = " (call self.save_model(trial.trial_id, model) in run_trial)" if self._own_trials else hint
            raise SearchError(
                f"the model of trial {known.number} is not on disk ({directory}): "
                f"keep_checkpoints={self._settings.keep_checkpoints} and `checkpoint` determine which are kept{hint}"
            )
        return model

    def save_model(self, trial_id: str | int, model: "keras.Model", step: int = 0) -> None:
        """Saves the model of a trial; call it in `run_trial`. A subclass overrides it for models of other kinds.

        Args:
            trial_id: The id of the trial.
            model: A built model.
            step: The epoch, from 0, that the model belongs to.
        """
        save_model(model, checkpoint_directory(self.project_dir, int(trial_id)), step + 1)

    def reload(self) -> None:
        """Discards the history in memory; the study is read from disk when it is next needed."""
        self._history = None
        self._settings = replace(self._settings, overwrite=False)

    def _check_executor(self) -> None:
        """Prepares for workers; raises a UsageError for methods of this tuner that would have to run in them."""
        if not getattr(self._settings.executor, "remote", False):
            return
        leave_gpus_to_workers(os.environ)
        here = ["run_trial"] if self._own_trials else hooks_while_training(self)
        if here:
            raise UsageError(
                f"{type(self).__name__}.{here[0]} cannot run in workers, which do not have the tuner; move it to a "
                "callback or to the hypermodel's fit, or use workers=1"
            )

    def _observe(self, event: Event, history: History) -> None:
        """Observes the search: keeps its history and calls the hooks."""
        self._history = history
        call_hooks(self, event, history, self.oracle.get_trial)

    def _fit_arguments(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> "tuple[FitArguments, Folds | None]":
        """The arguments of `fit`, and the folds if there is cross-validation."""
        cv = self._options.get("cv")
        if "cv" in kwargs:
            raise UsageError(
                f"cv is an option of the tuner: {type(self).__name__}(build_model, ..., cv={kwargs['cv']!r})"
            )
        if cv is None:
            return FitArguments.of(args, kwargs), None
        from kerastune_lite.training.folds import Folds  # noqa: PLC0415 - imports keras

        given = FitArguments.of(args, {name: value for name, value in kwargs.items() if name != "groups"})
        arguments = replace(given, cross_validated=True)
        arguments.check()
        return arguments, Folds(cv, arguments.values, kwargs.get("groups"))

    def _search_settings(self, arguments: FitArguments, folds: "Folds | None") -> Settings:
        """The settings of one search; checks its arguments."""
        late = self._own_trials or self.hypermodel.own_fit is not None  # the objective may be known after the training
        if not late:
            arguments.check()
            arguments.check_objective(self.objective)
        for event in self._requests:
            self._check_values(event.values, arguments)
        settings = self._settings if folds is None else cross_validated(self._settings, self._options, folds)
        self.executions_per_trial = settings.executions_per_trial
        first = arguments.first_validated_epoch if self.objective.name.startswith("val_") else 1
        return replace(
            settings,
            space=self._read_space(arguments) if self.hypermodel.given is not None else None,
            epochs=None if self._own_trials else arguments.epochs,
            scored_from=None if late else first,
        )

    def _train(
        self,
        shared: "KerasTrial",
        given: Sequence[Any],
        task: Task,
        send: Send,
        hp: HyperParameters,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Ended | None:
        """Trains a trial for `super().run_trial` with the arguments of that call.

        All trials use the state of `shared`, but of the data only what `search` was given is cached for later trials.
        """
        import keras  # noqa: PLC0415 - heavy: loaded before the first training

        rest = {name: value for name, value in kwargs.items() if name not in ("callbacks", "verbose", "fit_verbose")}
        arguments = FitArguments.of(args, rest)
        if self.hypermodel.own_fit is None:
            arguments.check()
        trial = self._trial(arguments, kwargs.get("callbacks"), kwargs.get("fit_verbose"))
        lasting = {id(leaf) for leaf in keras.tree.flatten([*given, None])}
        data = keras.tree.flatten([value for name, value in arguments.values.items() if name in DATA])
        cache = shared.data_cache if all(id(leaf) in lasting for leaf in data) else trial.data_cache
        return replace(trial, names=shared.names, warned=shared.warned, data_cache=cache).run(task, send, hp)

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
            raise SearchError(f"study {self.project_dir} has no finished trial; call search() first")
        return best

    def _trial(
        self,
        arguments: FitArguments,
        callbacks: "Sequence[keras.callbacks.Callback] | Callable[..., Any] | None",
        fit_verbose: int | str | None,
    ) -> "KerasTrial":
        """The function that trains each trial. The first call imports Keras."""
        from kerastune_lite.training.graph_cache import GraphCache  # noqa: PLC0415
        from kerastune_lite.training.keras_trial import KerasTrial, no_hooks  # noqa: PLC0415
        from kerastune_lite.training.user_callbacks import UserCallbacks  # noqa: PLC0415

        checkpoint, stopping = checkpoint_callback(self._options), early_stopping_callback(self._options)
        return KerasTrial(
            builder=self.hypermodel,
            arguments=arguments,
            objective=self.objective,
            directory=self.project_dir,
            tensorboard=getattr(self._options.get("tensorboard"), "log_dir", None),
            overrides=self._overrides,
            user_callbacks=UserCallbacks(callbacks),
            early_stopping=stopping,
            checkpoint=checkpoint,
            max_model_size=self._options.get("max_model_size"),
            fit_verbose=fit_verbose,
            graphs=None if self._options.get("reuse") == "never" else GraphCache(),
            hooks=self._hook_callbacks if hooks_while_training(self) else no_hooks,
        )

    def _hook_callbacks(self, number: int, hp: HyperParameters) -> "list[keras.callbacks.Callback]":
        trial = self.oracle.get_trial(number)
        trial.hyperparameters = hp
        return hook_callbacks(self, trial)

    def _read_space(self, arguments: FitArguments) -> list[Hyperparameter]:
        """The hyperparameters that the model reads with its defaults; if it raises, those read before."""
        return self._read({}, arguments).space

    def _check_values(self, values: Mapping[str, Value], arguments: FitArguments) -> None:
        """Raises a SpaceError if the model does not read a value, or if a value is out of range.

        An overridden `run_trial` may read other hyperparameters, so nothing is checked then.
        """
        if self._own_trials:
            return
        read = {step.definition.name: step for step in self._read(values, arguments).reads}
        for name, value in values.items():
            if name not in read:
                raise SpaceError(
                    f"{dict(values)}: hyperparameter {name!r} is not read with these values; remove it"
                    f"{nearest(name, read)}"
                )
            if value not in read[name].definition:
                raise SpaceError(f"{dict(values)}: {name}={value!r} is not a value of {read[name].definition}")

    def _read(self, values: Mapping[str, Value], arguments: FitArguments) -> HyperParameters:
        """An `hp` after a build of the model; if that raises, `hp` holds what was read before."""
        hp = HyperParameters(values, overrides=self._overrides)

        def build(task: Task, send: Send) -> None:  # noqa: ARG001
            self.hypermodel.build(hp)
            arguments.read(hp)

        def handle(event: Event) -> Decision:
            if isinstance(event, Ended) and event.fatal is not None:
                raise event.fatal
            return Decision()

        started = SearchStarted(objective=self.objective, strategy={}, seed=0, max_trials=None)
        run_attempt(build, Task(Started(trial=0, attempt=0, values={}), started), handle)
        return hp
