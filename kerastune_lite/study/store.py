"""The durable record: one append-only journal of events, and its counterpart in memory.

`study.jsonl` has a header line with the version of the schema, then the events (`codec`). Every line is a JSON object
that ends with the CRC-32 of what precedes it. Any process may read; one process writes, guarded by `study.lock`.
"""

import json
import os
import zlib
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any, Protocol

from kerastune_lite.errors import StudyError, StudyForeign, StudyWriteError, cannot_write, warn
from kerastune_lite.study.codec import FORMAT, HEADER, OPENED, SCHEMA, EventCodec, check_depth
from kerastune_lite.study.events import Ended, Event
from kerastune_lite.study.files import OwnedFile, lock_file, locked
from kerastune_lite.study.layout import JOURNAL, LOCK

_CRC = b',"crc":"'
_DEEPEST = 100  # levels of lists and objects in one another
_BLOCK = 1 << 24  # bytes read at a time
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
        self.directory = Path.cwd() / directory  # the working directory may change
        self._path = self.directory / JOURNAL
        with ExitStack() as stack:
            try:
                self.directory.mkdir(parents=True, exist_ok=True)
                stack.enter_context(closing(lock_file(self.directory / LOCK)))
                self._file = stack.enter_context(closing(self._open()))
                if overwrite:
                    self._path.unlink()
                    self._file = stack.enter_context(closing(self._open()))
                self._events, self.damage, whole, self._codec = _load(self._path, _content(self._file))
                self._begin(whole)
            except OSError as error:
                raise cannot_write(self._path, error) from error
            self._files = stack.pop_all()

    def events(self) -> list[Event]:
        """The events found when the journal was opened."""
        return self._events

    def append(self, event: Event) -> None:
        """Adds an event; the end of a trial is also forced to disk."""
        if self._file.closed:
            raise StudyWriteError(f"{self._path} is closed: its search has ended, and records no more")
        if not self._file.in_place():
            raise StudyWriteError(
                f"{self._path} was deleted, moved or replaced during the search, which ends here; "
                "move it back and rerun to resume"
            )
        try:
            self._write(b"".join(map(_line, self._codec.encode(event))), force=isinstance(event, Ended))
        except BaseException as error:  # Ctrl-C as well
            with suppress(OSError):  # a codec that knows only the definitions that are written
                self._codec = _load(self._path, _content(self._file))[-1]
            if isinstance(error, OSError):
                raise cannot_write(self._path, error) from error
            raise

    def close(self) -> None:
        """Releases the record for other writers; once more does nothing."""
        self._files.close()

    def _open(self) -> OwnedFile:
        """The journal's file, locked as well: the lock file may have been deleted while another process writes."""
        file = OwnedFile(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        if not file.lock():
            file.close()
            raise locked(self.directory)
        return file

    def _begin(self, whole: int) -> None:
        """Cuts a torn last line off, and writes the header of a new file."""
        os.ftruncate(self._file.number, whole)
        if whole == 0:
            self._write(_header())

    def _write(self, line: bytes, *, force: bool = False) -> None:
        """Writes the whole line or nothing; if `force`, to the disk itself."""
        done, size = 0, os.fstat(self._file.number).st_size
        try:
            while done < len(line):
                done += os.write(self._file.number, line[done:])
            if force:
                os.fsync(self._file.number)
        except BaseException:  # Ctrl-C as well
            with suppress(OSError):  # the first error matters
                os.ftruncate(self._file.number, size)
            raise


def read_events(directory: str | Path) -> tuple[list[Event], list[str]]:
    """The events of the study in `directory` and what is damaged, without writing or locking any file.

    A last line that is still being written is left out and not reported. Without a study there are no events.

    Raises:
        StudyForeign: The file there is not a study, or a newer version wrote it.
        StudyError: It cannot be read.
    """
    path = Path(directory) / JOURNAL
    try:
        with closing(OwnedFile(path, os.O_RDONLY)) as file:
            content = _content(file)
    except (FileNotFoundError, NotADirectoryError):
        return [], []
    except (OSError, ValueError) as error:  # ValueError: no path at all
        raise StudyError(f"cannot read {path}: {error}") from error
    events, damage, _, _ = _load(path, content)
    return events, [text for text in damage if "last line" not in text]


def warn_of_damage(damage: Iterable[str]) -> None:
    """Says what is broken in a record to whoever has no console to read it from."""
    for text in damage:
        warn(text, RuntimeWarning, stacklevel=3)


def _line(data: dict[str, Any]) -> bytes:
    body = json.dumps(data, separators=(",", ":")).encode()[:-1]
    return body + _CRC + b"%08x" % zlib.crc32(body) + b'"}\n'


def _header() -> bytes:
    return _line(HEADER)


def _whole(line: bytes) -> bool:
    """Whether the line is undamaged."""
    return line[-_TAIL:] == _CRC + b"%08x" % zlib.crc32(line[:-_TAIL]) + b'"}'


def _parse(lines: Sequence[bytes]) -> list[Any]:
    """What is on each line, None for a damaged one; parsing all lines at once halves the time."""
    whole = [_whole(line) for line in lines]
    good = [line for line, one in zip(lines, whole, strict=True) if one]
    try:
        parsed = json.loads(b"[" + b",".join(good) + b"]")
    except (ValueError, RecursionError):
        parsed = []
    objects = iter(parsed if len(parsed) == len(good) else map(_parsed, good))
    return [next(objects) if one else None for one in whole]


def _parsed(line: bytes) -> Any:
    """What is on a line; None if it is no JSON that can be read here."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _content(file: OwnedFile) -> bytes:
    os.lseek(file.number, 0, os.SEEK_SET)
    return b"".join(iter(lambda: os.read(file.number, _BLOCK), b""))


def _load(path: Path, content: bytes) -> tuple[list[Event], list[str], int, EventCodec]:
    """Events, damage, how many bytes of the file are whole lines, and the codec that has read them."""
    codec = EventCodec()
    whole = content.rfind(b"\n") + 1
    damage = []
    lines = content[:whole].replace(b"\r\n", b"\n").split(b"\n")[:-1]
    if whole < len(content):
        if not lines and not _header().startswith(content):
            raise _foreign(path)
        damage.append(f"{path}: the last line (number {len(lines) + 1}) was torn by a crash and is dropped")
    objects = _parse(lines)
    if lines and not _check_header(path, lines[0], objects):
        damage.append(f"{path}: line 1 is damaged and is skipped")
    events = []
    for number, (line, data) in enumerate(zip(lines[1:], objects[1:], strict=True), start=2):
        event = _event(codec, line, data)
        if isinstance(event, str):
            damage.append(f"{path}: line {number} {event} and is skipped")
        elif event is not None:
            events.append(event)
    return events, damage, whole, codec


def _event(codec: EventCodec, line: bytes, data: Any) -> Event | str | None:
    if data is None:
        return "is damaged"
    try:
        if len(line) > 2 * _DEEPEST and line.count(b"[") + line.count(b"{") > _DEEPEST:  # a bracket opens and closes
            check_depth(data, _DEEPEST)
        del data["crc"]
        return codec.decode(data)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        return f"cannot be understood ({type(error).__name__}: {ascii(str(error)[:200])[1:-1]})"


def _foreign(path: Path) -> StudyForeign:
    return StudyForeign(
        f"{path} is not a study of kerastune_lite; choose another `directory` or `project_name`, or move the file away"
    )


def _check_header(path: Path, line: bytes, objects: Sequence[Any]) -> bool:
    """Whether the header is whole; if it is not, the event that opens a search tells what it told.

    Raises:
        StudyForeign: Nothing tells that this is a study, or it has a newer schema.
    """
    header = objects[0]
    told = header if header is not None else next(filter(_opens, objects), None)
    if told is None and f'"format":"{FORMAT}"'.encode() in line:
        return False
    if not isinstance(told, dict) or told.get("format", None if told is header else FORMAT) != FORMAT:
        raise _foreign(path)
    schema = told.get("schema", None if told is header else SCHEMA)
    if type(schema) is not int or schema > SCHEMA:
        raise StudyForeign(
            f"{path} has schema {ascii(schema)[:20]}, this version of kerastune_lite reads up to {SCHEMA}; "
            "upgrade kerastune_lite, or choose another project_name"
        )
    return header is not None


def _opens(data: Any) -> bool:
    return isinstance(data, dict) and data.get("event") == OPENED
