"""What the loop asks of an executor."""

from typing import Protocol

from kerastune_lite.study.task import Send, Task


class Executor(Protocol):
    """Runs tasks somewhere and brings their events into the loop's own thread."""

    def free(self) -> int:
        """How many tasks it could start now."""

    def start(self, task: Task) -> None:
        """Queues a task."""

    def wait(self, handle: Send, timeout: float | None) -> None:
        """Delivers at least one event to `handle`, which never raises, or returns after `timeout` seconds.

        The last event of each task is its `Ended`.
        """

    def cancel(self, trial: int) -> None:
        """Drops the task of a trial, or stops it at its next event."""

    def close(self) -> None:
        """Releases everything it holds."""
