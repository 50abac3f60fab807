"""Trials run one after the other in this process."""

from collections import deque

from kerastune_lite.executors.attempt import run_attempt
from kerastune_lite.executors.protocol import Handle
from kerastune_lite.study.task import Answer, HasEnded, Message, Task, TrialFunction


class InProcess:
    """The executor without workers: `wait` runs the queued task from beginning to end, `handle` is a plain call."""

    def __init__(self, function: TrialFunction) -> None:
        self._function = function
        self._queue: deque[Task] = deque()
        self._cancelled: set[int] = set()

    def free(self) -> int:
        """One, unless a task waits."""
        return 0 if self._queue else 1

    def start(self, task: Task) -> None:
        """Queues a task."""
        self._cancelled.discard(task.number)
        self._queue.append(task)

    def wait(self, handle: Handle, timeout: float | None) -> None:  # noqa: ARG002 - it never waits
        """Runs the next task."""
        if not self._queue:
            return
        task = self._queue.popleft()

        def send(message: Message) -> Answer:
            answer = handle(message)
            if task.number in self._cancelled and not isinstance(message, HasEnded):
                return Answer(stop=answer.stop or "cancelled", keep=answer.keep, known=answer.known)
            return answer

        run_attempt(self._function, task, send)

    def cancel(self, number: int) -> None:
        """Drops a waiting task; a running one is asked to stop at its next message."""
        self._queue = deque(task for task in self._queue if task.number != number)
        self._cancelled.add(number)

    def close(self) -> None:
        """Forgets what waits."""
        self._queue.clear()
