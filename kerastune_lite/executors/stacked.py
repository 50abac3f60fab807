"""Runs several trials in turns in this process, so that they can train together."""

from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, final

from greenlet import GreenletExit, getcurrent, greenlet

from kerastune_lite.executors.attempt import run_attempt
from kerastune_lite.space.number import count
from kerastune_lite.study.events import Ended, Event
from kerastune_lite.study.task import Decision, Send, Task, TrialFunction, Work


@final
@dataclass(frozen=True)
class Stacked:
    """Trials that train together in this process: those whose models differ in their values only.

    Such models have equal graphs. Each step of their trainings is one vectorized step for all of them, which makes
    small models several times faster. Their scores differ by rounding from those of trials that train alone. Other
    trials train one after the other. docs/performance.md says which models can be stacked.

    Args:
        trials: How many trials run at once.

    Raises:
        UsageError: It is not an integer of at least 1.

    Example:
        >>> import kerastune_lite as kt
        >>> tuner = kt.RandomSearch(build_model, "val_accuracy", workers=kt.executors.Stacked(16))  # doctest: +SKIP
    """

    trials: int = 16

    def __post_init__(self) -> None:
        count("trials", self.trials, 1, of="Stacked")

    def __call__(self, function: TrialFunction) -> "InTurns":
        """The executor for a trial function."""
        return InTurns(function, self.trials)


@final
class InTurns:
    """An executor whose trials run in turns, until each has ended or waits for others to work together.

    All run in one thread, and one at a time: a trial's turn ends where it calls `Task.meet`, and nowhere else.

    Args:
        function: Runs one attempt at a trial.
        trials: How many trials run at once.
    """

    def __init__(self, function: TrialFunction, trials: int) -> None:
        self._function = function
        self._most = trials
        self._queue: deque[Task] = deque()
        self._waiting: dict[greenlet, Work] = {}  # who has waited longest comes first
        self._cancelled: set[int] = set()
        self._handle: Send = _nothing
        self._heard = self._closed = False
        self._between = getcurrent()  # runs between the turns

    def free(self) -> int:
        """How many more trials can run; 0 while one is queued, as the search may end before that has begun."""
        return 0 if self._queue else self._most - len(self._waiting)

    def start(self, task: Task) -> None:
        """Queues a task."""
        self._cancelled.discard(task.trial)
        self._queue.append(task)

    def wait(self, handle: Send, timeout: float | None) -> None:  # noqa: ARG002 - it never waits
        """Runs trials until one of them has sent an event."""
        self._handle, self._heard, self._between = handle, False, getcurrent()
        while not self._heard and (self._queue or self._waiting):
            if self._queue:
                self._begin(self._queue.popleft())
            else:
                self._work()

    def cancel(self, trial: int) -> None:
        """Removes a queued task; a running one stops at its next event."""
        self._queue = deque(task for task in self._queue if task.trial != trial)
        self._cancelled.add(trial)

    def close(self) -> None:
        """Ends all trials where they wait."""
        self._closed = True
        self._queue.clear()
        for trial in list(self._waiting):
            trial.throw(GreenletExit)
        self._waiting.clear()

    def _begin(self, task: Task) -> None:
        trial = greenlet(partial(run_attempt, self._function))
        trial.gr_context = copy_context()
        self._turn(trial, trial.switch, replace(task, meet=self._meet), partial(self._send, task.trial))

    def _turn(self, trial: greenlet, go_on: Callable[..., Work | None], *given: Any) -> None:
        """Lets a trial run until it waits, or has ended."""
        work = go_on(*given)
        if work is not None:
            self._waiting[trial] = work

    def _meet(self, work: Work) -> Any:
        """Ends the turn of the trial that calls it."""
        if self._closed:
            raise GreenletExit
        return self._between.switch(work)

    def _send(self, trial: int, event: Event) -> Decision:
        if self._closed:
            return Decision()
        self._heard = True
        decision = self._handle(event)
        if trial in self._cancelled and not isinstance(event, Ended):
            return replace(decision, stop=decision.stop or "cancelled")
        return decision

    def _work(self) -> None:
        """Does the work of the group that has waited longest, and gives each of its trials a turn.

        So trials with the same work are soon at the same point of it, whenever they were started.
        """
        chosen = next(iter(self._waiting.values()))
        group = [trial for trial, work in self._waiting.items() if work.group == chosen.group]
        results = chosen.do([self._waiting[trial].given for trial in group])
        for trial, result in zip(group, results, strict=True):
            del self._waiting[trial]
            self._turn(trial, trial.throw if isinstance(result, Exception) else trial.switch, result)


def _nothing(_: Event) -> Decision:
    return Decision()
