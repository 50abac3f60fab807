"""Random search without repetitions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from kerastune_lite.strategies.protocol import Proposal
from kerastune_lite.study.history import History

if TYPE_CHECKING:
    import numpy as np


@final
@dataclass(frozen=True)
class Random:
    """Samples every value from the prior of its hyperparameter, among the configurations not tried yet.

    Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 13 (2012). In a finite space every
    configuration is tried once, in random order.

    Example:
        >>> import kerastune_lite as kt
        >>> results = kt.tune(
        ...     lambda hp: hp.Int("x", 1, 5) * (2 if hp.Boolean("double") else 1),
        ...     objective=kt.Objective("score", "max"),
        ...     max_trials=None,
        ...     strategy=kt.strategies.Random(),
        ...     seed=0,
        ...     verbose=0,
        ... )
        >>> len(results), results.best.values
        (10, {'x': 5, 'double': True})
    """

    def __call__(self, history: History, rng: "np.random.Generator") -> Proposal | None:
        """A configuration not tried yet, as far as the space is known; None if the space is exhausted."""
        values = history.tree.walk(lambda definition: definition.from_unit(rng.random()))
        return None if values is None else Proposal(values)
