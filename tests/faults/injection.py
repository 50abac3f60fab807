"""Faults at counted operations: the n-th change of the files below a directory fails, is torn, or is the last one.

What a fault leaves behind depends on which changes were done before it; moments between two of them are all alike. So
faults are placed by counting changes, never by the clock: the same count on an idle and on a busy machine.
"""

import builtins
import errno
import io
import os
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

WRITES = frozenset({"write"})
GROWTH = frozenset({"write", "open", "link", "mkdir"})  # what a full disk refuses
CHANGES = GROWTH | {"fsync", "truncate", "replace", "unlink", "rmdir"}


class Killed(BaseException):
    """The process is gone. Nothing may catch it; every later change of a file raises it again."""


class Fault:
    """What happens at one operation. `at` is called there, `after` at each later operation.

    Both are given the operation's name, the bytes to write (None for other operations) and `change(data)`, which does
    the operation, as far as `data` if it writes.
    """

    real = False  # whether the process dies in earnest, so that it needs one of its own
    disk = False  # whether the process lives on, and is answered with an error

    def __init__(self, name: str, hits: frozenset[str]) -> None:
        self.name = name
        self.hits = hits

    def at(self, operation: str, change: Callable[[Any], Any], data: Any, number: int) -> Any:
        raise NotImplementedError

    def after(self, operation: str, change: Callable[[Any], Any], data: Any) -> Any:
        return change(data)

    def __repr__(self) -> str:
        return self.name


class Fails(Fault):
    """One operation raises an OSError; those after it succeed."""

    disk = True

    def __init__(self, name: str, code: int) -> None:
        super().__init__(name, CHANGES)
        self._code = code

    def at(self, operation: str, change: Callable[[Any], Any], data: Any, number: int) -> Any:
        raise OSError(self._code, os.strerror(self._code))


class Fills(Fault):
    """The disk is full: a write is done in part, and nothing can grow afterwards."""

    disk = True

    def __init__(self) -> None:
        super().__init__("full disk", GROWTH)

    def at(self, operation: str, change: Callable[[Any], Any], data: Any, number: int) -> Any:
        if operation == "write" and (part := len(data) // 2):
            return change(data[:part])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def after(self, operation: str, change: Callable[[Any], Any], data: Any) -> Any:
        if operation in GROWTH:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return change(data)


class Interrupts(Fault):
    """Ctrl-C comes right after the operation."""

    def __init__(self) -> None:
        super().__init__("Ctrl-C", CHANGES)

    def at(self, operation: str, change: Callable[[Any], Any], data: Any, number: int) -> Any:
        changed = change(data)
        if isinstance(changed, io.IOBase):  # nobody has it yet who could close it
            changed.close()
        raise KeyboardInterrupt


class Dies(Fault):
    """The process ends before the operation; if `tears`, after the first bytes of a write.

    Args:
        name: The fault's name.
        end: Ends the process in earnest; None for an exception that stands for the end.
        tears: Whether it hits writes, and does them in part.
    """

    def __init__(self, name: str, end: Callable[[], Any] | None = None, *, tears: bool = False) -> None:
        super().__init__(name, WRITES if tears else CHANGES)
        self._end = end
        self._tears = tears
        self.real = end is not None

    def at(self, operation: str, change: Callable[[Any], Any], data: Any, number: int) -> Any:
        if self._tears:
            change(data[: 1 + number * 7919 % max(1, len(data) - 1)])
        if self._end is not None:
            self._end()
        raise Killed

    def after(self, operation: str, change: Callable[[Any], Any], data: Any) -> Any:
        raise Killed


FAULTS = {
    fault.name: fault
    for fault in (
        Fails("no space", errno.ENOSPC),
        Fails("i/o error", errno.EIO),
        Fails("no permission", errno.EACCES),
        Fills(),
        Interrupts(),
        Dies("killed"),
        Dies("torn write", tears=True),
        Dies("SIGKILL", lambda: os.kill(os.getpid(), signal.SIGKILL)),
        Dies("SIGKILL in a write", lambda: os.kill(os.getpid(), signal.SIGKILL), tears=True),
        Dies("os._exit", lambda: os._exit(3)),
    )
}


class Injector:
    """Counts the changes of files below `root`, and lets a fault happen at one of them.

    Args:
        root: The directory that is watched.
        fault: What happens; None to count only.
        moment: The number of the operation, from 0, at which it happens.
    """

    def __init__(self, root: Path, fault: Fault | None = None, moment: int = 0) -> None:
        self.operations: list[str] = []
        self._root = f"{root}{os.sep}"
        self._fault = fault
        self._moment = moment

    @property
    def happened(self) -> bool:
        """Whether the fault has happened."""
        return len(self.operations) > self._moment

    def change(self, operation: str, change: Callable[[Any], Any], data: Any = None) -> Any:
        """Does an operation, or what the fault makes of it."""
        number = len(self.operations)
        self.operations.append(operation)
        if self._fault is None or number < self._moment:
            return change(data)
        if number > self._moment:
            return self._fault.after(operation, change, data)
        assert operation in self._fault.hits, f"operation {number} is {operation}, unlike when it was counted"
        return self._fault.at(operation, change, data, number)

    @contextmanager
    def watching(self) -> Iterator["Injector"]:
        """Watches the functions that change files."""
        with ExitStack() as stack:
            for name in ("unlink", "remove", "rmdir", "mkdir", "replace", "rename", "link"):
                stack.enter_context(patch.object(os, name, self._by_path(name)))
            for name in ("write", "pwrite", "fsync", "fdatasync", "ftruncate"):
                stack.enter_context(patch.object(os, name, self._by_descriptor(name)))
            stack.enter_context(patch.object(os, "open", self._os_open(os.open)))
            opened = self._open(builtins.open)
            stack.enter_context(patch.object(builtins, "open", opened))
            stack.enter_context(patch.object(io, "open", opened))
            yield self

    def _watched(self, path: Any) -> bool:
        return not isinstance(path, int) and f"{os.path.abspath(os.fspath(path))}{os.sep}".startswith(self._root)  # noqa: PTH100

    def _by_path(self, name: str) -> Callable[..., Any]:
        original = getattr(os, name)
        operation = {"remove": "unlink", "rename": "replace"}.get(name, name)

        def changes(path: Any, *args: Any, **kwargs: Any) -> Any:
            if kwargs.get("dir_fd") is None and not self._watched(path):
                return original(path, *args, **kwargs)
            return self.change(operation, lambda _: original(path, *args, **kwargs))

        return changes

    def _by_descriptor(self, name: str) -> Callable[..., Any]:
        original = getattr(os, name)
        operation = {"pwrite": "write", "fdatasync": "fsync", "ftruncate": "truncate"}.get(name, name)

        def changes(descriptor: int, *args: Any) -> Any:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # a pipe or a terminal
                return original(descriptor, *args)
            if operation == "write":
                return self.change(operation, lambda data: original(descriptor, data, *args[1:]), bytes(args[0]))
            return self.change(operation, lambda _: original(descriptor, *args))

        return changes

    def _os_open(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def opens(path: Any, flags: int, *args: Any, **kwargs: Any) -> Any:
            if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) or not self._watched(path):
                return original(path, flags, *args, **kwargs)
            return self.change("open", lambda _: original(path, flags, *args, **kwargs))

        return opens

    def _open(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def opens(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            if not set(mode) & set("wax+") or not self._watched(file):
                return original(file, mode, *args, **kwargs)
            raw = self.change("open", lambda _: _Raw(file, mode.translate({ord("b"): None, ord("t"): None}), self))
            binary = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
            return binary if "b" in mode else io.TextIOWrapper(binary, "utf-8", newline=kwargs.get("newline"))

        return opens


class _Raw(io.FileIO):
    """A file without a buffer, so that what is counted is what reaches the disk."""

    def __init__(self, file: Any, mode: str, injector: Injector) -> None:
        super().__init__(file, mode)
        self._injector = injector

    def write(self, data: Any) -> Any:
        return self._injector.change("write", super().write, bytes(data))
