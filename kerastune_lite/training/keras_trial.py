"""One attempt at a Keras trial: builds the model, sends the reads, trains and reports."""

import inspect
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import keras

from kerastune_lite.callbacks import Checkpoint, EarlyStopping, Report
from kerastune_lite.callbacks.callback_state import describe as describe_lost
from kerastune_lite.callbacks.resume_state import ResumeState
from kerastune_lite.callbacks.saved_states import last_state
from kerastune_lite.errors import DataError, nearest
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.space.overrides import Overrides
from kerastune_lite.study.events import (
    EPOCHS,
    REUSE,
    SCHEDULE,
    STACKED,
    Annotated,
    Ended,
    Outcome,
    ReadsRecorded,
    Reported,
)
from kerastune_lite.study.layout import BOARD, FILES, checkpoint_directory, shared_runs, trial_name
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.task import Decision, Meet, Send, Task
from kerastune_lite.training import whole_epochs
from kerastune_lite.training.arguments import FitArguments, check_counts
from kerastune_lite.training.build_ahead import build_ahead, build_for
from kerastune_lite.training.csv_logs import keep_logged_epochs
from kerastune_lite.training.data_cache import DataCache, EpochOrder, Fed, Pipeline
from kerastune_lite.training.folds import Folds
from kerastune_lite.training.graph_cache import GraphCache
from kerastune_lite.training.hypermodel import Builder
from kerastune_lite.training.labels import check_labels
from kerastune_lite.training.name_counters import NameCounters
from kerastune_lite.training.own_fit import FitByEpochs
from kerastune_lite.training.repeatable import data_causes, first_batch, model_causes
from kerastune_lite.training.returned import check_objective, returned_epochs
from kerastune_lite.training.schedule import LearningRateWatch, schedule_of
from kerastune_lite.training.seeding import SEEDS
from kerastune_lite.training.stacked_epochs import SharedEpochs
from kerastune_lite.training.user_callbacks import TrialInfo, UserCallbacks
from kerastune_lite.training.whole_epochs import EpochGraphs


def no_hooks(number: int, hp: HyperParameters) -> Sequence[keras.callbacks.Callback]:  # noqa: ARG001
    """For a tuner without hooks; refers to no tuner, so that a trial can be sent to another process."""
    return ()


@dataclass(frozen=True)
class KerasTrial:
    """Builds and trains a model for each task.

    Attributes:
        builder: Builds the models.
        arguments: The arguments of `fit`.
        objective: The objective of the search.
        folds: Which rows each execution trains and validates on; None without cross-validation.
        directory: The study's directory, unless the task names another one.
        tensorboard: The directory that the runs of several studies may share; None for the one in the study's.
        overrides: Definitions that override those of the model.
        user_callbacks: The user's callbacks.
        early_stopping: Copied for each training; None for no early stopping.
        checkpoint: Copied for each training; None to save nothing.
        fit_verbose: The `verbose` of `fit`.
        max_model_size: The largest number of parameters of a model; None for no limit.
        data_cache: The data of all trials.
        graphs: The graphs of earlier trials; None to trace those of each trial.
        warned: Names of the metrics that are not scalar and that a warning was given for.
        names: The state of the counters for the names of unnamed layers.
        hooks: Makes the callbacks that call the tuner's hooks, from the trial's number and its hp.
    """

    builder: Builder
    arguments: FitArguments
    objective: Objective
    directory: Path
    folds: Folds | None = None
    tensorboard: Path | None = None
    overrides: Overrides | None = None
    user_callbacks: UserCallbacks = field(default_factory=lambda: UserCallbacks(None))
    early_stopping: EarlyStopping | None = None
    checkpoint: Checkpoint | None = None
    fit_verbose: int | str | None = None
    max_model_size: int | None = None
    data_cache: DataCache = field(default_factory=DataCache)
    graphs: GraphCache | None = None
    warned: set[str] = field(default_factory=set)
    names: NameCounters = field(default_factory=NameCounters)
    hooks: Callable[[int, HyperParameters], Sequence[keras.callbacks.Callback]] = no_hooks

    def __call__(self, task: Task, send: Send) -> Ended | None:
        """Runs the attempt; an interrupted trial resumes from its files."""
        return self.run(task, send)

    def run(self, task: Task, send: Send, hp: HyperParameters | None = None) -> Ended | None:
        """Runs the attempt with an `hp` that has been read from before; None for a fresh one in each execution."""
        ended: Ended | None = None
        state, notice = self._resume_state(task)
        for execution in range(task.first_execution if state is None else state.progress.execution, task.executions):
            ended = Training(self, task, send, execution, hp, state, [notice] if notice else []).run()
            state = notice = None
            if ended is not None and ended.outcome != "completed":
                return ended
        return ended

    def place(self, task: Task) -> Path:
        """Where the attempt finds and writes the study's files."""
        return self.directory if task.directory is None else task.directory

    def _resume_state(self, task: Task) -> tuple[ResumeState | None, str | None]:
        """The state on disk to resume from, and a notice if that is damaged.

        If there is none, the files of earlier attempts are deleted, except those of training runs that are complete.
        """
        directory = checkpoint_directory(self.place(task), task.trial)
        resumes = task.resume and self.builder.own_fit is None
        state, notice = last_state(directory) if resumes else (None, None)
        if state is not None and not task.first_execution <= state.progress.execution < task.executions:
            state = None
        if state is None and task.first_execution == 0:
            shutil.rmtree(directory, ignore_errors=True)
        return state, notice


class Training:
    """One training run of a trial."""

    def __init__(
        self,
        trial: KerasTrial,
        task: Task,
        send: Send,
        execution: int,
        hp: HyperParameters | None,
        state: ResumeState | None,
        notices: Sequence[str],
    ) -> None:
        self._trial = trial
        self._task = task
        self._send = send
        self._execution = execution
        self._seed = task.training_seed(execution)
        self._fold = None if trial.folds is None else trial.folds.of(task.settings.seed)[execution]
        self._hp = task.hyperparameters(trial.overrides) if hp is None else hp
        directory = checkpoint_directory(trial.place(task), task.trial)
        given = trial.checkpoint
        self._checkpoint = None if given is None else given.fresh(directory, trial.objective, execution, state)
        self._stop: str | None = None
        self._reported: dict[int, Mapping[str, float]] = {}
        self._notices = list(notices)
        self._resumed = 0
        self._watch: LearningRateWatch | None = None

    def run(self) -> Ended | None:
        """Builds, trains and reports; None if the training completed normally."""
        self._trial.names.reset()
        seed = keras.utils.set_random_seed if self._trial.graphs is None else SEEDS.set
        seed(self._seed)  # right before the build, since a build changes the random state
        model, arguments = self._prepare()
        most = self._trial.max_model_size
        fit = self._trial.builder.own_fit
        decision = self._send_reads(complete=fit is None, model=model)
        if decision.duplicate_of is not None:
            return self._ended("duplicate", f"the same configuration as trial {decision.duplicate_of}")
        if decision.stop is not None:
            return self._ended("stopped", decision.stop)
        if most is not None and model.built and model.count_params() > most:
            return self._ended("infeasible", f"{model.count_params()} parameters exceed max_model_size={most}")
        if fit is not None:
            arguments = arguments if self._fold is None else self._fold.select(arguments)
            return self._fit_by_user(fit, model, arguments)
        _check_keywords(model, arguments)
        check_counts(arguments)
        check_labels(model, arguments)
        keep = self._trial.arguments.lasting_data
        fed = self._trial.data_cache.feed(arguments, keep=keep, fold=self._fold)
        arguments, pipeline = fed.arguments, fed.train
        if self._resumes(model, arguments, pipeline):
            arguments["initial_epoch"] = self._resumed_epoch(arguments)
        self._send_notices()
        if pipeline is not None:
            build_ahead(model, pipeline.first_batch())
        callbacks = self._callbacks(pipeline)
        self._send_plan(model, arguments, callbacks)
        self._fit(model, fed, callbacks)
        self._send_lost()
        return self._ending(callbacks)

    def _fit(self, model: keras.Model, fed: Fed, callbacks: Sequence[keras.callbacks.Callback]) -> None:
        """Trains by whole epochs, with graphs of an earlier training, if the results are the same."""
        verbose = self._trial.fit_verbose or 0
        obstacle = "fit shows each batch" if verbose else whole_epochs.obstacle(model, fed, callbacks)
        if obstacle is not None:
            self._note(REUSE, obstacle)
            model.fit(**fed.arguments, callbacks=callbacks, verbose=verbose)
            return
        graphs, reason = self._graphs(model, fed, callbacks, self._task.meet)
        self._note(REUSE, reason or True)
        if graphs is None:
            model.fit(**fed.arguments, callbacks=callbacks, verbose=verbose)
            return
        whole_epochs.fit(model, graphs, fed, callbacks)
        if isinstance(graphs.train, SharedEpochs):
            self._note(STACKED, graphs.train.together or graphs.train.obstacle or 0)

    def _graphs(
        self,
        model: keras.Model,
        fed: Fed,
        callbacks: Sequence[keras.callbacks.Callback],
        meet: Meet | None = None,
    ) -> tuple[EpochGraphs | None, str | None]:
        """The graphs of whole epochs, None if they cannot be had; and why no earlier ones are reused."""
        cache = self._trial.graphs
        try:
            if cache is None:
                return EpochGraphs.of(model, fed, callbacks), 'reuse="never"'
            return cache.graphs(model, fed, callbacks, meet)
        except Exception as error:  # noqa: BLE001 - code of the user's: fit itself tells what is wrong with it
            return None, f"a whole epoch cannot be traced: {str(error).strip().splitlines()[0]}"

    def _prepare(self) -> tuple[keras.Model, dict[str, Any]]:
        """The model and the arguments of `fit`; if that raises, the reads are sent nevertheless."""
        done = False
        try:
            model = self._trial.builder.build(self._hp)
            arguments = self._trial.arguments.resolve(self._hp)
            done = True
        finally:
            if not done:
                self._send_reads(complete=False, model=None)
        return model, arguments

    def _send_reads(self, *, complete: bool, model: keras.Model | None) -> Decision:
        trial = self._task.trial
        decision = self._send(ReadsRecorded.of(trial, self._hp, complete=complete))
        if model is not None and self._execution == 0:
            self._send(Annotated(trial=trial, key="model", value=describe(model)))
        return decision

    def _send_plan(
        self, model: keras.Model, arguments: Mapping[str, Any], callbacks: Sequence[keras.callbacks.Callback]
    ) -> None:
        """Notes what stopping policies must know: the trial's own number of epochs, and a learning rate schedule."""
        if self._task.settings.epochs is None:
            self._note(EPOCHS, int(arguments.get("epochs", 1)))
        schedule = schedule_of(model, callbacks)
        if schedule is None:
            self._watch = LearningRateWatch(model, callbacks)
        else:
            self._note(SCHEDULE, schedule)

    def _note(self, key: str, value: Any) -> None:
        self._send(Annotated(trial=self._task.trial, key=key, value=value))

    def _resumes(self, model: keras.Model, arguments: Mapping[str, Any], pipeline: Pipeline | None) -> bool:
        """Whether a state on disk fits the model and the objective; one from before a change of the code is deleted."""
        checkpoint = self._checkpoint
        if checkpoint is None or checkpoint.state is None:
            return False
        x = first_batch(arguments["x"], pipeline)
        build_for(model, x)
        misfit = checkpoint.state.mismatch(model) or self._unscored(checkpoint.state)
        if misfit is not None:
            self._notices.append(f"the training started over: {misfit}")
            checkpoint.forget()
            return False
        causes = [*data_causes(arguments, pipeline), *model_causes(model, x)]
        if causes and checkpoint.epochs_done < int(arguments.get("epochs", 1)):
            self._notices.append(_inexact(checkpoint.epochs_done, "; ".join(causes)))
        return True

    def _unscored(self, state: ResumeState) -> str | None:
        """Why the state cannot be scored: no epoch of it has reported the objective."""
        progress, name = state.progress, self._trial.objective.name
        return None if progress.deciding or name in progress.metrics else f"no epoch has reported {name!r}"

    def _send_notices(self) -> None:
        if self._notices:
            self._send(Annotated(trial=self._task.trial, key="resume", value="; ".join(self._notices)))

    def _send_lost(self) -> None:
        """Notes what the callbacks lacked, which is known once the training has restored them."""
        if self._checkpoint is not None and self._checkpoint.lost and self._resumed:
            lost = describe_lost(self._checkpoint.lost)
            self._notices.append(_inexact(self._resumed, f"state of callbacks that cannot be restored: {lost}"))
            self._send_notices()

    def _resumed_epoch(self, arguments: Mapping[str, Any]) -> int:
        """The completed epochs of the state on disk. Reports the last of them again, as its report may be lost."""
        assert self._checkpoint is not None
        assert self._checkpoint.state is not None
        progress = self._checkpoint.state.progress
        stop = self._report(progress.epoch, progress.metrics)
        if stop or progress.stopped:
            return int(arguments.get("epochs", 1))
        self._resumed = progress.epoch
        return progress.epoch

    def _report(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        self._reported[epoch] = metrics
        if self._watch is not None and self._watch.changed():
            self._watch = None
            self._note(SCHEDULE, f"the learning rate changed in epoch {epoch}")
        decision = self._send(Reported(trial=self._task.trial, execution=self._execution, epoch=epoch, metrics=metrics))
        if self._checkpoint is not None:
            # the trial may be among the best only once later executions have raised its mean
            self._checkpoint.keep = decision.keep or self._execution + 1 < self._task.executions
            if decision.resumable:
                self._checkpoint.save_state()
        self._stop = decision.stop
        return decision.stop is not None

    def _callbacks(self, pipeline: Pipeline | None) -> list[keras.callbacks.Callback]:
        """All callbacks of `fit`: the last ones save and report the epoch, after all others have run."""
        task, trial = self._task, self._trial
        name = trial_name(task.trial)
        study, shared = trial.place(task), trial.tensorboard
        runs = study / BOARD
        if shared is not None and study == trial.directory:  # what is written elsewhere ends up in the study itself
            runs = shared_runs(shared, study, task.created)
        run = runs / name
        if self._execution:
            run = run / f"execution_{self._execution + 1}"
        values = {read.definition.name: read.value for read in self._hp.reads}
        info = TrialInfo(task.trial, values, self._execution, study / FILES / name)
        callbacks = trial.user_callbacks.fresh(info, run)
        if self._resumed:
            keep_logged_epochs(callbacks, self._resumed)
        if trial.early_stopping is not None:
            callbacks.append(trial.early_stopping.fresh(trial.objective))
        callbacks.extend(trial.hooks(task.trial, self._hp))
        if pipeline is not None:
            callbacks.append(EpochOrder(pipeline, self._seed))
        if self._checkpoint is not None:
            self._checkpoint.others = list(callbacks)
            callbacks.append(self._checkpoint)
        return [*callbacks, Report(self._report, warned=trial.warned)]

    def _ended(self, outcome: Outcome, reason: str | None) -> Ended:
        return Ended(trial=self._task.trial, outcome=outcome, reason=reason)

    def _ending(self, callbacks: Sequence[keras.callbacks.Callback]) -> Ended | None:
        if self._stop is not None:
            return self._ended("stopped", self._stop)
        reasons = [callback.reason for callback in callbacks if isinstance(callback, EarlyStopping)]
        return self._ended("completed", next((reason for reason in reasons if reason is not None), None))

    def _fit_by_user(self, fit: Callable[..., Any], model: keras.Model, arguments: dict[str, Any]) -> Ended | None:
        """Calls the user's `fit`, which may read more hyperparameters and return metrics it has not reported."""
        callbacks = self._callbacks(None)
        positional = [arguments.pop(name) for name in ("x", "y") if name in arguments]
        if self._trial.fit_verbose is not None:
            arguments.setdefault("verbose", self._trial.fit_verbose)
        with FitByEpochs(model, self._graphs, partial(self._note, REUSE), self._trial.fit_verbose or 0):
            returned = fit(self._hp, model, *positional, **arguments, callbacks=callbacks)
        self._send_reads(complete=True, model=None)
        ended = self._ending(callbacks)  # a stop that answers what was returned is too late: the training is complete
        self._report_returned(returned)
        if self._checkpoint is not None and self._checkpoint.has_epochs:
            self._checkpoint.score_last(self._reported[max(self._reported)])
        return ended

    def _report_returned(self, returned: Any) -> None:
        """Reports what the user's `fit` returned, unless its epochs have reported the objective."""
        objective, caller = self._trial.objective, "fit() of the hypermodel"
        if any(objective.name in metrics for metrics in self._reported.values()):
            return
        epochs = returned_epochs(returned, objective, caller, self._trial.warned)
        if self._reported:  # the score belongs to the model of the last epoch
            last = max(self._reported)
            epochs, first = [{**self._reported[last], **epochs[-1]}] if epochs else [], last
        else:
            first = 1
        check_objective(epochs[-1] if epochs else {}, objective, caller)
        for epoch, metrics in enumerate(epochs, start=first):
            self._report(epoch, metrics)


def _check_keywords(model: keras.Model, arguments: Mapping[str, Any]) -> None:
    """Raises a DataError for a keyword that `fit` does not know, which would fail every trial."""
    known = inspect.signature(model.fit).parameters
    unknown = [name for name in arguments if name not in known]
    if unknown and not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in known.values()):
        raise DataError(f"fit has no argument {unknown[0]!r}{nearest(unknown[0], known)}")


def _inexact(epoch: int, cause: str) -> str:
    return f"resumed after epoch {epoch}, and may differ from an uninterrupted training: {cause}"


def describe(model: keras.Model) -> dict[str, Any]:
    """The parameters and layers to record; layers that are not built have no shape."""
    built = model.built
    layers = [
        [layer.name, type(layer).__name__, _shape(layer) if built else "", layer.count_params() if layer.built else 0]
        for layer in model.layers
    ]
    return {"parameters": model.count_params() if built else None, "layers": layers}


def _shape(layer: keras.layers.Layer) -> str:
    return str(getattr(getattr(layer, "output", None), "shape", ""))
