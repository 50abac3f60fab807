"""Prints the progress of a search: a live line on a terminal, plain lines elsewhere."""

import math
import sys
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from typing import final

from rich.cells import cell_len
from rich.console import Console as Terminal
from rich.live import Live
from rich.text import Text

from kerastune_lite.analysis.outlook import RECENT, seconds_left
from kerastune_lite.analysis.silence import silence_of
from kerastune_lite.printable import printable
from kerastune_lite.results.causes import causes, on_one_line
from kerastune_lite.results.results import brief
from kerastune_lite.results.screen import screen
from kerastune_lite.results.tables import trial_table, write
from kerastune_lite.results.user_frames import from_user_code
from kerastune_lite.space.grid import View, discretized
from kerastune_lite.study.durations import in_words
from kerastune_lite.study.events import (
    SEARCH_ENDED,
    SILENT,
    STOPPING,
    Annotated,
    Ended,
    Event,
    Reported,
    SearchStarted,
    Started,
)
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial
from kerastune_lite.tensorboard_links import ADDRESS, tuning_link

_ROWS = 5
_ALWAYS_TOLD = 20
_SECONDS_BETWEEN = 5.0


@final
class Console:
    """An observer that prints the progress of a search.

    Args:
        verbose: 0 silent; 1 a live line on a terminal, elsewhere a line per trial (fewer after the first trials);
            2 also a line per epoch.
        where: The study's directory.
        tensorboard: The directory of the TensorBoard files.
        notices: Further lines to print at the start, such as damage to the record or changed settings.
        terminal: Where to write; standard output by default.
    """

    def __init__(
        self,
        verbose: int = 1,
        *,
        where: str | None = None,
        tensorboard: str | None = None,
        notices: Sequence[str] = (),
        terminal: Terminal | None = None,
    ) -> None:
        self._verbose = verbose
        self._where = where
        self._tensorboard = tensorboard
        self._notices = notices
        self._terminal = screen() if terminal is None else terminal
        self._live: Live | None = None
        self._last_told = -math.inf
        self._thinned = False
        self._ended = 0
        self._failed = 0
        self._because: str | None = None
        self._recent: deque[Trial] = deque(maxlen=RECENT)

    def __call__(self, event: Event, history: History) -> None:
        """Prints what an event changes."""
        if self._verbose == 0:
            return
        match event:
            case SearchStarted():
                self._open(event, history)
            case Started():
                self._why(event)
                self._show(event.trial, history)
            case Reported():
                self._epoch(event, history)
            case Ended():
                self._end(event, history)
            case Annotated(trial=int(number), key=key) if key == SILENT:
                self._say(silence_of(history[number]) or f"trial {number}: its worker is heard again", "yellow")
            case Annotated(key=key) if key == SEARCH_ENDED:
                self._close_with(str(event.value), history)
            case _:
                pass

    def close(self) -> None:
        """Removes the live line. Never raises."""
        live, self._live = self._live, None
        if live is not None:
            with suppress(Exception):
                live.stop()

    def _say(self, text: str, style: str = "", *, lines: bool = False) -> None:
        self._terminal.print(Text(printable(text, lines=lines), style=style))

    def _open(self, event: SearchStarted, history: History) -> None:
        for notice in self._notices:
            self._say(notice, "yellow")
        verb = "maximising" if event.objective.direction == "max" else "minimising"
        budget = "until the space is exhausted" if event.max_trials is None else f"{event.max_trials} trials"
        strategy = str(event.strategy.get("strategy", "search")).lower()
        where = "" if self._where is None else f"{self._where}: "
        self._say(f"{where}{verb} {event.objective.name}, {strategy}, {budget}, seed {event.seed}{_grid_size(event)}")
        self._recent.extend(trial for trial in history.trials[-RECENT:] if trial.succeeded)
        if len(history):
            retried = (
                [] if history.best is not None else [trial for trial in history.trials if trial.status == "failed"]
            )
            left = len(history.unfinished) + len(retried)
            done = len(history) - left
            to_go = "" if event.max_trials is None else f", {max(0, event.max_trials - history.budget_used)} remaining"
            self._say(f"resuming: {len(history)} trials recorded, {done} ended, {left} to resume{to_go}")
        if self._terminal.is_terminal and not self._terminal.is_dumb_terminal and self._verbose == 1:
            err = sys.stderr is not None and sys.stderr.isatty()  # what goes to a file stays there
            self._live = Live(console=self._terminal, refresh_per_second=4, transient=True, redirect_stderr=err)
            self._live.start()

    def _why(self, event: Started) -> None:
        """The strategy's explanation of its proposals, when it changes."""
        because = event.note.get("because") if isinstance(event.note, dict) else None
        if because is not None and because != self._because:
            self._say(f"from trial {event.trial} on: {because}", "yellow")
        self._because = because

    def _epoch(self, event: Reported, history: History) -> None:
        if self._verbose > 1:
            metrics = ", ".join(f"{name} {brief(value)}" for name, value in event.metrics.items())
            several = history.last_search is not None and history.settings.executions > 1
            execution = f", execution {event.execution + 1}" if several else ""
            self._say(f"trial {event.trial}{execution}, epoch {event.epoch}: {metrics}")
        self._show(event.trial, history)

    def _end(self, event: Ended, history: History) -> None:
        trial = history[event.trial]
        self._ended += 1
        if trial.succeeded and trial not in self._recent:
            self._recent.append(trial)
        if event.outcome == "failed":
            self._failed += 1
            if self._failed == 1:
                self._say(f"trial {event.trial} failed; later failures are only counted", "bold red")
                self._say(from_user_code(event.error or event.reason or "").rstrip(), lines=True)
        elif self._live is None and self._worth_a_line(event, history):
            self._last_told = event.stamp.wall
            self._say("; ".join([_ending(trial, event), *_best(history), *self._failures()]))
        elif self._live is None and not self._thinned:
            self._thinned = True
            self._say(f"from here on, a line for each new best trial, and otherwise one every {_SECONDS_BETWEEN:g} s")

    def _failures(self) -> list[str]:
        return [f"{self._failed} failed"] if self._failed else []

    def _worth_a_line(self, event: Ended, history: History) -> bool:
        """Whether to print a line: for the first trials, a new best one, and otherwise one every few seconds."""
        told_enough = self._ended > _ALWAYS_TOLD and event.stamp.wall - self._last_told < _SECONDS_BETWEEN
        is_best = history.best is not None and history.best.number == event.trial
        return is_best or not told_enough

    def _show(self, number: int, history: History) -> None:
        """Updates the live line: as much as fits, what matters first."""
        if self._live is None:
            return
        settings = history.last_search
        assert settings is not None
        trial = history[number]
        of = "" if settings.max_trials is None else f" ({history.budget_used} of {settings.max_trials})"
        epochs = "" if settings.epochs is None else f"/{settings.epochs}"
        eta = seconds_left(history, self._recent)
        parts = [f"trial {number}{of}, epoch {trial.epoch}{epochs}", *_best(history)]
        parts += [] if eta is None else [f"about {in_words(eta)} left"]
        parts += self._failures()
        parts += [] if trial.score is None else [f"{settings.objective.name} {brief(trial.score)}"]
        self._live.update(Text(_fitting(parts, self._terminal.width - 1), no_wrap=True, overflow="crop"))

    def _close_with(self, why: str, history: History) -> None:
        self.close()
        self._say(f"search ended: {why}{_grid_share(history)}")
        counts = Counter(trial.status for trial in history.trials)
        self._say(", ".join(f"{count} {status}" for status, count in counts.most_common()) or "no trials")
        for cause, count in causes(history.trials).most_common(3):
            self._say(f"{count} failed with: {brief(cause, 200)}", "red")
        if counts["failed"] == len(history) > 0:
            self._say("every trial failed; fix the problem and rerun", "red")
        if history.best is not None:
            write(self._terminal, trial_table(list(islice(history.ranked(), _ROWS))))
        for message in _health(history):
            self._say(message, "yellow")
        if why.startswith(("interrupted", "asked to stop")) and self._where is not None:
            self._say("rerun to resume")
        elif counts["paused"] and self._where is not None:
            self._say("rerun with a larger limit to resume the paused trials")
        if self._tensorboard is not None:
            self._say(f"view in TensorBoard: kerastune-lite tensorboard {self._tensorboard}")
            if (link := tuning_link(ADDRESS)) is not None:
                self._say(f"where it runs already: {link}")


def _health(history: History) -> tuple[str, ...]:
    """Diagnostic messages; without Bayesian search, which has loaded the necessary libraries, only that of stopping."""
    if history.last_search is None or history.last_search.strategy.get("strategy") != "Bayesian":
        notice = history.notes.get(STOPPING)
        return (notice,) if isinstance(notice, str) else ()
    from kerastune_lite.results.diagnostics import messages  # noqa: PLC0415 - heavy: numpy, scipy

    return messages(history)


def _ending(trial: Trial, event: Ended) -> str:
    spread = "" if trial.deviation is None else f" (deviation {brief(trial.deviation)})"
    name, epoch = trial.objective.name, trial.best_epoch
    score = "" if trial.score is None else f", {name} {brief(trial.score)}{spread} in epoch {epoch}"
    reason = "" if event.reason is None else f" ({brief(on_one_line(event.reason), 100)})"
    return f"trial {trial.number} {event.outcome}{reason}{score}, {in_words(trial.duration)}"


def _best(history: History) -> list[str]:
    best = history.best
    return [] if best is None else [f"best {brief(best.score)} in trial {best.number}"]


def _fitting(parts: Sequence[str], width: int) -> str:
    """As many of the parts as fit, the first one in any case."""
    shown, *others = map(printable, parts)
    for part in others:
        if cell_len(longer := f"{shown}; {part}") > width:
            break
        shown = longer
    return shown


def _grid(event: SearchStarted) -> View | None:
    """How a grid search shows ranges; None for other strategies."""
    points = event.strategy.get("points")
    return discretized(points) if isinstance(points, int) else None


def _grid_size(event: SearchStarted) -> str:
    """The approximate size of the grid, from what the default model reads."""
    view = _grid(event)
    if view is None or event.space is None:
        return ""
    return f", about {math.prod(view(definition).count() or 1 for definition in event.space)} configurations"


def _grid_share(history: History) -> str:
    """The fraction of the grid that was tried, if not all of it."""
    view = None if history.last_search is None else _grid(history.last_search)
    root = history.tree.root
    if view is None or root.exhausted(view):
        return ""
    size = root.size(view)
    return f"; {history.budget_used} of about {size:.0f} configurations tried, {100 * history.budget_used / size:.0f} %"
