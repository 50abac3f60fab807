"""Finds and reads studies; nothing is written and no heavy library is loaded."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from kerastune_lite.analysis.silence import silent_workers
from kerastune_lite.errors import StudyError
from kerastune_lite.results.results import Results
from kerastune_lite.study.files import Holder, lock_holder
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import JOURNAL, LOCK
from kerastune_lite.study.store import read_events

_DEEPEST = 3


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
    def holder(self) -> Holder | None:
        """The process that searches, or the last one that did."""
        try:
            return lock_holder(self.directory / LOCK)
        except StudyError:
            return None

    @property
    def state(self) -> str:
        """What it is doing: "empty", "running", "interrupted" by the death of its process, or "ended"."""
        if self.history.last_search is None:
            return "empty"
        if self.history.at_rest:
            return "ended"
        holder = self.holder
        return "interrupted" if holder is None or holder.alive is False else "running"

    @property
    def reason(self) -> str | None:
        """Why it is in this state, in words; None where there is nothing to say."""
        holder = self.holder
        match self.state:
            case "ended":
                return self.history.end_reason
            case "interrupted":
                return "its process has died"
            case "running" if holder is not None and holder.alive is None:
                return f"on {holder.host}, or its process has died there"
            case "running":
                return "; ".join(silent_workers(self.history)) or None
        return None

    @property
    def description(self) -> str:
        """State and reason."""
        return ": ".join(filter(None, (self.state, self.reason)))

    @property
    def running(self) -> bool:
        """Whether a search is running, as far as can be told from here."""
        return self.state == "running"

    def summary(self) -> dict[str, Any]:
        """The figures of `status`, as JSON."""
        history, best = self.history, self.history.best
        trials = history.trials
        return {
            "study": str(self.directory),
            "state": self.state,
            "reason": self.reason,
            "objective": None if history.last_search is None else history.objective.name,
            "direction": None if history.last_search is None else history.objective.direction,
            "trials": len(trials),
            "max_trials": None if history.last_search is None else history.settings.max_trials,
            "by_status": dict(Counter(trial.status for trial in trials)),
            "epochs": history.epochs_used,
            "started": history.created or None,
            "updated": history.updated or None,
            "running": [
                {
                    "trial": trial.number,
                    "epoch": trial.epoch,
                    "worker": trial.worker,
                    "reported": trial.heard_at or None,
                    "silent_since": trial.silent_since,
                }
                for trial in (history.running if self.running else ())
            ],
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


def studies(root: str | Path) -> list[Study | StudyError]:
    """All studies at and below `root`; in the place of one that cannot be read, why.

    Raises:
        StudyError: There is none.
    """
    found = [_read(directory) for directory in directories(Path(root))]
    if not found:
        raise StudyError(f"there is no study in {root}: no {JOURNAL} down to {_DEEPEST} levels below it")
    return found


def _read(directory: Path) -> Study | StudyError:
    try:
        return Study.read(directory)
    except StudyError as error:
        return error
