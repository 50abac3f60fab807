"""Points spread over the space: the initial design, and proposals as long as no model predicts better than the mean."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import qmc

from kerastune_lite.space.kinds import Hyperparameter
from kerastune_lite.strategies.bayesian.conditional_space import ConditionalSpace
from kerastune_lite.strategies.bayesian.prior import Prior, prior_of
from kerastune_lite.strategies.protocol import Proposal
from kerastune_lite.study.history import History
from kerastune_lite.surrogate.encoder import SpaceEncoder

Array = np.ndarray[Any, Any]


def spread_point(
    history: History,
    space_encoder: SpaceEncoder,
    space: ConditionalSpace,
    priors: Mapping[str, Prior],
    note: Any = None,
) -> Proposal | None:
    """The next point of a scrambled Sobol sequence; the first point is the user's priors and defaults, if any.

    Args:
        history: The study. The number of the trial is the position in the sequence.
        space_encoder: The dimensions of the space.
        space: Which hyperparameters a point reads.
        priors: The user's priors, by name.
        note: Kept with the proposal.

    Returns:
        None if the point was tried, or nothing is known about the space.
    """
    number, settings = history.next_number, history.last_search
    definitions = list(settings.space or ()) if settings is not None else []
    if number == 0 and (priors or any(d.default != d.level(0) for d in definitions)):
        centers = {name: prior.center for name, prior in priors.items()}
        return Proposal(centers | {d.name: _first_value(d, prior_of(d, priors)) for d in definitions}, note=note)
    seed = 0 if settings is None else settings.seed
    uniform = sobol(len(space_encoder), 1, np.random.default_rng([seed, 0x50B01]), skip=number)
    if space.root is None:
        units = {d.definition.name: float(uniform[0, d.index]) for d in space_encoder.dimensions}
        values = {d.name: d.from_unit(units[d.name]) for d in definitions if d.name in units}
        return Proposal(values, note=note) if values else None
    values = space.values(space.complete(np.full((1, len(space_encoder)), np.nan), uniform)[0])
    return Proposal(values, note=note) if history.tree.untried(values) else None


def _first_value(definition: Hyperparameter, prior: Prior | None) -> Any:
    """The center of the prior; without one, the user's default; without that, the middle of the range."""
    if prior is not None:
        return prior.center
    return definition.default if definition.default != definition.level(0) else definition.from_unit(0.5)


def sobol(width: int, count: int, rng: np.random.Generator, skip: int = 0) -> Array:
    """`count` points of a scrambled Sobol sequence, from position `skip` on, shape (count, width)."""
    if width == 0:
        return np.zeros((count, 0))
    sequence = qmc.Sobol(width, scramble=True, rng=rng)
    if skip:
        sequence.fast_forward(skip)
    return np.asarray(sequence.random(1 << (count - 1).bit_length())[:count])  # a power of 2 is balanced
