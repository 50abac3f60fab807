"""Stopping policies say whether a running trial is still worth its epochs."""

from dataclasses import dataclass
from typing import Protocol

from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

__all__ = ["Stop", "StoppingPolicy"]


@dataclass(frozen=True, slots=True)
class Stop:
    """The trial should end now; `reason` goes on record."""

    reason: str


class StoppingPolicy(Protocol):
    """Asked after each report of each trial; a function of the record alone, with no state of its own."""

    def __call__(self, trial: Trial, history: History, /) -> Stop | None:
        """Whether `trial`, whose latest report is part of `history`, should stop."""
