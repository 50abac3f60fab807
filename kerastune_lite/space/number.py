"""Converts numbers to Python's types, from numpy's, 0-d arrays and tensors, Decimal and Fraction; checks counts."""

import math
import numbers
from decimal import Decimal
from typing import Any

from kerastune_lite.errors import UsageError


def plain(value: Any) -> Any:
    """`value` as a bool, int or float of Python, if it is a truth value or number of any library; else `value`."""
    if type(value) in (float, int, bool, str):  # the common case
        return value
    value = _scalar(value)
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, (numbers.Real, Decimal)) and not isinstance(value, bool):
        return _real(value)
    return value


def number(value: Any) -> int | float | None:
    """`value` as an int or a float; None if it is not a number. Truth values are not numbers."""
    value = plain(value)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def whole(value: Any) -> int | None:
    """`value` as an int; None if it is not an integer. Truth values and floats are not integers."""
    found = number(value)
    return found if isinstance(found, int) else None


def count(name: str, value: Any, least: int, *, of: str = "") -> int:
    """The argument `name` as an int; `of` is the class or function that it belongs to, unless it is an option.

    Raises:
        UsageError: It is not an integer, or below `least`.
    """
    return _count(name, value, least, of, "")


def optional_count(name: str, value: Any, least: int, *, of: str = "") -> int | None:
    """As `count`, but None is allowed."""
    return None if value is None else _count(name, value, least, of, " or None")


def _count(name: str, value: Any, least: int, of: str, otherwise: str) -> int:
    found = whole(value)
    if found is None or found < least:
        given = f"{of}({name}={value!r}): {name}" if of else f"{name}={value!r}"
        raise UsageError(f"{given} must be an integer >= {least}{otherwise}")
    return found


def _real(value: Any) -> float:
    """`value` as a float, infinite if it is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _scalar(value: Any) -> Any:
    """The content of an array or tensor without dimensions, such as a number of numpy; else `value`."""
    if getattr(value, "ndim", None) != 0:
        return value
    if hasattr(value, "numpy"):  # TensorFlow's and Keras's values
        value = value.numpy()
    return value.item() if hasattr(value, "item") else value
