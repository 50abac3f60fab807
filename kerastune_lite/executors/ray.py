"""Runs trials on a Ray cluster."""

import importlib.util
import math
import os
import pickle  # nosec B403
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, final

from kerastune_lite.errors import UsageError
from kerastune_lite.executors.channel import Broken, Gone
from kerastune_lite.executors.crew import Crew, check_workers
from kerastune_lite.executors.node_worker import NodeWorker, Said, TaskSent
from kerastune_lite.executors.parcel import Parcel
from kerastune_lite.executors.ray_cluster import Cluster
from kerastune_lite.executors.trial_files import CopiedFiles, WatchedFiles, places
from kerastune_lite.executors.worker_process import import_path
from kerastune_lite.space.number import number
from kerastune_lite.study.layout import LOCK
from kerastune_lite.study.task import Decision, Task, TrialFunction

_SENT_VARIABLES = ("KERAS_", "TF_", "OMP_")  # what decides how models train
_LOOKS = 2.0  # seconds between two looks at the cluster while nothing else happens
_SECONDS_TO_LEAVE = 6.0
_LONGEST = 500
_LISTENING = "listening"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@final
@dataclass(frozen=True)
class Ray:
    """Workers on a Ray cluster, each of which runs one trial after another.

    Each worker is an actor that Ray places where there is room. Workers start when nodes join the cluster, and a trial
    whose node is lost resumes from its last saved epoch on another one, up to the search's `max_crashes`. A Ray that
    you have initialised is used and left running; one that the search has started ends with it. docs/scaling.md says
    what is sent to workers, and what is written where.

    Args:
        workers: How many at most; "auto" for as many as the nodes of the cluster have room for.
        address: The cluster, as in `ray.init`: None for the one that `RAY_ADDRESS` names or that runs on this machine,
            else for a new one on this machine; "auto" for one that runs; "local" for a new one; or "host:port".
        num_cpus: CPUs of each worker; also its number of threads.
        num_gpus: GPUs of each worker, or a part of one.
        resources: Other resources of each worker, by the names that the cluster gives them.
        runtime_env: What Ray prepares for each worker, as in `ray.init`: packages, files, environment variables.
        shared_directory: Whether the workers reach the study's directory under the same path, so that they read and
            write the files of trials there; None to let each one look. Otherwise the files travel with the messages.
        wait_for_nodes: How long the search waits, in seconds, while no node has the resources that a worker needs: for
            clusters that add nodes on demand.
        trials_per_worker: A worker is replaced after so many trials, which gives its memory back; None to keep it.
        trial_timeout: A trial that takes longer, in seconds, is treated as one whose worker has died; None for no
            limit.
        logs: A directory for what trials print, a file for each; by default their lines are printed, each with the
            number of its trial.

    Raises:
        UsageError: An argument is out of its range, or Ray is not installed.

    Example:
        >>> import kerastune_lite as kt
        >>> cluster = kt.executors.Ray(address="auto", num_gpus=1)  # doctest: +SKIP
        >>> tuner = kt.RandomSearch(build_model, "val_accuracy", workers=cluster)  # doctest: +SKIP
    """

    remote: ClassVar[bool] = True

    workers: int | Literal["auto"] = "auto"
    address: str | None = None
    num_cpus: float = 1
    num_gpus: float = 0
    resources: Mapping[str, float] = field(default_factory=dict)
    runtime_env: Mapping[str, Any] | None = None
    shared_directory: bool | None = None
    wait_for_nodes: float = 0
    trials_per_worker: int | None = None
    trial_timeout: float | None = None
    logs: str | Path | None = None

    def __post_init__(self) -> None:
        check_workers(self)
        for name in ("num_cpus", "num_gpus", "wait_for_nodes"):
            _check_amount(name, getattr(self, name))
        for name, amount in self.resources.items():
            _check_amount(f"resources[{name!r}]", amount)
        if self.workers == "auto" and not any(self.needs.values()):
            raise UsageError("Ray(num_cpus=0): workers that need nothing fit anywhere; say how many: workers=4")
        if self.address is not None and self.address.startswith("ray://"):
            raise UsageError(
                f"Ray(address={self.address!r}): a search needs a driver on the cluster; run the script on one of its "
                'machines with address="auto", for instance by `ray job submit`'
            )
        if importlib.util.find_spec("ray") is None:
            raise UsageError("kt.executors.Ray needs Ray: pip install 'kerastune-lite[ray]'")

    @property
    def needs(self) -> dict[str, float]:
        """What each worker takes of a node."""
        return {"CPU": self.num_cpus, "GPU": self.num_gpus, **self.resources}

    def __call__(self, function: TrialFunction) -> "Crew[_Remote]":
        """The executor for a trial function.

        Raises:
            UsageError: The function, or data that it needs, cannot be sent to another process.
        """
        return Crew(
            _Nodes(self, function),
            trials_per_worker=self.trials_per_worker,
            trial_timeout=self.trial_timeout,
            logs=self.logs,
        )


def _check_amount(name: str, value: Any) -> None:
    amount = number(value)
    if amount is None or not 0 <= amount < math.inf:
        raise UsageError(f"Ray({name}={value!r}): it must be a number >= 0")


@final
class _Nodes:
    """The nodes of a cluster as a place for workers.

    Args:
        settings: What the user asks for.
        function: Runs one attempt at a trial.
    """

    def __init__(self, settings: Ray, function: TrialFunction) -> None:
        self._settings = settings
        self._cluster = Cluster(settings.address, settings.needs, settings.wait_for_nodes)
        self._parcel = Parcel.of(function)
        self._stored: Any = None
        self._node_worker: Any = None
        self._closed = False

    def size(self) -> int:
        """How many workers there should be; those without room wait for a node, which tells the cluster to add one."""
        self._cluster.connect()
        room = max(1, self._cluster.room())
        return room if self._settings.workers == "auto" else self._settings.workers

    def started(self, number: int) -> "_Remote":  # noqa: ARG002 - Ray chooses the node
        """A new worker, which starts once there is room for it."""
        import ray  # noqa: PLC0415 - heavy

        settings = self._settings
        if self._stored is None:  # the trial function and its arrays, once for all workers
            self._stored = ray.put(pickle.PickleBuffer(self._parcel.content()))
            # it listens while it is told something
            self._node_worker = ray.remote(concurrency_groups={_LISTENING: 1})(NodeWorker)
        actor = self._node_worker.options(
            num_cpus=settings.num_cpus,
            num_gpus=settings.num_gpus,
            resources=dict(settings.resources) or None,
            runtime_env=None if settings.runtime_env is None else dict(settings.runtime_env),
            max_restarts=0,
            max_task_retries=0,
        ).remote(
            self._stored,
            self._parcel.parts,
            self._variables(),
            threads=max(1, int(settings.num_cpus)),
            gpus=float(settings.num_gpus),
            path=import_path(),
        )
        return _Remote(actor, settings.shared_directory)

    def heard(self, links: Sequence["_Remote"], timeout: float | None) -> Iterator[tuple["_Remote", bytes, Any]]:
        """What workers have printed and sent."""
        import ray  # noqa: PLC0415

        listening = {link.listening: link for link in links}
        found, _ = ray.wait(list(listening), timeout=_LOOKS if timeout is None else min(timeout, _LOOKS))
        if found:
            found, _ = ray.wait(list(listening), num_returns=len(listening), timeout=0)
        for said in found:
            yield listening[said], *listening[said].heard()

    def close(self) -> None:
        """Frees the trial function, and leaves the cluster."""
        if not self._closed:
            self._closed = True
            self._stored = None
            self._parcel.close()
            self._cluster.close()

    def _variables(self) -> dict[str, str]:
        """The driver's environment variables that decide how models train, unless `runtime_env` sets them."""
        own = {name: value for name, value in os.environ.items() if name.startswith(_SENT_VARIABLES)}
        return {**own, **(self._settings.runtime_env or {}).get("env_vars", {})}


@final
class _Remote:
    """The connection to a worker on a node.

    Args:
        actor: A `NodeWorker`, or what will be one.
        shared: Whether it reaches the study's directory; None if it looks itself.
    """

    def __init__(self, actor: Any, shared: bool | None) -> None:  # noqa: FBT001 - as the user gave it
        self._actor = actor
        self._shared = shared
        self._reaches = shared
        self._files: CopiedFiles | None = None
        self._leaving: Any = None
        self.listening = self._listen()

    def send(self, message: Task | Decision) -> None:
        """Sends a message; a task with the trial's files, unless the worker reaches them."""
        self._actor.send.remote(self._with_files(message) if isinstance(message, Task) else message)

    def heard(self) -> tuple[bytes, Any]:
        """What it has printed and sent; files come first, then the event that tells of them."""
        import ray  # noqa: PLC0415

        try:
            said: Said = ray.get(self.listening)
        except ray.exceptions.RayError as error:
            return b"", Gone(_epitaph(error))
        self._reaches = self._reaches if said.reaches is None else said.reaches
        if said.files is not None and self._files is not None:
            self._files.apply(said.files)
        if not isinstance(said.message, (Broken, Gone)):
            self.listening = self._listen()
        return said.output, said.message

    def _listen(self) -> Any:
        return self._actor.listen.options(concurrency_group=_LISTENING).remote()

    def exited(self) -> bool:
        """Whether it has ended as it was told to; otherwise its death is heard, since it listens all the time."""
        import ray  # noqa: PLC0415

        return self._leaving is not None and bool(ray.wait([self._leaving], timeout=0)[0])

    def hang_up(self, *, idle: bool) -> None:
        """Tells it to end its process."""
        if self._leaving is None:
            self._leaving = self._actor.leave.remote(idle=idle)

    def end(self, *, idle: bool) -> bytes:
        """Ends it, and returns the rest of what it has printed."""
        import ray  # noqa: PLC0415

        self.hang_up(idle=idle)
        rest = b""
        with suppress(ray.exceptions.RayError):  # it has died
            rest = ray.get(self._leaving, timeout=_SECONDS_TO_LEAVE)
        ray.kill(self._actor)
        return rest

    def _with_files(self, task: Task) -> TaskSent:
        if task.directory is None:
            return TaskSent(task, None, None)
        files = None
        if not self._reaches:
            self._files = CopiedFiles(task.directory, places(task.trial, written=True))
            files = WatchedFiles(task.directory, places(task.trial, written=False), common=False).changes()
        return TaskSent(task, _lock(task.directory), files, self._shared)


def _lock(study: Path) -> bytes | None:
    with suppress(OSError):
        return (study / LOCK).read_bytes()
    return None


def _epitaph(error: Exception) -> str:
    """What Ray says about the end of an actor, in a line."""
    text = _COLOURS.sub("", str(error)).strip()
    last = text.splitlines()[-1].strip()[:_LONGEST] if text else type(error).__name__
    return f"its worker on the Ray cluster died: {last}"
