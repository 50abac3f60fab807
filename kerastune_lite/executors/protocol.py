"""The interface of an executor."""

from typing import Protocol

from kerastune_lite.study.task import Send, Task


class Executor(Protocol):
    """Runs tasks and delivers their events in the loop's thread.

    One that runs trials in other processes may have a method `worker_of(trial)`, which names the host and the process
    of a running trial for the record.
    """

    def free(self) -> int:
        """The number of tasks that can be started now."""

    def start(self, task: Task) -> None:
        """Queues a task."""

    def wait(self, handle: Send, timeout: float | None) -> None:
        """Delivers events to `handle`, which never raises; returns after one, after `timeout` seconds, or when free.

        The last event of each task is its `Ended`. If the process of a task has died, its attempt is `interrupted` and
        `died` is true.
        """

    def cancel(self, trial: int) -> None:
        """Removes the queued task of a trial, or stops a running one at its next event."""

    def close(self) -> None:
        """Releases all resources."""
