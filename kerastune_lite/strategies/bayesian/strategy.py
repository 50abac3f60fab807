"""Bayesian search: a Gaussian process learns from the trials so far, and the point that promises most is next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, final

from kerastune_lite.errors import UsageError
from kerastune_lite.strategies.bayesian.prior import as_priors, check_priors
from kerastune_lite.strategies.protocol import Proposal
from kerastune_lite.strategies.random import Random
from kerastune_lite.study.history import History
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
        priors: Where the best values are believed to be, by name: values, or `Prior` for more or less strength. The
            first trial takes them, and they count for less the more trials say otherwise.
        cost: "time" to weigh the improvement that a trial promises against the seconds that it is expected to take;
            None counts trials alone.

    Raises:
        UsageError: An argument is impossible.
    """

    initial: int | None = None
    candidates: int = 2048
    name_priors: bool = True
    priors: Mapping[str, Any] = field(default_factory=dict)
    cost: Literal["time"] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "priors", as_priors(self.priors))
        if self.cost not in (None, "time"):
            raise UsageError(f'Bayesian(cost={self.cost!r}): cost must be "time" or None')
        for name, value, least in (("initial", self.initial, 1), ("candidates", self.candidates, 16)):
            if value is not None and (not isinstance(value, int) or value < least):
                raise UsageError(f"Bayesian({name}={value!r}): {name} must be an integer from {least}")
        if not isinstance(self.name_priors, bool):
            raise UsageError(f"Bayesian(name_priors={self.name_priors!r}): name_priors must be True or False")

    def __call__(self, history: History, rng: "np.random.Generator") -> Proposal | None:
        """The point that promises most; None if every point has been tried or is under way."""
        if history.tree.root.exhausted():
            return None
        if history.next_number < 2:  # once the space is known
            check_priors(self.priors, history.space)
        if self.cost is not None and history.external_results:
            raise UsageError(
                'Bayesian(cost="time") cannot learn from add_trial(): results from elsewhere have no duration; '
                "leave out one of the two"
            )
        from kerastune_lite.strategies.bayesian.model_based import propose  # noqa: PLC0415 - heavy: numpy, scipy

        with one_blas_thread():
            proposal = propose(
                history,
                rng,
                initial=self._initial(history),
                candidates=self.candidates,
                name_priors=self.name_priors,
                priors=self.priors,
                by_time=self.cost == "time",
            )
        return Random()(history, rng) if proposal is None else proposal

    def _initial(self, history: History) -> int:
        budget = None if history.last_search is None else history.last_search.max_trials
        return self.initial or min(max(2, (budget or 20) // 5), 4)
