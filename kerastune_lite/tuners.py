"""The tuners by the names that KerasTuner gave them: functions that make a `Tuner` with its strategy."""

from typing import Any, Literal

from kerastune_lite.errors import UsageError, nearest
from kerastune_lite.strategies import Bayesian, Grid, Random, Skopt, Strategy
from kerastune_lite.study.objective import Objective
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
    engine: Literal["kerastune", "skopt"] = "kerastune",
    **options: Any,
) -> Tuner:
    """A `Tuner` that learns from the trials so far which point promises most.

    Args:
        build_model: As for `Tuner`.
        objective: As for `Tuner`.
        max_trials: As for `Tuner`.
        num_initial_points: Points that are spread over the space first; None: as many as the engine has by itself.
        engine: "kerastune" for `kt.strategies.Bayesian`, "skopt" for `kt.strategies.Skopt`.
        **options: The tuner's.

    Raises:
        UsageError: The engine is unknown or not installed, or an option is impossible.
    """
    strategy = _of_engine(engine, num_initial_points)
    return Tuner(build_model, objective, strategy=strategy, max_trials=max_trials, **options)


def _of_engine(engine: str, initial: int | None) -> Strategy:
    if engine == "kerastune":
        return Bayesian(initial)
    if engine == "skopt":
        return Skopt() if initial is None else Skopt(n_initial_points=initial)
    hint = nearest(str(engine), ("kerastune", "skopt"))
    raise UsageError(f'engine={engine!r} is unknown; use "kerastune" or "skopt"{hint}')


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
