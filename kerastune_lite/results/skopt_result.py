"""A study as an `OptimizeResult` of scikit-optimize, for its plots and tools."""

from collections.abc import Sequence
from typing import Any

from kerastune_lite.space.space import Space
from kerastune_lite.study.trial import Trial
from kerastune_lite.surrogate.skopt_space import axes_of, point, skopt_space


def optimize_result(trials: Sequence[Trial], space: Space) -> Any:
    """A `scipy.optimize.OptimizeResult` with the fields that scikit-optimize sets.

    Args:
        trials: Finished trials, by number.
        space: Their hyperparameters. Those that a trial did not read have their default in its point.
    """
    from skopt.utils import create_result  # noqa: PLC0415 - heavy: scikit-learn

    axes = axes_of(space, indexed=False)
    points = [point(axes, trial.values) for trial in trials]
    return create_result(points, [trial.minimized for trial in trials], skopt_space(axes))
