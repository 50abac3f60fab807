"""The loop of a search: asks the strategy, starts trials, records their events, decides on running trials.

One thread decides and writes. The loop alone records events and makes random generators.
"""

import math
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Literal, final

from kerastune_lite.errors import KerastuneError, SearchError, StudyChanged
from kerastune_lite.executors import Executor
from kerastune_lite.results.user_frames import from_user_code
from kerastune_lite.search.agenda import INTERRUPTED, Agenda
from kerastune_lite.search.interrupt import finishing_epoch
from kerastune_lite.search.limits import Reached
from kerastune_lite.search.patience import Patience
from kerastune_lite.search.recorder import Recorder
from kerastune_lite.search.settings import Settings
from kerastune_lite.study.durations import in_words
from kerastune_lite.study.events import (
    SEARCH_ENDED,
    SILENT,
    STOPPING,
    WORKER,
    Annotated,
    Ended,
    Event,
    ReadsRecorded,
    Reported,
    SearchStarted,
    Started,
)
from kerastune_lite.study.stop_request import stop_requested
from kerastune_lite.study.task import Decision, Task
from kerastune_lite.study.trial import Trial

_BROKEN = Decision(stop="the search has failed", keep=False)


@final
@dataclass(frozen=True, slots=True)
class _Halt:
    """The decision to end a running attempt.

    Attributes:
        reason: Why, in words.
        outcome: How the attempt ends if the trial is not complete before it can.
    """

    reason: str
    outcome: Literal["stopped", "paused", "interrupted"] = "stopped"

    @property
    def resumable(self) -> bool:
        """Whether the trial may be resumed."""
        return self.outcome != "stopped"


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
        self._halts: dict[int, _Halt] = {}
        self._began = 0.0
        self._patience = Patience(recorder.clock, None)
        self._epochs_before = 0
        self._first_failures: list[str | None] = []
        self._agenda = Agenda(recorder, settings, self._reached)
        self._interrupted = False
        self._error: BaseException | None = None

    def run(self, started: SearchStarted, requests: Sequence[Event] = ()) -> None:
        """Searches until the budget is used or the space is exhausted; `requests` are recorded after `started`.

        Raises:
            KeyboardInterrupt: The user interrupted; the study can be resumed.
            KerastuneError: The search cannot continue.
        """
        self._began, self._epochs_before = self._recorder.clock(), self._history.epochs_used
        self._patience = Patience(self._recorder.clock, self._settings.limits.seconds)
        for event in (started, *requests):
            self._recorder.record(event)
        self._end_lost_attempts()
        waits = self._settings.finish_epoch
        with finishing_epoch(lambda: self._interrupted, self._interrupt) if waits else nullcontext():
            self._search()
        self._record_notice()
        self._recorder.record(Annotated(key=SEARCH_ENDED, value=self._agenda.why))
        if self._interrupted:
            raise KeyboardInterrupt(self._agenda.why)

    def _record_notice(self) -> None:
        """Records what the stopping policy says about the search, unless that is recorded."""
        notice = getattr(self._settings.stopping, "notice", None)
        text = None if notice is None else notice(self._history)
        if text != self._history.notes.get(STOPPING):
            self._recorder.record(Annotated(key=STOPPING, value=text))

    def _interrupt(self) -> None:
        self._interrupted, self._agenda.why = True, INTERRUPTED

    def _search(self) -> None:
        try:
            self._run_trials()
        except KeyboardInterrupt:
            self._interrupt()
            self._end_running(INTERRUPTED)
        except BaseException as error:  # a policy may call sys.exit
            self._end_running(f"the search failed: {error}")
            raise

    def _run_trials(self) -> None:
        while True:
            while not self._interrupted and self._may_start() and (event := self._agenda.next()) is not None:
                self._executor.free()  # waits for the first worker
                if self._interrupted:
                    break
                self._start(event)
            if not self._history.running:
                return None
            left = self._patience.left if self._history.epochs_used > self._epochs_before else None
            before = self._patience.last
            self._executor.wait(self._handle, None if left is None else max(0.0, left))
            if self._error is not None:
                raise self._error
            nothing = left is not None and self._patience.last == before
            if nothing and (self._patience.left or 0.0) <= 0.0:
                return self._give_up()

    def _give_up(self) -> None:
        """Ends attempts that have not reported long after `max_time`; closing the executor ends their processes."""
        self._agenda.why = f"max_time={self._settings.limits.max_time!r} reached"
        how = f"{self._agenda.why}, and no report for {in_words(self._patience.allowed)} after that"
        for trial in self._history.running:
            self._recorder.record(_without_loss(trial, self._lost(trial, how)))

    def _may_start(self) -> bool:
        """Whether to ask for an attempt; workers start only once there is a first one."""
        return not self._history.running or self._executor.free() > 0

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
            self._recorder.record(_without_loss(trial, self._lost(trial)))
        none_succeeded = self._history.best is None
        for trial in self._history.trials:
            died = self._kills(trial.crashes)
            if self._may_retry(trial) or (none_succeeded and trial.status == "failed" and not died):
                self._agenda.retry(trial)

    def _lost(self, trial: Trial, how: str = "the process died") -> Ended:
        """The end of an attempt whose process died: the trial resumes, unless that has happened too often."""
        crashes = trial.crashes_if_dead
        if not self._kills(crashes):
            return Ended(trial=trial.number, outcome="interrupted", reason=how, died=True)
        reason = f"{how} in this trial {crashes} times" if crashes > 1 else f"{how} in this trial"
        return Ended(trial=trial.number, outcome="failed", reason=reason, died=True)

    def _kills(self, crashes: int) -> bool:
        """Whether a trial that took its process with it so often is given up."""
        limit = self._settings.max_crashes
        return limit is not None and crashes >= limit

    def _may_retry(self, trial: Trial) -> bool:
        retriable = trial.retriable and not self._kills(trial.crashes)
        return retriable and trial.failures <= self._settings.max_retries_per_trial

    def _reached(self) -> Reached | None:
        """The first limit that is reached; a request to stop is one."""
        directory = self._settings.directory
        asked = None if directory is None else stop_requested(directory)
        if asked is not None:
            return Reached(f"asked to stop by {asked}", resumable=True)
        seconds, epochs = self._recorder.clock() - self._began, self._history.epochs_used - self._epochs_before
        return self._settings.limits.reached(self._history, seconds, epochs)

    def _start(self, event: Started) -> None:
        resume = event.trial in self._history and self._history[event.trial].status in ("interrupted", "paused")
        self._recorder.record(event)
        self._patience.heard(event.trial)
        created, directory = self._history.created, self._settings.directory
        self._executor.start(Task(event, self._history.settings, resume=resume, created=created, directory=directory))
        worker_of = getattr(self._executor, "worker_of", None)
        if worker_of is not None:
            self._recorder.record(Annotated(trial=event.trial, key=WORKER, value=worker_of(event.trial)))

    def _handle(self, event: Event) -> Decision:
        """Records an event and decides; an error is kept for `_search` to raise, since user code is running now."""
        if self._error is not None:
            return _BROKEN
        try:
            if not (isinstance(event, Annotated) and event.key == SILENT):  # that is no event of the trial's own
                self._patience.heard(getattr(event, "trial", None))
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
            if not self._agenda.may_extend:
                raise
            self._agenda.extend(event.trial)
        owner = self._history.tree.owner(reads) if event.complete else None
        if not (self._history[event.trial].reads_complete and owner == event.trial):
            self._recorder.record(event)
        halt = self._halts.get(event.trial)
        return Decision(
            stop=None if halt is None else halt.reason, duplicate_of=None if owner == event.trial else owner
        )

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
        halt = self._halt(trial, event)
        keep = self._history.keeps(trial)
        if halt is None:
            return Decision(keep=keep)
        self._halts[event.trial] = halt
        return Decision(stop=halt.reason, resumable=halt.resumable, keep=keep)

    def _halt(self, trial: Trial, event: Reported) -> _Halt | None:
        """The decision on a report; a complete trial is left alone."""
        if self._interrupted:
            return _Halt(INTERRUPTED, "interrupted")
        loss = event.metrics.get("loss", 0.0)
        if not math.isfinite(loss):
            return _Halt(f"the loss became {loss} in epoch {event.epoch}")
        last = trial.confirms or event.execution + 1 >= self._history.settings.executions
        if last and event.epoch == self._history.known_epochs(trial):
            return None
        if trial.confirms:  # the search has ended otherwise
            limit = self._limit()
            return limit if limit is not None and limit.resumable else None
        return self._limit() or self._verdict(trial) or _pause(trial, event)

    def _limit(self) -> _Halt | None:
        reached = self._reached()
        return None if reached is None else _Halt(reached.reason, "paused" if reached.resumable else "stopped")

    def _verdict(self, trial: Trial) -> _Halt | None:
        policy = self._settings.stopping
        verdict = None if policy is None else policy(trial, self._history)
        return None if verdict is None else _Halt(verdict.reason)

    def _on_end(self, event: Ended) -> Decision:
        trial = self._history[event.trial]
        self._patience.forget(event.trial)
        if event.died:  # in a worker: the search continues
            self._halts.pop(event.trial, None)
            lost = _without_loss(trial, self._lost(trial, event.reason or "the process died"))
            self._recorder.record(lost)
            if lost.outcome == "failed":
                self._check_failures(lost)
            return Decision()
        ended = self._judge(trial, event, self._halts.pop(event.trial, None))
        self._recorder.record(ended)
        if event.fatal is not None:
            raise event.fatal
        if ended.outcome == "interrupted":
            self._interrupt()
        if self._may_retry(trial):
            self._agenda.retry(trial)
        elif ended.outcome in ("completed", "stopped", "failed"):
            self._check_failures(ended)
        return Decision()

    def _check_failures(self, ended: Ended) -> None:
        """Ends a search in which nothing works: its first trials have all raised the same error."""
        limit, first = self._settings.max_consecutive_failed_trials, self._first_failures
        if limit is None or len(first) >= limit:
            return
        first.append(ended.reason if ended.error is not None or ended.died else None)
        if first == [ended.reason] * limit and self._history.best is None:
            remedy = (
                "Fix the problem and search with overwrite=True: trials that kill their process are not retried"
                if ended.died
                else "Fix the problem and rerun: these trials are retried and use no budget"
            )
            raise SearchError(
                f"the first {limit} trials failed with the same error: {ended.reason}\n{remedy} "
                f"(max_consecutive_failed_trials=None continues instead).\n\n{from_user_code(ended.error or '')}"
            )

    def _judge(self, trial: Trial, event: Ended, halt: _Halt | None) -> Ended:
        """How the attempt ended, given what the loop decided."""
        event = _without_loss(trial, event)
        if event.outcome not in ("completed", "stopped"):
            return event
        if event.outcome == "completed" and halt is not None and halt.resumable and trial.score is not None:
            return event  # it was complete before it could stop
        stop = None if halt is None else halt.reason
        if halt is not None and halt.resumable:
            return replace(event, outcome=halt.outcome, reason=stop)
        if self._interrupted and stop is not None:
            return replace(event, outcome="interrupted", reason=stop)
        if trial.score is None:
            name = trial.objective.name
            what = "the loss" if math.isfinite(trial.metrics.get(name, math.nan)) else name
            reason = f"{what} was not finite in any epoch" + (f"; {stop}" if stop else "")
            return replace(event, outcome="failed", reason=reason)
        return event if stop is None else replace(event, outcome="stopped", reason=stop)


def _pause(trial: Trial, event: Reported) -> _Halt | None:
    """The pause that the strategy wants at this epoch."""
    pause_at = None if trial.proposal is None else trial.proposal.pause_at
    if pause_at is None or event.execution > 0 or event.epoch < pause_at:
        return None
    return _Halt(f"epoch {event.epoch}: waits for a promotion", "paused")


def _without_loss(trial: Trial, ended: Ended) -> Ended:
    """The end of an attempt; one that was to confirm a score and failed leaves the trial the score it has."""
    if ended.outcome != "failed" or not trial.confirms:
        return ended
    return replace(ended, outcome="completed", reason=f"a training run to confirm the score failed: {ended.reason}")
