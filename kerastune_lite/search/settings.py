"""The settings of a search, checked."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypedDict, final

from kerastune_lite.errors import UsageError, nearest
from kerastune_lite.executors import Executor, InProcess, Pool
from kerastune_lite.observers.protocol import Observer
from kerastune_lite.search.limits import Limits
from kerastune_lite.search.versions import versions
from kerastune_lite.space.kinds import Hyperparameter
from kerastune_lite.space.number import count, optional_count, whole
from kerastune_lite.stopping import Auto, StoppingPolicy
from kerastune_lite.strategies import Random, Strategy, fingerprint
from kerastune_lite.study.events import SearchStarted
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.task import TrialFunction


class SearchOptions(TypedDict, total=False):
    """Options of every search, of Keras models and of plain functions.

    Attributes:
        strategy: Proposes the configurations to try; `kt.strategies.Random()` by default.
        seed: Makes the search reproducible (0 is a seed); None draws one and records it.
        directory: Where studies are kept.
        project_name: The study's name: everything is written below `directory/project_name`.
        overwrite: Delete the study recorded under this name when the search begins.
        extend: Continue although space, objective, strategy, seed or folds differ from the record.
        executions_per_trial: Training runs of each trial; the score is the mean of their scores.
        max_retries_per_trial: How often a trial that raises is tried again.
        max_crashes: A trial in which the process dies this often (2 by default), each time before the trial has done
            another epoch, has failed; None to resume it however often.
        max_consecutive_failed_trials: The search ends with an error when its first trials, this many, all raise the
            same error and none has ever succeeded; 3 by default, None to continue. The next search retries them.
        stopping: A policy that is asked after each epoch whether the trial is still worth it: one of `kt.stopping`,
            "auto" for `kt.stopping.Auto()`, or None.
        max_time: The search ends after so many seconds, or a text such as "2h 30min"; a trial that is running then
            pauses after its epoch, and the next search resumes it.
        max_epochs_total: The search ends when the trials of the study have trained so many epochs in all.
        target: The search ends when a trial has this score.
        no_improvement: The search ends when so many trials in a row have not improved on the best one.
        stop_when_ei_below: A Bayesian search ends when its next trial is expected to improve on the best score by less
            than this, in the objective's units.
        confirm: In the end, so many of the best trials are trained twice more, with other seeds. They rank before the
            others, by the mean of all their training runs.
        workers: Where trials run: 1 for this process; a number of worker processes on this machine, or "auto" for one
            on each core or GPU; or what makes an executor from a trial function, such as `kt.executors.Pool(...)`,
            `kt.executors.Ray(...)` for a cluster, or `kt.executors.Stacked(...)` for small models.
        observers: Functions of (event, history), called for every event.
    """

    strategy: Strategy | None
    seed: int | None
    directory: str | Path | None
    project_name: str
    overwrite: bool
    extend: bool
    executions_per_trial: int
    max_retries_per_trial: int
    max_crashes: int | None
    max_consecutive_failed_trials: int | None
    stopping: StoppingPolicy | Literal["auto"] | None
    max_time: float | str | None
    max_epochs_total: int | None
    target: float | None
    no_improvement: int | None
    stop_when_ei_below: float | None
    confirm: int | None
    workers: int | Literal["auto"] | Callable[[TrialFunction], Executor]
    observers: Iterable[Observer]


@final
@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that a search goes by.

    Attributes:
        objective: What to optimise.
        strategy: Proposes configurations.
        max_trials: The budget: trials of the study in all; None to search until the space is exhausted.
        seed: None for the recorded one, or a fresh one.
        directory: The study's directory; None keeps the study in memory.
        overwrite: Delete what is recorded.
        extend: Accept that space, objective, strategy or seed differ from the record.
        executions_per_trial: Training runs of each trial.
        max_retries_per_trial: How often a failed trial is tried again.
        max_crashes: How many deaths of the process in one trial fail it; None for no number.
        max_consecutive_failed_trials: How many equal failures at the start end the search; None for no number.
        keep_checkpoints: How many of the best trials keep their model; None for all.
        stopping: Asked after each report.
        limits: What ends the search apart from `max_trials`.
        confirm: How many of the best trials are trained again in the end; None for none.
        executor: Makes the executor from a trial function.
        observers: The user's.
        space: What the default model reads; None if that is not known beforehand.
        epochs: Epochs of each training run, for the record and the console.
        scored_from: The first epoch that must report the objective; None if it may be known only after the training.
        finish_epoch: Whether the first Ctrl-C waits for the end of the current epoch.
        recorded: Further options, as JSON, to be recorded.
        notices: What to print when the search begins.

    Raises:
        UsageError: A value is out of its range.
    """

    objective: Objective
    strategy: Strategy = Random()
    max_trials: int | None = None
    seed: int | None = None
    directory: Path | None = None
    overwrite: bool = False
    extend: bool = False
    executions_per_trial: int = 1
    max_retries_per_trial: int = 0
    max_crashes: int | None = 2
    max_consecutive_failed_trials: int | None = 3
    keep_checkpoints: int | None = None
    stopping: StoppingPolicy | None = None
    limits: Limits = field(default_factory=Limits)
    confirm: int | None = None
    executor: Callable[[TrialFunction], Executor] = InProcess
    observers: Sequence[Observer] = ()
    space: Sequence[Hyperparameter] | None = None
    epochs: int | None = None
    scored_from: int | None = 1
    finish_epoch: bool = True
    recorded: Mapping[str, Any] = field(default_factory=dict)
    notices: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            check = optional_count if name in _OPTIONAL else count
            object.__setattr__(self, name, check(name, getattr(self, name), least))
        if not callable(self.strategy) or isinstance(self.strategy, type):
            raise UsageError(
                f"strategy={self.strategy!r} is not a strategy; use an instance such as kt.strategies.Random()"
            )
        if isinstance(self.stopping, type) or not (self.stopping is None or callable(self.stopping)):
            raise UsageError(
                f'stopping={self.stopping!r} is not a stopping policy; give an instance of one, "auto" or None'
            )
        self.limits.check(self.objective)
        if self.confirm is not None and self.max_trials is not None and self.confirm > self.max_trials:
            raise UsageError(f"confirm={self.confirm} is more than max_trials={self.max_trials}")
        computes = getattr(self.strategy, "computes_expected_improvement", False)
        if self.limits.stop_when_ei_below is not None and not computes:
            raise UsageError(
                f"stop_when_ei_below={self.limits.stop_when_ei_below!r} needs a strategy that computes the expected "
                f"improvement, such as kt.strategies.Bayesian(); got {self.strategy!r}"
            )

    def started(self, seed: int) -> SearchStarted:
        """These settings as the event that opens a search."""
        options = {
            "max_retries_per_trial": self.max_retries_per_trial,
            "stopping": None if self.stopping is None else fingerprint(self.stopping),
            **{name: value for name, value in asdict(self.limits).items() if value is not None},
            **self.recorded,
        }
        return SearchStarted(
            objective=self.objective,
            strategy=fingerprint(self.strategy),
            seed=seed,
            max_trials=self.max_trials,
            epochs=self.epochs,
            executions=self.executions_per_trial,
            keep_checkpoints=self.keep_checkpoints,
            options=options,
            space=None if self.space is None else tuple(self.space),
            versions=versions(),
        )


def check_options(caller: Callable[..., Any], options: Mapping[str, Any], known: type) -> None:
    """Raises a UsageError if `options` holds a name that is not in the TypedDict `known`.

    Args:
        caller: The class or function that was called; its own parameters are candidates for the hint.
        options: What it was given beside its own parameters.
        known: The options.
    """
    for name in options:
        if name not in known.__annotations__:
            names = {*inspect.signature(caller).parameters, *known.__annotations__}
            raise UsageError(f"{caller.__name__} has no option {name!r}{nearest(name, names)}")


def search_settings(options: SearchOptions, **others: Any) -> Settings:
    """Settings from the options of a search; `others` are fields that no search option sets."""
    resolved = {"directory", "observers", "strategy", "stopping", "workers"}
    names = {field.name for field in fields(Settings)} & options.keys() - resolved
    given: dict[str, Any] = {name: value for name, value in options.items() if name in names} | others
    limits: dict[str, Any] = {field.name: options.get(field.name) for field in fields(Limits)}
    strategy, stopping = options.get("strategy"), options.get("stopping")
    return Settings(
        **given,
        limits=Limits(**limits),
        stopping=Auto() if stopping == "auto" else stopping,
        strategy=Random() if strategy is None else strategy,
        executor=_executor(options.get("workers", 1)),
        observers=_observers(options.get("observers", ())),
    )


def _executor(workers: Any) -> Callable[[TrialFunction], Executor]:
    """What makes the executor."""
    if callable(workers):
        made: Callable[[TrialFunction], Executor] = workers
        return made
    if workers == "auto":
        return Pool()
    if whole(workers) is None:
        raise UsageError(
            f'workers={workers!r} must be an integer >= 1, "auto", or what makes an executor from a trial function, '
            "such as kt.executors.Pool(2)"
        )
    several = count("workers", workers, 1)
    return InProcess if several == 1 else Pool(several)


def _observers(given: Any) -> tuple[Observer, ...]:
    observers = tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (None,)
    if any(not callable(observer) or isinstance(observer, type) for observer in observers):
        raise UsageError(f"observers={given!r} must be a list of functions of (event, history)")
    return observers


def study_directory(options: SearchOptions, default: str | None) -> Path | None:
    """The directory of the study that `options` name; it stays the same when the working directory changes."""
    given = options.get("directory")
    directory = default if given is None else given
    return None if directory is None else Path.cwd() / directory / options.get("project_name", "study")


_LEAST = {
    "max_trials": 1,
    "seed": 0,
    "executions_per_trial": 1,
    "max_retries_per_trial": 0,
    "max_crashes": 1,
    "max_consecutive_failed_trials": 1,
    "keep_checkpoints": 0,
    "confirm": 1,
}
_OPTIONAL = ("max_trials", "seed", "max_crashes", "max_consecutive_failed_trials", "keep_checkpoints", "confirm")
