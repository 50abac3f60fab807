"""What the loop and a running trial say to each other, whatever lies between them."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kerastune_lite.errors import KerastuneError
from kerastune_lite.space.hp import HyperParameters, Read, Unset
from kerastune_lite.space.kinds import Hyperparameter, Value
from kerastune_lite.space.overrides import Overrides
from kerastune_lite.study.events import Metrics, Outcome


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt at one trial.

    Attributes:
        number: The trial's number.
        attempt: From 1.
        values: The proposed values.
        unset: How reads that `values` lacks are answered.
        seed: The study's seed.
        executions: How many times to train.
        resume: Whether files of an earlier attempt are to be gone on from.
    """

    number: int
    attempt: int
    values: Mapping[str, Value]
    unset: Unset
    seed: int
    executions: int = 1
    resume: bool = False

    def hyperparameters(self, overrides: Overrides | None = None) -> HyperParameters:
        """A fresh `hp` for this trial; each one answers the same."""
        return HyperParameters(self.values, unset=self.unset, seed=self.seed, number=self.number, overrides=overrides)

    def training_seed(self, execution: int) -> int:
        """A seed in [0, 2**32) for one training run, independent of what proposed the trial."""
        text = f"{self.seed}/{self.number}/train/{execution}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")


@dataclass(frozen=True, slots=True)
class HasRead:
    """The path read so far; `definitions` are all that were met, inactive ones included; `notes` go on record."""

    number: int
    path: tuple[Read, ...]
    definitions: tuple[Hyperparameter, ...]
    complete: bool
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HasReported:
    """The metrics of one epoch (from 1) of one execution (from 0)."""

    number: int
    execution: int
    epoch: int
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended: `reason` in words, `error` a traceback."""

    outcome: Outcome = "completed"
    reason: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class HasEnded:
    """The attempt is over; `fatal` is an error that ends the search rather than the trial."""

    number: int
    ending: Ending
    fatal: KerastuneError | None = None


@dataclass(frozen=True, slots=True)
class IsAlive:
    """Nothing new, but the trial is still running."""

    number: int


Message = HasRead | HasReported | HasEnded | IsAlive


@dataclass(frozen=True, slots=True)
class Answer:
    """The loop's reply.

    Attributes:
        stop: Why the trial should end after this epoch; None: go on.
        keep: Whether the trial is, so far, among those whose model is kept.
        known: The trial that has tried this very point; None: a new one.
    """

    stop: str | None = None
    keep: bool = True
    known: int | None = None


Send = Callable[[Message], Answer]

TrialFunction = Callable[[Task, Send], "Ending | None"]
"""Runs one attempt, sends what it reads and reports, and says how it ended (None: completed)."""
