"""Finds and reads studies; nothing is written and no heavy library is loaded."""

import os
import re
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from kerastune_lite.errors import StudyError
from kerastune_lite.results.results import Results
from kerastune_lite.study.events import SEARCH_ENDED
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import JOURNAL, LOCK
from kerastune_lite.study.store import read_events

_DEEPEST = 3
_HOLDER = re.compile(r"process (\d+) on (.*)")


@final
@dataclass(frozen=True)
class Study:
    """A study on disk.

    Attributes:
        directory: Where it lies.
        history: What it holds.
        damage: What is damaged in its record.
    """

    directory: Path
    history: History
    damage: tuple[str, ...] = ()

    @classmethod
    def read(cls, directory: str | Path) -> "Study":
        """Reads the study in a directory.

        Raises:
            StudyError: There is none, or it cannot be read.
        """
        path = Path(directory)
        if not (path / JOURNAL).exists():
            found = ", ".join(str(one) for one, _ in zip(directories(path), range(5), strict=False))
            hint = f"; there are {found}" if found else ""
            raise StudyError(f"{path} is no study: it has no {JOURNAL}{hint}")
        events, damage = read_events(path)
        return cls(path, History(events), tuple(damage))

    @property
    def results(self) -> Results:
        """Its trials, best first."""
        return Results(self.history)

    @property
    def process(self) -> int | None:
        """The process that searches, if it is alive on this machine."""
        with suppress(OSError, ValueError):
            holder = _HOLDER.match((self.directory / LOCK).read_text(errors="replace")[:200])
            if holder and holder[2].strip() == socket.gethostname():
                os.kill(int(holder[1]), 0)
                return int(holder[1])
        return None

    @property
    def state(self) -> str:
        """What it is doing, in words."""
        history = self.history
        if history.last_search is None:
            return "empty"
        if not history.at_rest:
            return "running" if self.process is not None else "not ended: its process has died, or is elsewhere"
        return f"ended: {history.notes.get(SEARCH_ENDED)}"

    def summary(self) -> dict[str, Any]:
        """The figures of `status`, as JSON."""
        history, best = self.history, self.history.best
        trials = history.trials
        return {
            "study": str(self.directory),
            "state": self.state,
            "objective": None if history.last_search is None else history.objective.name,
            "direction": None if history.last_search is None else history.objective.direction,
            "trials": len(trials),
            "max_trials": None if history.last_search is None else history.settings.max_trials,
            "by_status": dict(Counter(trial.status for trial in trials)),
            "epochs": history.epochs_used,
            "started": history.created or None,
            "updated": max((trial.ended_at for trial in trials), default=history.created) or None,
            "best": None if best is None else {"trial": best.number, "score": best.score, "values": dict(best.values)},
            "damage": list(self.damage),
        }


def directories(root: Path) -> Iterator[Path]:
    """The directories of studies at and below `root`, in order; links are not followed."""
    for place, folders, files in os.walk(root):
        folders.sort()
        depth = len(Path(place).relative_to(root).parts)
        if JOURNAL in files:
            folders.clear()
            yield Path(place)
        elif depth >= _DEEPEST:
            folders.clear()


def studies(root: str | Path) -> list[Study]:
    """All studies at and below `root`.

    Raises:
        StudyError: There is none, or one cannot be read.
    """
    found = [Study.read(directory) for directory in directories(Path(root))]
    if not found:
        raise StudyError(f"there is no study in {root}: no {JOURNAL} down to {_DEEPEST} levels below it")
    return found
