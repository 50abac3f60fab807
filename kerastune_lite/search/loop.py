"""The loop of a search: asks the strategy, starts trials, records what happens, answers running trials.

One thread decides and writes. The loop alone appends to the store and makes random generators.
"""

import math
import os
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import TYPE_CHECKING, Any

from kerastune_lite.errors import SearchError
from kerastune_lite.executors import Executor
from kerastune_lite.stopping import StoppingPolicy
from kerastune_lite.strategies import Proposal, Strategy
from kerastune_lite.study.events import (
    SEARCH_ENDED,
    Annotated,
    Defined,
    Ended,
    Event,
    ReadsRecorded,
    Reported,
    SearchStarted,
    Stamp,
    Started,
)
from kerastune_lite.study.history import History
from kerastune_lite.study.store import Store
from kerastune_lite.study.task import Answer, Ending, HasEnded, HasRead, HasReported, IsAlive, Message, Task
from kerastune_lite.study.trial import Trial

if TYPE_CHECKING:
    import numpy as np

Observer = Callable[[Event, History], None]
"""Sees every event right after it was recorded."""

_MAX_CONSECUTIVE_SKIPS = 100
_SPACE_EXHAUSTED = "every point of the space has been tried"


class Recorder:
    """Writes events: to the store first, then to the history, then to the observers."""

    def __init__(self, store: Store, history: History, observers: Sequence[Observer]) -> None:
        self.history = history
        self._store = store
        self._observers = observers
        self._worker = f"{socket.gethostname()}:{os.getpid()}"

    def record(self, event: Event) -> None:
        """Makes `event` a fact.

        Raises:
            StudyWriteError: It could not be written, and is no fact.
        """
        event = replace(event, stamp=Stamp(time.time(), time.monotonic(), self._worker))
        self._store.append(event)
        self.history.apply(event)
        for observer in self._observers:
            observer(event, self.history)


class GuardedObserver:
    """A user's observer: if it raises, the user is told and it is not called again, and the search goes on."""

    def __init__(self, observer: Observer) -> None:
        self._observer: Observer | None = observer

    def __call__(self, event: Event, history: History) -> None:
        """Passes the event on."""
        if self._observer is None:
            return
        try:
            self._observer(event, history)
        except Exception as error:  # noqa: BLE001 - a tracker that is down must not cost trials
            warnings.warn(
                f"observer {self._observer!r} raised {type(error).__name__}: {error}; "
                "it is left out for the rest of this search",
                RuntimeWarning,
                stacklevel=2,
            )
            self._observer = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the loop goes by, apart from what is on record.

    Attributes:
        max_retries: How often a trial that fails is tried again.
        keep: How many trials' models are kept; None for all.
        scored_from: The first epoch that must report the objective.
        finish_epoch: Whether the first Ctrl-C waits for the end of the epoch under way.
    """

    max_retries: int = 0
    keep: int | None = None
    scored_from: int = 1
    finish_epoch: bool = True


class Loop:
    """One `search`, from `SearchStarted` to the note that closes it."""

    def __init__(
        self,
        recorder: Recorder,
        strategy: Strategy,
        executor: Executor,
        rules: Rules,
        stopping: StoppingPolicy | None = None,
    ) -> None:
        self._recorder = recorder
        self._history = recorder.history
        self._strategy = strategy
        self._executor = executor
        self._rules = rules
        self._stopping = stopping
        self._stops: dict[int, str] = {}
        self._retries: list[int] = []
        self._interrupted = False
        self._error: BaseException | None = None
        self._why = ""

    def run(self, settings: SearchStarted, requests: Sequence[Event] = ()) -> None:
        """Searches until the budget or the space is used up; `requests` are recorded right after the settings.

        Raises:
            KeyboardInterrupt: The user interrupted; the study can be resumed.
            KerastuneError: The search cannot go on.
        """
        for event in (settings, *requests):
            self._recorder.record(event)
        self._take_up_the_pieces()
        with self._ctrl_c():
            self._search()
        self._recorder.record(Annotated(key=SEARCH_ENDED, value=self._why))
        if self._interrupted:
            raise KeyboardInterrupt(self._why)

    def _search(self) -> None:
        while True:
            while not self._interrupted and self._executor.free() and (event := self._next()) is not None:
                self._start(event)
            if not self._history.running:
                return
            self._executor.wait(self._handle, None)
            if self._error is not None:
                raise self._error

    def _take_up_the_pieces(self) -> None:
        """Attempts that were under way when an earlier process died are over, and failures may have a retry left."""
        for trial in self._history.running:
            self._recorder.record(Ended(trial=trial.number, outcome="interrupted", reason="the process died"))
        self._retries = [trial.number for trial in self._history.trials if self._may_retry(trial)]

    def _may_retry(self, trial: Trial) -> bool:
        return trial.status == "failed" and trial.failures <= self._rules.max_retries

    def _next(self) -> Started | None:
        """The next attempt: an interrupted trial, a failed one, a point of the queue, or a new proposal."""
        interrupted = next((trial for trial in self._history.unfinished if trial.status == "interrupted"), None)
        if interrupted is not None:
            return _again(interrupted)
        if self._retries:
            return _again(self._history[self._retries.pop(0)])
        settings = self._history.settings
        assert settings is not None
        if settings.max_trials is not None and self._history.budget_used >= settings.max_trials:
            self._why = f"max_trials={settings.max_trials} reached"
            return None
        if self._history.consecutive_skips >= _MAX_CONSECUTIVE_SKIPS:
            self._why = f"{_MAX_CONSECUTIVE_SKIPS} trials in a row were infeasible or duplicates of earlier ones"
            return None
        return self._new(settings)

    def _new(self, settings: SearchStarted) -> Started | None:
        number = self._history.next_number
        if self._history.queue:
            return Started(trial=number, attempt=1, values=self._history.queue[0], source="queue")
        proposal: Proposal | None = self._strategy(self._history, _generator(settings.seed, number))
        if proposal is None:
            self._why = _SPACE_EXHAUSTED
            return None
        return Started(trial=number, attempt=1, values=proposal.values, unset=proposal.unset, note=proposal.note)

    def _start(self, event: Started) -> None:
        settings = self._history.settings
        assert settings is not None
        again = event.trial in self._history and self._history[event.trial].status == "interrupted"
        task = Task(
            number=event.trial,
            attempt=event.attempt,
            values=event.values,
            unset=event.unset,
            seed=settings.seed,
            executions=settings.executions,
            resume=again,
        )
        self._recorder.record(event)
        self._executor.start(task)

    def _handle(self, message: Message) -> Answer:
        """Answers a trial; an error of ours is kept for `_search` to raise, since user code is running now."""
        try:
            return self._answer(message)
        except Exception as error:  # noqa: BLE001 - kept, not swallowed
            self._error = self._error or error
            return Answer(stop="the search cannot go on", keep=False)

    def _answer(self, message: Message) -> Answer:
        if self._error is not None:
            return Answer(stop="the search cannot go on", keep=False)
        match message:
            case HasRead():
                return self._on_read(message)
            case HasReported():
                return self._on_report(message)
            case HasEnded():
                return self._on_end(message)
            case IsAlive():
                return Answer(stop=self._stops.get(message.number))

    def _on_read(self, message: HasRead) -> Answer:
        trial = self._history[message.number]
        self._history.tree.check(message.path)
        for definition in message.definitions:
            if self._history.id_of(definition) is None:
                self._recorder.record(Defined(id=self._history.next_id, definition=definition))
        owner = self._history.tree.owner(message.path) if message.complete else None
        known = owner if owner != message.number else None
        path = tuple(
            (read.definition.name, _known(self._history.id_of(read.definition)), read.value) for read in message.path
        )
        if not (trial.reads_complete and owner == message.number):
            self._recorder.record(ReadsRecorded(trial=message.number, path=path, complete=message.complete))
        for key, value in message.notes.items():
            if trial.notes.get(key) != value:
                self._recorder.record(Annotated(trial=message.number, key=key, value=value))
        return Answer(stop=self._stops.get(message.number), known=known)

    def _on_report(self, message: HasReported) -> Answer:
        trial = self._history[message.number]
        if trial.score is None and message.epoch >= self._rules.scored_from:
            trial.objective.check(message.metrics)
        metrics = {name: float(value) for name, value in message.metrics.items()}
        self._recorder.record(
            Reported(trial=message.number, execution=message.execution, epoch=message.epoch, metrics=metrics)
        )
        stop = self._stop(trial, metrics)
        if stop is not None:
            self._stops[message.number] = stop
        return Answer(stop=stop, keep=self._rules.keep is None or self._history.rank_of(trial) < self._rules.keep)

    def _stop(self, trial: Trial, metrics: dict[str, float]) -> str | None:
        if self._interrupted:
            return "interrupted by the user"
        loss = metrics.get("loss", 0.0)
        if not math.isfinite(loss):
            return f"the loss became {loss} in epoch {trial.epoch}"
        verdict = None if self._stopping is None else self._stopping(trial, self._history)
        return None if verdict is None else verdict.reason

    def _on_end(self, message: HasEnded) -> Answer:
        trial = self._history[message.number]
        ending = self._judge(trial, message.ending, self._stops.pop(message.number, None))
        self._recorder.record(
            Ended(trial=message.number, outcome=ending.outcome, reason=ending.reason, error=ending.error)
        )
        if message.fatal is not None:
            raise message.fatal
        if ending.outcome == "interrupted":
            self._interrupted, self._why = True, "interrupted by the user"
        if self._may_retry(trial):
            self._retries.append(message.number)
        return Answer()

    def _judge(self, trial: Trial, ending: Ending, stop: str | None) -> Ending:
        """What the attempt's own word amounts to, with what the loop knows."""
        if ending.outcome not in ("completed", "stopped"):
            return ending
        if self._interrupted and stop is not None:
            return Ending("interrupted", stop)
        if trial.score is None:
            name = trial.objective.name
            what = "the loss" if math.isfinite(trial.metrics.get(name, math.nan)) else name
            return Ending("failed", f"{what} was not finite in any epoch" + (f"; {stop}" if stop else ""))
        return ending if stop is None else Ending("stopped", stop)

    @contextmanager
    def _ctrl_c(self) -> Iterator[None]:
        """The first Ctrl-C lets the epoch under way finish, the second one raises at once."""
        if not self._rules.finish_epoch or threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.getsignal(signal.SIGINT)

        def interrupt(number: int, frame: FrameType | None) -> None:
            if self._interrupted:
                signal.default_int_handler(number, frame)
            self._interrupted, self._why = True, "interrupted by the user"
            print("\nfinishing this epoch; press Ctrl-C again to stop at once", file=sys.stderr, flush=True)

        signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def _again(trial: Trial) -> Started:
    proposal = trial.proposal
    if proposal is None:  # its start is lost to damage: the values that were read are what it is
        return Started(trial=trial.number, attempt=trial.attempts + 1, values=trial.values)
    return replace(proposal, attempt=trial.attempts + 1)


def _known(ident: int | None) -> int:
    if ident is None:
        raise SearchError("a hyperparameter was read whose definition was not sent along")
    return ident


def _generator(seed: int, number: int) -> "np.random.Generator":
    """The stream that proposes trial `number`."""
    import numpy as np  # noqa: PLC0415 - heavy: loaded by the first search, not by the import

    return np.random.default_rng([seed, number])


def versions() -> dict[str, Any]:
    """What this search runs on, for the record."""
    found = {"python": sys.version.split()[0]}
    for name in ("keras", "tensorflow", "numpy", "skopt"):
        if name in sys.modules:
            found[name] = str(getattr(sys.modules[name], "__version__", "unknown"))
    return found
