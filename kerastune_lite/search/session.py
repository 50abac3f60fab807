"""A search from end to end: the record opened and compared, observers and loop put together."""

import secrets
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from kerastune_lite.errors import StudyChanged, StudyError, UsageError
from kerastune_lite.executors import Executor
from kerastune_lite.observers.console import Console
from kerastune_lite.search.loop import GuardedObserver, Loop, Observer, Recorder, Rules, versions
from kerastune_lite.space.kinds import Hyperparameter
from kerastune_lite.space.number import whole
from kerastune_lite.stopping import StoppingPolicy
from kerastune_lite.strategies import Strategy, fingerprint
from kerastune_lite.study.events import Enqueued, Event, ExternalResult, SearchStarted
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import BOARD, CHECKPOINTS, FILES
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.store import Journal, MemoryStore, Store, read_events, warn_of_damage


class Display(Protocol):
    """An observer that holds something open."""

    def __call__(self, event: Event, history: History, /) -> None:
        """Shows what has happened."""

    def close(self) -> None:
        """Lets go of it, however the search came to its end."""


class Board(Display, Protocol):
    """A display that writes to a directory, which need not be the study's own."""

    @property
    def directory(self) -> Path:
        """Where it writes."""

    def begin_anew(self, events: Sequence[Event]) -> None:
        """Deletes what it wrote of the study whose record these events were."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a search is to do, checked.

    Attributes:
        objective: What to optimise.
        strategy: Proposes points.
        max_trials: Trials of the study in all; None to go on until the space is used up.
        seed: None for the recorded one, or a fresh one.
        directory: The study's directory; None to keep the study in memory.
        overwrite: Delete what is on record.
        extend: Accept that space, objective, strategy or seed differ from the record.
        executions: Trainings of each trial.
        rules: What else the loop goes by.
        stopping: Asked after each report.

    Raises:
        UsageError: A number is out of its range.
    """

    objective: Objective
    strategy: Strategy
    max_trials: int | None
    seed: int | None = None
    directory: Path | None = None
    overwrite: bool = False
    extend: bool = False
    executions: int = 1
    rules: Rules = Rules()
    stopping: StoppingPolicy | None = None

    def __post_init__(self) -> None:
        counts = {
            "max_trials": _count("max_trials", self.max_trials, least=1, optional=True),
            "seed": _count("seed", self.seed, least=0, optional=True),
            "executions": _count("executions_per_trial", self.executions, least=1),
        }
        for name, count in counts.items():
            object.__setattr__(self, name, count)
        _count("max_retries_per_trial", self.rules.max_retries, least=0)
        _count("keep_checkpoints", self.rules.keep, least=0, optional=True)
        if not callable(self.strategy) or isinstance(self.strategy, type):
            raise UsageError(f"strategy={self.strategy!r} is not a strategy; use kt.strategies.Random(), say")


def _count(name: str, value: Any, *, least: int, optional: bool = False) -> int | None:
    """`value` as Python's own int."""
    count = whole(value)
    if count is None and value is None and optional:
        return None
    if count is None or count < least:
        raise UsageError(f"{name}={value!r} must be an integer from {least}{' or None' if optional else ''}")
    return count


def run_search(
    plan: Plan,
    executor: Executor,
    *,
    space: Sequence[Hyperparameter] | None,
    epochs: int | None,
    verbose: int,
    observers: Sequence[Observer] = (),
    user_observers: Iterable[Observer] = (),
    board: Callable[[Path], Board] | None = None,
    requests: Sequence[Enqueued | ExternalResult] = (),
) -> History:
    """Searches as planned and returns everything that is known then.

    Args:
        plan: What to do.
        executor: Runs the trials; it is closed at the end.
        space: What the default model reads; None if that is not known beforehand.
        epochs: Of each training, for the record and the display.
        verbose: 0 silent, 1 brief, 2 a line per epoch.
        observers: Ours.
        user_observers: The user's, which may fail.
        board: Makes the TensorBoard observer for a directory; None for none.
        requests: Points to try first and results from elsewhere; those on record already are left out.

    Raises:
        StudyError: The record cannot be used or written.
        StudyChanged: The search differs from the one on record.
        KeyboardInterrupt: The user interrupted.
    """
    if verbose not in (0, 1, 2):
        raise UsageError(f"verbose={verbose!r} must be 0, 1 or 2; Keras's own is fit_verbose")
    overwritten = _overwritten(plan)
    store = _open(plan)
    where = None if plan.directory is None else str(plan.directory)
    written = None if plan.directory is None or board is None else board(plan.directory / BOARD)
    displays: list[Display] = []
    try:
        history = History(store.events())
        settings = _settings(plan, history, space, epochs)
        said = [*store.damage, *_notices(history.settings, settings)]
        if verbose == 0:  # no console says it, and what is lost must not be lost unseen
            warn_of_damage(store.damage)
        logs = None if written is None else str(written.directory)
        displays.append(Console(verbose, where=where, tensorboard=logs, notices=said))
        if written is not None:
            written.begin_anew(overwritten)
            displays.append(written)
        everyone: list[Observer] = [*displays, *observers, *map(GuardedObserver, user_observers)]
        loop = Loop(Recorder(store, history, everyone), plan.strategy, executor, plan.rules, plan.stopping)
        loop.run(settings, [event for event in requests if event not in history.requests])
    finally:
        for display in displays:
            display.close()
        executor.close()
        store.close()
    return history


def _overwritten(plan: Plan) -> list[Event]:
    """The record that is about to be overwritten; empty where there is none, or none of ours."""
    try:
        return read_events(plan.directory)[0] if plan.overwrite and plan.directory is not None else []
    except StudyError:
        return []


def _open(plan: Plan) -> Store:
    if plan.directory is None:
        return MemoryStore()
    journal = Journal(plan.directory, overwrite=plan.overwrite)
    if plan.overwrite:
        for name in (BOARD, CHECKPOINTS, FILES):
            shutil.rmtree(plan.directory / name, ignore_errors=True)
    return journal


def _settings(
    plan: Plan, history: History, space: Sequence[Hyperparameter] | None, epochs: int | None
) -> SearchStarted:
    """What this search records of itself, once it is clear that it may go on from what is there."""
    before = history.settings
    recorded = None if before is None else before.seed
    seed = next(value for value in (plan.seed, recorded, secrets.randbits(31)) if value is not None)
    now = SearchStarted(
        objective=plan.objective,
        strategy=fingerprint(plan.strategy),
        seed=seed,
        max_trials=plan.max_trials,
        epochs=epochs,
        executions=plan.executions,
        space=None if space is None else tuple(space),
        versions=versions(),
    )
    if before is None:
        return now
    differences = list(_differences(before, now, plan.strategy))
    worth_keeping = any(trial.epoch > 0 for trial in history.trials)
    if differences and worth_keeping and not plan.extend:
        raise StudyChanged(
            f"study {plan.directory} was made by another search:\n  "
            + "\n  ".join(differences)
            + "\nThree ways on: undo the change to continue, extend=True to go on with the new one and keep what is "
            "there, overwrite=True to begin anew"
        )
    return replace(now, extends=(plan.extend and space is None) or before.space != now.space)


def _differences(before: SearchStarted, now: SearchStarted, strategy: Strategy) -> Iterable[str]:
    if before.objective != now.objective:
        yield f"objective: {before.objective}, now {now.objective}"
    if before.strategy != now.strategy and before.strategy != fingerprint(strategy, before.strategy):
        yield f"strategy: {_written(before.strategy)}, now {_written(now.strategy)}"
    if before.seed != now.seed:
        yield f"seed: {before.seed}, now {now.seed}"
    if before.space is not None and now.space is not None:
        yield from _space_differences(before.space, now.space)


def _notices(before: SearchStarted | None, now: SearchStarted) -> Iterable[str]:
    """What may change freely, but should not change unseen."""
    if before is not None and before.epochs != now.epochs:
        yield f"epochs: {before.epochs} before, {now.epochs} now; trials of both are ranked together"
    if before is not None and before.executions != now.executions:
        yield f"executions: {before.executions} before, {now.executions} now; trials with fewer rank after the others"


def _written(strategy: Any) -> str:
    arguments = ", ".join(f"{name}={value!r}" for name, value in strategy.items() if name != "strategy")
    return f"{strategy.get('strategy', '?')}({arguments})"


def _space_differences(before: Sequence[Hyperparameter], now: Sequence[Hyperparameter]) -> Iterable[str]:
    old, new = ({(definition.name, definition.conditions): definition for definition in side} for side in (before, now))
    yield from (f"space: {old[key]} is gone" for key in old if key not in new)
    yield from (f"space: {new[key]} is new" for key in new if key not in old)
    yield from (f"space: {old[key]}, now {new[key]}" for key in old if key in new and old[key] != new[key])
    if set(before) == set(now) and tuple(before) != tuple(now):
        yield f"space: read in another order: {', '.join(definition.name for definition in now)}"
