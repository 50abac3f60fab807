"""The fingerprint of a strategy: what is compared with the record."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from kerastune_lite.strategies import Random, fingerprint


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
        (Plain(), "Plain"),
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
