"""Searches of plain functions in memory."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from kerastune_lite.executors import Executor, InProcess, TrialFunction
from kerastune_lite.observers import Observer
from kerastune_lite.search.loop import Loop
from kerastune_lite.search.recorder import Recorder
from kerastune_lite.search.settings import Settings
from kerastune_lite.strategies import Random, Strategy, fingerprint
from kerastune_lite.study.events import SearchStarted
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.store import MemoryStore, Store
from kerastune_lite.training.function_trial import FunctionTrial

SCORE = Objective("score", "max")

_RULES = (
    "stopping",
    "limits",
    "confirm",
    "max_retries_per_trial",
    "max_crashes",
    "max_consecutive_failed_trials",
    "scored_from",
    "finish_epoch",
    "extend",
)


def search_started(strategy: Strategy | None = None, **fields: Any) -> SearchStarted:
    """The event that opens a search: by default it maximises `score` with seed 0 in 10 trials."""
    fields = {"objective": SCORE, "seed": 0, "max_trials": 10, **fields}
    return SearchStarted(strategy=fingerprint(strategy or Random()), **fields)


def search(
    function: Callable[..., Any],
    strategy: Strategy | None = None,
    *,
    store: Store | None = None,
    observers: Sequence[Observer] = (),
    executor: Callable[[TrialFunction], Executor] = InProcess,
    reports: bool = False,
    clock: Callable[[], float] = time.monotonic,
    **options: Any,
) -> History:
    """Searches `function(hp)` in memory, without a console.

    Args:
        function: Returns the score, or calls `report(epoch, metrics)` if `reports`.
        strategy: Random search by default.
        store: Where events are kept; events in it are resumed from.
        observers: Called with every event.
        executor: Makes the executor.
        reports: Whether it is called as `function(hp, report)`.
        clock: The clock of the search, in seconds.
        **options: Fields of `SearchStarted`, and of `Settings`: `stopping`, `limits`, `max_retries_per_trial`,
            `max_crashes`, `max_consecutive_failed_trials`, `scored_from`, `finish_epoch`, `extend`.
    """
    strategy = Random() if strategy is None else strategy
    store = MemoryStore() if store is None else store
    history = History(store.events())
    rules = {name: options.pop(name) for name in _RULES if name in options}
    started = search_started(strategy, **options)
    settings = Settings(objective=started.objective, strategy=strategy, **rules)
    trial = FunctionTrial(function, started.objective, reports=reports)
    Loop(Recorder(store, history, observers, clock), settings, executor(trial)).run(started)
    return history
