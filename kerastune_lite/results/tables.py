"""Tables for the terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from kerastune_lite.printable import printable
from kerastune_lite.results.results import brief
from kerastune_lite.results.screen import screen
from kerastune_lite.space.kinds import Choice, Float, Hyperparameter, Int, Value
from kerastune_lite.space.space import Space
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

_GAP = "  "
_SHOWN = 20


@final
@dataclass(frozen=True)
class Table:
    """Rows of cells under a head, which names the columns."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def lines(self, width: int | None) -> Iterator[Text]:
        """A line per row, the head first; rows that exceed `width` take several lines, with names at the values."""
        widths = [max(map(cell_len, column)) for column in zip(self.head, *self.rows, strict=True)]
        if width is not None and sum(widths) + len(_GAP) * (len(widths) - 1) > width:
            for row in self.rows:
                cells = [f"{name} {cell}" for name, cell in zip(self.head, row, strict=True) if cell]
                yield from map(Text, _stacked(cells, width))
            return
        for row in (self.head, *self.rows):
            padded = (cell + " " * (size - cell_len(cell)) for cell, size in zip(row, widths, strict=True))
            yield Text(_GAP.join(padded).rstrip(), style="bold" if row is self.head else "")


def _stacked(cells: Sequence[str], width: int) -> Iterator[str]:
    """The cells in lines of at most `width`, if each fits; the lines after the first are indented."""
    line = ""
    for cell in cells:
        longer = f"{line}{_GAP}{cell}" if line else cell
        if line and cell_len(longer) > width:
            yield line
            longer = f"{_GAP}{cell}"
        line = longer
    yield line


def show_results(history: History, count: int, *, where: str) -> None:
    """Prints the best `count` trials of the study in directory `where`, and diagnostic messages."""
    from kerastune_lite.results.diagnostics import messages  # noqa: PLC0415 - heavy: numpy, scipy

    objective = "" if history.last_search is None else f", objective {history.objective}"
    heading = f"{where}: {len(history)} trials{objective}"
    write(screen(), heading, trial_table(list(islice(history.ranked(), count))), *messages(history))


def show_space(space: Space) -> None:
    """Prints the hyperparameters known so far."""
    rows = [
        (definition.name, definition.kind, domain(definition), brief(definition.default), _conditions(definition))
        for definition in space
    ]
    head = ("name", "kind", "values", "default", "condition")
    write(screen(), f"{len(space)} hyperparameters", table(head, rows))


def write(terminal: Console, *parts: str | Table) -> None:
    """Prints lines and tables: on a terminal, wide tables take several lines per row; a file keeps whole rows."""
    width = terminal.width if terminal.is_terminal else None
    for part in parts:
        for line in part.lines(width) if isinstance(part, Table) else [Text(printable(part))]:
            terminal.print(line, crop=False, soft_wrap=True)


def trial_table(trials: Sequence[Trial]) -> str | Table:
    """One row per trial; with several executions, the deviation and the kept model's own score beside the mean."""
    several = any(len(trial.executions) > 1 for trial in trials)
    names = list(dict.fromkeys(name for trial in trials for name in trial.values))
    score = trials[0].objective.name if trials else "score"
    head = [
        "trial",
        f"{score} (mean)" if several else score,
        *(["deviation", "kept model"] if several else []),
        "epoch",
        *names,
    ]
    rows: list[list[str]] = []
    for trial in trials:
        kept = trial.best_execution
        own = None if kept is None else trial.execution_scores[kept]
        extra = [brief(trial.deviation), brief(own)] if several else []
        values = [brief(trial.values[name]) if name in trial.values else "" for name in names]
        rows.append([str(trial.number), brief(trial.score), *extra, brief(trial.best_epoch), *values])
    return table(head, rows) if trials else "no finished trial"


def _conditions(definition: Hyperparameter) -> str:
    return " and ".join(f"{where.parent} in {list(where.values)}" for where in definition.conditions)


def domain(definition: Hyperparameter) -> str:
    """The values of a hyperparameter, in words."""
    match definition:
        case Float() | Int():
            step = "" if definition.step is None else f", step {definition.step}"
            sampling = "" if definition.sampling == "linear" else f", {definition.sampling}"
            return f"{definition.min_value} to {definition.max_value}{step}{sampling}"
        case Choice():
            return _listed(definition.values)
        case _:
            return _listed([definition.level(index) for index in range(definition.count() or 0)])


def _listed(values: Sequence[Value]) -> str:
    shown = ", ".join(map(brief, values[:_SHOWN]))
    return shown if len(values) <= _SHOWN else f"{shown}, ... ({len(values)} values)"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table; what a terminal would obey is escaped."""
    return Table([printable(name) for name in head], [[printable(cell) for cell in row] for row in rows])
