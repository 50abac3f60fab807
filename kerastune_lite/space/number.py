"""What counts as a number, wherever a user gives one: Python's, numpy's, a 0-d array or tensor, Decimal, Fraction."""

import numbers
from decimal import Decimal
from typing import Any


def plain(value: Any) -> Any:
    """`value` as Python's own bool, int or float if it is a number or truth value of any library; else `value`."""
    if type(value) in (float, int, bool, str):  # nearly all: the quick way
        return value
    value = _scalar(value)
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, (numbers.Real, Decimal)) and not isinstance(value, bool):
        return float(value)
    return value


def number(value: Any) -> int | float | None:
    """`value` as an int or a float; None for what is no number, truth values among it."""
    value = plain(value)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def whole(value: Any) -> int | None:
    """`value` as an int; None for what is no integer, truth values and floats among it."""
    found = number(value)
    return found if isinstance(found, int) else None


def _scalar(value: Any) -> Any:
    """What an array or tensor without dimensions holds (numpy's own numbers have none either); else `value`."""
    if getattr(value, "ndim", None) != 0:
        return value
    if hasattr(value, "numpy"):  # TensorFlow's and Keras's values
        value = value.numpy()
    return value.item() if hasattr(value, "item") else value
