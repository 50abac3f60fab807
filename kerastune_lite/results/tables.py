"""Tables for the terminal."""

import io
from collections.abc import Sequence
from itertools import islice

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from kerastune_lite.results.results import brief
from kerastune_lite.space.kinds import Choice, Float, Hyperparameter, Int
from kerastune_lite.space.space import Space
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

_WIDE = Console(width=10_000, file=io.StringIO()).options


def show_results(history: History, count: int, *, where: str) -> None:
    """Prints the best `count` trials of the study in directory `where`, and diagnostic messages."""
    from kerastune_lite.results.diagnostics import messages  # noqa: PLC0415 - heavy: numpy, scipy

    heading = Text(f"{where}: {len(history)} trials")
    if history.last_search is not None:
        heading.append(f", objective {history.objective}")
    write(Console(), heading, trial_table(list(islice(history.ranked(), count))), *map(Text, messages(history)))


def show_space(space: Space) -> None:
    """Prints the hyperparameters known so far."""
    table = _table("name", "kind", "values", "default", "condition")
    for definition in space:
        conditions = " and ".join(f"{where.parent} in {list(where.values)}" for where in definition.conditions)
        table.add_row(definition.name, definition.kind, _domain(definition), brief(definition.default), conditions)
    write(Console(), Text(f"{len(space)} hyperparameters"), table)


def write(terminal: Console, *parts: RenderableType) -> None:
    """Prints tables at full width: a narrower terminal wraps or scrolls, a file keeps whole lines."""
    for part in parts:
        if isinstance(part, Table):
            part.width = terminal.measure(part, options=_WIDE).maximum
        terminal.print(part, crop=False, soft_wrap=True)


def trial_table(trials: Sequence[Trial]) -> RenderableType:
    """One row per trial; with several executions, a column for the kept model's own score beside the mean."""
    several = any(len(trial.executions) > 1 for trial in trials)
    names = list(dict.fromkeys(name for trial in trials for name in trial.values))
    score = trials[0].objective.name if trials else "score"
    table = _table(
        "trial", f"{score} (mean)" if several else score, *(["kept model"] if several else []), "epoch", *names
    )
    for trial in trials:
        kept = trial.best_execution
        own = None if kept is None else trial.executions[kept].best
        extra = [brief(None if own is None else own.score)] if several else []
        values = [brief(trial.values[name]) if name in trial.values else "" for name in names]
        table.add_row(str(trial.number), brief(trial.score), *extra, brief(trial.best_epoch), *values)
    return table if trials else Text("no finished trial")


def _domain(definition: Hyperparameter) -> str:
    match definition:
        case Float() | Int():
            step = "" if definition.step is None else f", step {definition.step}"
            sampling = "" if definition.sampling == "linear" else f", {definition.sampling}"
            return f"{definition.min_value} to {definition.max_value}{step}{sampling}"
        case Choice():
            return ", ".join(brief(value) for value in definition.values)
        case _:
            count = definition.count() or 0
            return ", ".join(brief(definition.level(index)) for index in range(count))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table
