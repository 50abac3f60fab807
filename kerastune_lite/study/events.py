"""Events: the facts of a search, as frozen dataclasses.

A study is a list of events. Everything else (status, scores, the tree of reads) is computed from them. A running trial
sends events without a stamp; the loop stamps and records them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from kerastune_lite.errors import KerastuneError
from kerastune_lite.space.hp import HyperParameters, Read, Unset
from kerastune_lite.space.kinds import Hyperparameter, Value
from kerastune_lite.study.objective import Objective

Outcome = Literal["completed", "stopped", "failed", "infeasible", "duplicate", "interrupted", "paused"]
"""How an attempt ended."""

SEARCH_ENDED = "search ended"
"""The key of the annotation that closes a search; its value is the reason."""

EPOCHS = "epochs"
"""The key of the annotation with a trial's own number of epochs, where this depends on its hyperparameters."""

SCHEDULE = "schedule"
"""The key of the annotation of a trial whose learning rate follows a schedule; its value names the schedule."""

REUSE = "reuse"
"""The key of the annotation that tells whether a training has reused graphs: True, or why not, in words."""

STACKED = "stacked"
"""The key of the annotation with how many epochs a training took together with other trials, or why it took none."""

STOPPING = "stopping"
"""The key of the annotation with what the stopping policy says about a search, in words."""

WORKER = "worker"
"""The key of the annotation with the host and the process that run a trial."""

SILENT = "silent"
"""The key of the annotation of a running trial whose worker gives no sign of life; its value is since when, in seconds
since 1970, and None once the worker is heard again."""

SPACE_EXTENDED = "space extended"
"""The key of the annotation after which earlier reads predict no new ones; its value is the new space's first trial."""

Metrics = Mapping[str, float]
"""The metrics of one epoch by name; NaN and infinities are kept."""


class Stamp(NamedTuple):
    """When and by whom an event was recorded.

    Attributes:
        wall: Seconds since 1970.
        monotonic: The clock of the recording process in seconds, comparable between events of one `worker` only.
        worker: Host and process that recorded the event.
    """

    wall: float = 0.0
    monotonic: float = 0.0
    worker: str = ""


_UNSTAMPED = Stamp()


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchStarted:
    """A search begins; its settings replace those of earlier searches.

    Attributes:
        objective: What to optimise.
        strategy: The fingerprint of the strategy.
        seed: The seed of the search.
        max_trials: The budget; None for no limit.
        epochs: Epochs of each training run; None if they depend on hyperparameters.
        executions: Training runs of each trial.
        keep_checkpoints: How many of the best trials keep their model; None for all.
        options: Further options: the stopping policy, early stopping, retries.
        space: What the default model reads; None if it is not known beforehand.
        extends: Whether the space is known to differ from that of earlier trials, whose reads then do not predict new
            ones. Where it is not known beforehand, the annotation `SPACE_EXTENDED` records it later.
        versions: Of Python and libraries.
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
    """A configuration that the user wants to try."""

    values: Mapping[str, Value]
    stamp: Stamp = _UNSTAMPED
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalResult:
    """A result from elsewhere; `score` has the objective's sign."""

    values: Mapping[str, Value]
    score: float
    stamp: Stamp = _UNSTAMPED
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """An attempt begins.

    Attributes:
        trial: The trial's number, from 0.
        attempt: From 1.
        values: The proposed values by name.
        unset: How `hp` answers reads of other hyperparameters.
        source: Where the values come from: "strategy" or "queue".
        note: JSON that the strategy keeps with its proposal.
        pause_at: The epoch of the first execution after which the attempt pauses; None to train to the end.
        executions: How many training runs the trial has after an attempt that confirms its score; None for as many as
            the search says.
    """

    trial: int
    attempt: int
    values: Mapping[str, Value]
    unset: Unset = "sample"
    source: str = "strategy"
    note: Any = None
    pause_at: int | None = None
    executions: int | None = None
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
    """The metrics of one epoch (from 1) of one execution (from 0)."""

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
        died: True if the attempt ended because its process died, as a later process found.
        fatal: An error that ends the search instead of the trial; not recorded.
    """

    trial: int
    outcome: Outcome = "completed"
    reason: str | None = None
    error: str | None = None
    final: bool | None = None
    died: bool | None = None
    fatal: KerastuneError | None = field(default=None, compare=False)
    stamp: Stamp = _UNSTAMPED
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated:
    """Anything else worth keeping: JSON under a key, of a trial, or of the study if `trial` is None."""

    key: str
    value: Any = None
    trial: int | None = None
    stamp: Stamp = _UNSTAMPED
    extra: Mapping[str, Any] = field(default_factory=dict)


Event = SearchStarted | Enqueued | ExternalResult | Started | ReadsRecorded | Reported | Ended | Annotated
