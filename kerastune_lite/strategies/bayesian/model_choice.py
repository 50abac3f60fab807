"""Chooses a model: a Gaussian process with a linear function, one without, or the mean of the trials.

The models are weighted by their leave-one-out predictive densities, as in pseudo-BMA: w_k = exp(elpd_k) / sum_j
exp(elpd_j), where elpd_k is the sum over trials of the log density that model k, given all other trials, predicts.
Yao et al., "Using stacking to average Bayesian predictive distributions" (arXiv:1704.02030). There are two changes: the
density is Student's t instead of the normal one, and models whose parameters were fitted are penalised.

A model is sampled by these weights. As long as no model predicts better than the mean, the mean is often sampled; the
proposal is then a point of the Sobol sequence. So a search that cannot predict the objective still covers the space.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerastune_lite.surrogate.process import FittedProcess

Array = np.ndarray[Any, Any]

# Degrees of freedom of the predictive density: its heavy tails keep a single outlier from deciding the choice.
_FREEDOM = 5.0

# Subtracted from the log density of a fitted model, whose parameters were fitted to the trial that is left out, too. On
# noise alone, this gains 3 to 5 in total: measured with 5 to 20 trials of normal noise in 3 to 12 dimensions.
_OPTIMISM = 2.0

# The minimum variance of the other trials, when a trial is predicted by their mean.
_LEAST_VARIANCE = 0.05


def sample_model(models: Sequence[FittedProcess], rng: np.random.Generator) -> FittedProcess | None:
    """One of the models fitted to the same observations, sampled by weight; None stands for the mean."""
    elpd = [_log_density(model.known.targets, *model.leave_one_out()) - _OPTIMISM for model in models]
    elpd.append(_log_density(models[0].known.targets, *_mean_of_others(models[0].known.targets)))
    weights = np.exp(np.array(elpd) - max(elpd))
    chosen = int(rng.choice(len(weights), p=weights / weights.sum()))
    return models[chosen] if chosen < len(models) else None


def _log_density(targets: Array, mean: Array, deviation: Array) -> float:
    """The sum of the log densities of the targets, up to a constant.

    Student's t with v degrees of freedom: log p = -log(deviation) - (v + 1)/2 log(1 + z^2/v) + constant.
    """
    z = (targets - mean) / deviation
    return float((-np.log(deviation) - (_FREEDOM + 1) / 2 * np.log1p(z**2 / _FREEDOM)).sum())


def _mean_of_others(targets: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of each target, predicted from the other n - 1 without the hyperparameters.

    The variance is s^2 (1 + 1 / (n - 1)), where s^2 is the variance of the others: that of a new observation plus that
    of the estimated mean.
    """
    others = len(targets) - 1
    mean = (targets.sum() - targets) / others
    variance = ((targets**2).sum() - targets**2) / others - mean**2
    return mean, np.sqrt((variance + _LEAST_VARIANCE) * (1 + 1 / others))
