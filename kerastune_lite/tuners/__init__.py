"""The tuners, one for each strategy."""

import importlib
from typing import Any, Literal, Unpack

from kerastune_lite.errors import UsageError, nearest
from kerastune_lite.kerastuner.oracle_settings import warn_of_gaussian_options
from kerastune_lite.strategies import Bayesian, Grid, Random, Skopt, Strategy
from kerastune_lite.study.objective import Objective
from kerastune_lite.tuner import Tuner
from kerastune_lite.tuner_options import TunerOptions
from kerastune_lite.tuners.hyperband import Hyperband

__all__ = ["BayesianOptimization", "GridSearch", "Hyperband", "RandomSearch", "SklearnTuner", "Tuner"]


def __getattr__(name: str) -> Any:
    """Imports `SklearnTuner` on first use."""
    if name != "SklearnTuner":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.sklearn_tuner").SklearnTuner


class RandomSearch(Tuner):
    """A `Tuner` that samples configurations at random, without repetition.

    Args:
        build_model: As for `Tuner`.
        objective: As for `Tuner`.
        max_trials: As for `Tuner`; 10 by default.
        **options: As for `Tuner`.

    Raises:
        UsageError: An argument is invalid or unknown.
    """

    def __init__(
        self,
        build_model: Any = None,
        objective: str | Objective | None = None,
        max_trials: int | None = 10,
        **options: Unpack[TunerOptions],
    ) -> None:
        super().__init__(build_model, objective, max_trials, **_with(Random(), options))


class BayesianOptimization(Tuner):
    """A `Tuner` that chooses each configuration from a model of the trials so far.

    Args:
        build_model: As for `Tuner`.
        objective: As for `Tuner`.
        max_trials: As for `Tuner`; 10 by default.
        num_initial_points: The size of the initial design; None for the engine's default.
        engine: "kerastune" for `kt.strategies.Bayesian`, "skopt" for `kt.strategies.Skopt`.
        alpha: The noise of KerasTuner's Gaussian process. Has no effect.
        beta: The weight of exploration in KerasTuner. Has no effect.
        **options: As for `Tuner`.

    Raises:
        UsageError: The engine is unknown or not installed, or an argument is invalid or unknown.
    """

    def __init__(
        self,
        build_model: Any = None,
        objective: str | Objective | None = None,
        max_trials: int | None = 10,
        *,
        num_initial_points: int | None = None,
        engine: Literal["kerastune", "skopt"] = "kerastune",
        alpha: float | None = None,
        beta: float | None = None,
        **options: Unpack[TunerOptions],
    ) -> None:
        warn_of_gaussian_options(alpha, beta)
        strategy = _engine(engine, num_initial_points)
        super().__init__(build_model, objective, max_trials, **_with(strategy, options))


class GridSearch(Tuner):
    """A `Tuner` that tries every combination of values.

    Args:
        build_model: As for `Tuner`.
        objective: As for `Tuner`.
        max_trials: As for `Tuner`; None by default.
        points: The number of values of a `Float` without a step.
        **options: As for `Tuner`.

    Raises:
        UsageError: An argument is invalid or unknown.
    """

    def __init__(
        self,
        build_model: Any = None,
        objective: str | Objective | None = None,
        max_trials: int | None = None,
        *,
        points: int = 10,
        **options: Unpack[TunerOptions],
    ) -> None:
        super().__init__(build_model, objective, max_trials, **_with(Grid(points), options))


def _with(strategy: Strategy, options: TunerOptions) -> TunerOptions:
    if "strategy" in options:
        raise UsageError(f"this tuner already has a strategy, {strategy!r}; use kt.Tuner(strategy=...)")
    return {**options, "strategy": strategy}


def _engine(name: str, num_initial_points: int | None) -> Strategy:
    if name == "kerastune":
        return Bayesian(num_initial_points)
    if name == "skopt":
        return Skopt() if num_initial_points is None else Skopt(n_initial_points=num_initial_points)
    hint = nearest(str(name), ("kerastune", "skopt"))
    raise UsageError(f'engine={name!r} is unknown; use "kerastune" or "skopt"{hint}')
