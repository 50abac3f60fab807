"""Searches without Keras, and spaces to search."""

from kerastune_lite.study.events import ReadsRecorded
from kerastune_lite.study.store import MemoryStore
from kerastune_lite.testing import search
from kerastune_lite.testing import search_started as opened
from kerastune_lite.testing.searches import SCORE

__all__ = ["SCORE", "opened", "search"]


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


def nested(hp):
    """A space of 273 points, with plain conditionals and a loop."""
    for i in range(hp.Int("layers", 1, 3)):
        hp.Choice(f"units_{i}", [1, 2, 4])
    if hp.Boolean("dropout"):
        hp.Float("rate", 0.0, 0.5, step=0.1)
    return 1.0


def declared(hp):
    """The same idea with declared conditions: 2 + 3 + 3 * 2 points."""
    hp.Choice("kind", ["a", "b", "c"])
    with hp.conditional_scope("kind", ["a"]):
        hp.Int("only_a", 1, 2)
    hp.Choice("not_a", [0.1, 0.2, 0.3], parent_name="kind", parent_values=["b", "c"])
    with hp.conditional_scope("kind", "c"):
        hp.Boolean("only_c")
    return 1.0
