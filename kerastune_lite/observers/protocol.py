"""What an observer is."""

from collections.abc import Callable
from typing import Protocol

from kerastune_lite.study.events import Event
from kerastune_lite.study.history import History

Observer = Callable[[Event, History], None]
"""Called with every event right after it is recorded, in the thread that searches."""


class ClosableObserver(Protocol):
    """An observer that holds files or the terminal."""

    def __call__(self, event: Event, history: History, /) -> None:
        """Takes in an event."""

    def close(self) -> None:
        """Releases what it holds; called however the search ends."""
