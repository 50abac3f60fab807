import pytest

from kerastune_lite.errors import UsageError
from kerastune_lite.strategies import Grid, Random
from tests.fakes import points, search


def values(history):
    return [tuple(trial.values.values()) for trial in history.trials]


def test_a_grid_goes_in_order_the_last_hyperparameter_changing_fastest():
    def function(hp):
        hp.Choice("a", ["x", "y"])
        hp.Int("b", 1, 2)
        return 1.0

    assert values(search(function, Grid())) == [("x", 1), ("x", 2), ("y", 1), ("y", 2)]


def test_a_grid_gives_a_range_without_a_step_points_values_on_its_scale():
    history = search(lambda hp: hp.Float("x", 1e-4, 1e-1, sampling="log"), Grid(points=4))
    assert values(history) == [(1e-4,), (1e-3,), (1e-2,), (1e-1,)]


def test_a_grid_of_a_thousand_hyperparameters_is_walked():
    def function(hp):
        return float(sum(hp.Int(f"n{index}", 0, 1) for index in range(1000)))

    assert [trial.score for trial in search(function, Grid(), max_trials=3).trials] == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("bad", [0, -1, 2.5])
def test_a_grid_without_points_is_refused(bad):
    with pytest.raises(UsageError, match=f"points={bad}"):
        Grid(points=bad)


def test_seeds_1_and_3_share_no_trial():
    def function(hp):
        return hp.Float("x", 0, 1) + hp.Float("y", 0, 1)

    one, three = (set(values(search(function, seed=seed, max_trials=50))) for seed in (1, 3))
    assert {x for x, _ in one}.isdisjoint({x for x, _ in three})
    assert {y for _, y in one}.isdisjoint({y for _, y in three})


def test_neighbouring_trials_of_neighbouring_seeds_are_independent():
    """Seeds s and s+1 must not share a stream that is shifted by one trial."""
    one, two = (values(search(lambda hp: hp.Float("x", 0, 1), seed=seed, max_trials=30)) for seed in (0, 1))
    assert set(one).isdisjoint(two)


def test_random_search_draws_levels_equally_often():
    # chi-square with 3 degrees of freedom: above 21.1 in one of 10,000 seeds
    def function(hp):
        hp.Float("fresh", 0, 1)
        return float(hp.Choice("x", [0, 1, 2, 3]))

    counts = [0] * 4
    for trial in search(function, max_trials=2000).trials:
        counts[trial.values["x"]] += 1
    assert sum((count - 500) ** 2 / 500 for count in counts) < 21.1


def test_random_search_follows_weights():
    # 2,000 draws of probability 0.9: the mean misses by more than 5 standard errors (0.034) once in 1.7 million seeds
    def function(hp):
        hp.Float("fresh", 0, 1)
        return float(hp.Boolean("x", weights=(1, 9)))

    trials = search(function, max_trials=2000).trials
    assert abs(sum(trial.values["x"] for trial in trials) / 2000 - 0.9) < 0.034


def test_the_last_points_of_a_weighted_space_are_found_too():
    history = search(lambda hp: float(hp.Choice("x", list(range(8)), weights=[1e9] + [1e-9] * 7)), max_trials=None)
    assert sorted(values(history)) == [(i,) for i in range(8)]


def test_a_hyperparameter_first_read_in_a_later_trial_is_drawn_then_and_joins_the_space():
    def function(hp):
        if hp.Float("x", 0, 1) > 0.5:
            return hp.Float("late", 0, 1)
        return 0.0

    history = search(function, Random(), max_trials=12)
    late = [trial.values["late"] for trial in history.trials if "late" in trial.values]
    assert len(set(late)) == len(late) > 1
    assert history.space.names == ["x", "late"]
    assert points(history) == points(search(function, Random(), max_trials=12))
