"""The files of a record as this process owns them: descriptors that nobody else writes to, and locks.

What lies in a study's directory may come from somebody else. A symbolic link, a pipe or a device in the place of a
file is therefore refused: it is neither followed nor waited for.
"""

import fcntl
import os
import re
import socket
import stat
import weakref
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import final

from kerastune_lite.errors import StudyForeign, StudyLocked

_HOLDER = re.compile(r"process ([0-9]{1,10}) on (.*)")
_FIRST_FREE = 3  # 0 to 2 are the standard streams, also while they are closed


@final
class OwnedFile:
    """A regular file, opened by this process for itself.

    Its descriptor is never one of the standard streams, is closed in programs that are started and in processes that
    are forked (a lock must not outlive its owner there), and is not used again once it is closed.

    Args:
        path: The file.
        flags: How it is opened, as for `os.open`.

    Raises:
        StudyForeign: There is something else than a regular file.
    """

    def __init__(self, path: Path, flags: int) -> None:
        self.path = path
        self._number = _open(path, flags)
        status = os.fstat(self._number)
        self._inode = (status.st_dev, status.st_ino)
        _OPEN.add(self)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise _odd(path)

    @property
    def number(self) -> int:
        """The descriptor.

        Raises:
            ValueError: It is closed.
        """
        if self._number < 0:
            raise ValueError(f"{self.path} is closed")
        return self._number

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._number < 0

    def in_place(self) -> bool:
        """Whether its path still leads to this file."""
        try:
            status = self.path.lstat()
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._inode

    def lock(self) -> bool:
        """Takes the lock of the file; False if another process has it. The kernel releases it when this one dies."""
        try:
            fcntl.flock(self.number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Closes it, which releases its lock; once more does nothing."""
        number, self._number = self._number, -1
        if number >= 0:
            with suppress(OSError):  # the descriptor is free in any case
                os.close(number)


_OPEN: "weakref.WeakSet[OwnedFile]" = weakref.WeakSet()


def _close_all() -> None:
    for file in list(_OPEN):
        file.close()


# A lock of flock belongs to all processes that share the descriptor. A forked child gives its copy back at once.
os.register_at_fork(after_in_child=_close_all)


def lock_file(path: Path) -> OwnedFile:
    """The lock file of a study, locked; it names its holder.

    Raises:
        StudyLocked: Another process holds it.
    """
    file = OwnedFile(path, os.O_RDWR | os.O_CREAT)
    try:
        _take(file)
    except BaseException:
        file.close()
        raise
    return file


@final
@dataclass(frozen=True)
class Holder:
    """The process that has last locked a study.

    Attributes:
        process: Its number.
        host: Its machine.
        alive: Whether it still holds the lock; None on another machine, where nobody can tell.
    """

    process: int
    host: str
    alive: bool | None


def lock_holder(path: Path) -> Holder | None:
    """Who holds, or has last held, the lock file of a study; None if it does not say.

    Raises:
        StudyForeign: There is something else than a regular file.
    """
    try:
        file = OwnedFile(path, os.O_RDONLY)
    except OSError:
        return None
    with closing(file):
        found = _HOLDER.fullmatch(os.pread(file.number, 200, 0).decode(errors="replace").strip())
        if found is None:
            return None
        process, host = int(found[1]), found[2]
        if host != socket.gethostname():
            return Holder(process, host, None)
        # Another process may have the number by now. The lock is tried only then: to try it is to hold it for a moment.
        return Holder(process, host, _alive(process) and _is_locked(file))


def _is_locked(file: OwnedFile) -> bool:
    try:
        fcntl.flock(file.number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _take(file: OwnedFile) -> None:
    if not file.lock():
        raise locked(file.path.parent, os.pread(file.number, 200, 0).decode(errors="replace").strip())
    os.ftruncate(file.number, 0)
    os.pwrite(file.number, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)


def locked(directory: Path, holder: str = "") -> StudyLocked:
    """The exception for a study that is being written."""
    name = "".join(filter(str.isprintable, holder)) or "another process"
    return StudyLocked(
        f"study {directory} is being written by {name}; wait for it, end it, or use another project_name"
    )


def _open(path: Path, flags: int) -> int:
    try:
        number = os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    except OSError:
        if path.is_symlink():
            raise _odd(path) from None
        raise
    if number >= _FIRST_FREE:
        return number
    try:
        return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE)
    finally:
        os.close(number)


def _odd(path: Path) -> StudyForeign:
    return StudyForeign(
        f"{path} is no regular file, so it is not a study of kerastune_lite (links, pipes and devices are not used); "
        "choose another `directory` or `project_name`, or move it away"
    )
