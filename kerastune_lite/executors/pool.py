"""Runs trials in worker processes on this machine."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, final

from kerastune_lite.executors.crew import Crew, check_workers
from kerastune_lite.executors.devices import cores, share, visible_gpus
from kerastune_lite.executors.parcel import Parcel
from kerastune_lite.executors.worker_process import WorkerProcess, heard, import_path
from kerastune_lite.study.task import TrialFunction


@final
@dataclass(frozen=True)
class Pool:
    """Worker processes on this machine, each of which runs one trial after another.

    A worker that dies does not end the search: its trial resumes from its last saved epoch in a new one, up to the
    search's `max_crashes`. docs/scaling.md says what is sent to workers and how they share the machine.

    Args:
        workers: How many; "auto" for one on each core, or on each GPU if there are any.
        trials_per_worker: A worker is replaced after so many trials, which gives its memory back; None to keep it.
        trial_timeout: A trial that takes longer, in seconds, is treated as one whose worker has died; None for no
            limit.
        logs: A directory for what trials print, a file for each; by default their lines are printed, each with the
            number of its trial.

    Raises:
        UsageError: An argument is out of its range.

    Example:
        >>> import kerastune_lite as kt
        >>> pool = kt.executors.Pool(2, trials_per_worker=50)
        >>> tuner = kt.RandomSearch(build_model, "val_accuracy", workers=pool)  # doctest: +SKIP
    """

    remote: ClassVar[bool] = True

    workers: int | Literal["auto"] = "auto"
    trials_per_worker: int | None = None
    trial_timeout: float | None = None
    logs: str | Path | None = None

    def __post_init__(self) -> None:
        check_workers(self)

    def __call__(self, function: TrialFunction) -> "Crew[WorkerProcess]":
        """The executor for a trial function.

        Raises:
            UsageError: The function, or data that it needs, cannot be sent to another process.
        """
        gpus = visible_gpus(os.environ)
        workers = (len(gpus) or cores()) if self.workers == "auto" else self.workers
        return Crew(
            _Machine(function, workers, gpus),
            trials_per_worker=self.trials_per_worker,
            trial_timeout=self.trial_timeout,
            logs=self.logs,
        )


@final
class _Machine:
    """This machine as a place for workers.

    Args:
        function: Runs one attempt at a trial.
        workers: How many workers.
        gpus: The GPUs that they share.
    """

    def __init__(self, function: TrialFunction, workers: int, gpus: Sequence[str]) -> None:
        self._parcel = Parcel.of(function)
        self._lifeline, self._held = os.pipe()
        threads = cores()
        self._shares = [share(index, workers, threads, os.environ, gpus) for index in range(workers)]

    def size(self) -> int:
        """How many workers there should be."""
        return len(self._shares)

    def started(self, number: int) -> WorkerProcess:
        """A new worker."""
        return WorkerProcess(self._parcel, self._lifeline, self._shares[number], import_path())

    def heard(
        self, links: Sequence[WorkerProcess], timeout: float | None
    ) -> Iterator[tuple[WorkerProcess, bytes, Any]]:
        """What workers have printed and sent."""
        return heard(links, timeout)

    def close(self) -> None:
        """Frees what the workers shared."""
        os.close(self._held)
        os.close(self._lifeline)
        self._parcel.close()
