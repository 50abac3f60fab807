"""Runs trials in worker processes on this machine."""

import itertools
import os
import selectors
import signal
import socket
import subprocess  # nosec B404
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, final

from kerastune_lite.errors import SearchError, UsageError
from kerastune_lite.executors.channel import Alive, Broken, Channel, Ready, Setup
from kerastune_lite.executors.devices import cores, share, visible_gpus
from kerastune_lite.executors.parcel import Parcel
from kerastune_lite.executors.worker_output import WorkerOutput
from kerastune_lite.space.number import count, number, optional_count
from kerastune_lite.study.events import SILENT, Annotated, Ended, Event
from kerastune_lite.study.task import Send, Task, TrialFunction

_PACKAGE_PLACE = str(Path(__file__).parents[2])
_SECONDS_TO_DIE = 5.0
_SECONDS_OF_SILENCE = 30.0  # a worker gives a sign of life every 5
_BLOCK = 1 << 16
_MOST_BLOCKS = 256  # of what a worker has printed before it died
_RESTARTS = 3  # once a worker has started, others may fail to for want of memory


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
        if self.workers != "auto":
            count("workers", self.workers, 1, of="Pool")
        optional_count("trials_per_worker", self.trials_per_worker, 1, of="Pool")
        seconds = number(self.trial_timeout)
        if self.trial_timeout is not None and not (seconds is not None and seconds > 0):
            raise UsageError(
                f"Pool(trial_timeout={self.trial_timeout!r}): trial_timeout must be seconds above 0, or None"
            )

    def __call__(self, function: TrialFunction) -> "PoolExecutor":
        """The executor for a trial function.

        Raises:
            UsageError: The function, or data that it needs, cannot be sent to another process.
        """
        gpus = visible_gpus(os.environ)
        workers = (len(gpus) or cores()) if self.workers == "auto" else self.workers
        return PoolExecutor(self, function, workers, gpus)


@final
class PoolExecutor:
    """The executor that a `Pool` makes.

    Args:
        pool: Its settings.
        function: Runs one attempt at a trial.
        workers: How many workers.
        gpus: The GPUs that they share.
    """

    def __init__(self, pool: Pool, function: TrialFunction, workers: int, gpus: Sequence[str]) -> None:
        self._pool = pool
        self._parcel = Parcel.of(function)
        self._lifeline, self._held = os.pipe()
        threads = cores()
        self._shares = [share(index, workers, threads, os.environ, gpus) for index in range(workers)]
        self._workers: list[_Worker | None] = [None] * workers
        self._leaving: list[_Worker] = []
        self._cancelled: set[int] = set()
        self._output = WorkerOutput(None if pool.logs is None else Path(pool.logs))
        self._closed = False
        self._restarts = 0

    def free(self) -> int:
        """How many workers wait for a task; if none runs one, this waits until there is a free worker."""
        self._start_workers()
        while not any(worker.ready or worker.task is not None for worker in self._living):
            self._step(_unexpected, None)
        return sum(worker.ready and worker.task is None for worker in self._living)

    def start(self, task: Task) -> None:
        """Gives the task to a free worker."""
        worker = next(worker for worker in self._living if worker.ready and worker.task is None)
        self._cancelled.discard(task.trial)
        worker.begin(task)

    def wait(self, handle: Send, timeout: float | None) -> None:
        """Delivers an event, or returns when a worker has become free, or after `timeout` seconds."""
        if not any(worker.task is not None for worker in self._living):
            return
        until = None if timeout is None else time.monotonic() + timeout
        left = timeout
        while not self._step(handle, left) and (left is None or left > 0):  # there was output only
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
        everyone = [*self._living, *self._leaving]
        for worker in everyone:
            worker.channel.close()
        for worker in everyone:
            self._output.add(worker.end(), worker.trial)
        os.close(self._held)
        os.close(self._lifeline)
        self._parcel.close()
        self._output.close()

    @property
    def _living(self) -> list["_Worker"]:
        return [worker for worker in self._workers if worker is not None]

    def _start_workers(self) -> None:
        """Starts the workers that are missing or have died while they had nothing to do.

        Raises:
            SearchError: None can be started.
        """
        for index, worker in enumerate(self._workers):
            if worker is not None and worker.ready and worker.task is None and worker.exited():
                self._remove(worker)
            if self._workers[index] is None:
                try:
                    self._workers[index] = _Worker(self._parcel, self._lifeline, self._shares[index])
                except OSError as error:  # no memory, no descriptors: fewer workers do as well
                    if not self._living:
                        raise SearchError(f"no worker can be started: {error}") from error

    def _step(self, handle: Send, timeout: float | None) -> bool:
        """Waits for messages and output of workers, and deals with them; whether there was more than output."""
        more = False
        limit = self._pool.trial_timeout
        waits = [moment - time.monotonic() for moment in self._moments()]
        waits += [] if timeout is None else [timeout]
        for worker, speaks in self._selected(max(0.0, min(waits)) if waits else None):
            if worker not in (*self._living, *self._leaving):
                continue
            self._output.add(worker.lines(), worker.trial)
            if speaks:
                more |= self._hear(worker, handle)
        self._see_off()
        for worker in self._living:
            if worker.task is not None and not worker.silent and worker.heard + _SECONDS_OF_SILENCE <= time.monotonic():
                more = worker.silent = True
                handle(Annotated(trial=worker.task.trial, key=SILENT, value=time.time() - _SECONDS_OF_SILENCE))
            if worker.task is not None and limit is not None and time.monotonic() >= worker.began + limit:
                more = True
                worker.kill()
                self._bury(worker, handle, f"it took longer than trial_timeout={limit:g} seconds")
        return more

    def _moments(self) -> Iterator[float]:
        """When something is due though no worker speaks, by the monotonic clock."""
        yield from (worker.left + _SECONDS_TO_DIE for worker in self._leaving)
        limit = self._pool.trial_timeout
        for worker in self._living:
            if worker.task is not None and limit is not None:
                yield worker.began + limit
            if worker.task is not None and not worker.silent:
                yield worker.heard + _SECONDS_OF_SILENCE

    def _see_off(self) -> None:
        """Frees what belonged to replaced workers that have left, or do not leave."""
        for worker in list(self._leaving):
            if worker.exited() or worker.left + _SECONDS_TO_DIE <= time.monotonic():
                self._leaving.remove(worker)
                self._output.add(worker.end(patience=0), worker.trial)
                self._output.end_line(worker.trial)

    def _selected(self, timeout: float | None) -> Iterator[tuple["_Worker", bool]]:
        """The workers that have sent or printed something, and whether there is a message."""
        with selectors.DefaultSelector() as selector:
            for worker in self._living:
                selector.register(worker.channel, selectors.EVENT_READ, (worker, True))
            for worker in (*self._living, *self._leaving):
                if worker.prints:
                    selector.register(worker.output, selectors.EVENT_READ, (worker, False))
            yield from [key.data for key, _ in selector.select(timeout)]

    def _hear(self, worker: "_Worker", handle: Send) -> bool:
        """Deals with a message; whether it was more than a sign of life."""
        try:
            message = worker.channel.receive()
        except EOFError:
            self._bury(worker, handle, worker.epitaph())
            return True
        returned = self._end_silence(worker, handle)
        match message:
            case Alive():
                return returned
            case Ready():
                worker.ready, self._restarts = True, _RESTARTS
            case Broken(error):
                raise SearchError(f"a worker cannot load what it is to run:\n{error}")
            case _:
                self._answer(worker, message, handle)
        return True

    def _end_silence(self, worker: "_Worker", handle: Send) -> bool:
        """Notes that a worker is heard; whether it was silent."""
        silent, worker.silent, worker.heard = worker.silent, False, time.monotonic()
        if silent and worker.task is not None:
            handle(Annotated(trial=worker.task.trial, key=SILENT))
        return silent

    def _answer(self, worker: "_Worker", event: Event, handle: Send) -> None:
        """Hands an event on, and answers it."""
        if isinstance(event, Ended):
            worker.task, worker.done = None, worker.done + 1
        decision = handle(event)
        if isinstance(event, Ended):
            self._cancelled.discard(event.trial)
        elif worker.trial in self._cancelled:
            decision = replace(decision, stop=decision.stop or "cancelled")
        with suppress(OSError):  # it has died meanwhile: the next message is its end of file
            worker.channel.send(decision)
        most = self._pool.trials_per_worker
        if isinstance(event, Ended) and most is not None and worker.done >= most:
            self._replace(worker)

    def _replace(self, worker: "_Worker") -> None:
        """Lets a worker leave Python, while others work and a new one starts."""
        self._workers[self._workers.index(worker)] = None
        self._leaving.append(worker)
        worker.left = time.monotonic()
        worker.channel.close()

    def _bury(self, worker: "_Worker", handle: Send, reason: str) -> None:
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
        elif not worker.ready and self._restarts:
            self._restarts -= 1
        elif not worker.ready:
            raise SearchError(f"a worker did not start: {reason}\n{self._output.last_lines()}")

    def _remove(self, worker: "_Worker") -> None:
        self._workers[self._workers.index(worker)] = None
        self._output.add(worker.end(), worker.trial)
        self._output.end_line(worker.trial)


def _unexpected(event: Event) -> Any:
    raise AssertionError(f"no trial is running, but there is {event!r}")


class _Worker:
    """A worker process as the driver sees it.

    Attributes:
        name: Host and process.
        channel: For messages.
        output: The descriptor of what it prints.
        prints: Whether it has not closed its output.
        ready: Whether it has loaded the trial function.
        task: What it is running.
        trial: The latest trial.
        began: When that began, by the monotonic clock.
        done: How many attempts it has run.
        heard: When it last said something, by the same clock.
        silent: Whether that is too long ago.
        left: When it was told to leave.
    """

    def __init__(self, parcel: Parcel, lifeline: int, variables: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = _started(theirs.fileno(), parcel.file, lifeline, variables)
        self.name = f"{socket.gethostname()}:{self._process.pid}"
        self.channel = Channel(ours)
        assert self._process.stdout is not None
        self.output = self._process.stdout.fileno()
        os.set_blocking(self.output, False)
        self.prints, self.ready, self.done, self.began = True, False, 0, 0.0
        self.silent, self.heard, self.left = False, time.monotonic(), 0.0
        self.task: Task | None = None
        self.trial: int | None = None
        here = str(Path.cwd())
        with suppress(OSError):  # it has died already
            self.channel.send(Setup(parcel.parts, [path or here for path in sys.path], here))

    def begin(self, task: Task) -> None:
        """Sends a task."""
        self.task, self.trial, self.began = task, task.trial, time.monotonic()
        self.silent, self.heard = False, self.began
        with suppress(OSError):  # it has died: that is noticed when it is waited for
            self.channel.send(task)

    def lines(self) -> bytes:
        """What it has printed since, as far as it is there."""
        try:
            part = os.read(self.output, _BLOCK)
        except BlockingIOError:
            return b""
        self.prints = bool(part)
        return part

    def epitaph(self) -> str:
        """How it died, in words."""
        try:
            code = self._process.wait(_SECONDS_TO_DIE)
        except subprocess.TimeoutExpired:
            return "its worker closed the connection"
        if code >= 0:
            return f"its worker ended with exit code {code}"
        name = {one.value: one.name for one in signal.Signals}.get(-code, f"signal {-code}")
        memory = ", as the system does when memory runs out" if name == "SIGKILL" else ""
        return f"its worker was killed by {name}{memory}"

    def exited(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """Kills the process."""
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)  # and the processes that the trial has started

    def end(self, patience: float = _SECONDS_TO_DIE) -> bytes:
        """Ends the process, frees what belongs to it, and returns the rest of what it has printed.

        A worker without a task has `patience` seconds to leave Python in the usual way, so that what libraries do at
        the end is done.
        """
        self.channel.close()
        if self.ready and self.task is None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
        self.kill()
        self._process.wait()
        rest = b"".join(itertools.islice(iter(self.lines, b""), _MOST_BLOCKS))
        assert self._process.stdout is not None
        self._process.stdout.close()
        return rest


def _started(end: int, parcel: int, lifeline: int, variables: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """The process of a worker; a session of its own keeps the Ctrl-C of a terminal from it."""
    path = os.pathsep.join(filter(None, [_PACKAGE_PLACE, variables.get("PYTHONPATH")]))
    files = (end, parcel, lifeline)
    # this Python and a module of this package
    return subprocess.Popen(  # nosec B603
        [sys.executable, "-P", "-m", "kerastune_lite.executors.worker", *map(str, files)],
        pass_fds=files,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**variables, "PYTHONPATH": path},
        start_new_session=True,
    )
