"""Plain data as JSON and arrays: numbers, arrays, and containers of them.

Strings are keys of dicts only: a string that a callback takes for a path, or for a name, must not come from a file.
"""

import zlib
from collections import deque
from collections.abc import Hashable, Sequence
from typing import Any

import keras
import numpy as np

from kerastune_lite.callbacks.state_file import as_bytes

Array = np.ndarray[Any, Any]

_NUMBERS = (bool, int, float, type(None))
_CONTAINERS: dict[str, type] = {"tuple": tuple, "set": set, "frozenset": frozenset, "deque": deque}
_NAMES = {kind: name for name, kind in _CONTAINERS.items()}
_BFLOAT16 = "bfloat16"  # numpy's file format does not support it; float32 represents its numbers exactly


class NotPlain(Exception):
    """A value is something else than plain data."""


def pack(value: Any, arrays: list[Array]) -> Any:
    """`value` as JSON; its arrays are appended to `arrays`.

    Raises:
        NotPlain: It holds something else than numbers, arrays, and exact Python containers of them.
    """
    if type(value) in _NUMBERS:
        return value
    if type(value) is list:
        return [pack(item, arrays) for item in value]
    if type(value) is dict:
        return {"dict": [[_pack_key(key), pack(item, arrays)] for key, item in value.items()]}
    if type(value) in _NAMES:
        return {_NAMES[type(value)]: [pack(item, arrays) for item in value]}
    return _pack_array(value, arrays)


def unpack(packed: Any, arrays: Sequence[Array]) -> Any:
    """The inverse of `pack`.

    Raises:
        NotPlain: `packed` is not what `pack` returns.
    """
    if type(packed) in _NUMBERS:
        return packed
    if type(packed) is list:
        return [unpack(item, arrays) for item in packed]
    if type(packed) is not dict or len(packed) != 1:
        raise NotPlain
    ((kind, content),) = packed.items()
    try:
        if kind == "dict":
            return {_unpack_key(key): unpack(item, arrays) for key, item in content}
        if kind in _CONTAINERS:
            return _CONTAINERS[kind](unpack(item, arrays) for item in content)
        return _unpack_array(kind, *content, arrays=arrays)
    except (TypeError, ValueError, IndexError) as error:
        raise NotPlain from error


def from_json(value: Any) -> Any:
    """Plain JSON as `pack` would return it.

    Raises:
        NotPlain: It holds a string that is not the key of a dict.
    """
    if type(value) in _NUMBERS:
        return value
    if type(value) is list:
        return [from_json(item) for item in value]
    if type(value) is dict:
        return {"dict": [[key, from_json(item)] for key, item in value.items()]}
    raise NotPlain


def checksum(arrays: Sequence[Array]) -> int:
    """Tells whether arrays are as they were."""
    crc = 0
    for array in arrays:
        crc = zlib.crc32(as_bytes(array), crc)
    return crc


def as_kind(value: Any, present: Any) -> Any:
    """`value` in the kind of container that `present` is: a default dict, a counter, a deque of its own length."""
    if isinstance(value, dict) and isinstance(present, dict) and type(present) is not dict:
        kept = present.copy()
        kept.clear()
        kept.update(value)
        return kept
    if isinstance(value, deque) and isinstance(present, deque):
        return deque(value, present.maxlen)
    return value


def plain_kind(value: Any) -> Any:
    """`value`, a dict of a subclass as a plain dict: `as_kind` makes it one of the subclass again."""
    return dict(value) if isinstance(value, dict) else value


def _pack_array(value: Any, arrays: list[Array]) -> Any:
    """An array, a numpy scalar, or a tensor or a variable, which comes back as an array."""
    if not isinstance(value, (np.ndarray, np.generic, keras.Variable)) and not keras.ops.is_tensor(value):
        raise NotPlain
    try:
        array = np.asarray(value)
    except (NotImplementedError, TypeError, ValueError) as error:  # a symbolic tensor
        raise NotPlain from error
    if array.dtype.kind not in "biufc" and array.dtype.name != _BFLOAT16:
        raise NotPlain
    kind = "scalar" if isinstance(value, np.generic) else "array"
    name = array.dtype.name
    arrays.append(array.astype(np.float32) if name == _BFLOAT16 else array)
    return {kind: [len(arrays) - 1, list(array.shape), name]}


def _unpack_array(kind: str, index: int, shape: list[int], name: str, *, arrays: Sequence[Array]) -> Any:
    if kind not in ("array", "scalar") or type(index) is not int or index < 0:
        raise NotPlain
    array = arrays[index]
    if list(array.shape) != shape or name not in (array.dtype.name, _BFLOAT16):
        raise NotPlain
    array = array.astype(name)  # a copy of its own
    return array[()] if kind == "scalar" else array


def _pack_key(key: Hashable) -> Any:
    if type(key) is str or type(key) in _NUMBERS:
        return key
    if type(key) is tuple:
        return {"tuple": [_pack_key(item) for item in key]}
    if isinstance(key, np.integer):
        return int(key)  # equal, and of the same hash
    raise NotPlain


def _unpack_key(packed: Any) -> Any:
    if type(packed) is str or type(packed) in _NUMBERS:
        return packed
    if type(packed) is dict and packed.keys() == {"tuple"}:
        return tuple(_unpack_key(item) for item in packed["tuple"])
    raise NotPlain
