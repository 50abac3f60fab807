"""The facts of a search: frozen events, and their form as JSON.

A study is the list of these. Everything else (status, scores, the tree of points) is computed from them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple, get_args

from kerastune_lite.space.hp import Unset
from kerastune_lite.space.kinds import (
    Hyperparameter,
    Value,
    definition_from_json,
    definition_to_json,
    from_json,
    to_json,
)
from kerastune_lite.study.objective import Objective

Outcome = Literal["completed", "stopped", "failed", "infeasible", "duplicate", "interrupted", "paused"]
"""How an attempt at a trial ended."""
OUTCOMES = get_args(Outcome)

SEARCH_ENDED = "search ended"
"""The key of the note that closes a search; its value says why it ended."""

Metrics = Mapping[str, float]
"""What one epoch reported, by metric's name; NaN and infinities are kept as they are."""


class Stamp(NamedTuple):
    """When and by whom an event was recorded.

    `wall` is seconds since the epoch; `monotonic` is the recording process's own clock, in seconds, comparable only
    between events of one `worker`.
    """

    wall: float = 0.0
    monotonic: float = 0.0
    worker: str = ""


_UNSTAMPED = Stamp()
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchStarted:
    """A `search` begins, with these settings; those of the last one hold.

    `space` is what the default model reads (None: not known beforehand); `extends` says that the space is not that
    of earlier trials, so that what they read says nothing of what a new one will read.
    """

    objective: Objective
    strategy: Mapping[str, Any]
    seed: int
    max_trials: int | None
    epochs: int | None = None
    executions: int = 1
    space: tuple[Hyperparameter, ...] | None = None
    extends: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    stamp: Stamp = _UNSTAMPED
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Defined:
    """A hyperparameter's definition, met for the first time; `Read` refers to it by `id`."""

    id: int
    definition: Hyperparameter
    stamp: Stamp = _UNSTAMPED
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueued:
    """A point that the user wants tried."""

    values: Mapping[str, Value]
    stamp: Stamp = _UNSTAMPED
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalResult:
    """A result from elsewhere, in the objective's own sign."""

    values: Mapping[str, Value]
    score: float
    stamp: Stamp = _UNSTAMPED
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """An attempt at a trial begins, with the values proposed for it.

    `source` says where they come from: "strategy" or "queue".
    """

    trial: int
    attempt: int
    values: Mapping[str, Value]
    unset: Unset = "sample"
    source: str = "strategy"
    note: Any = None
    stamp: Stamp = _UNSTAMPED
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadsRecorded:
    """What a trial has read so far, in order: (name, id of the definition, value). `complete`: it will read no more."""

    trial: int
    path: tuple[tuple[str, int, Value], ...]
    complete: bool
    stamp: Stamp = _UNSTAMPED
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """The metrics of one epoch of one execution; `epoch` counts epochs done, from 1."""

    trial: int
    execution: int
    epoch: int
    metrics: Metrics
    stamp: Stamp = _UNSTAMPED
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An attempt is over. `reason` says why it stopped, `error` holds the traceback of a failure."""

    trial: int
    outcome: Outcome
    reason: str | None = None
    error: str | None = None
    stamp: Stamp = _UNSTAMPED
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated:
    """Anything else worth keeping: JSON under a key, of a trial or (`trial` None) of the study."""

    key: str
    value: Any
    trial: int | None = None
    stamp: Stamp = _UNSTAMPED
    extra: Mapping[str, Any] = field(default_factory=dict)


Event = SearchStarted | Defined | Enqueued | ExternalResult | Started | ReadsRecorded | Reported | Ended | Annotated

# The words of the first version stay in the journal, so that studies of any version can be read.
_NAMES: dict[type, str] = {kind: kind.__name__.lower() for kind in get_args(Event)} | {
    SearchStarted: "opened",
    ReadsRecorded: "read",
    ExternalResult: "told",
    Annotated: "noted",
}
_KEYS = {"unset": "fill"}
_SAMPLE = {"sample": "draw"}
_KINDS = {name: kind for kind, name in _NAMES.items()}
_FIELDS = {kind: [f.name for f in fields(kind) if f.name not in ("stamp", "extra")] for kind in _NAMES}


def number_to_json(number: float) -> float | str:
    """JSON has no NaN and no infinities: they are written as text."""
    return number if math.isfinite(number) else str(number)


def _metrics_to_json(metrics: Metrics) -> dict[str, Any]:
    return {name: number_to_json(value) for name, value in metrics.items()}


def _metrics_from_json(data: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in data.items()}


_ENCODE: dict[str, Any] = {
    "unset": lambda unset: _SAMPLE.get(unset, unset),
    "objective": lambda objective: objective.to_json(),
    "definition": definition_to_json,
    "space": lambda space: None if space is None else [definition_to_json(definition) for definition in space],
    "values": lambda values: {name: to_json(value) for name, value in values.items()},
    "path": lambda path: [[name, ident, to_json(value)] for name, ident, value in path],
    "metrics": _metrics_to_json,
    "score": number_to_json,
}
_DECODE: dict[str, Any] = {
    "unset": lambda text: "sample" if text == "draw" else text,
    "objective": Objective.from_json,
    "definition": definition_from_json,
    "space": lambda data: None if data is None else tuple(map(definition_from_json, data)),
    "values": lambda data: {name: from_json(value) for name, value in data.items()},
    "path": lambda data: tuple((name, ident, from_json(value)) for name, ident, value in data),
    "metrics": _metrics_from_json,
    "score": float,
}


def event_to_json(event: Event) -> dict[str, Any]:
    """One flat JSON object; keys that this version does not know are written back as they were read."""
    data: dict[str, Any] = {"event": _NAMES[type(event)]}
    for name in _FIELDS[type(event)]:
        value = getattr(event, name)
        if value is None:
            continue
        data[_KEYS.get(name, name)] = _ENCODE[name](value) if name in _ENCODE else value
    stamp = event.stamp
    data.update(wall=round(stamp.wall, 6), monotonic=round(stamp.monotonic, 6), worker=stamp.worker)
    return {**event.extra, **data}


def event_from_json(data: dict[str, Any]) -> Event | None:
    """The inverse of `event_to_json`; None for a kind of event that this version does not know.

    Raises:
        KeyError, TypeError, ValueError: The object lacks a field or holds something else in it.
    """
    kind = _KINDS.get(data.pop("event"))
    if kind is None:
        return None
    stamp = Stamp(data.pop("wall"), data.pop("monotonic"), data.pop("worker"))
    arguments = {}
    for name in _FIELDS[kind]:
        key = _KEYS.get(name, name)
        if key in data:
            value = data.pop(key)
            arguments[name] = _DECODE[name](value) if name in _DECODE else value
    return kind(**arguments, stamp=stamp, extra=data or _NOTHING)  # type: ignore[no-any-return]
