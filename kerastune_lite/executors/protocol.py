"""What the loop asks of an executor."""

from collections.abc import Callable
from typing import Protocol

from kerastune_lite.study.task import Answer, Message, Task

Handle = Callable[[Message], Answer]
"""The loop's side of a conversation; it never raises."""


class Executor(Protocol):
    """Runs tasks somewhere and brings their messages into the loop's own thread."""

    def free(self) -> int:
        """How many tasks it could start now."""

    def start(self, task: Task) -> None:
        """Queues a task."""

    def wait(self, handle: Handle, timeout: float | None) -> None:
        """Delivers at least one message to `handle`, or returns after `timeout` seconds."""

    def cancel(self, number: int) -> None:
        """Drops the task of a trial, or ends it at its next message."""

    def close(self) -> None:
        """Lets go of everything it holds."""
