"""Isolates the search from errors in a user's observer."""

import traceback
from typing import final

from kerastune_lite.errors import warn
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
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a tracker that is down, or exits, must not cost trials
            observer, self._observer = self._observer, None
            warn(
                f"observer {_name(observer)} raised {''.join(traceback.format_exception_only(error)).strip()}; "
                "it is not called again in this search",
                RuntimeWarning,
                stacklevel=2,
            )


def _name(observer: Observer) -> str:
    try:
        return repr(observer)
    except Exception:  # noqa: BLE001 - it is the user's
        return type(observer).__name__
