"""Several proposals from the same trials, for workers that are idle at the same time."""

import numpy as np
import pytest

from kerastune_lite.strategies import Bayesian
from kerastune_lite.strategies.bayesian import shared_fit
from kerastune_lite.strategies.bayesian.shared_fit import digest
from kerastune_lite.study.events import Ended, ReadsRecorded, Reported, Started
from kerastune_lite.study.objective import Objective
from kerastune_lite.surrogate.process import FittedProcess
from tests.fakes import search


def bowl(hp):
    return (hp.Float("x", -1, 1) - 0.3) ** 2 + (hp.Float("y", -1, 1) + 0.4) ** 2


@pytest.fixture(autouse=True)
def nothing_kept():
    shared_fit._fitted.cache_clear()


@pytest.fixture
def fits(monkeypatch):
    """Each fit that is made."""
    made, fit = [], FittedProcess.fit
    monkeypatch.setattr(FittedProcess, "fit", lambda *given, **named: made.append(1) or fit(*given, **named))
    return made


def searched():
    return search(bowl, Bayesian(), objective=Objective("loss", "min"), max_trials=8)


def start(history):
    """Asks for a proposal and starts its trial."""
    number = history.next_number
    proposal = Bayesian()(history, np.random.default_rng([0, number]))
    history.apply(Started(trial=number, attempt=1, values=proposal.values, note=proposal.note))
    return proposal


def end(history, number, score):
    definitions = history[0].definitions
    values = history[number].values
    history.apply(ReadsRecorded(trial=number, values=values, definitions=definitions, space=definitions, complete=True))
    history.apply(Reported(trial=number, execution=0, epoch=1, metrics={"loss": score}))
    history.apply(Ended(trial=number))


def test_proposals_from_the_same_trials_share_the_fit_of_both_models(fits):
    history = searched()
    fits.clear()
    for _ in range(4):
        start(history)
    assert len(fits) == 2


def test_a_new_score_is_fitted(fits):
    history = searched()
    start(history)
    fits.clear()
    end(history, 8, 0.1)
    start(history)
    assert len(fits) == 2


def test_proposals_that_share_a_fit_are_those_of_separate_fits():
    together, apart = searched(), searched()
    shared = [start(together) for _ in range(4)]
    separate = []
    for _ in range(4):
        shared_fit._fitted.cache_clear()
        separate.append(start(apart))
    assert shared == separate
    assert len({tuple(proposal.values.items()) for proposal in shared}) == 4


@pytest.mark.parametrize(
    "other", [np.array([1.0, 2.5]), np.array([[1.0, 2.0]]), np.array([1, 2]), [1.0, 2.0], np.array([1.0, 2.0, 0.0])]
)
def test_digests_of_values_that_differ_differ(other):
    assert digest(other) != digest(np.array([1.0, 2.0]))


def test_digests_of_equal_values_are_equal():
    assert digest([np.array([1.0, 2.0]), 3, True]) == digest((np.array([1.0, 2.0]), 3, True))
