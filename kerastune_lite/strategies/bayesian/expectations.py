"""What is expected of a search before its first trial: from names, from ranges, from the user.

Each of the three is a basis function of the prior mean, with a coefficient that trials correct.
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

# How much worse than its middle the ends of a range are expected to be, in standard deviations of all losses: people
# choose a range around what they believe in.
_DEPTH = 0.25


def expected_features(columns: FeatureEncoder, priors: Mapping[str, Prior], *, name_priors: bool) -> Features:
    """The columns with what is expected of them; the targets' standard deviation is 1."""
    rises, depths, believed, preferred, centers = np.zeros((5, len(columns.features.groups)))
    for index, definition in enumerate(columns.definitions):
        prior, column = prior_of(definition, priors), columns.numeric.get(index)
        if column is None and prior is not None:
            level, far = columns.level(index, prior.center)
            preferred[level] = -prior.strength / far
        elif column is not None and prior is not None:
            believed[column], centers[column] = prior.strength, definition.to_unit(prior.center)
        elif column is not None and name_priors:
            rises[column] = name_prior(definition.name)
        if column is not None and definition.count() != 2:
            depths[column] = _DEPTH if rises[column] == 0 else _DEPTH / 2  # half leaves the name's end the best one
    expected = [PriorMean.slope(rises), PriorMean.valley(depths, np.full(len(depths), 0.5))]
    if priors:
        expected += [PriorMean.slope(preferred), PriorMean.valley(believed, centers)]
    return replace(columns.features, prior_mean=PriorMean.all_of(expected))
