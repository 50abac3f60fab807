"""What names let one expect, and how little of it is left where trials say otherwise."""

import pytest

from kerastune_lite.space.kinds import Float
from kerastune_lite.strategies import Bayesian
from kerastune_lite.strategies.bayesian.name_priors import name_prior
from kerastune_lite.study.objective import Objective
from tests.fakes import search

LOSS = Objective("loss", "min")


@pytest.mark.parametrize(
    "name", ["units", "n_units_1", "layer_1_units", "numUnits", "hidden", "hidden_size", "filters", "width", "momentum"]
)
def test_a_loss_is_expected_to_fall_with_capacity(name):
    assert name_prior(name) < 0


@pytest.mark.parametrize(
    "name", ["dropout", "dropout_1", "dropoutRate", "dropout_units", "weight_decay", "weightDecay", "l2", "kernel_l1"]
)
def test_a_loss_is_expected_to_rise_with_what_takes_capacity_away(name):
    assert name_prior(name) > 0


@pytest.mark.parametrize(
    "name",
    [
        "x",
        "lr",
        "lr_decay",
        "decay_steps",
        "hidden_layers",
        "num_layers",
        "batch_size",
        "community",
        "all2",
        "l20",
        "sgd_l1_ratio",
        "l1Ratio",
    ],
)
def test_nothing_is_expected_of_other_names(name):
    assert name_prior(name) == 0


def towards(better):
    """Loss 0 where all eight hyperparameters are at their better end; the names are the same in either case."""

    def function(hp):
        helpful = [hp.Float(f"units_{i}", 0, 1) for i in range(4)]
        harmful = [hp.Float(f"dropout_{i}", 0, 1) for i in range(4)]
        good = [*helpful, *(1 - value for value in harmful)]
        return sum(1 - value if better == "as the names say" else value for value in good)

    return function


def best(function, trials, **options):
    return [
        search(function, Bayesian(**options), objective=LOSS, max_trials=trials, seed=seed).best.score
        for seed in range(3)
    ]


def test_names_save_trials_where_they_are_right():
    function = towards("as the names say")
    assert max(best(function, 5)) < 0.01
    assert min(best(function, 5, name_priors=False)) > 0.5


def test_trials_outweigh_names_that_are_wrong():
    assert max(best(towards("against the names"), 12)) < 0.01


@pytest.mark.parametrize("name_priors", [False, True])
def test_names_say_nothing_without_name_priors(name_priors):
    def coordinates(*names):
        space = tuple(Float(name, 0, 1) for name in names)

        def function(hp):
            x, y = (hp.Float(name, 0, 1) for name in names)
            return (x - 0.3) ** 2 + y

        history = search(function, Bayesian(name_priors=name_priors), objective=LOSS, max_trials=8, space=space)
        return [tuple(trial.values.values()) for trial in history.trials]

    assert (coordinates("units", "dropout") == coordinates("x", "y")) is not name_priors
