"""The history of a study: a fold over its events, with indexes that make decisions fast.

Only the loop adds events; strategies, stopping policies and observers read it.
"""

import bisect
import operator
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any

from kerastune_lite.errors import StudyChanged, StudyError
from kerastune_lite.space.kinds import Hyperparameter, Value
from kerastune_lite.space.space import Space
from kerastune_lite.study.curves import Rung, Rungs
from kerastune_lite.study.events import (
    EPOCHS,
    SEARCH_ENDED,
    SPACE_EXTENDED,
    WORKER,
    Annotated,
    Ended,
    Enqueued,
    Event,
    ExternalResult,
    ReadsRecorded,
    Reported,
    SearchStarted,
    Started,
)
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.reads import Node, ReadsTree
from kerastune_lite.study.trial import COMPLETE, Trial

# Outcomes that say nothing about the objective and use no budget.
_UNCOUNTED = ("duplicate", "infeasible")

# The settings of a trial while the record of the search is damaged.
_LOST = SearchStarted(objective=Objective("(lost)", "min"), strategy={}, seed=0, max_trials=None)


class History:
    """Everything known about a study.

    Attributes:
        last_search: The last `SearchStarted`; None before the first search.
        created: When the first search began, in seconds since 1970; it identifies the study.
        search_began: When the last search began, in seconds since 1970.
        updated: When the last event was recorded, in seconds since 1970.
        end_reason: Why the last search ended, in words; None while it runs, and after its process died.
        space: The hyperparameters known so far, merged by name and kind.
        tree: The reads of all trials; of those since the space was last extended.
        queue: Enqueued configurations that have not started, oldest first.
        external_results: Results from elsewhere.
        requests: Everything that the user has ever enqueued or added, without stamps.
        notes: Annotations of the study, by key.
        consecutive_skips: How many trials of the last search in a row ended as duplicate or infeasible.
        completed: Completed trials, in the order they ended.
        longest: The epochs of the longest training run of a completed trial; 0 before the first.
        epochs_used: Epochs trained in all trials, those trained again after a failure included.
        ended_since_best: How many trials have ended, and counted, since the best one.
        at_rest: Whether a search has ended and nothing has been tried since.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.last_search: SearchStarted | None = None
        self.created = 0.0
        self.search_began = 0.0
        self.updated = 0.0
        self.end_reason: str | None = None
        self._seconds_before = 0.0
        self.space = Space()
        self.tree = ReadsTree()
        self.queue: deque[Mapping[str, Value]] = deque()
        self.external_results: list[ExternalResult] = []
        self.requests: list[Enqueued | ExternalResult] = []
        self.notes: dict[str, Any] = {}
        self.consecutive_skips = 0
        self.completed: list[Trial] = []
        self.longest = 0
        self.epochs_used = 0
        self.ended_since_best = 0
        self._rungs = Rungs()
        self.at_rest = False
        self._trials: dict[int, Trial] = {}
        self._definitions: dict[str, Hyperparameter] = {}
        self._unfinished: dict[int, Trial] = {}
        self._reserved: dict[int, list[Node]] = {}
        self._next_number = 0
        self._ranked: list[tuple[tuple[int, float], int]] = []
        self._ranked_by: dict[int, tuple[int, float]] = {}  # the place of each trial among them
        self._uncounted: set[int] = set()
        self._lost: dict[int, ReadsRecorded] = {}  # reads of which the record of a definition is damaged
        self._fold: dict[type, Callable[[Any], None]] = {
            SearchStarted: self._opened,
            Enqueued: self._enqueued,
            ExternalResult: self._external_result,
            Started: self._started,
            ReadsRecorded: self._read,
            Reported: self._reported,
            Ended: self._ended,
            Annotated: self._noted,
        }
        for event in events:
            self.apply(event)

    @property
    def settings(self) -> SearchStarted:
        """The settings of the last search.

        Raises:
            StudyError: There is none.
        """
        if self.last_search is None:
            raise StudyError("this study has not been searched yet: it has no objective; call search() first")
        return self.last_search

    @property
    def objective(self) -> Objective:
        """What is optimised."""
        return self.settings.objective

    @property
    def elapsed(self) -> float:
        """Seconds of all searches, each from its beginning to its last event."""
        seconds = 0.0 if self.last_search is None else self.updated - self.search_began
        return self._seconds_before + max(0.0, seconds)

    @property
    def trials(self) -> list[Trial]:
        """All trials, by number."""
        return [self._trials[number] for number in sorted(self._trials)]

    @property
    def unfinished(self) -> list[Trial]:
        """Trials that are running, interrupted or paused, by number."""
        return [self._unfinished[number] for number in sorted(self._unfinished)]

    @property
    def running(self) -> list[Trial]:
        """Running trials, by number."""
        return [trial for trial in self.unfinished if trial.status == "running"]

    @property
    def next_number(self) -> int:
        """The number of the next new trial."""
        return self._next_number

    @property
    def budget_used(self) -> int:
        """Trials that count against `max_trials`: all but duplicates and infeasible ones."""
        return len(self._trials) - len(self._uncounted)

    @property
    def best(self) -> Trial | None:
        """The best trial with a score; None if there is none."""
        return self._trials[self._ranked[0][1]] if self._ranked else None

    def ranked(self) -> Iterator[Trial]:
        """Trials with a score, best first."""
        return (self._trials[number] for _, number in self._ranked)

    def rank_of(self, trial: Trial) -> int:
        """The rank, from 0, of a trial with its present score among those that have ended with one."""
        return bisect.bisect_left(self._ranked, ((COMPLETE, trial.sort_key()[1]), trial.number))

    def kept(self) -> Iterator[Trial]:
        """The best trials: those whose model is kept."""
        return islice(self.ranked(), self.settings.keep_checkpoints)

    def keeps(self, trial: Trial) -> bool:
        """Whether a running trial, with its present score, is among those whose model is kept."""
        keep = self.settings.keep_checkpoints
        return keep is None or trial.score is None or self.rank_of(trial) < keep

    def known_epochs(self, trial: Trial) -> int | None:
        """The epochs of a full training: the trial's own, else the search's; None if they are not known beforehand."""
        own = trial.notes.get(EPOCHS)
        return own if type(own) is int and own > 0 else self.settings.epochs

    @property
    def scored(self) -> int:
        """How many trials have ended with a score."""
        return len(self._ranked)

    def rung(self, epoch: int, execution: int = 0) -> Rung:
        """The scores, so far, with which trials reached an epoch: each at its first report with a score from there on.

        Failed trials are left out. The first call for an epoch looks at all trials; the history keeps its result.
        """
        rung = self._rungs.get(execution, epoch)
        if rung is None:
            trials = (trial for trial in self._trials.values() if _compares(trial))
            values = ((trial.number, trial.curve(execution).at(epoch)) for trial in trials)
            rung = self._rungs.add(execution, epoch, values)
        return rung

    def __len__(self) -> int:
        return len(self._trials)

    def __contains__(self, number: object) -> bool:
        return number in self._trials

    def __getitem__(self, number: int) -> Trial:
        return self._trials[number]

    def apply(self, event: Event) -> None:
        """Adds an event."""
        self._fold[type(event)](event)
        self.updated = event.stamp.wall

    def _trial(self, number: int) -> Trial:
        trial = self._trials.get(number)
        if trial is None:
            trial = self._trials[number] = self._unfinished[number] = Trial(number, self.last_search or _LOST)
            self._next_number = max(self._next_number, number + 1)
        return trial

    def _opened(self, event: SearchStarted) -> None:
        before, self.last_search = self.last_search, event
        self.created = self.created or event.stamp.wall
        if before is not None:
            self._seconds_before = self.elapsed
        self.search_began, self.end_reason = event.stamp.wall, None
        self.consecutive_skips = 0
        for definition in event.space or ():
            self.space.add(definition)
        if event.extends:
            self._begin_tree()
        if before is not None and (before.objective, before.executions) == (event.objective, event.executions):
            return
        self._rungs.clear()
        for trial in self._trials.values():
            trial._judge_by(event)
        self._ranked, self._ranked_by = [], {}
        for trial in self._trials.values():
            self._rank(trial)

    def _begin_tree(self) -> None:
        self.tree, self.at_rest = ReadsTree(), False

    def _enqueued(self, event: Enqueued) -> None:
        self.queue.append(event.values)
        self.requests.append(Enqueued(values=event.values))

    def _external_result(self, event: ExternalResult) -> None:
        self.external_results.append(event)
        self.requests.append(ExternalResult(values=event.values, score=event.score))

    def _started(self, event: Started) -> None:
        if event.source == "queue" and event.attempt == 1 and event.values in self.queue:
            self.queue.remove(event.values)
        self.at_rest = False
        trial = self._trial(event.trial)
        if trial.status == "completed":  # it resumes after it had ended
            self.completed.remove(trial)
        self._unrank(trial)
        trial._start(event)
        self._rungs.replace(trial.number, trial.curve)
        self._unfinished[event.trial] = trial
        if not trial.reads_complete:
            self._reserve(trial)

    def _read(self, event: ReadsRecorded) -> None:
        event = self._shared(event)
        trial = self._trial(event.trial)
        trial._read(event)
        if event.definitions is None:  # the values stand, but their place in the tree is not known
            self._lost[trial.number] = event
            return
        self._lost.pop(trial.number, None)
        self._release(trial)
        self.tree.add(trial.number, event.reads, closed=event.complete)
        if not event.complete:
            self._reserve(trial)
        if self._lost:
            self._find_lost(event)

    def _find_lost(self, event: ReadsRecorded) -> None:
        """Gives reads with a lost definition those of `event`, a later trial's, that have the same names."""
        known = {definition.name: definition for definition in event.space}
        for number, lost in list(self._lost.items()):
            if not all(name in known and value in known[name] for name, value in lost.values.items()):
                continue
            found = replace(lost, definitions=tuple(known[name] for name in lost.values))
            with suppress(StudyChanged):  # what is known for certain stands
                self.tree.check(found.reads)
                del self._lost[number]
                self._trials[number]._read(found)
                self._release(self._trials[number])
                self.tree.add(number, found.reads, closed=found.complete)

    def _shared(self, event: ReadsRecorded) -> ReadsRecorded:
        """The event with the definitions of earlier trials in place of equal ones, which saves memory."""
        for definition in event.space:
            if definition.identity not in self._definitions:
                self._definitions[definition.identity] = definition
                self.space.add(definition)
        space = tuple(self._definitions[definition.identity] for definition in event.space)
        if all(map(operator.is_, space, event.space)) or event.definitions is None:
            return event
        definitions = tuple(self._definitions[definition.identity] for definition in event.definitions)
        return replace(event, definitions=definitions, space=space)

    def _reported(self, event: Reported) -> None:
        trial = self._trial(event.trial)
        known, repeats = len(trial.curve(event.execution).epochs), trial.repeats(event)
        self.epochs_used += trial.epochs_for(event)
        trial._report(event)
        curve = trial.curve(event.execution)
        if repeats:
            self._rungs.replace(trial.number, trial.curve)
        elif len(curve.epochs) > known:
            self._rungs.extend(trial.number, event.execution, curve)

    def _ended(self, event: Ended) -> None:
        trial = self._trial(event.trial)
        self._unrank(trial)
        trial._end(event)
        self._release(trial)
        if not _compares(trial):
            self._rungs.replace(trial.number, None)
        if trial.status == "completed":
            self.completed.append(trial)
            self.longest = max(self.longest, trial.longest_execution)
        if not trial.ended:
            self._unfinished[trial.number] = trial
            self._rank(trial)
            return
        self._unfinished.pop(trial.number, None)
        if event.outcome in _UNCOUNTED:
            self._uncounted.add(trial.number)
            self.consecutive_skips += 1
        else:
            self._uncounted.discard(trial.number)
            self.consecutive_skips = 0
            self.ended_since_best += not trial.confirmed
        if not trial.reads_complete and trial.number not in self._lost:
            self._close(trial)
        self._rank(trial)

    def _rank(self, trial: Trial) -> None:
        if _ranks(trial):
            place = self._ranked_by[trial.number] = trial.sort_key()
            bisect.insort(self._ranked, (place, trial.number))
            if self._ranked[0][1] == trial.number and not trial.confirmed:
                self.ended_since_best = 0

    def _unrank(self, trial: Trial) -> None:
        before = self._ranked_by.pop(trial.number, None)
        if before is not None:
            del self._ranked[bisect.bisect_left(self._ranked, (before, trial.number))]

    def _noted(self, event: Annotated) -> None:
        notes = self.notes if event.trial is None else self._trial(event.trial).notes
        notes[event.key] = event.value
        if event.trial is not None:
            if event.key == WORKER:
                self._trial(event.trial)._run_by(event.value)
            return
        if event.key == SPACE_EXTENDED:
            self._begin_tree()
        if event.key == SEARCH_ENDED:
            self.at_rest, self.end_reason = True, str(event.value)

    def _close(self, trial: Trial) -> None:
        """Reads that broke off count as far as they are known; without reads, nothing is known of the space."""
        end = self.tree.way(trial.values)[-1]
        if (trial.reads_known or end is not self.tree.root) and end.definition is None and end.owner is None:
            end.owner = trial.number

    def _reserve(self, trial: Trial) -> None:
        self._reserved[trial.number] = self.tree.way(trial.values)
        for node in self._reserved[trial.number]:
            node.reserved += 1

    def _release(self, trial: Trial) -> None:
        for node in self._reserved.pop(trial.number, ()):
            node.reserved -= 1


def _compares(trial: Trial) -> bool:
    """Whether the curve of a trial is one to compare with."""
    return not trial.ended or trial.succeeded


def _ranks(trial: Trial) -> bool:
    return trial.succeeded and trial.score is not None
