"""Events as the lines of a journal.

A definition is written once, as a line of its own with an id; what trials read refers to it by this id. The ids are the
journal's compression; nothing else knows them. The journal keeps the words of its first version (`opened`, `defined`,
`read`, `told`, `noted`), so that studies of any version can be read.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, final, get_args

from kerastune_lite.space.hp import Unset
from kerastune_lite.space.kinds import (
    Hyperparameter,
    definition_from_json,
    definition_to_json,
    from_json,
    to_json,
)
from kerastune_lite.study.events import (
    Annotated,
    Event,
    ExternalResult,
    Metrics,
    Outcome,
    ReadsRecorded,
    SearchStarted,
    Stamp,
)
from kerastune_lite.study.objective import Objective

Json = dict[str, Any]

SCHEMA = 1
FORMAT = "kerastune_lite study"
HEADER = {"format": FORMAT, "schema": SCHEMA}
OPENED = "opened"

_NAMES: dict[type, str] = {kind: kind.__name__.lower() for kind in get_args(Event)} | {
    SearchStarted: OPENED,
    ReadsRecorded: "read",
    ExternalResult: "told",
    Annotated: "noted",
}
_KEYS = {"unset": "fill"}
_SAMPLE = {"sample": "draw"}
_KINDS = {name: kind for kind, name in _NAMES.items() if kind is not ReadsRecorded}
_NOT_FIELDS = ("stamp", "extra", "fatal")
_FIELDS = {kind: [f.name for f in fields(kind) if f.name not in _NOT_FIELDS] for kind in _NAMES}
_MOST = 10**12  # of anything that is counted
_MOST_EXECUTIONS = 1000  # each of them takes memory
_COMPARED = (str, bool, int)  # types of few values, which are checked once
_NUMBERS = ("nan", "inf", "-inf")
_DEFINED, _READ = "defined", _NAMES[ReadsRecorded]


@final
class EventCodec:
    """Turns events into JSON objects and back; it remembers the ids of definitions, so one codec serves one journal."""

    def __init__(self) -> None:
        self._definitions: dict[int, Hyperparameter] = {}
        self._ids: dict[str, int] = {}
        self._unread: list[int] = []  # defined since the last reads
        self._checked: set[tuple[int, type, Any]] = set()  # values that have been found to be of their definition

    def encode(self, event: Event) -> list[Json]:
        """The JSON objects of an event, one for each line: new definitions come first."""
        if isinstance(event, ReadsRecorded):
            return [*self._define(event), self._reads_to_json(event)]
        return [_event_to_json(event)]

    def decode(self, data: Json) -> Event | None:
        """The event of one JSON object; None for a definition, and for kinds that this version does not know.

        Raises:
            LookupError, TypeError, ValueError and the like: It lacks a field or holds something else in it.
        """
        kind = _text(_object(data).pop("event"))
        if kind == _DEFINED:
            self._learn(_count(data["id"]), _definition(data["definition"]))
            return None
        if kind == _READ:
            return self._reads_from_json(data)
        return _event_from_json(kind, data)

    def _learn(self, ident: int, definition: Hyperparameter) -> None:
        if ident in self._definitions:
            raise ValueError(f"the id {ident} is that of another definition")
        self._definitions[ident] = definition
        self._ids[definition.identity] = ident
        self._unread.append(ident)

    def _define(self, event: ReadsRecorded) -> list[Json]:
        new = {d.identity: d for d in event.space if d.identity not in self._ids}
        lines = []
        for definition in new.values():
            ident = max(self._definitions, default=-1) + 1
            self._learn(ident, definition)
            lines.append(
                {"event": _DEFINED, "id": ident, "definition": definition_to_json(definition), **_stamp(event.stamp)}
            )
        return lines

    def _reads_to_json(self, event: ReadsRecorded) -> Json:
        path = [[r.definition.name, self._ids[r.definition.identity], to_json(r.value)] for r in event.reads]
        data = {"event": _READ, "trial": event.trial, "path": path, "complete": event.complete}
        if event.space != event.definitions:
            data["space"] = [self._ids[definition.identity] for definition in event.space]
        return {**event.extra, **data, **_stamp(event.stamp)}

    def _reads_from_json(self, data: Json) -> ReadsRecorded:
        path = data.pop("path")
        ids = [_count(ident) for _, ident, _ in path]
        definitions, met = self._known(ids), self._met(ids)
        met = data.pop("space", met)
        values = {_text(name): from_json(value) for name, _, value in path}
        if len(values) < len(path):
            raise ValueError("a name is read twice")
        whole = len(definitions) == len(path)
        if whole:
            self._check(ids, definitions, values)
        return ReadsRecorded(
            trial=_count(data.pop("trial")),
            values=values,
            definitions=definitions if whole else None,
            space=definitions if met == ids else self._known(met),
            complete=_flag(data.pop("complete")),
            stamp=_pop_stamp(data),
            extra=data,
        )

    def _check(self, ids: list[int], definitions: Sequence[Hyperparameter], values: Mapping[str, Any]) -> None:
        """Raises a ValueError if a value is not one of its definition."""
        for ident, definition, (name, value) in zip(ids, definitions, values.items(), strict=True):
            known = (ident, type(value), value) if type(value) in _COMPARED else None
            if known is not None and known in self._checked:
                continue
            if definition.name != name or value not in definition:
                raise ValueError(f"{name!r}: {_not(value, f'a value of {definition}')}")
            if known is not None:
                self._checked.add(known)

    def _met(self, read: list[int]) -> list[int]:
        """What a trial met, for a journal that does not say: what it read, and new definitions that nobody read."""
        unread, self._unread = self._unread, []
        if set(unread) <= set(read):
            return read
        return [*unread, *(ident for ident in read if ident not in unread)]

    def _known(self, ids: Sequence[int]) -> tuple[Hyperparameter, ...]:
        return tuple(self._definitions[ident] for ident in ids if ident in self._definitions)


def number_to_json(number: float) -> float | str:
    """JSON has no NaN and no infinities: they are written as text."""
    return number if math.isfinite(number) else str(number)


def _metrics_to_json(metrics: Metrics) -> Json:
    return {name: number_to_json(value) for name, value in metrics.items()}


def check_depth(data: Any, limit: int) -> None:
    """Raises a ValueError if `data` nests deeper than functions that call themselves can follow."""
    level = [data]
    for _ in range(limit):
        level = [item for one in level if isinstance(one, (dict, list)) for item in _items(one)]
        if not level:
            return
    raise ValueError(f"it is nested more than {limit} levels deep")


def _items(data: Json | list[Any]) -> Sequence[Any]:
    return list(data.values()) if isinstance(data, dict) else data


# What each field of a line must hold: a line with a right checksum may still come from anybody.


def _text(value: Any) -> str:
    if type(value) is not str:
        raise _not(value, "a text")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _MOST:
        raise _not(value, f"an integer from 0 to {_MOST}")
    return value


def _positive(value: Any) -> int:
    if value == 0:
        raise _not(value, "above 0")
    return _count(value)


def _execution(value: Any) -> int:
    count = _count(value)
    if count >= _MOST_EXECUTIONS:
        raise _not(value, f"below {_MOST_EXECUTIONS}")
    return count


def _executions(value: Any) -> int:
    return _execution(_positive(value) - 1) + 1


def _at_least(least: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if type(value) is not int or value < least:
            raise _not(value, f"an integer from {least} on")
        return value

    return check


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise _not(value, "true or false")
    return value


def _number(value: Any) -> float:
    kind = type(value)
    if kind is not float and kind is not int and not (kind is str and value in _NUMBERS):
        raise _not(value, "a number")
    return float(value)


def _object(value: Any) -> Json:
    if type(value) is not dict:
        raise _not(value, "an object")
    return value


def _definition(value: Any) -> Hyperparameter:
    definition = definition_from_json(_object(value))
    definition.count(), definition.from_unit(0.5)  # raises for a range that no number of the machine can express
    return definition


def _one_of(*known: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if type(value) is not str or value not in known:
            raise _not(value, f"one of {', '.join(known)}")
        return value

    return check


def _not(value: Any, what: str) -> ValueError:
    return ValueError(f"{repr(value)[:50]} is not {what}")


_ENCODE: Json = {
    "unset": lambda unset: _SAMPLE.get(unset, unset),
    "objective": lambda objective: objective.to_json(),
    "space": lambda space: [definition_to_json(definition) for definition in space],
    "values": lambda values: {name: to_json(value) for name, value in values.items()},
    "metrics": _metrics_to_json,
    "score": number_to_json,
}
_DECODE: dict[str, Callable[[Any], Any]] = {
    "trial": _count,
    "attempt": _positive,
    "execution": _execution,
    "epoch": _positive,
    "unset": lambda text: "sample" if text == "draw" else _one_of(*get_args(Unset))(text),
    "source": _text,
    "note": lambda note: note,
    "pause_at": _positive,
    "objective": lambda data: Objective.from_json(_object(data)),
    "strategy": _object,
    "seed": _at_least(0),
    "max_trials": _at_least(1),
    "epochs": _at_least(1),
    "executions": _executions,
    "keep_checkpoints": _at_least(0),
    "options": _object,
    "versions": _object,
    "extends": _flag,
    "space": lambda data: tuple(map(_definition, data)),
    "values": lambda data: {name: from_json(value) for name, value in _object(data).items()},
    "metrics": lambda data: {name: _number(value) for name, value in _object(data).items()},
    "score": _number,
    "outcome": _one_of(*get_args(Outcome)),
    "reason": _text,
    "error": _text,
    "final": _flag,
    "died": _flag,
    "key": _text,
    "value": lambda value: value,
}


def _stamp(stamp: Stamp) -> Json:
    return {"wall": round(stamp.wall, 6), "monotonic": round(stamp.monotonic, 6), "worker": stamp.worker}


def _pop_stamp(data: Json) -> Stamp:
    wall, monotonic, worker = data.pop("wall"), data.pop("monotonic"), data.pop("worker")
    if type(wall) is type(monotonic) is float and type(worker) is str:  # as almost always: no calls
        return Stamp(wall, monotonic, worker)
    return Stamp(_number(wall), _number(monotonic), _text(worker))


def _event_to_json(event: Event) -> Json:
    """One flat object; keys that this version does not know are written back as they were read."""
    data: Json = {"event": _NAMES[type(event)]}
    for name in _FIELDS[type(event)]:
        value = getattr(event, name)
        if value is not None:
            data[_KEYS.get(name, name)] = _ENCODE[name](value) if name in _ENCODE else value
    if isinstance(event, SearchStarted):
        data |= HEADER  # so that the study outlives its header
    return {**event.extra, **data, **_stamp(event.stamp)}


def _event_from_json(name: str, data: Json) -> Event | None:
    kind = _KINDS.get(name)
    if kind is None:
        return None
    stamp = _pop_stamp(data)
    if kind is SearchStarted:
        for key in HEADER:
            data.pop(key, None)
    arguments = {}
    for field in _FIELDS[kind]:
        key = _KEYS.get(field, field)
        if key in data:
            arguments[field] = _DECODE[field](data.pop(key))
    return kind(**arguments, stamp=stamp, extra=data)  # type: ignore[no-any-return]
