"""The loop against a simple model of budget, statuses and scores, over the journal and over the store in memory."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from kerastune_lite.errors import FatalError, Infeasible
from kerastune_lite.executors import InProcess
from kerastune_lite.search.loop import Loop
from kerastune_lite.search.recorder import Recorder
from kerastune_lite.search.settings import Settings
from kerastune_lite.stopping import Stop
from kerastune_lite.strategies import Random
from kerastune_lite.study.events import Enqueued, Event, ExternalResult
from kerastune_lite.study.history import History
from kerastune_lite.study.store import Journal, MemoryStore
from kerastune_lite.testing.searches import SCORE, search_started
from kerastune_lite.training.function_trial import FunctionTrial
from tests.faults.injection import Killed

MAX_CRASHES = 2


@dataclass(frozen=True)
class Act:
    """What one attempt does: reports these scores, then ends like this."""

    ending: str
    scores: tuple[float, ...] = ()


scores = st.lists(st.integers(-9, 9).map(float), min_size=1, max_size=3).map(tuple)
acts = st.one_of(
    st.builds(Act, st.sampled_from(["complete", "stop"]), scores),
    st.builds(Act, st.sampled_from(["fail", "exit", "interrupt", "fatal", "die"]), st.just(()) | scores),
    st.just(Act("infeasible")),
    st.just(Act("complete", (float("nan"),))),
)
DEFAULT = Act("complete", (0.0,))


@dataclass(frozen=True)
class StopWhenAsked:
    """Stops a trial whose report says so."""

    def __call__(self, trial: Any, history: History) -> Stop | None:
        return Stop("asked") if trial.executions[-1].metrics[trial.epoch]["stop"] else None


class Mortal:
    """A store that dies with its process."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.damage: list[str] = []
        self.dead = False

    def events(self) -> list[Event]:
        return list(self._store.events())

    def append(self, event: Event) -> None:
        if self.dead:
            raise Killed
        self._store.append(event)

    def close(self) -> None:
        self._store.close()


@dataclass
class Model:
    """One trial, as simple as it can be."""

    status: str = "running"
    score: float | None = None
    x: float | None = None
    failures: int = 0
    crashes: int = 0
    epochs: int = 0
    furthest: int = 0
    reported: tuple[float, ...] = ()


@dataclass
class Study:
    """What the loop should do, in a few lines."""

    trials: list[Model] = field(default_factory=list)
    queue: deque[float] = field(default_factory=deque)

    def search(self, acts: deque[Act], max_trials: int, retries: int) -> None:
        for trial in self.trials:
            if trial.status == "running":
                trial.status = "interrupted" if trial.crashes < MAX_CRASHES else "failed"
                trial.failures += trial.status == "failed"
        nothing_yet = all(trial.score is None for trial in self.trials)
        again = deque(
            trial
            for trial in self.trials
            if trial.status == "failed" and trial.crashes < MAX_CRASHES and (nothing_yet or trial.failures <= retries)
        )
        while (trial := self.next(again, max_trials)) is not None:
            act = acts.popleft() if acts else DEFAULT
            self.attempt(trial, act)
            if act.ending in ("interrupt", "fatal", "die"):
                return
            if trial.status == "failed" and trial.crashes < MAX_CRASHES and trial.failures <= retries:
                again.append(trial)

    def next(self, again: deque[Model], max_trials: int) -> Model | None:
        interrupted = [trial for trial in self.trials if trial.status == "interrupted"]
        if interrupted:
            return interrupted[0]
        if again:
            return again.popleft()
        if sum(trial.status != "infeasible" for trial in self.trials) >= max_trials:
            return None
        self.trials.append(Model(x=self.queue.popleft() if self.queue else None))
        return self.trials[-1]

    @staticmethod
    def attempt(trial: Model, act: Act) -> None:
        new = len(act.scores) > trial.furthest
        trial.furthest = max(trial.furthest, len(act.scores))
        finite = act.scores and act.scores[0] == act.scores[0]
        trial.status = {
            "complete": "completed" if finite else "failed",
            "stop": "stopped",
            "fail": "failed",
            "exit": "failed",
            "interrupt": "interrupted",
            "fatal": "interrupted",
            "die": "running",
            "infeasible": "infeasible",
        }[act.ending]
        trial.failures += trial.status == "failed"
        trial.score = max(act.scores) if trial.status in ("completed", "stopped") else None
        if act.ending == "die":
            trial.crashes = 1 if new else trial.crashes + 1


class LoopMachine(RuleBasedStateMachine):
    """Searches with trials that do what was drawn, and compares each study with the model."""

    def __init__(self) -> None:
        super().__init__()
        self.study = Study()
        self.requests: list[Any] = []
        self.memory = MemoryStore()
        self.on_disk = False
        self._place = TemporaryDirectory(prefix="loop_")

    @initialize(on_disk=st.booleans())
    def begin(self, on_disk: bool) -> None:
        """In memory or on disk."""
        self.on_disk = on_disk

    @rule(x=st.floats(0, 1))
    def enqueue(self, x: float) -> None:
        """The user wants this value next."""
        self.requests.append(Enqueued(values={"x": x}))

    @rule(x=st.floats(0, 1))
    def add_trial(self, x: float) -> None:
        """The user has a result from elsewhere."""
        self.requests.append(ExternalResult(values={"x": x}, score=1.0))

    @rule(
        script=st.lists(acts, max_size=6),
        max_trials=st.integers(1, 9),
        retries=st.integers(0, 2),
        extends=st.booleans(),
        seed=st.integers(0, 2),
    )
    def search(self, script: list[Act], max_trials: int, retries: int, extends: bool, seed: int) -> None:
        """A search, which may resume, extend or die."""
        left = deque(script)
        store = Mortal(Journal(Path(self._place.name)) if self.on_disk else self.memory)
        settings = Settings(
            objective=SCORE,
            stopping=StopWhenAsked(),
            max_retries_per_trial=retries,
            max_crashes=MAX_CRASHES,
            max_consecutive_failed_trials=None,
            finish_epoch=False,
        )
        history = History(store.events())
        loop = Loop(Recorder(store, history, []), settings, InProcess(FunctionTrial(_acting(store, left), SCORE, True)))
        with suppress(Killed, KeyboardInterrupt, FatalError):
            loop.run(search_started(Random(), max_trials=max_trials, seed=seed, extends=extends), self.requests)
        store.close()
        self.study.queue.extend(event.values["x"] for event in self.requests if isinstance(event, Enqueued))
        self.requests = []
        self.study.search(deque(script), max_trials, retries)
        self.compare(history)
        self.compare(History(self.events()))

    @precondition(lambda self: self.study.trials)
    @rule()
    def overwrite(self) -> None:
        """The record is deleted."""
        self.memory = MemoryStore()
        Journal(Path(self._place.name), overwrite=True).close()
        self.study = Study()

    def events(self) -> list[Event]:
        """What is on record."""
        if not self.on_disk:
            return self.memory.events()
        journal = Journal(Path(self._place.name))
        journal.close()
        return list(journal.events())

    def compare(self, history: History) -> None:
        """The history tells what the model tells."""
        model = self.study.trials
        assert [trial.number for trial in history.trials] == list(range(len(model)))
        assert [trial.status for trial in history.trials] == [trial.status for trial in model]
        scored = [trial for trial in history.trials if trial.succeeded]
        assert {trial.number: trial.score for trial in scored} == {
            number: trial.score for number, trial in enumerate(model) if trial.score is not None
        }
        assert history.budget_used == sum(trial.status != "infeasible" for trial in model)
        assert [values["x"] for values in history.queue] == list(self.study.queue)
        wanted = {number: trial.x for number, trial in enumerate(model) if trial.x is not None}
        assert {number: history[number].values["x"] for number in wanted} == wanted
        ranks = [trial.number for trial in history.ranked()]
        assert ranks == sorted(ranks, key=lambda number: (-(model[number].score or 0), number))

    def teardown(self) -> None:
        """Deletes everything."""
        self._place.cleanup()


def _acting(store: Mortal, script: deque[Act]) -> Callable[..., None]:
    """A function that does in each attempt what the script has next."""

    def function(hp: Any, report: Callable[..., bool]) -> None:
        act = script.popleft() if script else DEFAULT
        hp.Float("x", 0, 1)
        for epoch, score in enumerate(act.scores, start=1):
            stop = act.ending == "stop" and epoch == len(act.scores)
            report(epoch, {"score": score, "stop": float(stop)})
        match act.ending:
            case "fail":
                raise ValueError("as planned")
            case "exit":
                raise SystemExit(1)
            case "interrupt":
                raise KeyboardInterrupt
            case "fatal":
                raise FatalError("as planned")
            case "infeasible":
                raise Infeasible("as planned")
            case "die":
                store.dead = True

    return function
