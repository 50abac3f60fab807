"""`watch`: a running search in the terminal."""

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from itertools import islice

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from kerastune_lite.cli.studies import Study
from kerastune_lite.printable import printable
from kerastune_lite.results.results import brief
from kerastune_lite.results.tables import Table, trial_table
from kerastune_lite.study.layout import JOURNAL
from kerastune_lite.study.trial import Trial

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 24
_SHOWN = 5
_SECONDS = 1.0


def watch(options: argparse.Namespace) -> None:
    """Shows a search until it ends, or once."""
    console = Console()
    study = Study.read(options.directory)
    if options.once:
        console.print(frame(study, console.width))
        return
    size = -1
    with Live(console=console, auto_refresh=False, screen=False) as live:
        while True:
            now = (study.directory / JOURNAL).stat().st_size
            if now != size:  # it only grows
                size, study = now, Study.read(options.directory)
            live.update(frame(study, console.width), refresh=True)
            if study.history.at_rest:
                return
            time.sleep(_SECONDS)


def frame(study: Study, width: int) -> Group:
    """What there is to see now, in lines of at most `width` columns."""
    history = study.history
    limit = None if history.last_search is None else history.settings.max_trials
    counts = Counter(trial.status for trial in history.trials).most_common()
    trials = f"{history.budget_used} trials" if limit is None else f"{history.budget_used} of {limit} trials"
    texts = [", ".join([trials, *(f"{count} {status}" for status, count in counts)]), *_best(history.best)]
    lines = [Text(_cut(f"{study.directory}: {study.state}", width), style="bold")]
    lines += [Text(_cut(text, width)) for text in texts]
    lines += [Text(_cut(_running(trial), width), style="cyan") for trial in history.running[:_SHOWN]]
    table = trial_table(list(islice(history.ranked(), _SHOWN)))
    lines += table.lines(width) if isinstance(table, Table) else [Text(table)]
    return Group(*lines)


def _best(trial: Trial | None) -> list[str]:
    if trial is None:
        return []
    values = ", ".join(f"{name} {brief(value)}" for name, value in trial.values.items())
    return [f"best {trial.objective.name} {brief(trial.score)}, trial {trial.number}: {values}"]


def sparkline(values: Sequence[float], width: int = _WIDTH) -> str:
    """The values as bars, the lowest to the highest; the latest `width` of them.

    Example:
        >>> sparkline([1.0, 2.0, 3.0])
        '▁▅█'
    """
    shown = [value for value in values if value == value][-width:]  # noqa: PLR0124 - NaN differs from itself
    if not shown:
        return ""
    low, high = min(shown), max(shown)
    if not high - low < float("inf") or high == low:
        return _BARS[0] * len(shown)
    return "".join(_BARS[round((value - low) / (high - low) * (len(_BARS) - 1))] for value in shown)


def _running(trial: Trial) -> str:
    name = trial.objective.name
    runs = trial.executions
    values = [metrics[name] for metrics in runs[-1].metrics.values() if name in metrics] if runs else []
    score = "" if trial.score is None else f" {name} {brief(trial.score)}"
    return f"trial {trial.number}, epoch {trial.epoch}{score} {sparkline(values)}"


def _cut(text: str, width: int) -> str:
    text = printable(text)
    return text if len(text) <= width else text[: max(0, width - 3)] + "..."
