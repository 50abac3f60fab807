"""What the loop and a running trial exchange: a task one way, events the other way, a decision for each event.

Trials that run in turns can also do work together.
"""

import hashlib
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.space.overrides import Overrides
from kerastune_lite.study.events import Ended, Event, SearchStarted, Started


@final
@dataclass(frozen=True, slots=True)
class Work:
    """Work that can be done for several trials at once.

    Attributes:
        group: Work of equal groups can be done together.
        given: What the trial gives for it.
        do: Does such work: from what each trial gives, what each one gets, or the exception that it gets.
    """

    group: Hashable
    given: Any
    do: Callable[[Sequence[Any]], Sequence[Any]]


Meet = Callable[[Work], Any]
"""Lets other trials run until their work can be done as well; returns or raises what the trial gets."""


@final
@dataclass(frozen=True, slots=True)
class Task:
    """One attempt at one trial.

    Attributes:
        started: The attempt as recorded.
        settings: What the search goes by.
        resume: Whether to resume from the files of an earlier attempt.
        created: When the study's first search began, in seconds since 1970; it identifies the study.
        directory: Where the attempt finds and writes the study's files; None for a study in memory. On a machine that
            does not reach the study, its executor names a directory there.
        meet: Waits for other trials to do work together; None if the executor runs trials one by one.
    """

    started: Started
    settings: SearchStarted
    resume: bool = False
    created: float = 0.0
    directory: Path | None = None
    meet: Meet | None = None

    @property
    def trial(self) -> int:
        """The trial's number."""
        return self.started.trial

    @property
    def executions(self) -> int:
        """How many training runs the trial needs."""
        return self.started.executions or self.settings.executions

    @property
    def first_execution(self) -> int:
        """The first training run of this attempt, from 0: one that confirms a score adds to those that are there."""
        return 0 if self.started.executions is None else self.settings.executions

    def hyperparameters(self, overrides: Overrides | None = None) -> HyperParameters:
        """A fresh `hp` for this trial; each one answers the same."""
        return HyperParameters(
            self.started.values,
            unset=self.started.unset,
            seed=self.settings.seed,
            number=self.trial,
            overrides=overrides,
        )

    def training_seed(self, execution: int) -> int:
        """A seed in [0, 2**32) for one training run, independent of the stream that proposes."""
        text = f"{self.settings.seed}/{self.trial}/train/{execution}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")


@final
@dataclass(frozen=True, slots=True)
class Decision:
    """The loop's answer to an event of a running trial.

    Attributes:
        stop: Why the attempt should end after this epoch; None to continue.
        resumable: Whether an attempt that ends is to be resumed from this epoch, so its state must be on disk.
        keep: Whether the trial is, so far, among those whose model is kept.
        duplicate_of: The trial with the same reads; None for a new configuration.
    """

    stop: str | None = None
    resumable: bool = False
    keep: bool = True
    duplicate_of: int | None = None


Send = Callable[[Event], Decision]
"""Sends an event (`ReadsRecorded`, `Reported`, `Annotated`) of a running trial to the loop, without a stamp."""

TrialFunction = Callable[[Task, Send], Ended | None]
"""Runs one attempt: sends what is read and reported, and returns how it ended (None: completed)."""
