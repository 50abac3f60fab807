"""Every public name of KerasTuner is here, or says what to use instead."""

import importlib

import pytest

import kerastune_lite as kt
from kerastune_lite.errors import UsageError
from kerastune_lite.kerastuner.replaced import REPLACED, Replaced

MODULES = [
    "",
    ".applications",
    ".engine",
    ".engine.base_tuner",
    ".engine.hypermodel",
    ".engine.hyperparameters",
    ".engine.metrics_tracking",
    ".engine.oracle",
    ".engine.trial",
    ".engine.tuner",
    ".errors",
    ".oracles",
    ".tuners",
]


def public(module):
    return {name for name in vars(module) if not name.startswith("_") and name != "src"}


@pytest.mark.parametrize("path", MODULES)
def test_every_public_name_of_kerastuner_is_found_under_its_path(path):
    theirs = pytest.importorskip(f"keras_tuner{path}")
    ours = importlib.import_module(f"kerastune_lite{path}")
    missing = []
    for name in public(theirs):
        try:
            getattr(ours, name)
        except AttributeError:  # a module of its own, perhaps
            try:
                importlib.import_module(f"kerastune_lite{path}.{name}")
            except ImportError:
                missing.append(name)
    assert missing == []


@pytest.mark.parametrize("name", REPLACED)
def test_using_a_name_that_is_missing_raises_with_the_replacement(name):
    stand_in = Replaced(name)
    assert REPLACED[name] in repr(stand_in)
    for use in (lambda: stand_in("val_loss"), lambda: type("Mine", (object,), {}) and stand_in()):
        with pytest.raises(UsageError, match=f"KerasTuner's {name} is not in kerastune_lite: "):
            use()
    with pytest.raises(AttributeError, match=f"KerasTuner's {name} is not in kerastune_lite"):
        _ = stand_in.anything


def test_deriving_from_a_name_that_is_missing_raises_with_the_replacement():
    with pytest.raises(UsageError, match="write a strategy"):

        class Mine(kt.Oracle):
            pass


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("tuners.randomsearch", "RandomSearch"),
        ("tuners.bayesian", "BayesianOptimizationOracle"),
        ("tuners.gridsearch", "GridSearch"),
        ("tuners.hyperband", "Hyperband"),
        ("tuners.sklearn_tuner", "SklearnTuner"),
        ("engine.objective", "Objective"),
        ("engine.multi_execution_tuner", "MultiExecutionTuner"),
    ],
)
def test_older_paths_are_found(path, name):
    assert hasattr(importlib.import_module(f"kerastune_lite.{path}"), name)


def test_an_unknown_name_of_the_tuners_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = kt.tuners.Nothing


@pytest.mark.parametrize("method", ["_build_and_fit_model", "_build_hypermodel", "_populate_initial_space"])
def test_an_inner_method_that_nobody_would_call_is_refused(method):
    mine = type("Mine", (kt.RandomSearch,), {method: lambda self, *args: None})
    with pytest.raises(UsageError, match=rf"Mine\.{method} is never called by kerastune_lite; override"):
        mine(lambda hp: None, "val_loss")
