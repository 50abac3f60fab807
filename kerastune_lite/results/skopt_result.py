"""A study as scikit-optimize's own kind of result, so that its plots and tools work on it."""

from collections.abc import Sequence
from typing import Any

from kerastune_lite.space.space import Space
from kerastune_lite.study.trial import Trial
from kerastune_lite.surrogate.skopt_space import axes_of, point, skopt_space


def optimize_result(trials: Sequence[Trial], space: Space) -> Any:
    """A `scipy.optimize.OptimizeResult` as scikit-optimize makes it.

    Args:
        trials: Finished ones, in the order in which they were tried.
        space: Their hyperparameters; those that a trial did not read stand at their default there.
    """
    from skopt.utils import create_result  # noqa: PLC0415 - heavy: scikit-learn

    axes = axes_of(space, indexed=False)
    points = [point(axes, trial.values) for trial in trials]
    return create_result(points, [trial.minimized for trial in trials], skopt_space(axes))
