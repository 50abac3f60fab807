"""The loop of a search: asks the strategy, starts trials, records their events, decides on running trials.

One thread decides and writes. The loop alone records events and makes random generators.
"""

import math
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, final

from kerastune_lite.errors import KerastuneError, SearchError, StudyChanged
from kerastune_lite.executors import Executor
from kerastune_lite.results.user_frames import from_user_code
from kerastune_lite.search.interrupt import finishing_epoch
from kerastune_lite.search.recorder import Recorder
from kerastune_lite.search.settings import Settings
from kerastune_lite.strategies import Proposal
from kerastune_lite.study.events import (
    SEARCH_ENDED,
    SPACE_EXTENDED,
    Annotated,
    Ended,
    Event,
    ReadsRecorded,
    Reported,
    SearchStarted,
    Started,
)
from kerastune_lite.study.task import Decision, Task
from kerastune_lite.study.trial import Trial

if TYPE_CHECKING:
    import numpy as np

_MAX_CONSECUTIVE_SKIPS = 100
_SPACE_EXHAUSTED = "every configuration of the space has been tried"
_INTERRUPTED = "interrupted by the user"
_BROKEN = Decision(stop="the search has failed", keep=False)


@final
class Loop:
    """One search, from `SearchStarted` to the annotation that closes it.

    Args:
        recorder: Records events.
        settings: What the search goes by, apart from what is recorded.
        executor: Runs the trials.
    """

    def __init__(self, recorder: Recorder, settings: Settings, executor: Executor) -> None:
        self._recorder = recorder
        self._history = recorder.history
        self._settings = settings
        self._executor = executor
        self._stops: dict[int, str] = {}
        self._retries: list[int] = []
        self._first_failures: list[str | None] = []
        trials = self._history.trials
        self._nothing_to_lose = bool(trials) and all(trial.epoch == 0 for trial in trials)
        self._may_extend = settings.extend or self._nothing_to_lose
        self._interrupted = False
        self._error: BaseException | None = None
        self._why = ""

    def run(self, started: SearchStarted, requests: Sequence[Event] = ()) -> None:
        """Searches until the budget is used or the space is exhausted; `requests` are recorded after `started`.

        Raises:
            KeyboardInterrupt: The user interrupted; the study can be resumed.
            KerastuneError: The search cannot continue.
        """
        for event in (started, *requests):
            self._recorder.record(event)
        self._end_lost_attempts()
        waits = self._settings.finish_epoch
        with finishing_epoch(lambda: self._interrupted, self._interrupt) if waits else nullcontext():
            self._search()
        self._recorder.record(Annotated(key=SEARCH_ENDED, value=self._why))
        if self._interrupted:
            raise KeyboardInterrupt(self._why)

    def _interrupt(self) -> None:
        self._interrupted, self._why = True, _INTERRUPTED

    def _search(self) -> None:
        while True:
            while not self._interrupted and self._executor.free() and (event := self._next()) is not None:
                self._start(event)
            if not self._history.running:
                return
            self._executor.wait(self._handle, None)
            if self._error is not None:
                self._end_running(f"the search failed: {self._error}")
                raise self._error

    def _end_running(self, reason: str) -> None:
        """Ends the running attempts of a search that fails; the next search resumes their trials."""
        with suppress(KerastuneError):  # the first error matters; it may be that nothing can be recorded
            for trial in self._history.running:
                self._recorder.record(Ended(trial=trial.number, outcome="interrupted", reason=reason))

    def _end_lost_attempts(self) -> None:
        """Attempts that were running when an earlier process died have ended; failed trials may have a retry left.

        While no trial has succeeded, all failed ones are retried: the user has probably fixed the problem.
        """
        for trial in self._history.running:
            self._recorder.record(self._lost(trial))
        none_succeeded = self._history.best is None
        self._retries = [
            trial.number
            for trial in self._history.trials
            if (none_succeeded and trial.status == "failed" and not self._kills(trial.crashes))
            or self._may_retry(trial)
        ]

    def _lost(self, trial: Trial) -> Ended:
        """The end of an attempt whose process died: the trial resumes, unless that has happened too often."""
        crashes = trial.crashes_if_dead
        if not self._kills(crashes):
            return Ended(trial=trial.number, outcome="interrupted", reason="the process died", died=True)
        reason = f"the process died in this trial {crashes} times" if crashes > 1 else "the process died in this trial"
        return Ended(trial=trial.number, outcome="failed", reason=reason, died=True)

    def _kills(self, crashes: int) -> bool:
        """Whether a trial that took its process with it so often is given up."""
        limit = self._settings.max_crashes
        return limit is not None and crashes >= limit

    def _may_retry(self, trial: Trial) -> bool:
        retriable = trial.retriable and not self._kills(trial.crashes)
        return retriable and trial.failures <= self._settings.max_retries_per_trial

    def _next(self) -> Started | None:
        """The next attempt: an interrupted trial, a failed one, an enqueued configuration, or a new proposal."""
        interrupted = next((trial for trial in self._history.unfinished if trial.status == "interrupted"), None)
        if interrupted is not None:
            return _next_attempt(interrupted)
        if self._retries:
            return _next_attempt(self._history[self._retries.pop(0)])
        settings = self._history.settings
        if settings.max_trials is not None and self._history.budget_used >= settings.max_trials:
            self._why = f"max_trials={settings.max_trials} reached"
            return None
        if self._history.consecutive_skips >= _MAX_CONSECUTIVE_SKIPS:
            self._why = f"{_MAX_CONSECUTIVE_SKIPS} trials in a row were infeasible or duplicates of earlier ones"
            return None
        return self._propose(settings.seed)

    def _propose(self, seed: int) -> Started | None:
        number = self._history.next_number
        if self._history.queue:
            return Started(trial=number, attempt=1, values=self._history.queue[0], source="queue")
        proposal = self._proposal(seed, number)
        if proposal is None and self._may_have_grown():
            self._extend(number)
            proposal = self._proposal(seed, number)
        if proposal is None:
            self._why = _SPACE_EXHAUSTED
            return None
        return Started(trial=number, attempt=1, values=proposal.values, unset=proposal.unset, note=proposal.note)

    def _proposal(self, seed: int, number: int) -> Proposal | None:
        return self._settings.strategy(self._history, _generator(seed, number))

    def _may_have_grown(self) -> bool:
        """Whether a space that an earlier search has exhausted may have grown; only reading can tell."""
        ended = self._history.at_rest and self._history.notes[SEARCH_ENDED] != _INTERRUPTED
        return ended and self._may_extend and (self._nothing_to_lose or self._settings.space is None)

    def _extend(self, number: int) -> None:
        """Trial `number` is the first of a new space. One search may extend once: its own reads must agree."""
        self._may_extend = False
        self._recorder.record(Annotated(key=SPACE_EXTENDED, value=number))

    def _start(self, event: Started) -> None:
        resume = event.trial in self._history and self._history[event.trial].status == "interrupted"
        self._recorder.record(event)
        self._executor.start(Task(event, self._history.settings, resume=resume, created=self._history.created))

    def _handle(self, event: Event) -> Decision:
        """Records an event and decides; an error is kept for `_search` to raise, since user code is running now."""
        if self._error is not None:
            return _BROKEN
        try:
            return self._decide(event)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - kept, not swallowed; a policy may call sys.exit
            self._error = error
            return _BROKEN

    def _decide(self, event: Event) -> Decision:
        match event:
            case ReadsRecorded():
                return self._on_reads(event)
            case Annotated():
                return self._on_annotation(event)
            case Reported():
                return self._on_report(event)
            case Ended():
                return self._on_end(event)
            case _:
                raise TypeError(f"a trial must not send {event!r}")

    def _on_reads(self, event: ReadsRecorded) -> Decision:
        reads = event.reads
        try:
            self._history.tree.check(reads)
        except StudyChanged:
            if not self._may_extend:
                raise
            self._extend(event.trial)
        owner = self._history.tree.owner(reads) if event.complete else None
        if not (self._history[event.trial].reads_complete and owner == event.trial):
            self._recorder.record(event)
        return Decision(stop=self._stops.get(event.trial), duplicate_of=None if owner == event.trial else owner)

    def _on_annotation(self, event: Annotated) -> Decision:
        notes = self._history.notes if event.trial is None else self._history[event.trial].notes
        if notes.get(event.key) != event.value:
            self._recorder.record(event)
        return Decision()

    def _on_report(self, event: Reported) -> Decision:
        trial = self._history[event.trial]
        scored_from = self._settings.scored_from
        if trial.score is None and scored_from is not None and event.epoch >= scored_from:
            trial.objective.check(event.metrics)
        self._recorder.record(event)
        stop = self._stop(trial, event)
        if stop is not None:
            self._stops[event.trial] = stop
        return Decision(stop=stop, keep=self._history.keeps(trial))

    def _stop(self, trial: Trial, event: Reported) -> str | None:
        if self._interrupted:
            return _INTERRUPTED
        loss = event.metrics.get("loss", 0.0)
        if not math.isfinite(loss):
            return f"the loss became {loss} in epoch {event.epoch}"
        policy = self._settings.stopping
        verdict = None if policy is None else policy(trial, self._history)
        return None if verdict is None else verdict.reason

    def _on_end(self, event: Ended) -> Decision:
        trial = self._history[event.trial]
        ended = self._judge(trial, event, self._stops.pop(event.trial, None))
        self._recorder.record(ended)
        if event.fatal is not None:
            raise event.fatal
        if ended.outcome == "interrupted":
            self._interrupt()
        if self._may_retry(trial):
            self._retries.append(event.trial)
        elif ended.outcome in ("completed", "stopped", "failed"):
            self._check_failures(ended)
        return Decision()

    def _check_failures(self, ended: Ended) -> None:
        """Ends a search in which nothing works: its first trials have all raised the same error."""
        limit, first = self._settings.max_consecutive_failed_trials, self._first_failures
        if limit is None or len(first) >= limit:
            return
        first.append(None if ended.error is None else ended.reason)
        if first == [ended.reason] * limit and self._history.best is None:
            raise SearchError(
                f"the first {limit} trials failed with the same error: {ended.reason}\nFix the problem and rerun: "
                "these trials are retried and use no budget (max_consecutive_failed_trials=None continues instead)."
                f"\n\n{from_user_code(ended.error or '')}"
            )

    def _judge(self, trial: Trial, event: Ended, stop: str | None) -> Ended:
        """How the attempt ended, given what the loop decided."""
        if event.outcome not in ("completed", "stopped"):
            return event
        if event.outcome == "completed" and stop == _INTERRUPTED and trial.score is not None:
            return event  # it was complete before it could stop
        if self._interrupted and stop is not None:
            return replace(event, outcome="interrupted", reason=stop)
        if trial.score is None:
            name = trial.objective.name
            what = "the loss" if math.isfinite(trial.metrics.get(name, math.nan)) else name
            reason = f"{what} was not finite in any epoch" + (f"; {stop}" if stop else "")
            return replace(event, outcome="failed", reason=reason)
        return event if stop is None else replace(event, outcome="stopped", reason=stop)


def _next_attempt(trial: Trial) -> Started:
    proposal = trial.proposal
    if proposal is None:  # the record of its start is damaged: the values read are what it is
        return Started(trial=trial.number, attempt=trial.attempts + 1, values=trial.values)
    return replace(proposal, attempt=trial.attempts + 1)


def _generator(seed: int, number: int) -> "np.random.Generator":
    """The stream that proposes trial `number`."""
    import numpy as np  # noqa: PLC0415 - heavy: loaded by the first search, not by the import

    return np.random.default_rng([seed, number])
