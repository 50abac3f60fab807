"""A worker on a node of a cluster: a worker process like those of the pool, and the files of the trial that it runs.

An actor of Ray is one of these. It holds no user code: that runs in the process, so that its death can be told from the
node's, with its signal or exit code, and what the user does to its process (forks, signals, limits) does not reach Ray.
"""

import os
import shutil
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

from kerastune_lite.errors import KerastuneError
from kerastune_lite.executors.channel import Alive, Broken, Gone
from kerastune_lite.executors.devices import share, visible_gpus
from kerastune_lite.executors.parcel import Parcel
from kerastune_lite.executors.trial_files import Changes, CopiedFiles, WatchedFiles, places
from kerastune_lite.executors.worker_process import WorkerProcess, heard, import_path
from kerastune_lite.study.layout import LOCK
from kerastune_lite.study.task import Decision, Task

_SECONDS_OF_OUTPUT = 0.2  # that are gathered before they are sent
_MOST_OUTPUT = 1 << 20


@final
@dataclass(frozen=True)
class TaskSent:
    """A task, as a node gets it.

    Attributes:
        task: The task.
        lock: What is in the lock of the study: who reads the same at the same place reaches the study.
        files: The files of the trial, if there are any and the node is not known to reach the study.
        shared: Whether the node reaches the study; None if it is to look.
    """

    task: Task
    lock: bytes | None
    files: Changes | None
    shared: bool | None = None

    @property
    def reaches(self) -> bool:
        """Whether this machine reaches the study's directory under the same path."""
        if self.shared is not None:
            return self.shared
        with suppress(OSError):
            return self.task.directory is not None and (self.task.directory / LOCK).read_bytes() == self.lock
        return False


@final
@dataclass(frozen=True)
class Said:
    """What a worker has printed, done and sent.

    Attributes:
        output: What it has printed.
        message: `Alive`, `Ready`, `Broken`, `Gone`, an event, or None for output only.
        files: What has changed in the files of the trial; None for nothing.
        reaches: Whether it reaches the study's directory; None while there was no task to tell by.
    """

    output: bytes
    message: Any
    files: Changes | None = None
    reaches: bool | None = None


@final
class NodeWorker:
    """Runs a worker process. `listen` has a thread of its own, so that the other methods can be called meanwhile.

    Args:
        content: The content of the parcel with the trial function.
        parts: Its parts.
        variables: Environment variables that replace those of the node.
        threads: How many threads a trial uses, unless the environment tells.
        gpus: How many GPUs it has, or which part of one.
        path: The `sys.path` of the driver; what the node lacks of it is added.
    """

    def __init__(
        self,
        content: Any,
        parts: Sequence[tuple[int, int]],
        variables: Mapping[str, str],
        *,
        threads: int,
        gpus: float,
        path: Sequence[str] = (),
    ) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="kerastune_lite_"))
        self._lifeline, self._held = os.pipe()
        self._watched: WatchedFiles | None = None
        self._broken: Broken | None = None
        self._trouble: Gone | None = None
        self._left = False
        self._reaches: bool | None = None
        try:
            self._parcel = Parcel.received(memoryview(content), parts)
            environment = _environment({**os.environ, **variables}, threads, gpus)
            self._process = WorkerProcess(self._parcel, self._lifeline, environment, _joined(path), self._scratch)
        except Exception:  # noqa: BLE001 - the driver raises it
            self._broken = Broken(traceback.format_exc())

    def send(self, message: TaskSent | Decision) -> None:
        """Sends a message to the process; one that cannot be prepared for, with a full disk for instance, ends it."""
        try:
            self._process.send(self._prepared(message) if isinstance(message, TaskSent) else message)
        except KerastuneError as error:
            self._trouble = Gone(str(error))
            self._process.kill()

    def listen(self) -> Said:
        """Waits for what the process says."""
        if self._broken is not None:
            return Said(b"", self._broken)
        output, message, until = b"", None, None
        while message is None and len(output) < _MOST_OUTPUT:
            said = self._heard(until)
            if not said:
                break
            for _, part, found in said:
                output, message = output + part, found
            until = until or time.monotonic() + _SECONDS_OF_OUTPUT
        if isinstance(message, Gone) and self._trouble is not None:
            message = self._trouble
        tells = message is not None and not isinstance(message, Alive)  # of a sign of life, files may be half written
        changed = self._watched.changes() if tells and self._watched is not None else None
        return Said(output, message, changed, self._reaches)

    def leave(self, *, idle: bool) -> bytes:
        """Ends the process; returns the rest of what it has printed."""
        if self._left:
            return b""
        self._left = True
        rest = b"" if self._broken is not None else self._process.end(idle=idle)
        shutil.rmtree(self._scratch, ignore_errors=True)
        return rest

    def _heard(self, until: float | None) -> list[tuple[WorkerProcess, bytes, Any]]:
        try:
            return list(heard([self._process], None if until is None else max(0.0, until - time.monotonic())))
        except (OSError, ValueError):
            if not self._left:  # else its channel is closed, and nobody listens any more
                raise
            return []

    def _prepared(self, sent: TaskSent) -> Task:
        """The task, with the trial's files in place."""
        task, self._watched = sent.task, None
        if task.directory is None:
            return task
        self._reaches = sent.reaches
        if self._reaches:
            return task
        study, written = self._scratch / "study", places(task.trial, written=True)
        shutil.rmtree(study, ignore_errors=True)
        study.mkdir()
        CopiedFiles(study, written).apply(sent.files or Changes())
        self._watched = WatchedFiles(study, written, common=True)
        return replace(task, directory=study)


def _joined(path: Sequence[str]) -> list[str]:
    """The `sys.path` of this node, and what it lacks of another one."""
    own = import_path()
    return [*own, *(place for place in path if place not in own)]


def _environment(environment: Mapping[str, str], threads: int, gpus: float) -> dict[str, str]:
    """The environment of the worker process, given the GPUs that Ray has made visible."""
    if gpus <= 0:
        return {**share(0, 1, threads, environment, []), "CUDA_VISIBLE_DEVICES": "-1"}
    workers = 1 if gpus >= 1 else 2  # that use a GPU
    return share(0, workers, workers * threads, environment, visible_gpus(environment))
