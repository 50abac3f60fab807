"""The history of a study: a fold over its events, with the indices that make decisions fast.

The loop alone feeds it; strategies, stopping policies and observers read it.
"""

import bisect
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from kerastune_lite.errors import StudyError
from kerastune_lite.events import (
    Defined,
    Ended,
    Enqueued,
    Event,
    Noted,
    Opened,
    PathRead,
    Reported,
    Started,
    Told,
)
from kerastune_lite.hp import Read
from kerastune_lite.objective import Objective
from kerastune_lite.space import Hyperparameter, Space, Value
from kerastune_lite.tree import Node, Tree
from kerastune_lite.trial import Trial

# Endings that tell nothing about the objective and take no budget.
_FREE_OF_CHARGE = ("duplicate", "infeasible")

# What a trial is judged by while the line that says it is damaged.
_LOST = Opened(objective=Objective("(lost)", "min"), strategy={}, seed=0, max_trials=None)


class History:
    """Everything known about a study.

    Attributes:
        settings: The last `Opened`; None before the first search.
        space: The hyperparameters known so far, merged by name and kind.
        tree: All paths read.
        queue: Points that the user enqueued and that have not started, oldest first.
        told: Results from elsewhere.
        news: All that the user has ever enqueued or told, unstamped.
        notes: What was noted of the study, by key.
        idle_endings: How many trials in a row ended as duplicate or infeasible.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.settings: Opened | None = None
        self.space = Space()
        self.tree = Tree()
        self.queue: deque[Mapping[str, Value]] = deque()
        self.told: list[Told] = []
        self.news: list[Enqueued | Told] = []
        self.notes: dict[str, Any] = {}
        self.idle_endings = 0
        self._trials: dict[int, Trial] = {}
        self._definitions: dict[int, Hyperparameter] = {}
        self._ids: dict[str, int] = {}
        self._unfinished: dict[int, Trial] = {}
        self._reserved: dict[int, list[Node]] = {}
        self._next_number = 0
        self._spent = 0
        self._ranked: list[tuple[tuple[int, float], int]] = []
        self._fold: dict[type, Callable[[Any], None]] = {
            Opened: self._opened,
            Defined: self._defined,
            Enqueued: self._enqueued,
            Told: self._told,
            Started: self._started,
            PathRead: self._read,
            Reported: self._reported,
            Ended: self._ended,
            Noted: self._noted,
        }
        for event in events:
            self.apply(event)

    @property
    def objective(self) -> Objective:
        """What is optimised."""
        if self.settings is None:
            raise StudyError("this study has not been searched yet: it has no objective; call search() first")
        return self.settings.objective

    @property
    def trials(self) -> list[Trial]:
        """Every trial, in the order of numbers."""
        return [self._trials[number] for number in sorted(self._trials)]

    @property
    def unfinished(self) -> list[Trial]:
        """Trials that are running, interrupted or paused, in the order of numbers."""
        return [self._unfinished[number] for number in sorted(self._unfinished)]

    @property
    def running(self) -> list[Trial]:
        """Trials under way, in the order of numbers."""
        return [trial for trial in self.unfinished if trial.status == "running"]

    @property
    def next_number(self) -> int:
        """The number of the next new trial."""
        return self._next_number

    @property
    def spent(self) -> int:
        """Trials that count against `max_trials`: all but duplicates and infeasible ones."""
        return self._spent

    @property
    def best(self) -> Trial | None:
        """The best finished trial."""
        return self._trials[self._ranked[0][1]] if self._ranked else None

    def ranked(self) -> Iterator[Trial]:
        """Finished trials, best first."""
        return (self._trials[number] for _, number in self._ranked)

    def rank(self, trial: Trial) -> int:
        """The place, from 0, that a trial with its present score takes among the finished ones."""
        return bisect.bisect_left(self._ranked, ((0, trial.rank()[1]), trial.number))

    def __len__(self) -> int:
        return len(self._trials)

    def __contains__(self, number: object) -> bool:
        return number in self._trials

    def __getitem__(self, number: int) -> Trial:
        return self._trials[number]

    def id_of(self, definition: Hyperparameter) -> int | None:
        """The id under which a definition is on record; None if it is not."""
        return self._ids.get(definition.identity)

    @property
    def next_id(self) -> int:
        """The id for the next definition."""
        return max(self._definitions, default=-1) + 1

    def apply(self, event: Event) -> None:
        """Takes in one more event."""
        self._fold[type(event)](event)

    def _trial(self, number: int) -> Trial:
        trial = self._trials.get(number)
        if trial is None:
            trial = self._trials[number] = self._unfinished[number] = Trial(number, self.settings or _LOST)
            self._next_number = max(self._next_number, number + 1)
            self._spent += 1
        return trial

    def _opened(self, event: Opened) -> None:
        before, self.settings = self.settings, event
        for definition in event.space or ():
            self.space.add(definition)
        if event.extends:
            self.tree = Tree()
        if before is not None and (before.objective, before.executions) == (event.objective, event.executions):
            return
        for trial in self._trials.values():
            trial.judge_by(event)
        self._ranked = sorted((trial.rank(), trial.number) for trial in self._trials.values() if _ranks(trial))

    def _defined(self, event: Defined) -> None:
        self._definitions[event.id] = event.definition
        self._ids[event.definition.identity] = event.id
        self.space.add(event.definition)

    def _enqueued(self, event: Enqueued) -> None:
        self.queue.append(event.values)
        self.news.append(Enqueued(values=event.values))

    def _told(self, event: Told) -> None:
        self.told.append(event)
        self.news.append(Told(values=event.values, score=event.score))

    def _started(self, event: Started) -> None:
        if event.source == "queue" and event.attempt == 1 and event.values in self.queue:
            self.queue.remove(event.values)
        trial = self._trial(event.trial)
        if _ranks(trial):  # it goes on after it was finished
            self._ranked.remove((trial.rank(), trial.number))
        trial.start(event)
        self._unfinished[event.trial] = trial
        if not trial.path_complete:
            self._reserve(trial)

    def _read(self, event: PathRead) -> None:
        trial = self._trial(event.trial)
        trial.values = {name: value for name, _, value in event.path}
        trial.path_known = True
        if any(ident not in self._definitions for _, ident, _ in event.path):
            return  # the line that defined it is damaged: the values stand, the place in the tree is not known
        path = [Read(self._definitions[ident], value) for _, ident, value in event.path]
        trial.definitions = tuple(read.definition for read in path)
        trial.path_complete = event.complete
        self._release(trial)
        self.tree.add(trial.number, path, closed=event.complete)
        if not event.complete:
            self._reserve(trial)

    def _reported(self, event: Reported) -> None:
        self._trial(event.trial).report(event)

    def _ended(self, event: Ended) -> None:
        trial = self._trial(event.trial)
        trial.end(event)
        self._release(trial)
        if not trial.over:
            return
        self._unfinished.pop(trial.number, None)
        if event.outcome in _FREE_OF_CHARGE:
            self._spent -= 1
            self.idle_endings += 1
        else:
            self.idle_endings = 0
        if not trial.path_complete:
            self._close(trial)
        if _ranks(trial):
            bisect.insort(self._ranked, (trial.rank(), trial.number))

    def _noted(self, event: Noted) -> None:
        notes = self.notes if event.trial is None else self._trial(event.trial).notes
        notes[event.key] = event.value

    def _close(self, trial: Trial) -> None:
        """A path that broke off counts as far as it is known; one that never began says nothing about the space."""
        end = self.tree.way(trial.values)[-1]
        if (trial.path_known or end is not self.tree.root) and end.definition is None and end.owner is None:
            end.owner = trial.number

    def _reserve(self, trial: Trial) -> None:
        self._reserved[trial.number] = self.tree.way(trial.values)
        for node in self._reserved[trial.number]:
            node.reserved += 1

    def _release(self, trial: Trial) -> None:
        for node in self._reserved.pop(trial.number, ()):
            node.reserved -= 1


def _ranks(trial: Trial) -> bool:
    return trial.finished and trial.score is not None
