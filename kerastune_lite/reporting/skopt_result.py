"""A study as scikit-optimize's own kind of result, so that its plots and tools work on it."""

from collections.abc import Sequence
from typing import Any

from kerastune_lite.space import Float, Hyperparameter, Int, Space, Value
from kerastune_lite.trial import Trial


def optimize_result(trials: Sequence[Trial], space: Space) -> Any:
    """A `scipy.optimize.OptimizeResult` as scikit-optimize makes it.

    Args:
        trials: Finished ones, in the order in which they were tried.
        space: Their hyperparameters; those that a trial did not read stand at their default there.
    """
    from skopt.space import Space as SkoptSpace  # noqa: PLC0415 - heavy: scikit-learn
    from skopt.utils import create_result  # noqa: PLC0415

    free = [definition for definition in space if definition.count() != 1]
    points = [[_cell(definition, trial.values.get(definition.name)) for definition in free] for trial in trials]
    return create_result(points, [trial.loss for trial in trials], SkoptSpace([_dimension(item) for item in free]))


def _dimension(definition: Hyperparameter) -> Any:
    from skopt.space import Categorical, Integer, Real  # noqa: PLC0415 - heavy: scikit-learn

    if isinstance(definition, (Float, Int)):
        kind = Real if isinstance(definition, Float) else Integer
        prior = "log-uniform" if definition.sampling == "log" else "uniform"
        return kind(definition.min_value, definition.max_value, prior=prior, name=definition.name)
    levels = [definition.level(index) for index in range(definition.count() or 0)]
    return Categorical([_category(level) for level in levels], name=definition.name)


def _cell(definition: Hyperparameter, value: Value) -> Value:
    if value not in definition:
        value = definition.default
    return value if isinstance(definition, (Float, Int)) else _category(value)


def _category(value: Value) -> Value:
    """scikit-optimize mixes up categories of several types: they are told apart as texts."""
    return str(value)
