"""What every stopping policy must do."""

from collections.abc import Callable

import pytest

from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.stopping import Stop, StoppingPolicy
from kerastune_lite.study.events import Event, Reported
from kerastune_lite.study.history import History
from kerastune_lite.study.store import MemoryStore
from kerastune_lite.testing.searches import search

EPOCHS = 9


def _curves(hp: HyperParameters, report: Callable[[int, float], bool]) -> None:
    """Scores that rise to a level of the trial's own."""
    level = hp.Float("level", 0, 1)
    for epoch in range(1, EPOCHS + 1):
        if report(epoch, level * epoch / EPOCHS):
            return


class StoppingPolicyConformance:
    """What every stopping policy must do. Needs the fixture `policy`."""

    def _verdicts(self, policy: StoppingPolicy, seed: int) -> tuple[list[Event], list[Stop | None]]:
        """The events of a search under `policy`, and its verdict after each report, asked again from the record."""
        store = MemoryStore()
        search(_curves, store=store, reports=True, stopping=policy, seed=seed, max_trials=20, epochs=EPOCHS)
        history, verdicts = History(), []
        for event in store.events():
            history.apply(event)
            if isinstance(event, Reported):
                verdicts.append(policy(history[event.trial], history))
        return store.events(), verdicts

    @pytest.mark.parametrize("seed", range(3))
    def test_a_verdict_is_none_or_a_stop_with_its_reason(self, policy: StoppingPolicy, seed: int) -> None:
        for verdict in self._verdicts(policy, seed)[1]:
            assert verdict is None or (isinstance(verdict, Stop) and verdict.reason)

    @pytest.mark.parametrize("seed", range(3))
    def test_the_same_record_gives_the_same_verdict(self, policy: StoppingPolicy, seed: int) -> None:
        events, verdicts = self._verdicts(policy, seed)
        history, again = History(events), iter(verdicts)
        stopped = {trial.number for trial in history.trials if trial.status == "stopped"}
        reports = [event for event in events if isinstance(event, Reported)]
        assert stopped == {event.trial for event in reports if next(again) is not None}

    @pytest.mark.parametrize("seed", range(3))
    def test_the_best_trial_is_not_stopped_while_it_improves(self, policy: StoppingPolicy, seed: int) -> None:
        history = History()
        for event in self._verdicts(policy, seed)[0]:
            history.apply(event)
            if isinstance(event, Reported) and history.rank_of(history[event.trial]) == 0:
                assert policy(history[event.trial], history) is None

    @pytest.mark.parametrize("seed", range(3))
    def test_a_trial_that_has_done_all_its_epochs_is_completed(self, policy: StoppingPolicy, seed: int) -> None:
        history = History(self._verdicts(policy, seed)[0])
        assert {trial.status for trial in history.trials if trial.epoch == EPOCHS} == {"completed"}

    def test_it_changes_nothing(self, policy: StoppingPolicy) -> None:
        history = search(_curves, reports=True, max_trials=4, epochs=EPOCHS)
        before = [repr(trial) for trial in history.trials]
        for trial in history.trials:
            policy(trial, history)
        assert [repr(trial) for trial in history.trials] == before
