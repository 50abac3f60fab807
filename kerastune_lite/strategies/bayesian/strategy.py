"""Bayesian search: proposes the point with the best acquisition value under a Gaussian process."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

from kerastune_lite.errors import UsageError
from kerastune_lite.space.number import count, optional_count
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
    """Bayesian optimization with Gaussian processes and expected improvement.

    docs/bayesian.md describes the method and cites its sources. No configuration is proposed twice, nor while a trial
    runs it. The search ends when the space is exhausted.

    Args:
        initial: Size of the initial design: points spread over the space before the model proposes. By default a fifth
            of `max_trials`, at least 2 and at most 4.
        candidates: Number of points spread over the space that compete to start local searches.
        name_priors: Whether names of hyperparameters determine what is expected before the first trial, for example
            that the error falls with `units` and rises with `dropout`. The trials correct it. Use False if the
            objective does not measure how well a model performs.
        priors: Values believed to be the best, by name; use `Prior` for a strength other than 1. The first trial takes
            these values. The more the trials contradict a prior, the less it counts.
        cost: "time" to maximise the expected improvement per second instead of per trial.

    Raises:
        UsageError: An argument is invalid.

    Example:
        >>> import kerastune_lite as kt
        >>> results = kt.tune(
        ...     lambda hp: (hp.Float("x", -1, 1) - 0.3) ** 2,
        ...     objective=kt.Objective("error", "min"),
        ...     max_trials=15,
        ...     strategy=kt.strategies.Bayesian(priors={"x": kt.Prior(0.0, strength=0.5)}),
        ...     seed=0,
        ...     verbose=0,
        ... )
        >>> round(results.best.values["x"], 2)
        0.3
    """

    computes_expected_improvement: ClassVar[bool] = True

    initial: int | None = None
    candidates: int = 2048
    name_priors: bool = True
    priors: Mapping[str, Any] = field(default_factory=dict)
    cost: Literal["time"] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "priors", as_priors(self.priors))
        if self.cost not in (None, "time"):
            raise UsageError(f'Bayesian(cost={self.cost!r}): cost must be "time" or None')
        object.__setattr__(self, "initial", optional_count("initial", self.initial, 1, of="Bayesian"))
        object.__setattr__(self, "candidates", count("candidates", self.candidates, 16, of="Bayesian"))
        if not isinstance(self.name_priors, bool):
            raise UsageError(f"Bayesian(name_priors={self.name_priors!r}): name_priors must be True or False")

    def __call__(self, history: History, rng: "np.random.Generator") -> Proposal | None:
        """The point with the best acquisition value; None if every configuration has been tried or is running."""
        if history.tree.root.exhausted():
            return None
        if history.next_number < 2:  # once the space is known
            check_priors(self.priors, history.space)
        if self.cost is not None and history.external_results:
            raise UsageError(
                'Bayesian(cost="time") cannot be used with add_trial(): external results have no duration; '
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
