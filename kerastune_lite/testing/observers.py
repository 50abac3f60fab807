"""What every observer must do."""

from collections.abc import Callable

from kerastune_lite.errors import Infeasible
from kerastune_lite.observers import Event, History, Observer
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.study.store import MemoryStore
from kerastune_lite.testing.searches import search

MakeObserver = Callable[[], Observer]


def _eventful(hp: HyperParameters, report: Callable[[int, dict[str, float]], bool]) -> None:
    """Trials that complete, fail, are infeasible and report NaN."""
    kind = hp.Choice("kind", ["good", "failing", "infeasible", "nan"])
    hp.Float("x", 0, 1)
    if kind == "failing":
        raise RuntimeError("failing on purpose")
    if kind == "infeasible":
        raise Infeasible("infeasible on purpose")
    for epoch in (1, 2):
        report(epoch, {"score": hp["x"] * epoch, "loss": float("nan") if (kind, epoch) == ("nan", 2) else 1.0})


class ObserverConformance:
    """What every observer must do. Needs the fixture `make_observer`: makes a new observer."""

    def test_it_takes_every_kind_of_event(self, make_observer: MakeObserver) -> None:
        history = search(_eventful, reports=True, observers=[make_observer()], max_trials=30)
        assert {trial.status for trial in history.trials} == {"completed", "failed", "infeasible", "stopped"}

    def test_it_can_join_a_study_that_is_resumed(self, make_observer: MakeObserver) -> None:
        store = MemoryStore()
        search(_eventful, reports=True, store=store, max_trials=10)
        search(_eventful, reports=True, store=store, observers=[make_observer()], max_trials=15)

    def test_it_can_join_in_the_middle_of_a_trial(self, make_observer: MakeObserver) -> None:
        whole, cut = MemoryStore(), MemoryStore()
        search(_eventful, reports=True, store=whole, max_trials=10)
        for event in whole.events()[: len(whole.events()) // 2]:
            cut.append(event)
        search(_eventful, reports=True, store=cut, observers=[make_observer()], max_trials=10)

    def test_it_changes_nothing(self, make_observer: MakeObserver) -> None:
        observer, watched, alone = make_observer(), MemoryStore(), MemoryStore()

        def watching(event: Event, history: History) -> None:
            before = repr(history.trials)
            observer(event, history)
            assert repr(history.trials) == before

        search(_eventful, reports=True, store=watched, observers=[watching], max_trials=10)
        search(_eventful, reports=True, store=alone, max_trials=10)
        assert [type(event) for event in watched.events()] == [type(event) for event in alone.events()]
