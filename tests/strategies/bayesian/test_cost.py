"""Improvement by the second: durations come from the record."""

import numpy as np
import pytest

from kerastune_lite.errors import UsageError
from kerastune_lite.space.kinds import Float
from kerastune_lite.strategies import Bayesian
from kerastune_lite.study.events import Ended, ExternalResult, Reported, Stamp, Started
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective
from tests.fakes import opened, reads

DEFINITION = Float("x", 0, 1)


def recorded(seconds):
    """A study of 24 trials, equally good around 0.25 and 0.75, each as long as `seconds` says."""
    history = History([opened(Bayesian(), objective=Objective("loss", "min"), space=(DEFINITION,))])
    clock = 0.0
    for number, x in enumerate(np.linspace(0, 1, 24)):
        values, loss = {"x": float(x)}, float(np.cos(4 * np.pi * x))
        history.apply(Started(trial=number, attempt=1, values=values, stamp=Stamp(clock, clock, "w")))
        history.apply(reads(number, (DEFINITION, float(x))))
        history.apply(Reported(trial=number, execution=0, epoch=1, metrics={"loss": loss}))
        clock += seconds(x)
        history.apply(Ended(trial=number, outcome="completed", stamp=Stamp(clock, clock, "w")))
    return history


@pytest.mark.parametrize("cheap", ["left", "right"])
def test_of_two_equal_promises_the_cheaper_one_is_kept(cheap):
    history = recorded(lambda x: 100.0 if (x > 0.5) == (cheap == "left") else 1.0)
    for seed in range(5):
        proposal = Bayesian(cost="time")(history, np.random.default_rng(seed))
        assert (proposal.values["x"] < 0.5) == (cheap == "left")


def test_without_durations_there_is_no_cost():
    history = recorded(lambda x: 1.0)
    history.apply(ExternalResult(values={"x": 0.3}, score=0.1))
    with pytest.raises(UsageError, match="external results have no duration"):
        Bayesian(cost="time")(history, np.random.default_rng(0))
    assert Bayesian()(history, np.random.default_rng(0)) is not None


def test_another_cost_than_time_is_refused():
    with pytest.raises(UsageError, match=r'Bayesian\(cost=.money.\): cost must be "time" or None'):
        Bayesian(cost="money")
