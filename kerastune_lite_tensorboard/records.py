"""Checks records: whatever lies in an event file, what is served has the form that the page expects."""

import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

VERSION = 1
_NUMBERS = ("nan", "inf", "-inf")

# More than any record of a study has; larger ones are not read.
_MOST_BYTES = 4_000_000
_LONGEST_TEXT = 20_000
_MOST_ITEMS = 5_000

Json = dict[str, Any]
Check = Callable[[Any], Any]


class _Wrong(Exception):
    """A value is not of its kind."""


def decoded(content: Any) -> Json | None:
    """The object in a record; None if it is not one of this version."""
    if not isinstance(content, (bytes, str)) or len(content) > _MOST_BYTES:
        return None
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and data.get("v") == VERSION else None


def trial_of(content: Any) -> Json | None:
    """The record of a trial, each of its fields as it should be or None; None without a number."""
    data = decoded(content)
    found = None if data is None else _fields(data, _TRIAL)
    return found if found is not None and found["number"] is not None else None


def study_of(content: Any) -> Json | None:
    """The record of a study."""
    data = decoded(content)
    found = None if data is None else _fields(data, _STUDY)
    return found if found is not None and found["objective"] is not None else None


def analysis_of(content: Any) -> Json | None:
    """The record of an analysis."""
    data = decoded(content)
    return None if data is None else _fields(data, _ANALYSIS)


def _fields(data: Mapping[str, Any], fields: Mapping[str, tuple[Check, Any]]) -> Json:
    """The fields of an object: of a wrong one, the default."""
    return {"v": VERSION} | {name: _or(check, data.get(name), default) for name, (check, default) in fields.items()}


def _or(check: Check, value: Any, default: Any) -> Any:
    if value is None:
        return default
    try:
        return check(value)
    except _Wrong:
        return default


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong
    return value[:_LONGEST_TEXT]


def _number(value: Any) -> float | str:
    """A number that JSON can hold, or the name of one that it cannot."""
    if isinstance(value, str) and value in _NUMBERS:
        return value
    return _finite(value)


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _Wrong
    try:
        finite = math.isfinite(value)
    except OverflowError as error:
        raise _Wrong from error
    if not finite:
        raise _Wrong
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise _Wrong
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong
    return value


def _scalar(value: Any) -> float | str | bool | None:
    if value is None or isinstance(value, bool):
        return value
    return _text(value) if isinstance(value, str) else _finite(value)


def _optional(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _list(check: Check) -> Check:
    """A list of things of a kind, all of them right."""

    def of(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise _Wrong
        return [check(item) for item in value[:_MOST_ITEMS]]

    return of


def _each(check: Check) -> Check:
    """A list of things of a kind, without those that are wrong."""

    def of(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise _Wrong
        found = []
        for item in value[:_MOST_ITEMS]:
            with suppress(_Wrong):
                found.append(check(item))
        return found

    return of


def _row(*checks: Check) -> Check:
    """A list with a kind for each place."""

    def of(value: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) != len(checks):
            raise _Wrong
        return [check(item) for check, item in zip(checks, value, strict=True)]

    return of


def _by_name(check: Check) -> Check:
    """An object with any names and things of a kind, without those that are wrong."""

    def of(value: Any) -> Json:
        if not isinstance(value, dict):
            raise _Wrong
        found = {}
        for name, item in list(value.items())[:_MOST_ITEMS]:
            with suppress(_Wrong):
                found[_text(name)] = check(item)
        return found

    return of


def _object(fields: Mapping[str, tuple[Check, Any]], required: str) -> Check:
    """An object with these fields; without the required one it is none."""

    def of(value: Any) -> Json:
        if not isinstance(value, dict):
            raise _Wrong
        found = {name: _or(check, value.get(name), default) for name, (check, default) in fields.items()}
        if found[required] is None:
            raise _Wrong
        return found

    return of


def _direction(value: Any) -> str:
    if value not in ("min", "max"):
        raise _Wrong
    return str(value)


_TRIAL: dict[str, tuple[Check, Any]] = {
    "number": (_count, None),
    "status": (_text, "unknown"),
    "score": (_number, None),
    "deviation": (_number, None),
    "best_epoch": (_count, None),
    "epochs": (_count, 0),
    "planned": (_count, None),
    "values": (_by_name(_scalar), {}),
    "reason": (_text, None),
    "error": (_text, None),
    "source": (_text, None),
    "started": (_finite, None),
    "ended": (_finite, None),
    "duration": (_finite, None),
    "worker": (_text, None),
    "attempts": (_count, 1),
    "confirmed": (_flag, None),
    "reused": (_flag, None),
    "spans": (_each(_row(_finite, _optional(_finite), _optional(_text))), []),
    "curves": (_list(_list(_row(_count, _optional(_number)))), []),
}
_OBJECTIVE: dict[str, tuple[Check, Any]] = {
    "name": (_text, "objective"),
    "direction": (_direction, None),
    "reduction": (_text, "best"),
}
_HYPERPARAMETER: dict[str, tuple[Check, Any]] = {
    "name": (_text, None),
    "kind": (_text, "choice"),
    "low": (_finite, None),
    "high": (_finite, None),
    "step": (_finite, None),
    "scale": (_text, None),
    "choices": (_list(_scalar), None),
    "ordered": (_flag, False),
    "default": (_scalar, None),
}
_DIAGNOSTIC: dict[str, tuple[Check, Any]] = {"level": (_text, "hint"), "text": (_text, None)}
_STUDY: dict[str, tuple[Check, Any]] = {
    "name": (_text, "study"),
    "identity": (_text, None),
    "objective": (_object(_OBJECTIVE, "direction"), None),
    "strategy": (_text, None),
    "stopping": (_text, None),
    "seed": (_finite, None),
    "max_trials": (_count, None),
    "max_epochs_total": (_count, None),
    "max_time": (_finite, None),
    "executions": (_count, 1),
    "state": (_text, "unknown"),
    "end_reason": (_text, None),
    "started": (_finite, None),
    "updated": (_finite, None),
    "elapsed": (_finite, None),
    "eta": (_finite, None),
    "budget_used": (_count, None),
    "epochs_used": (_count, None),
    "epochs_saved": (_count, None),
    "space": (_each(_object(_HYPERPARAMETER, "name")), []),
    "diagnostics": (_each(_object(_DIAGNOSTIC, "text")), []),
    "best_values_code": (_text, None),
}
_SHARES = _each(_row(_text, _finite))
_IMPORTANCE: dict[str, tuple[Check, Any]] = {
    "method": (_text, None),
    "all": (_SHARES, []),
    "top_quarter": (_SHARES, []),
}
_LINE = _list(_number)
_SLICE: dict[str, tuple[Check, Any]] = {
    "x": (_list(_scalar), None),
    "mean": (_LINE, []),
    "low": (_LINE, []),
    "high": (_LINE, []),
}
_CONTOUR: dict[str, tuple[Check, Any]] = {
    "x": (_text, None),
    "y": (_text, ""),
    "xs": (_list(_scalar), []),
    "ys": (_list(_scalar), []),
    "mean": (_list(_LINE), []),
}
_ANALYSIS: dict[str, tuple[Check, Any]] = {
    "trials": (_count, None),
    "importance": (_object(_IMPORTANCE, "all"), None),
    "slices": (_by_name(_object(_SLICE, "x")), {}),
    "contours": (_each(_object(_CONTOUR, "x")), []),
    "seconds": (_finite, None),
    "note": (_text, None),
}
