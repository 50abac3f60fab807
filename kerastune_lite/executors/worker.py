"""A worker of the pool: `python -m kerastune_lite.executors.worker SOCKET PARCEL LIFELINE` runs tasks until it is told.

A thread tells the driver every few seconds that the process is alive, and ends it with its driver, whatever the trial
is doing: it reads from a pipe whose other end only the driver has.
"""

import gc
import os
import pickle  # nosec B403
import selectors
import shutil
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from kerastune_lite.errors import KerastuneError, SearchError
from kerastune_lite.executors.attempt import run_attempt
from kerastune_lite.executors.channel import Alive, Broken, Channel, Ready, Setup
from kerastune_lite.executors.parcel import Parcel
from kerastune_lite.study.events import Ended, Event
from kerastune_lite.study.task import Decision, TrialFunction

_SECONDS_BETWEEN = 5.0  # signs of life


def main(arguments: Sequence[str]) -> None:
    """Loads the trial function and runs tasks until the driver closes the socket."""
    end, parcel, lifeline = map(int, arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the driver, which decides
    channel = Channel(socket.socket(fileno=end))
    scratch: list[str] = []
    threading.Thread(target=_live_with_driver, args=(lifeline, channel, scratch), daemon=True).start()
    for file in (end, parcel, lifeline):
        os.set_inheritable(file, False)  # noqa: FBT003 - takes no keyword
    os.register_at_fork(after_in_child=partial(_forget, channel, lifeline))
    try:
        setup: Setup = channel.receive()
        scratch.extend(filter(None, [setup.scratch]))
        function = _loaded(setup, parcel)
    except EOFError:
        return
    except BaseException:  # noqa: BLE001 - it is the driver that raises
        channel.send(Broken(traceback.format_exc()))
        return
    gc.collect()
    gc.freeze()
    channel.send(Ready(f"{socket.gethostname()}:{os.getpid()}"))
    while True:
        try:
            task = channel.receive()
        except EOFError:
            return
        run_attempt(function, task, partial(_send, channel, scratch))


def _loaded(setup: Setup, parcel: int) -> TrialFunction:
    sys.path[:] = setup.path
    os.chdir(setup.directory)
    function: TrialFunction = Parcel(parcel, setup.parts).load()
    return function


def _send(channel: Channel, scratch: Sequence[str], event: Event) -> Decision:
    """Sends an event and waits for the decision; without a driver there is nothing left to do."""
    try:
        channel.send(_sendable(event))
        decision: Decision = channel.receive()
    except (EOFError, OSError):
        _leave(scratch)
    return decision


def _sendable(event: Event) -> Event:
    """The event, with an error of our tree in place of one that does not survive pickling."""
    if not isinstance(event, Ended) or event.fatal is None:
        return event
    try:
        restored: Any = pickle.loads(pickle.dumps(event.fatal))  # nosec B301
    except Exception:  # noqa: BLE001 - an error of the user's own may raise anything
        restored = None
    if isinstance(restored, KerastuneError) and str(restored) == str(event.fatal):
        return event
    return replace(event, fatal=SearchError(str(event.fatal)))


def _live_with_driver(lifeline: int, channel: Channel, scratch: Sequence[str]) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(lifeline, selectors.EVENT_READ)
        while not selector.select(_SECONDS_BETWEEN):
            with suppress(OSError):  # the driver wants no more of it
                channel.send(Alive())
    _leave(scratch)


def _forget(channel: Channel, lifeline: int) -> None:
    """In a process that a trial forks: the driver must see the end of the worker, not of its children."""
    channel.close()
    with suppress(OSError):
        os.close(lifeline)


def _leave(scratch: Sequence[str]) -> None:
    for directory in scratch:
        shutil.rmtree(directory, ignore_errors=True)
    if os.getpgrp() == os.getpid():  # with the processes that trials have started
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
