"""Ctrl-C: the first one lets the current epoch finish, the second one raises at once."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType


@contextmanager
def finishing_epoch(interrupted: Callable[[], bool], interrupt: Callable[[], None]) -> Iterator[None]:
    """Within it, the first Ctrl-C calls `interrupt`; one while `interrupted()` is true raises KeyboardInterrupt.

    Signals can be handled in the main thread only; in other threads nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def handle(number: int, frame: FrameType | None) -> None:
        if interrupted():
            signal.default_int_handler(number, frame)
        interrupt()
        with suppress(OSError, ValueError):  # nobody may be reading, or the stream is closed
            print("\nfinishing this epoch; press Ctrl-C again to stop at once", file=sys.stderr, flush=True)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
