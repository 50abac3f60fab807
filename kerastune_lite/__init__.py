"""Hyperparameter tuning for Keras: grid, random and Bayesian search that waste neither trials nor seconds.

Importing this package loads no heavy library; its names are loaded when first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from kerastune_lite import (
        applications,
        callbacks,
        engine,
        errors,
        executors,
        observers,
        oracles,
        stopping,
        strategies,
        surrogates,
        tuners,
    )
    from kerastune_lite.errors import Infeasible, KerastuneError
    from kerastune_lite.space.hp import HyperParameters
    from kerastune_lite.strategies.bayesian.prior import Prior
    from kerastune_lite.study.objective import Objective
    from kerastune_lite.training.hypermodel import HyperModel
    from kerastune_lite.tune_function import tune
    from kerastune_lite.tuner import Tuner
    from kerastune_lite.tuners import BayesianOptimization, GridSearch, Hyperband, RandomSearch
    from kerastune_lite.tuners.sklearn_tuner import SklearnTuner

_HOMES = {
    "BayesianOptimization": "tuners",
    "GridSearch": "tuners",
    "HyperModel": "training.hypermodel",
    "HyperParameters": "space.hp",
    "Hyperband": "tuners",
    "Infeasible": "errors",
    "KerastuneError": "errors",
    "Objective": "study.objective",
    "Prior": "strategies.bayesian.prior",
    "RandomSearch": "tuners",
    "SklearnTuner": "tuners.sklearn_tuner",
    "Tuner": "tuner",
    "applications": "",
    "callbacks": "",
    "engine": "",
    "errors": "",
    "executors": "",
    "observers": "",
    "stopping": "",
    "oracles": "",
    "show": "launcher",
    "strategies": "",
    "surrogates": "",
    "tune": "tune_function",
    "tuners": "",
}
# KerasTuner's names that are not here: using one says what to use instead.
_REPLACED = ("Oracle", "synchronized")

__all__ = [
    "BayesianOptimization",
    "GridSearch",
    "HyperModel",
    "HyperParameters",
    "Hyperband",
    "Infeasible",
    "KerastuneError",
    "Objective",
    "Prior",
    "RandomSearch",
    "SklearnTuner",
    "Tuner",
    "applications",
    "callbacks",
    "engine",
    "errors",
    "executors",
    "observers",
    "oracles",
    "show",
    "stopping",
    "strategies",
    "surrogates",
    "tune",
    "tuners",
]


def __getattr__(name: str) -> Any:
    """Loads a public name's module when the name is first used."""
    if name in _REPLACED:
        return importlib.import_module(f"{__name__}.kerastuner.replaced").Replaced(name)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES[name]
    if not home:
        return importlib.import_module(f"{__name__}.{name}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Public names, loaded or not."""
    return sorted([*__all__, "__version__"])
