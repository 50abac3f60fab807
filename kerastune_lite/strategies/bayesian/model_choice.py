"""Which model to believe: one with a linear trend, one without, or none.

Each is weighed by how well it predicts every trial from all the others, as in pseudo-BMA: Yao et al., "Using stacking
to average Bayesian predictive distributions" (arXiv:1704.02030). The one that proposes is drawn by these
weights. As long as the trials follow no pattern that a model could know, "none" is drawn often, and the proposal is a
point that spreads; so a search that learns nothing is no worse than one at random.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerastune_lite.surrogate.process import FittedProcess

Array = np.ndarray[Any, Any]

# Degrees of freedom of the density that a prediction is judged by: one that is far off must not decide alone.
_FREEDOM = 5.0

# What a model's parameters, fitted to the same trials, gain where there is nothing to know: 3 to 5 in all from 5 to 20
# trials, measured on normal noise in 3 to 12 dimensions.
_OPTIMISM = 2.0

# The variance that others have at least, where a trial is predicted by their mean.
_LEAST_VARIANCE = 0.05


def drawn_model(models: Sequence[FittedProcess], rng: np.random.Generator) -> FittedProcess | None:
    """One of the models fitted to the same observations, by its weight; None if none was drawn."""
    scores = [_log_density(model.known.targets, *model.leave_one_out()) - _OPTIMISM for model in models]
    scores.append(_log_density(models[0].known.targets, *_mean_of_others(models[0].known.targets)))
    weights = np.exp(np.array(scores) - max(scores))
    chosen = int(rng.choice(len(weights), p=weights / weights.sum()))
    return models[chosen] if chosen < len(models) else None


def _log_density(targets: Array, mean: Array, deviation: Array) -> float:
    """The logarithm of Student's density of all targets, up to a constant."""
    z = (targets - mean) / deviation
    return float((-np.log(deviation) - (_FREEDOM + 1) / 2 * np.log1p(z**2 / _FREEDOM)).sum())


def _mean_of_others(targets: Array) -> tuple[Array, Array]:
    """Each target predicted as if the point did not matter."""
    others = len(targets) - 1
    mean = (targets.sum() - targets) / others
    variance = ((targets**2).sum() - targets**2) / others - mean**2
    return mean, np.sqrt((variance + _LEAST_VARIANCE) * (1 + 1 / others))
