"""Random search that never tries a point twice."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from kerastune_lite.strategies.protocol import Proposal
from kerastune_lite.study.history import History

if TYPE_CHECKING:
    import numpy as np


@final
@dataclass(frozen=True)
class Random:
    """Draws every value from its hyperparameter's prior, among the points not tried yet.

    Bergstra and Bengio, "Random search for hyper-parameter optimization", JMLR 13 (2012). A finite space is used up in
    random order, each point once.
    """

    def __call__(self, history: History, rng: "np.random.Generator") -> Proposal | None:
        """A point not tried yet, as far as the space is known; None if there is none left."""
        values = history.tree.walk(lambda definition: definition.from_unit(rng.random()))
        return None if values is None else Proposal(values)
