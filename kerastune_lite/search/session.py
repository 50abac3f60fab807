"""A session: opens the study, compares it with what is recorded, runs the loop, closes everything."""

import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from kerastune_lite.errors import StudyChanged, StudyError, UsageError
from kerastune_lite.observers.console import Console
from kerastune_lite.observers.guarded import GuardedObserver
from kerastune_lite.observers.protocol import ClosableObserver, Observer, RunsObserver
from kerastune_lite.search.loop import Loop
from kerastune_lite.search.recorder import Recorder
from kerastune_lite.search.settings import Settings
from kerastune_lite.space.kinds import Hyperparameter
from kerastune_lite.strategies import Strategy, fingerprint
from kerastune_lite.study.events import Enqueued, Event, ExternalResult, SearchStarted
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import BOARD, CHECKPOINTS, FILES
from kerastune_lite.study.stop_request import forget_stop_request
from kerastune_lite.study.store import Journal, MemoryStore, Store, read_events, warn_of_damage
from kerastune_lite.study.task import TrialFunction


class _Closable(Protocol):
    def close(self) -> None: ...


_Opened = TypeVar("_Opened", bound=_Closable)


def run_search(
    settings: Settings,
    trial: TrialFunction,
    *,
    verbose: int,
    observers: Sequence[Observer] = (),
    tensorboard: Callable[[Path], RunsObserver] | None = None,
    requests: Sequence[Enqueued | ExternalResult] = (),
) -> History:
    """Searches and returns everything that is known then.

    Args:
        settings: What the search goes by.
        trial: Runs one attempt at a trial.
        verbose: 0 silent, 1 brief, 2 a line per epoch.
        observers: The package's own.
        tensorboard: Makes the TensorBoard observer for a directory; None for none.
        requests: Configurations to try first and results from elsewhere; those recorded already are left out.

    Raises:
        StudyError: The study cannot be read or written.
        StudyChanged: The search differs from the one recorded.
        KeyboardInterrupt: The user interrupted.
    """
    if verbose not in (0, 1, 2):
        raise UsageError(f"verbose={verbose!r} must be 0, 1 or 2; Keras's own is fit_verbose")
    directory = settings.directory
    overwritten = _overwritten(settings)
    with ExitStack() as stack:
        store = stack.enter_context(_closing(_open(settings)))
        if settings.overwrite:
            _delete_files(settings)
        executor = stack.enter_context(_closing(settings.executor(trial)))
        history = History(store.events())
        started = _started(settings, history)
        notices = [*settings.notices, *store.damage, *_notices(history.last_search, started)]
        runs = None if directory is None or tensorboard is None else tensorboard(directory / BOARD)
        logs = None if runs is None else runs.directory
        if verbose == 0:  # no console shows it
            warn_of_damage(store.damage)
        closable: list[ClosableObserver] = [
            Console(verbose, where=_text(directory), tensorboard=_text(logs), notices=notices)
        ]
        if runs is not None:
            runs.delete_runs(overwritten)
            closable.append(runs)
        for observer in closable:
            stack.enter_context(_closing(observer))
        everyone: list[Observer] = [*closable, *observers, *map(GuardedObserver, settings.observers)]
        loop = Loop(Recorder(store, history, everyone), settings, executor)
        if directory is not None:
            forget_stop_request(directory)
            stack.callback(forget_stop_request, directory)
        loop.run(started, [event for event in requests if event not in history.requests])
    return history


@contextmanager
def _closing(thing: _Opened) -> Iterator[_Opened]:
    """Closes `thing` in the end; if the search has failed by then, its error is the one that is raised."""
    try:
        yield thing
    except BaseException:
        with suppress(Exception):
            thing.close()
        raise
    thing.close()


def _overwritten(settings: Settings) -> list[Event]:
    """The events that are about to be overwritten; none where there is no study."""
    if settings.directory is None or not settings.overwrite:
        return []
    try:
        return read_events(settings.directory)[0]
    except StudyError:
        return []


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _open(settings: Settings) -> Store:
    if settings.directory is None:
        return MemoryStore()
    return Journal(settings.directory, overwrite=settings.overwrite)


def _delete_files(settings: Settings) -> None:
    """Deletes what the study had written beside its journal."""
    if settings.directory is not None:
        for name in (BOARD, CHECKPOINTS, FILES):
            shutil.rmtree(settings.directory / name, ignore_errors=True)


def _started(settings: Settings, history: History) -> SearchStarted:
    """The event that opens the search, once it is clear that it may continue what is recorded."""
    before = history.last_search
    recorded = None if before is None else before.seed
    seed = next(value for value in (settings.seed, recorded, secrets.randbits(31)) if value is not None)
    now = settings.started(seed)
    if before is None:
        return now
    differences = list(_differences(before, now, settings.strategy))
    worth_keeping = any(trial.epoch > 0 for trial in history.trials)
    if differences and worth_keeping and not settings.extend:
        raise StudyChanged(
            f"study {settings.directory} was recorded with other settings:\n  "
            + "\n  ".join(differences)
            + "\nOptions: undo the change to continue, extend=True to continue with the new one and keep what is "
            "there, overwrite=True to start again"
        )
    return replace(now, extends=before.space != now.space)


def _differences(before: SearchStarted, now: SearchStarted, strategy: Strategy) -> Iterable[str]:
    if before.objective != now.objective:
        yield f"objective: {before.objective}, now {now.objective}"
    if before.strategy != now.strategy and before.strategy != fingerprint(strategy, before.strategy):
        yield f"strategy: {_written(before.strategy)}, now {_written(now.strategy)}"
    if before.seed != now.seed:
        yield f"seed: {before.seed}, now {now.seed}"
    if before.options.get("cv") != now.options.get("cv"):  # a trial must not mix folds of two kinds
        yield f"cv: {before.options.get('cv')}, now {now.options.get('cv')}"
    if before.space is not None and now.space is not None:
        yield from _space_differences(before.space, now.space)


def _notices(before: SearchStarted | None, now: SearchStarted) -> Iterable[str]:
    """What may change freely, but should not change unseen."""
    if before is None:
        return
    if before.epochs != now.epochs:
        yield f"epochs: {before.epochs} before, {now.epochs} now; trials of both are ranked together"
    if before.executions != now.executions:
        yield f"executions: {before.executions} before, {now.executions} now; trials with fewer rank after the others"
    for name, value in now.options.items():
        if name in before.options and before.options[name] != value:
            yield f"{name}: {_option(before.options[name])} before, {_option(value)} now"


def _option(value: Any) -> str:
    return _written(value) if isinstance(value, Mapping) else str(value)


def _written(fields: Mapping[str, Any]) -> str:
    """A fingerprint as the user would write it."""
    arguments = ", ".join(f"{name}={value!r}" for name, value in fields.items() if name != "strategy")
    return f"{fields.get('strategy', '?')}({arguments})"


def _space_differences(before: Sequence[Hyperparameter], now: Sequence[Hyperparameter]) -> Iterable[str]:
    old, new = ({(definition.name, definition.conditions): definition for definition in side} for side in (before, now))
    yield from (f"space: {old[key]} is gone" for key in old if key not in new)
    yield from (f"space: {new[key]} is new" for key in new if key not in old)
    yield from (f"space: {old[key]}, now {new[key]}" for key in old if key in new and old[key] != new[key])
    if set(before) == set(now) and tuple(before) != tuple(now):
        yield f"space: read in another order: {', '.join(definition.name for definition in now)}"
