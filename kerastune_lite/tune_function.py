"""`tune`: the same search for any Python function."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from kerastune_lite.errors import UsageError
from kerastune_lite.executors import InProcess
from kerastune_lite.results.causes import check_any_success
from kerastune_lite.results.results import Results
from kerastune_lite.search.loop import Observer, Rules
from kerastune_lite.search.session import Board, Plan, run_search
from kerastune_lite.stopping import StoppingPolicy
from kerastune_lite.strategies import Random, Strategy
from kerastune_lite.study.objective import Objective, resolve
from kerastune_lite.training.arguments import parameters_of
from kerastune_lite.training.function_trial import FunctionTrial


def tune(
    function: Callable[..., Any],
    *,
    objective: str | Objective,
    max_trials: int | None,
    strategy: Strategy | None = None,
    seed: int | None = None,
    directory: str | Path | None = None,
    project_name: str = "study",
    overwrite: bool = False,
    extend: bool = False,
    executions_per_trial: int = 1,
    max_retries_per_trial: int = 0,
    stopping: StoppingPolicy | None = None,
    tensorboard: bool = False,
    observers: Iterable[Observer] = (),
    verbose: int = 1,
) -> Results:
    """Searches the hyperparameters of a plain function; no Keras is imported.

    Args:
        function: `f(hp)`, which returns the objective as a number or a dict of metrics that holds it; or
            `f(hp, report)`, which calls `report(epoch, metrics)` after each epoch (from 1) and ends when that is True.
        objective: A metric's name whose direction is known, or `kt.Objective(name, "min" or "max")`.
        max_trials: Trials of the study in all; None to go on until a finite space is used up.
        strategy: Random search unless given.
        seed: Makes the search reproducible; None draws one and records it.
        directory: Where studies are; None keeps this one in memory.
        project_name: The study's name.
        overwrite: Delete what is on record under this name.
        extend: Go on although the search differs from the one on record.
        executions_per_trial: Calls for each trial; the score is their mean.
        max_retries_per_trial: How often a trial that raises is tried again.
        stopping: A policy that is asked after each report.
        tensorboard: Whether to write each trial for TensorBoard (needs `directory`).
        observers: Functions of (event, history).
        verbose: 0 silent, 1 brief, 2 a line per epoch.

    Returns:
        All trials, best first.

    Raises:
        UsageError: An argument is impossible.
        StudyError: The record cannot be used or written.
        SearchError: Every trial failed; the causes are counted.
    """
    count = parameters_of(function)
    if count not in (1, 2):
        raise UsageError(f"tune() needs f(hp) or f(hp, report), got {function!r} with {count} parameters")
    if tensorboard and directory is None:
        raise UsageError('tensorboard=True needs a directory to write to; give directory="logs"')
    settled = resolve(objective)
    plan = Plan(
        objective=settled,
        strategy=Random() if strategy is None else strategy,
        max_trials=max_trials,
        seed=seed,
        directory=None if directory is None else Path(directory) / project_name,
        overwrite=overwrite,
        extend=extend,
        executions=executions_per_trial,
        rules=Rules(max_retries=max_retries_per_trial, finish_epoch=count > 1),
        stopping=stopping,
    )
    trial = FunctionTrial(function, settled, reports=count > 1)
    board = _board if tensorboard else None
    history = run_search(
        plan, InProcess(trial), space=None, epochs=None, verbose=verbose, user_observers=observers, board=board
    )
    check_any_success(history, traceback=directory is None)
    return Results(history)


def _board(directory: Path) -> Board:
    from kerastune_lite.observers.tensorboard import SearchBoard  # noqa: PLC0415 - heavy: tensorboard

    return SearchBoard(directory)
