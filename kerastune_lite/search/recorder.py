"""Makes events facts: stamped, written, taken into the history, shown to the observers."""

import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import final

from kerastune_lite.observers.protocol import Observer
from kerastune_lite.study.events import Event, Stamp
from kerastune_lite.study.history import History
from kerastune_lite.study.store import Store
from kerastune_lite.study.texts import bounded


@final
class Recorder:
    """Records events: in the store first, then in the history, then with each observer.

    Args:
        store: The durable record.
        history: What is known; events of `store` are in it already.
        observers: Called in this order.
        clock: Seconds of this process.
    """

    def __init__(
        self,
        store: Store,
        history: History,
        observers: Sequence[Observer],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.history = history
        self._store = store
        self._observers = observers
        self.clock = clock
        self._worker = f"{socket.gethostname()}:{os.getpid()}"

    def record(self, event: Event) -> None:
        """Stamps and records an event, its texts bounded.

        Raises:
            StudyWriteError: It could not be written; then it is not part of the history either.
        """
        event = replace(bounded(event), stamp=Stamp(time.time(), self.clock(), self._worker))
        self._store.append(event)
        self.history.apply(event)
        for observer in self._observers:
            observer(event, self.history)
