"""A worker process on this machine, as the process that has started it sees it."""

import itertools
import os
import selectors
import signal
import socket
import subprocess  # nosec B404
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, final

from kerastune_lite.executors.channel import Channel, Gone, Setup
from kerastune_lite.executors.parcel import Parcel
from kerastune_lite.study.task import Decision, Task

_PACKAGE_PLACE = str(Path(__file__).parents[2])
_SECONDS_TO_DIE = 5.0
_BLOCK = 1 << 16
_MOST_BLOCKS = 256  # of what a worker has printed before it died


@final
class WorkerProcess:
    """A running `python -m kerastune_lite.executors.worker`.

    Args:
        parcel: Holds the trial function.
        lifeline: The end to read of a pipe; the worker ends when the other end is closed.
        variables: Its environment.
        path: Its `sys.path`.
        scratch: Its own directory for files, which it deletes if it has to end at once; None for none.

    Attributes:
        channel: For messages.
        output: The descriptor of what it prints.
        prints: Whether it has not closed its output.
    """

    def __init__(
        self,
        parcel: Parcel,
        lifeline: int,
        variables: Mapping[str, str],
        path: Sequence[str],
        scratch: Path | None = None,
    ) -> None:
        ours, theirs = socket.socketpair()
        self.channel = Channel(ours)
        with theirs:
            try:
                self._process = _started(theirs.fileno(), parcel.file, lifeline, variables)
            except OSError:
                self.channel.close()
                raise
        assert self._process.stdout is not None
        self.output = self._process.stdout.fileno()
        os.set_blocking(self.output, False)
        self.prints = True
        place = None if scratch is None else str(scratch)
        with suppress(OSError):  # it has died already
            self.channel.send(Setup(parcel.parts, path, str(Path.cwd()), place))

    def send(self, message: Task | Decision) -> None:
        """Sends a message."""
        with suppress(OSError):  # it has died: that is noticed when it is listened to
            self.channel.send(message)

    def lines(self) -> bytes:
        """What it has printed since, as far as it is there."""
        try:
            part = os.read(self.output, _BLOCK)
        except BlockingIOError:
            return b""
        self.prints = bool(part)
        return part

    def message(self) -> Any:
        """Its next message; `Gone` if it has died."""
        try:
            return self.channel.receive()
        except EOFError:
            return Gone(self._epitaph())

    def exited(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """Kills the process, and those that its trial has started."""
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def hang_up(self, *, idle: bool) -> None:  # noqa: ARG002 - one that runs a trial ends at its next message
        """Closes the connection."""
        self.channel.close()

    def end(self, *, idle: bool) -> bytes:
        """Ends the process, frees what belongs to it, and returns the rest of what it has printed.

        A worker without a task leaves Python in the usual way, so that what libraries do at the end is done.
        """
        self.channel.close()
        if idle:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_SECONDS_TO_DIE)
        self.kill()
        self._process.wait()
        rest = b"".join(itertools.islice(iter(self.lines, b""), _MOST_BLOCKS))
        assert self._process.stdout is not None
        self._process.stdout.close()
        return rest

    def _epitaph(self) -> str:
        """How it died, in words."""
        try:
            code = self._process.wait(_SECONDS_TO_DIE)
        except subprocess.TimeoutExpired:
            return "its worker closed the connection"
        if code >= 0:
            return f"its worker ended with exit code {code}"
        name = {one.value: one.name for one in signal.Signals}.get(-code, f"signal {-code}")
        memory = ", as the system does when memory runs out" if name == "SIGKILL" else ""
        return f"its worker was killed by {name}{memory}"


def import_path() -> list[str]:
    """The `sys.path` of this process, in absolute terms."""
    here = str(Path.cwd())
    return [path or here for path in sys.path]


def heard(processes: Iterable[WorkerProcess], timeout: float | None) -> Iterator[tuple[WorkerProcess, bytes, Any]]:
    """The processes that have sent or printed something: what they have printed, and the message or None."""
    with selectors.DefaultSelector() as selector:
        for process in processes:
            selector.register(process.channel, selectors.EVENT_READ, (process, True))
            if process.prints:
                selector.register(process.output, selectors.EVENT_READ, (process, False))
        found = [key.data for key, _ in selector.select(timeout)]
    speaking = {process for process, speaks in found if speaks}
    for process in dict.fromkeys(process for process, _ in found):
        message = process.message() if process in speaking else None
        yield process, process.lines(), message


def _started(end: int, parcel: int, lifeline: int, variables: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """The process of a worker; a session of its own keeps the Ctrl-C of a terminal from it."""
    path = os.pathsep.join(filter(None, [_PACKAGE_PLACE, variables.get("PYTHONPATH")]))
    files = (end, parcel, lifeline)
    # this Python and a module of this package
    return subprocess.Popen(  # nosec B603
        [sys.executable, "-P", "-m", "kerastune_lite.executors.worker", *map(str, files)],
        pass_fds=files,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**variables, "PYTHONPATH": path},
        start_new_session=True,
    )
