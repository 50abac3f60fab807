"""What the driver does with workers, wherever they run: gives them tasks, answers their messages, replaces the dead."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, final

from kerastune_lite.errors import SearchError, UsageError
from kerastune_lite.executors.channel import Alive, Broken, Gone, Ready
from kerastune_lite.executors.worker_output import WorkerOutput
from kerastune_lite.space.number import count, number, optional_count
from kerastune_lite.study.events import SILENT, Annotated, Ended, Event
from kerastune_lite.study.task import Decision, Send, Task

_SECONDS_OF_SILENCE = 30.0  # a worker gives a sign of life every 5
_SECONDS_TO_LEAVE = 5.0


class Link(Protocol):
    """The driver's end of the connection to a worker process."""

    def send(self, message: Task | Decision) -> None:
        """Sends a message; if the worker has died, that is noticed when it is listened to."""

    def exited(self) -> bool:
        """Whether a worker that waits for a task, or was told to end, is known to have ended."""

    def hang_up(self, *, idle: bool) -> None:
        """Tells a worker that waits for a task to end; another one ends at its next message at the latest."""

    def end(self, *, idle: bool) -> bytes:
        """Hangs up, ends the worker, frees what belongs to it, and returns the rest of what it has printed."""


LinkT = TypeVar("LinkT", bound=Link)

Heard = tuple[LinkT, bytes, Any]
"""What a worker has printed, and a message: `Alive`, `Ready`, `Broken`, `Gone`, an event, or None for no message."""


class Workplace(Protocol[LinkT]):
    """Where workers run, and how messages travel."""

    def size(self) -> int:
        """How many workers there should be now.

        Raises:
            KerastuneError: There can be none.
        """

    def started(self, number: int) -> LinkT:
        """A new worker as number `number`, from 0.

        Raises:
            OSError: It cannot be started.
        """

    def heard(self, links: Sequence[LinkT], timeout: float | None) -> Iterable[Heard[LinkT]]:
        """Waits for messages and output for up to `timeout` seconds; it may return earlier with nothing."""

    def close(self) -> None:
        """Releases all resources; no worker is left."""


@final
@dataclass(eq=False)
class _Worker(Generic[LinkT]):
    """A worker as the driver sees it.

    Attributes:
        link: The connection.
        name: Host and process, once it is ready.
        task: What it is running.
        trial: The latest trial.
        began: When that began, by the monotonic clock.
        done: How many attempts it has run.
        heard: When it last said something, by the same clock.
        silent: Whether that is too long ago.
        left: When it was told to leave.
    """

    link: LinkT
    name: str | None = None
    task: Task | None = None
    trial: int | None = None
    began: float = 0.0
    done: int = 0
    heard: float = 0.0
    silent: bool = False
    left: float = 0.0

    @property
    def idle(self) -> bool:
        """Whether it waits for a task."""
        return self.name is not None and self.task is None


@final
class Crew(Generic[LinkT]):
    """An executor whose trials run in workers.

    Args:
        workplace: Where they run; the crew closes it.
        trials_per_worker: A worker is replaced after so many trials; None to keep it.
        trial_timeout: A trial that takes longer, in seconds, is treated as one whose worker has died; None: no limit.
        logs: A directory for what trials print; None to print it.
        restarts: How many workers in a row may die before they are ready, once one has been.
    """

    def __init__(
        self,
        workplace: Workplace[LinkT],
        *,
        trials_per_worker: int | None,
        trial_timeout: float | None,
        logs: str | Path | None,
        restarts: int = 3,
    ) -> None:
        self._workplace = workplace
        self._trials_per_worker = trials_per_worker
        self._trial_timeout = trial_timeout
        self._output = WorkerOutput(None if logs is None else Path(logs))
        self._workers: list[_Worker[LinkT] | None] = []
        self._leaving: list[_Worker[LinkT]] = []
        self._cancelled: set[int] = set()
        self._closed = False
        self._most_restarts, self._restarts = restarts, 0

    def free(self) -> int:
        """How many workers wait for a task; if none runs one, this waits until there is a free worker."""
        self._start_workers()
        while not any(worker.idle or worker.task is not None for worker in self._living):
            self._step(_unexpected, None)
            self._start_workers()
        return sum(worker.idle for worker in self._living)

    def start(self, task: Task) -> None:
        """Gives the task to a free worker."""
        worker = next(worker for worker in self._living if worker.idle)
        self._cancelled.discard(task.trial)
        worker.task, worker.trial, worker.began = task, task.trial, time.monotonic()
        worker.heard, worker.silent = worker.began, False
        worker.link.send(task)

    def wait(self, handle: Send, timeout: float | None) -> None:
        """Delivers an event, or returns when a worker has become free, or after `timeout` seconds."""
        if not any(worker.task is not None for worker in self._living):
            return
        until = None if timeout is None else time.monotonic() + timeout
        left = timeout
        while not self._step(handle, left) and (left is None or left > 0):
            self._start_workers()  # there was output only, or more workers may have found a place
            left = None if until is None else max(0.0, until - time.monotonic())

    def cancel(self, trial: int) -> None:
        """A running trial stops at its next event."""
        self._cancelled.add(trial)

    def worker_of(self, trial: int) -> str | None:
        """The host and the process that run a trial."""
        return next((worker.name for worker in self._living if worker.task and worker.trial == trial), None)

    def close(self) -> None:
        """Ends all workers, whatever they are doing."""
        if self._closed:
            return
        self._closed = True
        for worker in self._living:
            worker.link.hang_up(idle=worker.idle)
        for worker in (*self._living, *self._leaving):
            self._output.add(worker.link.end(idle=worker.idle), worker.trial)
        self._workplace.close()
        self._output.close()

    @property
    def _living(self) -> list[_Worker[LinkT]]:
        return [worker for worker in self._workers if worker is not None]

    def _start_workers(self) -> None:
        """Starts the workers that are missing or have died while they had nothing to do.

        Raises:
            SearchError: None can be started.
        """
        size = self._workplace.size()
        self._workers.extend([None] * (size - len(self._workers)))
        for index, worker in enumerate(self._workers):
            if worker is not None and worker.idle and worker.link.exited():
                self._remove(worker)
            if self._workers[index] is None and len(self._living) < size:
                try:
                    self._workers[index] = _Worker(self._workplace.started(index))
                except OSError as error:  # no memory, no descriptors: fewer workers do as well
                    if not self._living:
                        raise SearchError(f"no worker can be started: {error}") from error

    def _step(self, handle: Send, timeout: float | None) -> bool:
        """Waits for messages and output of workers, and deals with them; whether there was more than output."""
        more = False
        limit = self._trial_timeout
        waits = [moment - time.monotonic() for moment in self._moments()]
        waits += [] if timeout is None else [timeout]
        living = {worker.link: worker for worker in self._living}
        for link, output, message in self._workplace.heard(list(living), max(0.0, min(waits)) if waits else None):
            worker = living[link]
            self._output.add(output, worker.trial)
            if message is not None:
                more |= self._hear(worker, message, handle)
        self._see_off()
        for worker in self._living:
            if worker.task is not None and not worker.silent and worker.heard + _SECONDS_OF_SILENCE <= time.monotonic():
                more = worker.silent = True
                handle(Annotated(trial=worker.task.trial, key=SILENT, value=time.time() - _SECONDS_OF_SILENCE))
            if worker.task is not None and limit is not None and time.monotonic() >= worker.began + limit:
                more = True
                self._bury(worker, handle, f"it took longer than trial_timeout={limit:g} seconds")
        return more

    def _moments(self) -> Iterator[float]:
        """When something is due though no worker speaks, by the monotonic clock."""
        yield from (worker.left + _SECONDS_TO_LEAVE for worker in self._leaving)
        for worker in self._living:
            if worker.task is not None and self._trial_timeout is not None:
                yield worker.began + self._trial_timeout
            if worker.task is not None and not worker.silent:
                yield worker.heard + _SECONDS_OF_SILENCE

    def _see_off(self) -> None:
        """Frees what belonged to replaced workers that have left, or do not leave."""
        for worker in list(self._leaving):
            exited = worker.link.exited()
            if exited or worker.left + _SECONDS_TO_LEAVE <= time.monotonic():
                self._leaving.remove(worker)
                self._output.add(worker.link.end(idle=exited), worker.trial)
                self._output.end_line(worker.trial)

    def _hear(self, worker: _Worker[LinkT], message: Any, handle: Send) -> bool:
        """Deals with a message; whether it was more than a sign of life."""
        returned = self._end_silence(worker, handle)
        match message:
            case Alive():
                return returned
            case Ready(name):
                worker.name, self._restarts = name, self._most_restarts
            case Broken(error):
                raise SearchError(f"a worker cannot load what it is to run:\n{error}")
            case Gone(reason):
                self._bury(worker, handle, reason)
            case _:
                self._answer(worker, message, handle)
        return True

    def _end_silence(self, worker: _Worker[LinkT], handle: Send) -> bool:
        """Notes that a worker is heard; whether it was silent."""
        silent, worker.silent, worker.heard = worker.silent, False, time.monotonic()
        if silent and worker.task is not None:
            handle(Annotated(trial=worker.task.trial, key=SILENT))
        return silent

    def _answer(self, worker: _Worker[LinkT], event: Event, handle: Send) -> None:
        """Hands an event on, and answers it."""
        if isinstance(event, Ended):
            worker.task, worker.done = None, worker.done + 1
        decision = handle(event)
        if isinstance(event, Ended):
            self._cancelled.discard(event.trial)
        elif worker.trial in self._cancelled:
            decision = replace(decision, stop=decision.stop or "cancelled")
        worker.link.send(decision)
        most = self._trials_per_worker
        if isinstance(event, Ended) and most is not None and worker.done >= most:
            self._replace(worker)

    def _replace(self, worker: _Worker[LinkT]) -> None:
        """Lets a worker leave Python, while others work and a new one starts."""
        self._workers[self._workers.index(worker)] = None
        self._leaving.append(worker)
        worker.left = time.monotonic()
        worker.link.hang_up(idle=True)

    def _bury(self, worker: _Worker[LinkT], handle: Send, reason: str) -> None:
        """Deals with the death of a worker.

        Raises:
            SearchError: It died before its first trial, so others would die as well.
        """
        self._remove(worker)
        self._end_silence(worker, handle)
        if worker.task is not None:
            ended = Ended(trial=worker.task.trial, outcome="interrupted", reason=reason, died=True)
            worker.task = None
            handle(ended)
        elif worker.name is None and self._restarts:
            self._restarts -= 1
        elif worker.name is None:
            raise SearchError(f"a worker did not start: {reason}\n{self._output.last_lines()}")

    def _remove(self, worker: _Worker[LinkT]) -> None:
        self._workers[self._workers.index(worker)] = None
        self._output.add(worker.link.end(idle=worker.idle), worker.trial)
        self._output.end_line(worker.trial)


def _unexpected(event: Event) -> Any:
    raise AssertionError(f"no trial is running, but there is {event!r}")


def check_workers(settings: Any) -> None:
    """Checks the options that all kinds of workers have: how many, for how many trials, for how long.

    Raises:
        UsageError: One of them is out of its range.
    """
    kind, seconds = type(settings).__name__, settings.trial_timeout
    if settings.workers != "auto":
        count("workers", settings.workers, 1, of=kind)
    optional_count("trials_per_worker", settings.trials_per_worker, 1, of=kind)
    limit = number(seconds)
    if seconds is not None and not (limit is not None and limit > 0):
        raise UsageError(f"{kind}(trial_timeout={seconds!r}): trial_timeout must be seconds above 0, or None")
