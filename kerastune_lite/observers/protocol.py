"""The protocol of observers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from kerastune_lite.study.events import Event
from kerastune_lite.study.history import History

Observer = Callable[[Event, History], None]
"""Called with each event after it is recorded, in the thread of the search."""


class ClosableObserver(Protocol):
    """An observer with resources to release."""

    def __call__(self, event: Event, history: History, /) -> None:
        """Handles an event."""

    def close(self) -> None:
        """Releases all resources; called however the search ends."""


class RunsObserver(ClosableObserver, Protocol):
    """An observer that writes runs for TensorBoard."""

    @property
    def directory(self) -> Path:
        """The directory of the runs, which need not be the study's own."""

    def delete_runs(self, events: Sequence[Event]) -> None:
        """Deletes what it wrote of a study with these events."""
