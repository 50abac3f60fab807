"""Converts Python lists to arrays: `fit` accepts no lists of numbers."""

import numbers
from collections.abc import Iterator
from typing import Any

from kerastune_lite.errors import DataError


def as_arrays(name: str, data: Any) -> Any:
    """Replaces nested lists of plain values in `data` by arrays; everything else is unchanged.

    As in `fit`, a list of arrays stands for several inputs; so do tuples and dicts, whose items are converted.

    Args:
        name: The name of the argument, for the error message.
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
    import numpy as np  # noqa: PLC0415 - heavy: loaded if there is a list to convert

    try:
        return np.asarray(data)
    except ValueError as error:
        raise DataError(
            f"{name} is a list whose rows differ in length; pad them: keras.utils.pad_sequences(rows)"
        ) from error


def _leaves(data: list[Any]) -> Iterator[Any]:
    for item in data:
        if isinstance(item, (list, tuple)):
            yield from _leaves(list(item))
        else:
            yield item


def _is_plain(value: Any) -> bool:
    # numpy's numbers and strings are arrays without dimensions
    return isinstance(value, (numbers.Number, str, bytes)) or getattr(value, "ndim", None) == 0
