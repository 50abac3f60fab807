"""Durations as people write them: "90min", "2h 30min"."""

import re
from typing import Any

from kerastune_lite.space.number import number

_UNITS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(min|[smhd])\s*")


def seconds_in(duration: Any) -> float | None:
    """Seconds in a number of them, or in a text with the units s, min (or m), h and d; None for anything else.

    Example:
        >>> seconds_in("2h 30min"), seconds_in(90), seconds_in("soon")
        (9000.0, 90.0, None)
    """
    if not isinstance(duration, str):
        found = number(duration)
        return None if found is None else float(found)
    parts: list[tuple[str, str]] = _PART.findall(duration)
    whole = bool(parts) and _PART.sub("", duration) == ""
    return sum(float(count) * _UNITS[unit] for count, unit in parts) if whole else None


def in_words(seconds: float) -> str:
    """A number of seconds to be read: `1.5 s`, `2 min 3 s`, `4 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
