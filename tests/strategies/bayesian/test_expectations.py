"""What is expected before the first trial."""

import numpy as np
import pytest

from kerastune_lite.space.kinds import Boolean, Choice, Float, Int
from kerastune_lite.space.space import Space
from kerastune_lite.strategies.bayesian.expectations import expected_features
from kerastune_lite.strategies.bayesian.prior import Prior, as_priors
from kerastune_lite.surrogate.encoder import SpaceEncoder


def expected(*definitions, priors=None, name_priors=True):
    """The mean that is expected at coordinates of these hyperparameters, as a function."""
    space_encoder = SpaceEncoder(Space(definitions))
    columns = space_encoder.feature_encoder(np.zeros((1, len(space_encoder))))
    prior_mean = expected_features(columns, as_priors(priors), name_priors=name_priors).prior_mean
    return lambda *place: float(prior_mean.mean(columns.rows(np.array([place], dtype=float)))[0])


def test_the_ends_of_a_range_are_expected_to_be_worse_than_its_middle():
    mean = expected(Float("rate", 1e-4, 1.0, sampling="log"))
    assert mean(0.5) < mean(0.2) < mean(0.0)
    assert (mean(0.8), mean(1.0)) == pytest.approx((mean(0.2), mean(0.0)))


def test_a_name_that_tells_a_direction_replaces_the_middle():
    mean = expected(Int("units", 1, 100))
    assert mean(0.0) > mean(0.5) > mean(1.0)
    mean = expected(Int("units", 1, 100), name_priors=False)
    assert mean(0.5) < mean(1.0)


def test_what_the_user_believes_replaces_the_name():
    mean = expected(Int("units", 1, 101), priors={"units": 11})
    assert mean(0.1) < mean(0.5) < mean(1.0)


def test_a_strength_of_two_is_two_from_the_center_to_the_far_end():
    once, twice = (expected(Float("x", 0, 1), priors={"x": Prior(0.0, strength)}) for strength in (1, 2))
    assert (once(1.0) - once(0.0), twice(1.0) - twice(0.0)) == pytest.approx((1, 2))


def test_nothing_is_expected_of_categories_and_of_two_levels():
    mean = expected(Choice("kind", ("a", "b")), Boolean("flag"), Int("either", 1, 2))
    assert {mean(a, b, c) for a in (0, 1) for b in (0, 1) for c in (0.25, 0.75)} == {0.0}


def test_a_believed_category_is_expected_to_be_better_by_its_strength():
    mean = expected(Choice("kind", ("a", "b", "c")), Float("x", 0, 1), priors={"kind": "b"})
    assert mean(0, 0.5) == mean(2, 0.5)
    assert mean(0, 0.5) - mean(1, 0.5) == pytest.approx(1)
