"""Events: the facts of a search, as frozen dataclasses.

A study is a list of events. Everything else (status, scores, the tree of reads) is computed from them. A running trial
sends events without a stamp; the loop stamps and records them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args

from kerastune_lite.errors import KerastuneError
from kerastune_lite.space.hp import HyperParameters, Read, Unset
from kerastune_lite.space.kinds import Hyperparameter, Value
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchStarted:
    """A `search` begins, with these settings; those of the last one hold.

    `space` is what the default model reads (None: not known beforehand); `extends` says that the space is not that
    of earlier trials, so that what they read says nothing of what a new one will read.
    """

    objective: Objective
    strategy: Mapping[str, Any]
    seed: int
    max_trials: int | None = None
    epochs: int | None = None
    executions: int = 1
    keep_checkpoints: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    space: tuple[Hyperparameter, ...] | None = None
    extends: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
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
    """What a trial has read so far.

    Attributes:
        trial: Its number.
        values: The values read, by name, in order.
        definitions: The definition of each of `values`, in the same order; None if the record of one is damaged.
        space: Every definition met, inactive ones included, in the order first met.
        complete: Whether the trial will read no more.
    """

    trial: int
    values: Mapping[str, Value]
    definitions: tuple[Hyperparameter, ...] | None
    space: tuple[Hyperparameter, ...]
    complete: bool
    stamp: Stamp = _UNSTAMPED
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, trial: int, hp: HyperParameters, *, complete: bool) -> "ReadsRecorded":
        """What `hp` was asked for in a trial."""
        values = {read.definition.name: read.value for read in hp.reads}
        definitions = tuple(read.definition for read in hp.reads)
        return cls(trial=trial, values=values, definitions=definitions, space=tuple(hp.space), complete=complete)

    @property
    def reads(self) -> tuple[Read, ...]:
        """Definitions with their values; empty if the record of a definition is damaged."""
        return tuple(map(Read, self.definitions or (), self.values.values()))


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
    """An attempt has ended.

    Attributes:
        trial: The trial's number.
        outcome: How it ended.
        reason: Why it stopped, in words.
        error: The traceback of a failure.
        final: True for a failure that no retry can help.
        fatal: An error that ends the search instead of the trial; not recorded.
    """

    trial: int
    outcome: Outcome = "completed"
    reason: str | None = None
    error: str | None = None
    final: bool | None = None
    fatal: KerastuneError | None = field(default=None, compare=False)
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


Event = SearchStarted | Enqueued | ExternalResult | Started | ReadsRecorded | Reported | Ended | Annotated
