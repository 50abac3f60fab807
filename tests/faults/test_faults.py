"""Sixty faults of the thousand that `python -m benchmarks.soak` plays."""

import pytest

from tests.faults.cases import play, play_apart, spread
from tests.faults.injection import FAULTS

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
