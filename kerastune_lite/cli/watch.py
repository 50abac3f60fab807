"""`watch`: a running search in the terminal."""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from kerastune_lite.analysis.outlook import recent_trials, seconds_left
from kerastune_lite.analysis.silence import quiet_for
from kerastune_lite.cli.studies import Study
from kerastune_lite.printable import printable
from kerastune_lite.results.results import brief
from kerastune_lite.results.tables import Table, trial_table
from kerastune_lite.study.durations import in_words
from kerastune_lite.study.layout import JOURNAL
from kerastune_lite.study.trial import Trial

_BARS = "▁▂▃▄▅▆▇█"
_PLAIN_BARS = "_.-=+*%#"
_WIDTH = 24
_SHOWN = 5
_SECONDS = 1.0


def watch(options: argparse.Namespace, wait: Callable[[float], object] = time.sleep) -> None:
    """Shows a search until it ends or Ctrl-C, or once.

    Args:
        options: `directory`, and `once` to show it once.
        wait: Called with seconds between two looks.

    Raises:
        StudyError: There is no study, or it has been deleted.
    """
    console = Console(highlight=False)
    study = Study.read(options.directory)
    if options.once:
        console.print(frame(study, console))
        return
    with Live(console=console, auto_refresh=False) as live, suppress(KeyboardInterrupt):
        size = _size(study)
        while True:
            live.update(frame(study, console), refresh=True)
            if not study.running:
                return
            wait(_SECONDS)
            if (now := _size(study)) != size:  # it only grows
                size, study = now, Study.read(options.directory)


def _size(study: Study) -> int:
    """How long its journal is; 0 if it has gone, which reading it then tells."""
    try:
        return (study.directory / JOURNAL).stat().st_size
    except OSError:
        return 0


def frame(study: Study, console: Console) -> Group:
    """What there is to see now, in lines as wide as the console."""
    history, width = study.history, console.width
    limit = None if history.last_search is None else history.settings.max_trials
    counts = Counter(trial.status for trial in history.trials).most_common()
    trials = f"{history.budget_used} trials" if limit is None else f"{history.budget_used} of {limit} trials"
    texts = [", ".join([trials, *(f"{count} {status}" for status, count in counts), *_left(study)])]
    texts += _best(history.best)
    lines = [Text(_head(study, width), style="bold")]
    lines += [Text(_cut(text, width)) for text in texts]
    bars = _BARS if console.encoding.startswith("utf") else _PLAIN_BARS
    lines += [Text(_cut(_running(trial, bars, time.time()), width), style="cyan") for trial in history.running[:_SHOWN]]
    table = trial_table(list(islice(history.ranked(), _SHOWN)))
    lines += table.lines(width) if isinstance(table, Table) else [Text(table)]
    return Group(*lines)


def _head(study: Study, width: int) -> str:
    """The study and its state; of a long path, the end."""
    text = printable(f"{study.directory}: {study.description}")
    return text if len(text) <= width else f"...{text[3 - width :]}"


def _left(study: Study) -> list[str]:
    """How long the search will take, if it is running and that can be told."""
    seconds = seconds_left(study.history, recent_trials(study.history)) if study.running else None
    return [] if seconds is None else [f"about {in_words(seconds)} left"]


def _best(trial: Trial | None) -> list[str]:
    if trial is None:
        return []
    values = ", ".join(f"{name} {brief(value)}" for name, value in trial.values.items())
    return [f"best {trial.objective.name} {brief(trial.score)}, trial {trial.number}: {values}"]


def sparkline(values: Sequence[float], width: int = _WIDTH, bars: str = _BARS) -> str:
    """The values as `bars`, the lowest to the highest; the latest `width` of them.

    Example:
        >>> sparkline([1.0, 2.0, 3.0])
        '▁▅█'
    """
    shown = [value for value in values if value == value][-width:]  # noqa: PLR0124 - NaN differs from itself
    if not shown:
        return ""
    low, high = min(shown), max(shown)
    if not high - low < float("inf") or high == low:
        return bars[0] * len(shown)
    return "".join(bars[round((value - low) / (high - low) * (len(bars) - 1))] for value in shown)


def _running(trial: Trial, bars: str, now: float) -> str:
    name = trial.objective.name
    runs = trial.executions
    values = [metrics[name] for metrics in runs[-1].metrics.values() if name in metrics] if runs else []
    score = "" if trial.score is None else f" {name} {brief(trial.score)}"
    text = f"trial {trial.number}, epoch {trial.epoch}{score} {sparkline(values, bars=bars)}".rstrip()
    return ", ".join(filter(None, (text, quiet_for(trial, now))))


def _cut(text: str, width: int) -> str:
    text = printable(text)
    return text if len(text) <= width else text[: max(0, width - 3)] + "..."
