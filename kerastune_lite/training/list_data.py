"""Python lists as data: `fit` takes no lists of numbers, but whoever writes one means an array."""

import numbers
from collections.abc import Iterator
from typing import Any

from kerastune_lite.errors import DataError


def as_arrays(name: str, data: Any) -> Any:
    """`data` with lists of plain values, however deep, as arrays; what is something else stays what it is.

    A list of arrays is several inputs, as in `fit`; so are tuples and dicts, in which lists may lie.

    Args:
        name: The argument's name, for the error.
        data: An argument of `fit`.

    Raises:
        DataError: The rows of a list differ in length.
    """
    if type(data) is tuple:
        return tuple(as_arrays(name, part) for part in data)
    if type(data) is dict:
        return {key: as_arrays(name, part) for key, part in data.items()}
    if not isinstance(data, list) or not data or not all(map(_is_plain, _leaves(data))):
        return data
    import numpy as np  # noqa: PLC0415 - heavy: loaded when there is something to convert

    try:
        return np.asarray(data)
    except ValueError as error:
        raise DataError(
            f"{name} is a list whose rows differ in length; fill them up to one length and give an array: "
            "keras.utils.pad_sequences(rows)"
        ) from error


def _leaves(data: list[Any]) -> Iterator[Any]:
    for item in data:
        if isinstance(item, (list, tuple)):
            yield from _leaves(list(item))
        else:
            yield item


def _is_plain(value: Any) -> bool:
    # numpy's own numbers and texts are arrays without dimensions
    return isinstance(value, (numbers.Number, str, bytes)) or getattr(value, "ndim", None) == 0
