"""What a stopping policy is."""

from dataclasses import dataclass
from typing import Protocol

from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial


@dataclass(frozen=True, slots=True)
class Stop:
    """The trial should end now.

    Attributes:
        reason: Why, in words; it is recorded.
    """

    reason: str


class StoppingPolicy(Protocol):
    """Asked after each report of each trial; a function of the record alone, with no state of its own.

    Make it a frozen dataclass: its fields are recorded as what the study was searched with. A policy may have a method
    `notice(history)`: asked when a search ends, it returns in words what the user should know of its verdicts, or None.
    """

    def __call__(self, trial: Trial, history: History, /) -> Stop | None:
        """Whether `trial`, whose latest report is part of `history`, should stop."""
