"""The connection to a Ray cluster: searches of one process share it, and one that the user has made is left alone."""

import logging
import math
import os
import signal
import socket
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, final

from kerastune_lite.errors import SearchError, UsageError

_SECONDS_TO_CONNECT = 5.0
_SECONDS_PER_LOOK = 1.0  # for so long the nodes are taken to be the same


@dataclass
class _Connection:
    """The connection that searches of this process have made."""

    searches: int = 0
    ours: bool = False


_connection = _Connection()
_lock = threading.Lock()


@final
class Cluster:
    """A Ray cluster, as far as a search needs it.

    Args:
        address: As in `ray.init`.
        needs: What each worker takes of a node, by the names of the resources.
        patience: How many seconds there may be no node that a worker fits on.
    """

    def __init__(self, address: str | None, needs: Mapping[str, float], patience: float) -> None:
        self._address = address
        self._needs = {name: amount for name, amount in needs.items() if amount > 0}
        self._patience = patience
        self._connected = False
        self._room = 0
        self._looked = -math.inf
        self._without_room: float | None = None

    def connect(self) -> None:
        """Connects, unless this process is connected; starts a Ray of its own where the address means that.

        Raises:
            UsageError: The address cannot be reached, or the process is connected to another one.
        """
        if self._connected:
            return
        import ray  # noqa: PLC0415 - heavy

        with _lock:
            if not ray.is_initialized():
                self._initialise()
                _connection.ours = True
            elif self._address not in {None, "auto", ray.get_runtime_context().gcs_address}:
                raise UsageError(
                    f"Ray(address={self._address!r}): this process is connected to "
                    f"{ray.get_runtime_context().gcs_address}; leave the address out, or call ray.shutdown() first"
                )
            _connection.searches += 1
        self._connected = True

    def close(self) -> None:
        """Disconnects, if a search has connected and this is the last one that needs it."""
        if not self._connected:
            return
        import ray  # noqa: PLC0415

        self._connected = False
        with _lock:
            _connection.searches -= 1
            if _connection.searches == 0 and _connection.ours:
                _connection.ours = False
                ray.shutdown()

    def room(self) -> int:
        """How many workers fit on the nodes, whatever else runs there.

        Raises:
            SearchError: There has been no room for one for too long.
        """
        now = time.monotonic()
        if now - self._looked < _SECONDS_PER_LOOK:
            return self._room
        nodes = _nodes()
        self._looked, self._room = now, sum(map(self._fitting, nodes))
        if self._room:
            self._without_room = None
            return self._room
        since = self._without_room = now if self._without_room is None else self._without_room
        if now - since >= self._patience:
            raise SearchError(self._lacking(nodes))
        return 0

    def _fitting(self, node: Mapping[str, float]) -> int:
        """How many workers fit on a node with these resources."""
        counts = (math.floor(node.get(name, 0.0) / amount + 1e-9) for name, amount in self._needs.items())
        return min(counts, default=1)

    def _lacking(self, nodes: list[Mapping[str, float]]) -> str:
        names = sorted({*self._needs, "CPU", "GPU"})
        has = [", ".join(f"{node.get(name, 0):g} {name}" for name in names) for node in nodes]
        found = f"the cluster has {len(nodes)} nodes: {'; '.join(has[:5])}{'; ...' if len(has) > 5 else ''}"
        wanted = ", ".join(f"{amount:g} {name}" for name, amount in self._needs.items())
        return (
            f"no node of the Ray cluster has what a worker needs ({wanted}); {found}. Ask for less, or give "
            "wait_for_nodes=SECONDS if the cluster adds such nodes on demand"
        )

    def _initialise(self) -> None:
        """Calls `ray.init`, which would wait for minutes for an address that nobody answers at.

        Raises:
            UsageError: The address cannot be reached.
        """
        import ray  # noqa: PLC0415

        address = self._address
        named = os.environ.get("RAY_ADDRESS") if address in {None, "auto"} else address
        _check_reachable(named)
        try:
            with _user_signals(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # they are about Ray's future defaults
                ray.init(address=address, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise UsageError(f"Ray(address={address!r}): {str(error).strip()}") from error


def _nodes() -> list[Mapping[str, float]]:
    """The resources of the living nodes."""
    import ray  # noqa: PLC0415

    found: list[dict[str, Any]] = ray.nodes()
    return [node["Resources"] for node in found if node["Alive"]]


def _check_reachable(address: str | None) -> None:
    host, _, port = (address or "").rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _SECONDS_TO_CONNECT).close()
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"no Ray cluster answers at {address} ({error}); check the address (`ray status` on the head node), or "
            "leave it out for a Ray on this machine"
        ) from error


@contextmanager
def _user_signals() -> Iterator[None]:
    """Keeps the handler of SIGTERM, which `ray.init` replaces."""
    here = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM) if here else None
    try:
        yield
    finally:
        if before is not None:
            with suppress(ValueError):
                signal.signal(signal.SIGTERM, before)
