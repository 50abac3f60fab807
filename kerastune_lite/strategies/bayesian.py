"""Bayesian search: a Gaussian process learns from the trials so far, and the point that promises most is next."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from kerastune_lite.errors import UsageError
from kerastune_lite.history import History
from kerastune_lite.strategies.protocol import Proposal
from kerastune_lite.strategies.random import Random
from kerastune_lite.surrogate.threads import one_blas_thread

if TYPE_CHECKING:
    import numpy as np


@final
@dataclass(frozen=True)
class Bayesian:
    """Gaussian-process search with expected improvement; docs/bayesian.md explains it with its sources.

    Never proposes a point twice, nor one that is under way; ends when the space is used up.

    Args:
        initial: How many points to spread over the space before the model is asked; None: a fifth of `max_trials`, from
            2 to 4.
        candidates: How many points are compared before the best of them are climbed from.
        name_priors: Whether names tell what to expect: that a loss falls with more units and rises with more dropout,
            say, as long as trials do not show otherwise. For objectives that are not about how well a model does, use
            False.

    Raises:
        UsageError: A number is out of its range, or `name_priors` is not True or False.
    """

    initial: int | None = None
    candidates: int = 2048
    name_priors: bool = True

    def __post_init__(self) -> None:
        for name, value, least in (("initial", self.initial, 1), ("candidates", self.candidates, 16)):
            if value is not None and (not isinstance(value, int) or value < least):
                raise UsageError(f"Bayesian({name}={value!r}): {name} must be an integer from {least}")
        if not isinstance(self.name_priors, bool):
            raise UsageError(f"Bayesian(name_priors={self.name_priors!r}): name_priors must be True or False")

    def __call__(self, history: History, rng: "np.random.Generator") -> Proposal | None:
        """The point that promises most; None if every point has been tried or is under way."""
        if history.tree.root.used_up(None):
            return None
        from kerastune_lite.strategies.model_based import propose  # noqa: PLC0415 - heavy: numpy, scipy

        with one_blas_thread():
            proposal = propose(history, self._initial(history), self.candidates, rng, name_priors=self.name_priors)
        return Random()(history, rng) if proposal is None else proposal

    def _initial(self, history: History) -> int:
        budget = None if history.settings is None else history.settings.max_trials
        return self.initial or min(max(2, (budget or 20) // 5), 4)
