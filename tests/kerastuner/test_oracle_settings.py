import pytest

import kerastune_lite as kt
from kerastune_lite.errors import UsageError


def build(hp):
    pytest.fail("built")


@pytest.mark.parametrize(
    ("oracle", "strategy"),
    [
        (kt.oracles.RandomSearchOracle, kt.strategies.Random()),
        (kt.oracles.BayesianOptimizationOracle, kt.strategies.Bayesian()),
        (kt.oracles.GridSearchOracle, kt.strategies.Grid()),
    ],
)
def test_an_oracle_stands_for_a_strategy_an_objective_and_a_budget(oracle, strategy):
    tuner = kt.Tuner(oracle=oracle(objective="val_accuracy", max_trials=7, seed=3), hypermodel=build)
    settings = tuner._settings
    assert (settings.strategy, settings.max_trials, settings.seed) == (strategy, 7, 3)
    assert str(tuner.objective) == "val_accuracy (max)"


def test_an_oracle_may_come_first_as_in_kerastuner():
    tuner = kt.Tuner(kt.oracles.RandomSearch("val_loss", 4), build)
    assert (tuner.hypermodel.given, tuner.oracle.max_trials) == (build, 4)


def test_options_of_the_oracle_are_the_tuners():
    hp = kt.HyperParameters()
    hp.Int("n", 1, 3)
    oracle = kt.oracles.GridSearchOracle(
        "val_loss",
        hyperparameters=hp,
        tune_new_entries=False,
        max_retries_per_trial=2,
        max_consecutive_failed_trials=None,
    )
    tuner = kt.Tuner(oracle, build)
    assert (tuner._settings.max_retries_per_trial, tuner._settings.max_consecutive_failed_trials) == (2, None)
    assert (list(tuner._overrides.prescribed), tuner._overrides.tune_new) == (["n"], False)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": 1}, "seed given to both the tuner and its oracle"),
        ({"objective": "val_loss"}, "objective given to both the tuner and its oracle"),
        (
            {"max_trials": 3, "strategy": kt.strategies.Grid()},
            "strategy, max_trials given to both the tuner and its oracle",
        ),
    ],
)
def test_an_argument_of_the_oracle_is_not_given_twice(options, said):
    with pytest.raises(UsageError, match=said):
        kt.Tuner(hypermodel=build, oracle=kt.oracles.RandomSearchOracle("val_loss", seed=0), **options)


def test_another_oracle_is_refused_with_the_way_out():
    with pytest.raises(UsageError, match=r"oracle='mine' is not one of kt\.oracles; give one"):
        kt.Tuner(build, oracle="mine")


@pytest.mark.parametrize("make", [kt.BayesianOptimization, kt.oracles.BayesianOptimizationOracle])
def test_parameters_of_kerastuners_gaussian_process_have_no_effect_and_say_so(make):
    first = {} if make is kt.oracles.BayesianOptimizationOracle else {"build_model": build}
    with pytest.warns(UserWarning, match="alpha and beta have no effect"):
        make(**first, objective="val_loss", alpha=1e-4, beta=2.6)
