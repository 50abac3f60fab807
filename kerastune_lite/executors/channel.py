"""Messages between the driver and a worker, pickled, over a socket that only these two processes have."""

import pickle  # nosec B403
import socket
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

_LENGTH = struct.Struct("!Q")


@final
@dataclass(frozen=True)
class Setup:
    """What a worker gets first.

    Attributes:
        parts: The parts of the parcel with the trial function.
        path: The `sys.path` of the driver.
        directory: Its working directory.
        scratch: A directory for files, which the worker deletes if it has to end at once; None for none.
    """

    parts: Sequence[tuple[int, int]]
    path: Sequence[str]
    directory: str
    scratch: str | None = None


@final
@dataclass(frozen=True)
class Ready:
    """A worker waits for its first task.

    Attributes:
        name: Its host and process.
    """

    name: str


@final
@dataclass(frozen=True)
class Alive:
    """A worker's process runs, whatever its trial is doing."""


@final
@dataclass(frozen=True)
class Broken:
    """A worker cannot load the trial function.

    Attributes:
        error: The traceback.
    """

    error: str


@final
@dataclass(frozen=True)
class Gone:
    """A worker has died; this is what the process that has started it makes of it.

    Attributes:
        reason: How, in words.
    """

    reason: str


@final
class Channel:
    """Sends and receives Python objects; several threads may send.

    Args:
        end: One end of a connected pair of sockets; the channel closes it.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._sending = threading.Lock()

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._end.fileno()

    def send(self, message: Any) -> None:
        """Sends an object.

        Raises:
            OSError: The other end is closed.
        """
        content = pickle.dumps(message, protocol=5)
        with self._sending:
            self._end.sendall(_LENGTH.pack(len(content)) + content)

    def receive(self) -> Any:
        """The next object.

        Raises:
            EOFError: The other end is closed.
        """
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        return pickle.loads(self._exactly(length))  # nosec B301

    def close(self) -> None:
        """Closes this end."""
        self._end.close()

    def _exactly(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            try:
                part = self._end.recv(min(count - len(parts), 1 << 20))
            except ConnectionError as error:
                raise EOFError from error
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)
