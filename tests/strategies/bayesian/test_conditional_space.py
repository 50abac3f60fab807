import numpy as np
import pytest

from kerastune_lite.strategies.bayesian.conditional_space import ConditionalSpace
from kerastune_lite.surrogate.encoder import SpaceEncoder
from tests.fakes import search

RNG = np.random.default_rng(0)


def space_after(function, trials=12, **options):
    history = search(function, max_trials=trials, **options)
    space_encoder = SpaceEncoder(history.space)
    return ConditionalSpace(history.tree, space_encoder, lambda owner: history[owner].reads_complete), space_encoder


def completed(space, space_encoder, count=200):
    width = len(space_encoder)
    return space.complete(np.full((count, width), np.nan), RNG.random((count, width)))


def branching(hp):
    if hp.Choice("kind", ["plain", "deep"]) == "deep":
        for i in range(hp.Int("layers", 1, 3)):
            hp.Int(f"units_{i}", 16, 256, sampling="log")
    hp.Float("rate", 1e-4, 1e-1, sampling="log")
    return 1.0


def test_completed_points_read_what_a_trial_would_read():
    space, space_encoder = space_after(branching, trials=40)
    for point in completed(space, space_encoder):
        values = space.values(point)
        units = values["layers"] if values["kind"] == "deep" else 0
        assert list(values)[-1] == "rate"
        assert sum(name.startswith("units") for name in values) == units


def test_a_flat_space_is_one_chain_of_places():
    def flat(hp):
        return hp.Float("a", 0, 1) + hp.Int("b", 1, 9) + hp.Choice("c", [1, 2, 3])

    space, _ = space_after(flat)
    place, names = space.root, []
    while place is not None:
        assert len(place.after) == 1
        names.append(place.axis.definition.name)
        place = place.after[0][1]
    assert names == ["a", "b", "c"]


def test_a_branch_not_seen_reads_on_like_its_nearest_sibling():
    def function(hp):
        for i in range(hp.Int("layers", 1, 9)):
            hp.Choice(f"units_{i}", [1, 2, 3])
        return 1.0

    history = search(function, max_trials=1, seed=3)
    space_encoder = SpaceEncoder(history.space)
    space = ConditionalSpace(history.tree, space_encoder, lambda owner: True)
    lengths = {len(space.values(point)) for point in completed(space, space_encoder)}
    assert lengths == {len(history[0].values)}


def test_given_coordinates_are_kept_where_they_are_read():
    space, space_encoder = space_after(branching, trials=40)
    wanted = completed(space, space_encoder)
    again = space.complete(wanted, RNG.random(wanted.shape))
    np.testing.assert_array_equal(again, wanted)


def test_every_level_is_drawn_equally_often():
    """800 draws of 4 levels: each count within five standard deviations; a false alarm once in a million."""

    def flat(hp):
        return float(hp.Int("n", 1, 4))

    space, space_encoder = space_after(flat, trials=1)
    counts = np.unique(completed(space, space_encoder, 800), return_counts=True)[1]
    assert (len(counts), counts.min() > 138, counts.max() < 262) == (4, True, True)


def test_weights_are_respected():
    def flat(hp):
        return float(hp.Choice("c", [1, 2, 3], weights=[8, 1, 1]))

    space, space_encoder = space_after(flat, trials=1)
    share = (completed(space, space_encoder, 1000) == space_encoder.dimensions[0].coordinate(1)).mean()
    assert share == pytest.approx(0.8, abs=0.07)


def test_bounds_that_depend_on_a_value_are_respected():
    def dependent(hp):
        low = hp.Int("low", 1, 4)
        return float(hp.Int("high", low, 5) + hp.Float("x", low, 10))

    space, space_encoder = space_after(dependent, trials=30)
    for point in completed(space, space_encoder):
        values = space.values(point)
        assert values["low"] <= values["high"] <= 5
        assert values["low"] <= values["x"] <= 10


def test_a_failed_trial_does_not_hide_what_would_have_been_read():
    def fails(hp):
        if hp.Float("a", 0, 1) > 0.5:
            raise RuntimeError
        return hp.Float("b", 0, 1)

    space, space_encoder = space_after(fails, trials=20)
    assert {tuple(space.values(point)) for point in completed(space, space_encoder)} == {("a", "b")}


def test_without_a_trial_nothing_is_known():
    assert space_after(branching, trials=1)[0].root is not None
    space_encoder = SpaceEncoder(())
    from kerastune_lite.study.reads import ReadsTree

    assert ConditionalSpace(ReadsTree(), space_encoder, lambda owner: True).root is None


def test_the_ends_of_a_range_are_reached_exactly():
    def flat(hp):
        return hp.Float("a", 0.0, 0.3) + hp.Float("b", 1e-4, 0.1, sampling="log") + hp.Int("c", 1, 5000)

    space, space_encoder = space_after(flat)
    ends = space.complete(np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]), np.zeros((2, len(space_encoder))))
    assert [tuple(space.values(point).values()) for point in ends] == [(0.0, 1e-4, 1), (0.3, 0.1, 5000)]


def test_a_space_may_read_a_thousand_hyperparameters_in_a_row():
    def deep(hp):
        return sum(hp.Float(f"x{i}", 0, 1) for i in range(1000))

    space, space_encoder = space_after(deep, trials=2)
    assert [len(space.values(point)) for point in completed(space, space_encoder, 2)] == [1000, 1000]
