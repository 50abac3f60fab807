"""Searches without Keras, and spaces to search."""

from kerastune_lite.executors import InProcess
from kerastune_lite.study.events import ReadsRecorded
from kerastune_lite.study.store import MemoryStore
from kerastune_lite.testing import search
from kerastune_lite.testing import search_started as opened
from kerastune_lite.testing.searches import SCORE
from kerastune_lite.testing.strategies import declared, nested

__all__ = ["SCORE", "Several", "declared", "nested", "opened", "search"]


class Several:
    """An executor that takes up several tasks at once, and runs the oldest when it is waited for.

    Args:
        workers: How many at once.
    """

    def __init__(self, workers):
        self._room = workers

    def __call__(self, function):
        self._one = InProcess(function)
        return self

    def free(self):
        return self._room

    def start(self, task):
        self._room -= 1
        self._one.start(task)

    def wait(self, handle, timeout):
        self._room += 1
        self._one.wait(handle, timeout)


def cut_and_resumed(function, strategy, **settings):
    """The same search, its record cut in the middle as by a kill, and gone on with from there."""
    whole, cut = MemoryStore(), MemoryStore()
    search(function, strategy, store=whole, **settings)
    events = whole.events()
    for event in events[: len(events) // 2]:
        cut.append(event)
    return search(function, strategy, store=cut, **settings)


def reads(trial, *pairs, complete=True):
    """The event of a trial that has read these (definition, value) pairs."""
    definitions = tuple(definition for definition, _ in pairs)
    values = {definition.name: value for definition, value in pairs}
    return ReadsRecorded(trial=trial, values=values, definitions=definitions, space=definitions, complete=complete)


def points(history):
    """The values of all trials, in order, as something that can be compared and counted."""
    return [tuple(trial.values.items()) for trial in history.trials]
