"""The file of a training's state: JSON and arrays in numpy's npz format, followed by a checksum of all of it.

It holds two arrays of bytes: the JSON, which lists the arrays, and their content. A member for each array would take
far longer to write.

The file may be damaged, or come from somebody else. Reading it runs no code, reads regular files only, and needs memory
in proportion to the length of the file only.
"""

import io
import json
import math
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, final

import numpy as np

from kerastune_lite.errors import cannot_write

Arrays = dict[str, np.ndarray[Any, Any]]

_METADATA_KEY = "facts"  # the name in the file, which must not change
_DATA_KEY = "data"
_ARRAYS_KEY = "arrays"
FORMAT_KEY = "format"
_FORMAT = 2  # files of version 0.1 have no format and no checksum
_CHECKSUM_SIZE = 4
_BLOCK = 1 << 20
_PLAIN = re.compile(r"[<>|=][biufcSU]\d{1,5}")
_BYTES = np.dtype(np.uint8)


class StateDamaged(Exception):
    """A state file is there but cannot be used."""


def write_state(path: Path, metadata: Mapping[str, Any], arrays: Arrays) -> None:
    """Writes a state to `path` atomically; its directory exists, unless somebody has deleted it.

    Raises:
        StudyWriteError: The file cannot be written.
    """
    listed = [[name, array.dtype.str, array.shape] for name, array in arrays.items()]
    text = json.dumps({**metadata, FORMAT_KEY: _FORMAT, _ARRAYS_KEY: listed}).encode()
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            _write(file, text, arrays)
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):  # the error that matters is the first one
            part.unlink(missing_ok=True)
        raise cannot_write(path, error) from error


def read_state(path: Path) -> tuple[dict[str, Any], Arrays] | None:
    """The metadata and the arrays in `path`; None if there is no file.

    Raises:
        StateDamaged: The file is damaged, or is no state.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # to open a FIFO must not wait for a writer
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateDamaged(f"cannot be read ({error.strerror})") from error
    try:
        size = _size(file)
        with os.fdopen(os.dup(file), "rb") as stream:
            return _read(stream, size)
    except StateDamaged:
        raise
    except Exception as error:  # zipfile, numpy and json raise many kinds for what is not theirs
        raise StateDamaged("is damaged") from error
    finally:
        os.close(file)


def _size(file: int) -> int:
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode):
        raise StateDamaged("is not a regular file")
    return status.st_size


@final
class _Checked:
    """A stream that computes the CRC-32 of what is written; `zipfile` cannot go back in it to change something."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._crc = 0

    def write(self, data: Any) -> int:
        self._crc = zlib.crc32(data, self._crc)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """Writes the checksum behind the content."""
        self._file.write(self._crc.to_bytes(_CHECKSUM_SIZE, "big"))


def _write(file: IO[bytes], text: bytes, arrays: Arrays) -> None:
    stream = _Checked(file)
    with zipfile.ZipFile(stream, "w") as archive:
        _write_bytes(archive, _METADATA_KEY, [text])
        _write_bytes(archive, _DATA_KEY, [as_bytes(array) for array in arrays.values()])
    stream.close()


def as_bytes(array: np.ndarray[Any, Any]) -> memoryview:
    """The content of an array, row by row."""
    return np.ascontiguousarray(array).reshape(-1).view(_BYTES).data


def _write_bytes(archive: zipfile.ZipFile, name: str, parts: Sequence[bytes | memoryview]) -> None:
    """Writes an array of bytes."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (sum(map(len, parts)),)}
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array_header_1_0(member, header)
        for part in parts:
            member.write(part)


def _read(file: IO[bytes], size: int) -> tuple[dict[str, Any], Arrays]:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise StateDamaged("is compressed")
        if sum(member.file_size for member in members) > size:
            raise StateDamaged("claims to be longer than it is")
        arrays = {member.filename.removesuffix(".npy"): _array(archive.read(member)) for member in members}
    metadata = json.loads(arrays.pop(_METADATA_KEY).tobytes())
    if not isinstance(metadata, dict) or metadata.get(FORMAT_KEY, _FORMAT) != _FORMAT:
        raise StateDamaged("is of another format")
    if FORMAT_KEY not in metadata:
        return metadata, arrays
    if not _intact(file, size):
        raise StateDamaged("is damaged: its checksum does not match")
    return metadata, _split(arrays[_DATA_KEY], metadata.pop(_ARRAYS_KEY))


def _array(data: bytes) -> np.ndarray[Any, Any]:
    """The array in a member, whose header must claim exactly what follows it."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(stream)
    if not _PLAIN.fullmatch(dtype.str) or math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
        raise StateDamaged("is damaged: an array is not as long as its header says")
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)


def _split(data: np.ndarray[Any, Any], listed: Sequence[tuple[str, str, Sequence[int]]]) -> Arrays:
    """The listed arrays, whose content follows one another."""
    arrays, place = {}, 0
    for name, kind, shape in listed:
        dtype = np.dtype(kind if _PLAIN.fullmatch(kind) else None)
        end = place + math.prod(shape) * dtype.itemsize
        arrays[name] = data[place:end].view(dtype).reshape(shape)
        place = end
    if place != len(data):
        raise StateDamaged("is damaged: its arrays are not as long as it says")
    return arrays


def _intact(file: IO[bytes], size: int) -> bool:
    crc, left = 0, size - _CHECKSUM_SIZE
    file.seek(0)
    while left > 0 and (block := file.read(min(left, _BLOCK))):
        crc = zlib.crc32(block, crc)
        left -= len(block)
    return file.read() == crc.to_bytes(_CHECKSUM_SIZE, "big")
