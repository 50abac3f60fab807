"""Every strategy of the package conforms. A new one joins by a line in STRATEGIES."""

import pytest
from sklearn.linear_model import BayesianRidge

from kerastune_lite.strategies import Bayesian, Grid, Random, Skopt
from kerastune_lite.testing import StrategyConformance

# few candidates, since each test asks often; a given `initial`, since the share of `max_trials` changes with that
MODEL_BASED = [
    Bayesian(initial=4, candidates=64),
    Skopt(BayesianRidge(), n_initial_points=4, acq_optimizer_kwargs={"n_points": 64}),  # it is fitted in a millisecond
]


class TestModelFree(StrategyConformance):
    @pytest.fixture(params=[Random(), Grid(points=3)], ids=lambda strategy: type(strategy).__name__)
    def strategy(self, request):
        return request.param


class TestModelBased(StrategyConformance):
    exhausts_large_spaces = False

    @pytest.fixture(params=MODEL_BASED, ids=lambda strategy: type(strategy).__name__)
    def strategy(self, request):
        return request.param
