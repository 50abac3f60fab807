"""Which model is sampled, by how well each predicts trials that it was not fitted to."""

from collections import Counter

import numpy as np
import pytest

from kerastune_lite.space.kinds import Float
from kerastune_lite.space.space import Space
from kerastune_lite.strategies.bayesian.model_choice import sample_model
from kerastune_lite.surrogate.encoder import SpaceEncoder
from kerastune_lite.surrogate.process import FittedProcess, Observations

COLUMNS = SpaceEncoder(Space([Float(name, 0, 1) for name in "abcd"])).feature_encoder(np.zeros((1, 4)))


def sampled(function, count=24, draws=200, seed=0):
    """How often each is sampled: True with a linear function, False without, None for no model."""
    rng = np.random.default_rng(seed)
    coordinates = rng.random((count, 4))
    targets = function(coordinates, rng)
    known = Observations(COLUMNS.rows(coordinates), (targets - targets.mean()) / (targets.std() or 1), np.ones(count))
    models = [FittedProcess.fit(COLUMNS.features, known, linear=linear) for linear in (True, False)]
    found = (sample_model(models, rng) for _ in range(draws))
    return Counter(None if model is None else model.parameters.is_linear for model in found)


def test_the_model_with_a_linear_function_is_sampled_for_a_slope():
    counts = sampled(lambda x, rng: x @ np.array([3.0, -2.0, 1.0, 0.5]) + 0.01 * rng.standard_normal(len(x)))
    assert counts[True] > counts[False]
    assert counts[None] == 0


def test_the_model_without_is_sampled_for_a_bowl():
    counts = sampled(lambda x, rng: ((x - 0.5) ** 2).sum(axis=1), count=40)
    assert counts[False] > counts[True]
    assert counts[None] == 0


def test_no_model_is_sampled_in_a_fifth_of_the_cases_where_there_is_nothing_to_learn():
    counts = [sampled(lambda x, rng: rng.standard_normal(len(x)), count=10, draws=50, seed=seed) for seed in range(12)]
    assert sum(count[None] for count in counts) > 0.2 * 12 * 50


@pytest.mark.parametrize("count", [2, 3, 10])
def test_equal_values_are_accepted(count):
    assert sum(sampled(lambda x, rng: np.ones(len(x)), count=count, draws=20).values()) == 20
