"""Grid search: every configuration once, in order."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from kerastune_lite.space.grid import discretized
from kerastune_lite.space.number import count
from kerastune_lite.strategies.protocol import Proposal
from kerastune_lite.study.history import History

if TYPE_CHECKING:
    import numpy as np


@final
@dataclass(frozen=True)
class Grid:
    """Tries every configuration once; the hyperparameter read last changes fastest.

    Args:
        points: How many values of a `Float` without a step are tried, evenly spaced on its scale, both ends included.

    Raises:
        UsageError: `points` is not an integer >= 1.

    Example:
        >>> import kerastune_lite as kt
        >>> results = kt.tune(
        ...     lambda hp: (hp.Float("x", -1, 1) - 0.2) ** 2,
        ...     objective=kt.Objective("error", "min"),
        ...     max_trials=None,
        ...     strategy=kt.strategies.Grid(points=5),
        ...     verbose=0,
        ... )
        >>> [trial.values["x"] for trial in results]
        [0.0, 0.5, -0.5, 1.0, -1.0]
    """

    points: int = 10

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", count("points", self.points, 1, of="Grid"))

    def __call__(self, history: History, rng: "np.random.Generator") -> Proposal | None:  # noqa: ARG002 - not random
        """The first configuration not tried yet, as far as the space is known; None if the space is exhausted."""
        values = history.tree.walk(None, discretized(self.points))
        return None if values is None else Proposal(values, unset="first")
