"""The prior mean of a search: what names, ranges and the user's priors say before the first trial.

Each of them is a basis function of its own (see `surrogate.prior_mean`), with a coefficient that the trials correct.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from kerastune_lite.strategies.bayesian.name_priors import name_prior
from kerastune_lite.strategies.bayesian.prior import Prior, prior_of
from kerastune_lite.surrogate.covariance import Features
from kerastune_lite.surrogate.encoder import FeatureEncoder
from kerastune_lite.surrogate.prior_mean import PriorMean

Array = np.ndarray[Any, Any]

# The expected difference of the minimized value between the ends of a range and its middle, in standard deviations:
# users choose ranges around values that they expect to be good.
_DEPTH = 0.25


def expected_features(encoder: FeatureEncoder, priors: Mapping[str, Prior], *, name_priors: bool) -> Features:
    """The features with their prior mean, in standard deviations of the minimized values.

    Args:
        encoder: The columns.
        priors: The user's priors, by name; a prior replaces the name prior of its hyperparameter.
        name_priors: Whether names count.
    """
    rises, depths, parabolas, steps, centers = np.zeros((5, len(encoder.features.groups)))
    for index, definition in enumerate(encoder.definitions):
        prior, column = prior_of(definition, priors), encoder.numeric.get(index)
        if column is None and prior is not None:
            level, far = encoder.level(index, prior.center)
            steps[level] = -prior.strength / far
        elif column is not None and prior is not None:
            parabolas[column], centers[column] = prior.strength, definition.to_unit(prior.center)
        elif column is not None and name_priors:
            rises[column] = name_prior(definition.name)
        if column is not None and definition.count() != 2:
            # half the depth if there is a name prior, so that the end that it prefers stays the best
            depths[column] = _DEPTH if rises[column] == 0 else _DEPTH / 2
    expected = [PriorMean.slope(rises), PriorMean.valley(depths, np.full(len(depths), 0.5))]
    if priors:
        expected += [PriorMean.slope(steps), PriorMean.valley(parabolas, centers)]
    return replace(encoder.features, prior_mean=PriorMean.all_of(expected))
