"""Events as the lines of a journal.

A definition is written once, as a line of its own with an id; what trials read refers to it by this id. The ids are the
journal's compression; nothing else knows them. The journal keeps the words of its first version (`opened`, `defined`,
`read`, `told`, `noted`), so that studies of any version can be read.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, final, get_args

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
    ReadsRecorded,
    SearchStarted,
    Stamp,
)
from kerastune_lite.study.objective import Objective

Json = dict[str, Any]

_NAMES: dict[type, str] = {kind: kind.__name__.lower() for kind in get_args(Event)} | {
    SearchStarted: "opened",
    ReadsRecorded: "read",
    ExternalResult: "told",
    Annotated: "noted",
}
_KEYS = {"unset": "fill"}
_SAMPLE = {"sample": "draw"}
_KINDS = {name: kind for kind, name in _NAMES.items() if kind is not ReadsRecorded}
_NOT_FIELDS = ("stamp", "extra", "fatal")
_FIELDS = {kind: [f.name for f in fields(kind) if f.name not in _NOT_FIELDS] for kind in _NAMES}
_DEFINED, _READ = "defined", _NAMES[ReadsRecorded]


@final
class EventCodec:
    """Turns events into JSON objects and back; it remembers the ids of definitions, so one codec serves one journal."""

    def __init__(self) -> None:
        self._definitions: dict[int, Hyperparameter] = {}
        self._ids: dict[str, int] = {}
        self._unread: list[int] = []  # defined since the last reads

    def encode(self, event: Event) -> list[Json]:
        """The JSON objects of an event, one for each line: new definitions come first."""
        if isinstance(event, ReadsRecorded):
            return [*self._define(event), self._reads_to_json(event)]
        return [_event_to_json(event)]

    def decode(self, data: Json) -> Event | None:
        """The event of one JSON object; None for a definition, and for kinds that this version does not know.

        Raises:
            KeyError, TypeError, ValueError: The object lacks a field or holds something else in it.
        """
        kind = data.pop("event")
        if kind == _DEFINED:
            self._learn(int(data["id"]), definition_from_json(data["definition"]))
            return None
        if kind == _READ:
            return self._reads_from_json(data)
        return _event_from_json(kind, data)

    def _learn(self, ident: int, definition: Hyperparameter) -> None:
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
        ids = [ident for _, ident, _ in path]
        definitions, met = self._known(ids), self._met(ids)
        met = data.pop("space", met)
        return ReadsRecorded(
            trial=data.pop("trial"),
            values={name: from_json(value) for name, _, value in path},
            definitions=definitions if len(definitions) == len(path) else None,
            space=definitions if met == ids else self._known(met),
            complete=data.pop("complete"),
            stamp=_pop_stamp(data),
            extra=data,
        )

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


def _metrics_from_json(data: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in data.items()}


_ENCODE: Json = {
    "unset": lambda unset: _SAMPLE.get(unset, unset),
    "objective": lambda objective: objective.to_json(),
    "space": lambda space: [definition_to_json(definition) for definition in space],
    "values": lambda values: {name: to_json(value) for name, value in values.items()},
    "metrics": _metrics_to_json,
    "score": number_to_json,
}
_DECODE: Json = {
    "unset": lambda text: "sample" if text == "draw" else text,
    "objective": Objective.from_json,
    "space": lambda data: tuple(map(definition_from_json, data)),
    "values": lambda data: {name: from_json(value) for name, value in data.items()},
    "metrics": _metrics_from_json,
    "score": float,
}


def _stamp(stamp: Stamp) -> Json:
    return {"wall": round(stamp.wall, 6), "monotonic": round(stamp.monotonic, 6), "worker": stamp.worker}


def _pop_stamp(data: Json) -> Stamp:
    return Stamp(data.pop("wall"), data.pop("monotonic"), data.pop("worker"))


def _event_to_json(event: Event) -> Json:
    """One flat object; keys that this version does not know are written back as they were read."""
    data: Json = {"event": _NAMES[type(event)]}
    for name in _FIELDS[type(event)]:
        value = getattr(event, name)
        if value is not None:
            data[_KEYS.get(name, name)] = _ENCODE[name](value) if name in _ENCODE else value
    return {**event.extra, **data, **_stamp(event.stamp)}


def _event_from_json(name: str, data: Json) -> Event | None:
    kind = _KINDS.get(name)
    if kind is None:
        return None
    stamp = _pop_stamp(data)
    arguments = {}
    for field in _FIELDS[kind]:
        key = _KEYS.get(field, field)
        if key in data:
            value = data.pop(key)
            arguments[field] = _DECODE[field](value) if field in _DECODE else value
    return kind(**arguments, stamp=stamp, extra=data)  # type: ignore[no-any-return]
