"""Grid search: every reachable combination once, in order."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from kerastune_lite.errors import UsageError
from kerastune_lite.space.grid import discretized
from kerastune_lite.strategies.protocol import Proposal
from kerastune_lite.study.history import History

if TYPE_CHECKING:
    import numpy as np


@final
@dataclass(frozen=True)
class Grid:
    """Every combination, the hyperparameter read last changing fastest.

    Args:
        points: How many values a `Float` without a step takes, evenly spaced on its scale, both ends included.

    Raises:
        UsageError: `points` is below 1.
    """

    points: int = 10

    def __post_init__(self) -> None:
        if not isinstance(self.points, int) or self.points < 1:
            raise UsageError(f"Grid(points={self.points!r}): points must be an integer from 1")

    def __call__(self, history: History, rng: "np.random.Generator") -> Proposal | None:  # noqa: ARG002 - not random
        """The first point not tried yet, as far as the space is known; None if there is none left."""
        values = history.tree.walk(None, discretized(self.points))
        return None if values is None else Proposal(values, unset="first")
