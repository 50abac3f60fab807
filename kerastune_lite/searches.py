"""The tuners by the names that KerasTuner gave them: functions that make a `Tuner` with its strategy."""

from typing import Any

from kerastune_lite.objective import Objective
from kerastune_lite.strategies import Bayesian, Grid, Random
from kerastune_lite.tuner import Tuner


def RandomSearch(  # noqa: N802 - it stands for a class of KerasTuner
    build_model: Any = None, objective: str | Objective | None = None, max_trials: int | None = 10, **options: Any
) -> Tuner:
    """A `Tuner` that draws points at random, none twice; `options` are the tuner's."""
    return Tuner(build_model, objective, strategy=Random(), max_trials=max_trials, **options)


def BayesianOptimization(  # noqa: N802 - it stands for a class of KerasTuner
    build_model: Any = None,
    objective: str | Objective | None = None,
    max_trials: int | None = 10,
    *,
    num_initial_points: int | None = None,
    **options: Any,
) -> Tuner:
    """A `Tuner` that learns from the trials so far which point promises most; see `kt.strategies.Bayesian`.

    `num_initial_points` are spread over the space first; options: the tuner's.
    """
    return Tuner(build_model, objective, strategy=Bayesian(num_initial_points), max_trials=max_trials, **options)


def GridSearch(  # noqa: N802 - it stands for a class of KerasTuner
    build_model: Any = None,
    objective: str | Objective | None = None,
    max_trials: int | None = None,
    *,
    points: int = 10,
    **options: Any,
) -> Tuner:
    """A `Tuner` that tries every combination; a `Float` without a step takes `points` values. Options: the tuner's."""
    return Tuner(build_model, objective, strategy=Grid(points), max_trials=max_trials, **options)
