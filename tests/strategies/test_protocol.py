"""The fingerprint of a strategy: what is compared with the record."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from kerastune_lite import Prior
from kerastune_lite.strategies import Bayesian, Grid, Random, Skopt, fingerprint


@dataclass(frozen=True)
class Wrapping:
    field: Any

    def __call__(self, history, rng):
        return None


class Plain:
    pass


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.5, 0.5),
        (float("nan"), "nan"),
        ((1, None, True), [1, None, True]),
        ({"kappa": (1, 2)}, {"kappa": [1, 2]}),
        (np.array([[1.0, 2.0]]), [[1.0, 2.0]]),
        (np.int64(3), 3),
        (Wrapping(Wrapping(2)), {"field": {"field": 2}}),
        (np.ndarray, "ndarray"),
        (len, "len"),
        pytest.param(Plain(), "Plain", id="plain"),
        (1 + 2j, "(1+2j)"),
    ],
    ids=str,
)
def test_fields_of_any_kind_are_told_as_json_that_is_the_same_in_each_run(value, told):
    found = fingerprint(Wrapping(value))
    assert json.loads(json.dumps(found)) == found == {"strategy": "Wrapping", "field": told}


def test_a_strategy_that_is_a_function_is_told_by_its_name():
    def mine(history, rng):
        return Random()(history, rng)

    assert fingerprint(mine)["strategy"].endswith("mine")


@pytest.mark.parametrize(
    ("strategy", "same"),
    [
        (Grid(points=np.int64(3)), Grid(points=3)),
        (Bayesian(initial=np.int32(3), candidates=np.array(64)), Bayesian(initial=3, candidates=64)),
        (Bayesian(priors={"x": Prior(np.float32(0.5), np.float32(2))}), Bayesian(priors={"x": Prior(0.5, 2.0)})),
        (Bayesian(priors={"x": np.int64(3)}), Bayesian(priors={"x": 3})),
        (Skopt(n_initial_points=np.int64(2)), Skopt(n_initial_points=2)),
        (Skopt(acq_optimizer_kwargs={"n_points": np.int64(9)}), Skopt(acq_optimizer_kwargs={"n_points": 9})),
    ],
    ids=lambda strategy: type(strategy).__name__,
)
def test_numbers_of_numpy_are_numbers(strategy, same):
    assert strategy == same
    assert json.dumps(fingerprint(strategy)) == json.dumps(fingerprint(same))
