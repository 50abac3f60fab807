"""Sends a trial function to workers: pickled once, with its arrays beside it in memory that all workers map.

That memory has no name: what a worker unpickles, its own driver has written.
"""

import mmap
import os
import pickle  # nosec B403
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from types import FunctionType
from typing import Any, final

from kerastune_lite.errors import UsageError

_ALIGNED = 64
_DEEPEST = 8


@final
@dataclass(frozen=True)
class Parcel:
    """A pickled object in an unlinked file.

    Attributes:
        file: The descriptor of the file.
        parts: The first byte and the length of the pickle, and of each of its arrays.
    """

    file: int
    parts: Sequence[tuple[int, int]]

    @classmethod
    def of(cls, thing: Any) -> "Parcel":
        """Packs an object; functions of scripts and notebooks, lambdas and closures are packed by value.

        Raises:
            UsageError: A part of it cannot be sent to another process, or there is no memory for it.
        """
        import cloudpickle  # noqa: PLC0415 - needed for workers only

        buffers: list[pickle.PickleBuffer] = []
        try:
            content = cloudpickle.dumps(thing, protocol=5, buffer_callback=buffers.append)
        except Exception as error:
            raise _unsendable(thing, error) from error
        return cls(*_written([memoryview(content), *(buffer.raw() for buffer in buffers)]))

    @classmethod
    def received(cls, content: memoryview, parts: Sequence[tuple[int, int]]) -> "Parcel":
        """The parcel whose file has this content, such as one that `content` of another machine's has been sent from.

        Raises:
            UsageError: There is no memory for it.
        """
        file, _ = _written([content])
        return cls(file, parts)

    def content(self) -> memoryview:
        """What is in the file."""
        return memoryview(mmap.mmap(self.file, self._size, access=mmap.ACCESS_READ))

    def load(self) -> Any:
        """The object. Its arrays are copied only where they are written to."""
        view = memoryview(mmap.mmap(self.file, self._size, access=mmap.ACCESS_COPY))
        content, *buffers = (view[begin : begin + length] for begin, length in self.parts)
        return pickle.loads(content, buffers=buffers)  # nosec B301

    @property
    def _size(self) -> int:
        return max(begin + length for begin, length in self.parts)

    def close(self) -> None:
        """Frees the file, once no worker has it open any more."""
        os.close(self.file)


def _written(parts: Sequence[memoryview]) -> tuple[int, list[tuple[int, int]]]:
    file, places, end = _unnamed_file(), [], 0
    try:
        for part in parts:
            begin = -(-end // _ALIGNED) * _ALIGNED
            _write(file, part, begin)
            places.append((begin, part.nbytes))
            end = begin + part.nbytes
        os.ftruncate(file, end)  # an empty array at the end writes nothing
    except OSError as error:
        os.close(file)
        size = sum(part.nbytes for part in parts)
        raise UsageError(
            f"the {size / 1e9:.1f} GB that the trials need do not fit into shared memory ({error}); give functions "
            "that load the data, such as search(x=load_data, ...), or workers=1"
        ) from error
    return file, places


def _write(file: int, part: memoryview, begin: int) -> None:
    done = 0
    flat = part.cast("B")
    while done < len(flat):
        done += os.pwrite(file, flat[done:], begin + done)


def _unnamed_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("kerastune_lite")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _unsendable(thing: Any, error: Exception) -> UsageError:
    name, value = _culprit(thing, "", _DEEPEST)
    what = f"{name}={value!r}" if name else repr(value)
    return UsageError(
        f"{what[:300]} cannot be sent to a worker ({type(error).__name__}: {str(error)[:200]}); create it where it is "
        "used (data of search() may be a function that makes it: search(x=make_data, ...)), or use workers=1"
    )


def _culprit(thing: Any, name: str, depth: int) -> tuple[str, Any]:
    """The innermost part that cannot be sent, and its name."""
    for part_name, part in _parts(thing) if depth else ():
        if not _sendable(part):
            return _culprit(part, part_name or name, depth - 1)
    return name, thing


def _sendable(thing: Any) -> bool:
    import cloudpickle  # noqa: PLC0415

    try:
        cloudpickle.dumps(thing, protocol=5, buffer_callback=lambda _: None)
    except Exception:  # noqa: BLE001 - a class may raise anything when it is pickled
        return False
    return True


def _parts(thing: Any) -> Iterator[tuple[str, Any]]:
    """What an object consists of, with names where there are some; nothing for objects of other libraries."""
    if isinstance(thing, Mapping):
        yield from ((name if isinstance(name, str) else "", value) for name, value in thing.items())
    elif isinstance(thing, (list, tuple, set)):
        yield from (("", value) for value in thing)
    elif is_dataclass(thing) and not isinstance(thing, type):
        yield from ((field.name, getattr(thing, field.name)) for field in fields(thing))
    elif isinstance(thing, FunctionType):
        for name, cell in zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True):
            with suppress(ValueError):  # it is empty so far
                yield name, cell.cell_contents
        yield from ((name, thing.__globals__[name]) for name in thing.__code__.co_names if name in thing.__globals__)
    elif type(thing).__module__.partition(".")[0] == "kerastune_lite":
        yield from vars(thing).items()
