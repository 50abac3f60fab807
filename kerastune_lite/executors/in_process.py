"""Runs trials sequentially in this process."""

from collections import deque
from dataclasses import replace
from typing import final

from kerastune_lite.executors.attempt import run_attempt
from kerastune_lite.study.events import Ended, Event
from kerastune_lite.study.task import Decision, Send, Task, TrialFunction


@final
class InProcess:
    """An executor without workers: `wait` runs the next task to its end.

    Args:
        function: Runs one attempt at a trial.
    """

    def __init__(self, function: TrialFunction) -> None:
        self._function = function
        self._queue: deque[Task] = deque()
        self._cancelled: set[int] = set()

    def free(self) -> int:
        """1, or 0 if a task is queued."""
        return 0 if self._queue else 1

    def start(self, task: Task) -> None:
        """Queues a task."""
        self._cancelled.discard(task.trial)
        self._queue.append(task)

    def wait(self, handle: Send, timeout: float | None) -> None:  # noqa: ARG002 - it never waits
        """Runs the next task."""
        if not self._queue:
            return
        task = self._queue.popleft()

        def send(event: Event) -> Decision:
            decision = handle(event)
            if task.trial in self._cancelled and not isinstance(event, Ended):
                return replace(decision, stop=decision.stop or "cancelled")
            return decision

        run_attempt(self._function, task, send)

    def cancel(self, trial: int) -> None:
        """Removes a queued task; a running one stops at its next event."""
        self._queue = deque(task for task in self._queue if task.trial != trial)
        self._cancelled.add(trial)

    def close(self) -> None:
        """Removes all queued tasks."""
        self._queue.clear()
