"""`tune`: searches the hyperparameters of any Python function."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Unpack

from kerastune_lite.errors import UsageError
from kerastune_lite.observers.protocol import RunsObserver
from kerastune_lite.results.causes import check_any_success
from kerastune_lite.results.results import Results
from kerastune_lite.search.session import run_search
from kerastune_lite.search.settings import SearchOptions, check_options, search_settings, study_directory
from kerastune_lite.study.objective import Objective, resolve
from kerastune_lite.training.arguments import parameters_of
from kerastune_lite.training.function_trial import FunctionTrial


def tune(
    function: Callable[..., Any],
    *,
    objective: str | Objective,
    max_trials: int | None,
    tensorboard: bool = False,
    verbose: int = 1,
    **options: Unpack[SearchOptions],
) -> Results:
    """Searches the hyperparameters of a Python function, without Keras.

    Args:
        function: `f(hp)`, which returns the objective as a number or a dict of metrics that contains it; or
            `f(hp, report)`, which calls `report(epoch, metrics)` after each epoch (from 1) and returns if that is True.
        objective: The name of a metric whose direction is known, or `kt.Objective(name, "min" or "max")`.
        max_trials: The total number of trials of the study, including earlier runs; None to search until the space is
            exhausted.
        tensorboard: Whether to write the search for TensorBoard; requires `directory`.
        verbose: 0 silent, 1 brief, 2 one line per epoch.
        **options: See `SearchOptions`. Without `directory`, the study is kept in memory.

    Returns:
        All trials, best first.

    Raises:
        UsageError: An argument is invalid or unknown.
        StudyError: The study cannot be read or written.
        SearchError: Every trial failed; the message counts the causes.

    Example:
        >>> import kerastune_lite as kt
        >>> results = kt.tune(
        ...     lambda hp: (hp.Float("x", -1, 1, step=0.5) - 0.4) ** 2,
        ...     objective=kt.Objective("error", "min"),
        ...     max_trials=None,
        ...     strategy=kt.strategies.Grid(),
        ...     verbose=0,
        ... )
        >>> results.best.values
        {'x': 0.5}
    """
    check_options(tune, options, SearchOptions)
    count = parameters_of(function)
    if count not in (1, 2):
        raise UsageError(f"tune() needs f(hp) or f(hp, report), got {function!r} with {count} parameters")
    directory = study_directory(options, None)
    if tensorboard and directory is None:
        raise UsageError('tensorboard=True needs a directory; give directory="logs"')
    settings = search_settings(
        options,
        objective=resolve(objective),
        max_trials=max_trials,
        directory=directory,
        finish_epoch=count > 1,
    )
    trial = FunctionTrial(function, settings.objective, reports=count > 1)
    history = run_search(settings, trial, verbose=verbose, tensorboard=_tensorboard if tensorboard else None)
    check_any_success(history, traceback=directory is None)
    return Results(history)


def _tensorboard(directory: Path) -> RunsObserver:
    from kerastune_lite.observers.tensorboard import SearchBoard  # noqa: PLC0415 - imports tensorboard

    return SearchBoard(directory)
