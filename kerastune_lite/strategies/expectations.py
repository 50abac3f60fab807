"""What is expected of a search before its first trial: from names, from ranges, from the user.

Each of the three is a basis function of the prior mean, with a coefficient that trials correct.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import special

from kerastune_lite.strategies.by_name import usual_rise
from kerastune_lite.strategies.prior import Prior
from kerastune_lite.surrogate.covariance import Features
from kerastune_lite.surrogate.embedding import Columns, Embedding
from kerastune_lite.surrogate.prior_mean import PriorMean

Array = np.ndarray[Any, Any]

# How much worse than its middle the ends of a range are expected to be, in standard deviations of all losses: people
# choose a range around what they believe in.
_DEPTH = 0.18


def expected_features(columns: Columns, priors: Mapping[str, Prior], *, name_priors: bool) -> Features:
    """The columns with what is expected of them; the targets' standard deviation is 1."""
    rises, depths, believed, preferred, centers = np.zeros((5, len(columns.features.groups)))
    for index, name in enumerate(columns.definition(i).name for i in range(len(columns.names))):
        definition, prior, column = columns.definition(index), priors.get(name), columns.numeric.get(index)
        if prior is not None:
            prior.check(definition)
        if column is None and prior is not None:
            level, far = columns.level(index, prior.center)
            preferred[level] = -prior.strength / far
        elif column is not None and prior is not None:
            believed[column], centers[column] = prior.strength, definition.to_unit(prior.center)
        elif column is not None:
            rises[column] = usual_rise(name) if name_priors else 0.0
            depths[column] = _DEPTH if rises[column] == 0 and definition.count() != 2 else 0.0
    expected = [PriorMean.slope(rises), PriorMean.valley(depths, np.full(len(depths), 0.5))]
    if priors:
        expected += [PriorMean.slope(preferred), PriorMean.valley(believed, centers)]
    return replace(columns.features, prior_mean=PriorMean.all_of(expected))


def believed_coordinates(embedding: Embedding, priors: Mapping[str, Prior], uniform: Array) -> Array:
    """Coordinates drawn around what the user believes in, NaN where nothing is believed; of the shape of `uniform`.

    Numbers come from a normal distribution cut to the unit interval, narrower for a stronger belief; a category is the
    believed one with probability s / (1 + s) for the strength s, or is left to be drawn.
    """
    wanted = np.full_like(uniform, np.nan)
    for dimension in embedding.dimensions:
        prior = priors.get(dimension.definition.name)
        if prior is None:
            continue
        prior.check(dimension.definition)
        center, u = dimension.place(prior.center), uniform[:, dimension.index]
        if dimension.categories is not None:
            wanted[:, dimension.index] = np.where(u < prior.strength / (1 + prior.strength), center, np.nan)
            continue
        spread = max(center, 1 - center) / (2 * np.sqrt(prior.strength))
        low, high = special.ndtr((np.array([0.0, 1.0]) - center) / spread)
        wanted[:, dimension.index] = np.clip(center + spread * special.ndtri(low + u * (high - low)), 0, 1)
    return wanted
