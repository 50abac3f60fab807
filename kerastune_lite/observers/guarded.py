"""Isolates the search from errors in a user's observer."""

import warnings
from typing import final

from kerastune_lite.observers.protocol import Observer
from kerastune_lite.study.events import Event
from kerastune_lite.study.history import History


@final
class GuardedObserver:
    """Forwards events; if the observer raises, issues a warning and does not call it again.

    Args:
        observer: The user's observer.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer: Observer | None = observer

    def __call__(self, event: Event, history: History) -> None:
        """Forwards the event."""
        if self._observer is None:
            return
        try:
            self._observer(event, history)
        except Exception as error:  # noqa: BLE001 - a tracker that is down must not cost trials
            warnings.warn(
                f"observer {self._observer!r} raised {type(error).__name__}: {error}; "
                "it is not called again in this search",
                RuntimeWarning,
                stacklevel=2,
            )
            self._observer = None
