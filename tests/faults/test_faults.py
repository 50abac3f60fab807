"""Sixty faults of the thousand that `python -m benchmarks.soak` plays."""

import pytest

from kerastune_lite.errors import Infeasible
from kerastune_lite.strategies import Grid
from kerastune_lite.study.events import Ended
from kerastune_lite.study.store import Journal
from tests.faults.cases import Case, clean, play, play_apart, spread
from tests.faults.injection import FAULTS
from tests.faults.scenarios import SCENARIOS, Scenario, branches, steps, tune, unlucky

CASES = [*spread(54, heavy=False), *spread(6, heavy=True)]
DEATHS = [case for case in CASES if FAULTS[case.fault].real]


@pytest.mark.parametrize("case", [case for case in CASES if case not in DEATHS], ids=str)
def test_a_study_that_met_a_fault_ends_as_the_uninterrupted_one(case):
    verdict = play(case)
    assert verdict.outcome in ("equal", "marked"), verdict


@pytest.fixture(scope="module")
def verdicts():
    """Of all cases that kill a process in earnest; in a process of their own, where no other test has made threads."""
    return {verdict.case: verdict for verdict in play_apart(DEATHS)}


@pytest.mark.parametrize("case", DEATHS, ids=str)
def test_a_study_whose_process_died_ends_as_the_uninterrupted_one(case, verdicts):
    assert verdicts[case].outcome in ("equal", "marked"), verdicts[case]


class Forgetful(Journal):
    """A journal that does not write what it acknowledges."""

    def append(self, event):
        if not isinstance(event, Ended):
            super().append(event)


def test_an_acknowledged_event_that_is_not_on_record_is_noticed(monkeypatch):
    case = Case("random", "killed", 0.5)
    clean(case.scenario)
    monkeypatch.setattr("kerastune_lite.search.session.Journal", Forgetful)
    assert play(case).outcome == "lost"


def more_steps(hp):
    return hp.Choice("a", [1, 2, 3, 4]) / 7 + hp.Boolean("more")


EXTENDED = {
    "another space": Scenario(tune(branches, 6, extend=True), before=tune(unlucky, 3)),
    "an exhausted space that has grown": Scenario(
        tune(more_steps, None, strategy=Grid(), extend=True), before=tune(steps, None, strategy=Grid())
    ),
}


def infeasible_at_first(hp):
    if (n := hp.Int("n", 1, 6)) < 4:
        raise Infeasible("n is too small")
    return n


def test_a_search_that_was_killed_before_its_first_feasible_trial_ends_as_the_uninterrupted_one(monkeypatch):
    monkeypatch.setitem(SCENARIOS, "infeasible", Scenario(tune(infeasible_at_first, None, strategy=Grid())))
    cases = [Case("infeasible", "killed", share / 20) for share in range(20)]
    assert {play(case).outcome for case in cases} == {"equal"}


@pytest.mark.parametrize("name", EXTENDED)
def test_an_extended_search_of_a_function_that_was_killed_ends_as_the_uninterrupted_one(name, monkeypatch):
    monkeypatch.setitem(SCENARIOS, name, EXTENDED[name])
    cases = [Case(name, "killed", share / 20) for share in range(20)]
    assert {play(case).outcome for case in cases} == {"equal"}
