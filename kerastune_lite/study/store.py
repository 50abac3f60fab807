"""The durable record: one append-only journal of events, and its counterpart in memory.

`study.jsonl` has a header line with the version of the schema, then the events (`codec`). Every line is a JSON object
that ends with the CRC-32 of what precedes it. Any process may read; one process writes, guarded by `study.lock`.
"""

import fcntl
import json
import os
import socket
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from kerastune_lite.errors import StudyForeign, StudyLocked, cannot_write, warn
from kerastune_lite.study.codec import EventCodec
from kerastune_lite.study.events import Ended, Event
from kerastune_lite.study.layout import JOURNAL, LOCK

SCHEMA = 1
FORMAT = "kerastune_lite study"

_CRC = b',"crc":"'
_TAIL = len(_CRC) + 8 + len(b'"}')


class Store(Protocol):
    """Keeps events."""

    @property
    def damage(self) -> Sequence[str]:
        """What was damaged when the record was read, in words."""

    def events(self) -> list[Event]:
        """All events, in order."""

    def append(self, event: Event) -> None:
        """Adds an event. Once it returns, the event survives the death of this process.

        Raises:
            StudyWriteError: It could not be written; the record is unchanged.
        """

    def close(self) -> None:
        """Releases the record for other writers."""


class MemoryStore:
    """Events in a list, for studies in memory."""

    def __init__(self) -> None:
        self.damage: Sequence[str] = ()
        self._events: list[Event] = []

    def events(self) -> list[Event]:
        """All events so far."""
        return list(self._events)

    def append(self, event: Event) -> None:
        """Adds an event."""
        self._events.append(event)

    def close(self) -> None:
        """Nothing to do."""


class Journal:
    """The journal of the study in `directory`, opened for writing.

    A torn last line is cut off and damaged lines are skipped; `damage` names both.

    Args:
        directory: The study's directory; created if it does not exist.
        overwrite: Delete the old journal and start a new one.

    Raises:
        StudyLocked: Another process writes this study.
        StudyForeign: The file is not a study, or was written by a newer version.
        StudyWriteError: The directory cannot be written to.
    """

    def __init__(self, directory: Path, *, overwrite: bool = False) -> None:
        self.directory = directory
        self._path = directory / JOURNAL
        _make_directory(directory)
        self._lock = _lock(directory / LOCK)
        try:
            if overwrite:
                self._path.unlink(missing_ok=True)
            self._events, self.damage, whole, self._codec = _load(self._path)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
            self._begin(whole)
        except OSError as error:
            os.close(self._lock)
            raise cannot_write(self._path, error) from error
        except BaseException:
            os.close(self._lock)
            raise

    def events(self) -> list[Event]:
        """The events found when the journal was opened."""
        return self._events

    def append(self, event: Event) -> None:
        """Adds an event; the end of a trial is also forced to disk."""
        try:
            self._write(b"".join(map(_line, self._codec.encode(event))))
            if isinstance(event, Ended):
                os.fsync(self._file)
        except OSError as error:
            raise cannot_write(self._path, error) from error

    def close(self) -> None:
        """Releases the record for other writers."""
        os.close(self._file)
        os.close(self._lock)

    def _begin(self, whole: int) -> None:
        """Cuts a torn last line off, and writes the header of a new file."""
        os.ftruncate(self._file, whole)
        self._size = whole
        if whole == 0:
            self._write(_header())

    def _write(self, line: bytes) -> None:
        """Writes the whole line or nothing."""
        done = 0
        try:
            while done < len(line):
                done += os.write(self._file, line[done:])
        except OSError:
            with suppress(OSError):  # the first error matters
                os.ftruncate(self._file, self._size)
            raise
        self._size += len(line)


def read_events(directory: str | Path) -> tuple[list[Event], list[str]]:
    """The events of the study in `directory` and what is damaged, without writing or locking any file.

    A last line that is still being written is left out and not reported. Without a study there are no events.

    Raises:
        StudyForeign: The file there is not a study, or a newer version wrote it.
    """
    events, damage, _, _ = _load(Path(directory) / JOURNAL)
    return events, [text for text in damage if "last line" not in text]


def warn_of_damage(damage: Iterable[str]) -> None:
    """Says what is broken in a record to whoever has no console to read it from."""
    for text in damage:
        warn(text, RuntimeWarning, stacklevel=3)


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(directory, error) from error


def _lock(path: Path) -> int:
    """Takes the lock and writes who holds it; the kernel releases it when the holder dies."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(lock, 200, 0).decode(errors="replace").strip() or "another process"
        os.close(lock)
        raise StudyLocked(
            f"study {path.parent} is being written by {holder}; wait for it, end it, or use another project_name"
        ) from error
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
    except OSError as error:
        os.close(lock)
        raise cannot_write(path, error) from error
    return lock


def _line(data: dict[str, Any]) -> bytes:
    body = json.dumps(data, separators=(",", ":")).encode()[:-1]
    return body + _CRC + b"%08x" % zlib.crc32(body) + b'"}\n'


def _header() -> bytes:
    return _line({"format": FORMAT, "schema": SCHEMA})


def _whole(line: bytes) -> bool:
    """Whether the line is undamaged."""
    return line[-_TAIL:] == _CRC + b"%08x" % zlib.crc32(line[:-_TAIL]) + b'"}'


def _parse(lines: Sequence[bytes]) -> list[dict[str, Any] | None]:
    """The object on each line, None for a damaged one; parsing all lines at once halves the time."""
    whole = [_whole(line) for line in lines]
    objects = iter(json.loads(b"[" + b",".join(line for line, good in zip(lines, whole, strict=True) if good) + b"]"))
    return [next(objects) if good else None for good in whole]


def _load(path: Path) -> tuple[list[Event], list[str], int, EventCodec]:
    """Events, damage, how many bytes of the file are whole lines, and the codec that has read them."""
    codec = EventCodec()
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return [], [], 0, codec
    whole = content.rfind(b"\n") + 1
    damage = []
    lines = content[:whole].split(b"\n")[:-1]
    if whole < len(content):
        if not lines and not _header().startswith(content):
            raise _foreign(path)
        damage.append(f"{path}: the last line (number {len(lines) + 1}) was torn by a crash and is dropped")
    if lines:
        _check_header(path, lines[0])
    events = []
    for number, data in enumerate(_parse(lines[1:]), start=2):
        event = _event(codec, data)
        if isinstance(event, str):
            damage.append(f"{path}: line {number} {event} and is skipped")
        elif event is not None:
            events.append(event)
    return events, damage, whole, codec


def _event(codec: EventCodec, data: dict[str, Any] | None) -> Event | str | None:
    if data is None:
        return "is damaged"
    try:
        del data["crc"]
        return codec.decode(data)
    except (KeyError, TypeError, ValueError) as error:
        return f"cannot be understood ({type(error).__name__}: {error})"


def _foreign(path: Path) -> StudyForeign:
    return StudyForeign(
        f"{path} is not a study of kerastune_lite; choose another `directory` or `project_name`, or move the file away"
    )


def _check_header(path: Path, line: bytes) -> None:
    """Accepts a damaged header that still names the format."""
    header = _parse([line])[0]
    if header is None:
        if f'"format":"{FORMAT}"'.encode() not in line:
            raise _foreign(path)
        return
    if header.get("format") != FORMAT:
        raise _foreign(path)
    schema = header.get("schema")
    if not isinstance(schema, int) or schema > SCHEMA:
        raise StudyForeign(
            f"{path} has schema {schema}, this version of kerastune_lite reads up to {SCHEMA}; "
            "upgrade kerastune_lite, or choose another project_name"
        )
