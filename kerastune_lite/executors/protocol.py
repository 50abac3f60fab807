"""The interface of an executor."""

from typing import Protocol

from kerastune_lite.study.task import Send, Task


class Executor(Protocol):
    """Runs tasks and delivers their events in the loop's thread."""

    def free(self) -> int:
        """The number of tasks that can be started now."""

    def start(self, task: Task) -> None:
        """Queues a task."""

    def wait(self, handle: Send, timeout: float | None) -> None:
        """Delivers at least one event to `handle`, which never raises, or returns after `timeout` seconds.

        The last event of each task is its `Ended`.
        """

    def cancel(self, trial: int) -> None:
        """Removes the queued task of a trial, or stops a running one at its next event."""

    def close(self) -> None:
        """Releases all resources."""
