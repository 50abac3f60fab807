"""Converts numbers to Python's types: numbers of numpy, 0-d arrays and tensors, Decimal and Fraction."""

import math
import numbers
from decimal import Decimal
from typing import Any


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
