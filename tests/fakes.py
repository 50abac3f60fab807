"""Searches without Keras: the in-memory store and the in-process executor are the fakes."""

from kerastune_lite.executors import InProcess
from kerastune_lite.search.loop import Loop
from kerastune_lite.search.recorder import Recorder
from kerastune_lite.search.settings import Settings
from kerastune_lite.strategies import Random, fingerprint
from kerastune_lite.study.events import ReadsRecorded, SearchStarted
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.store import MemoryStore
from kerastune_lite.training.function_trial import FunctionTrial

SCORE = Objective("score", "max")


def opened(strategy=None, **settings):
    settings = {"objective": SCORE, "seed": 0, "max_trials": 10, **settings}
    return SearchStarted(strategy=fingerprint(strategy or Random()), **settings)


RULES = ("stopping", "max_retries_per_trial", "max_consecutive_failed_trials", "scored_from", "finish_epoch")


def search(function, strategy=None, *, store=None, observers=(), reports=False, **settings):
    """Runs a search of `function(hp)` (or `function(hp, report)`) and returns the history."""
    strategy = strategy or Random()
    store = MemoryStore() if store is None else store
    history = History(store.events())
    rules = {name: settings.pop(name) for name in RULES if name in settings}
    started = opened(strategy, **settings)
    trial = FunctionTrial(function, started.objective, reports=reports)
    rules = Settings(objective=started.objective, strategy=strategy, **rules)
    Loop(Recorder(store, history, observers), rules, InProcess(trial)).run(started)
    return history


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
