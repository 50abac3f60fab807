"""KerasTuner's oracles, as settings of a search."""

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple, TypedDict, Unpack

from kerastune_lite.errors import UsageError
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.space.number import count
from kerastune_lite.strategies import Bayesian, Grid, Halving, Random, Strategy
from kerastune_lite.strategies.halving import total_epochs
from kerastune_lite.study.objective import Objective


class OracleOptions(TypedDict, total=False):
    """The options of every oracle, with the same meaning as for a tuner."""

    seed: int | None
    hyperparameters: HyperParameters | None
    allow_new_entries: bool
    tune_new_entries: bool
    max_retries_per_trial: int
    max_consecutive_failed_trials: int | None


class OracleSettings:
    """The objective, budget, strategy and options of `kt.Tuner(oracle=...)`.

    Args:
        strategy: Proposes configurations.
        objective: As for a tuner.
        max_trials: As for a tuner.
        options: As for a tuner.
    """

    def __init__(
        self,
        strategy: Strategy,
        objective: str | Objective | None,
        max_trials: int | None,
        options: Mapping[str, Any],
    ) -> None:
        self.strategy = strategy
        self.objective = objective
        self.max_trials = max_trials
        self.options = dict(options)


class RandomSearchOracle(OracleSettings):
    """The settings of a random search."""

    def __init__(
        self,
        objective: str | Objective | None = None,
        max_trials: int | None = 10,
        **options: Unpack[OracleOptions],
    ) -> None:
        super().__init__(Random(), objective, max_trials, options)


class BayesianOptimizationOracle(OracleSettings):
    """The settings of a Bayesian search; `alpha` and `beta` have no effect."""

    def __init__(
        self,
        objective: str | Objective | None = None,
        max_trials: int | None = 10,
        num_initial_points: int | None = None,
        alpha: float | None = None,
        beta: float | None = None,
        **options: Unpack[OracleOptions],
    ) -> None:
        warn_of_gaussian_options(alpha, beta)
        super().__init__(Bayesian(num_initial_points), objective, max_trials, options)


class HyperbandOracle(OracleSettings):
    """The settings of a Hyperband search; `search` must be given `epochs=max_epochs`."""

    def __init__(
        self,
        objective: str | Objective | None = None,
        max_epochs: int = 100,
        factor: int = 3,
        hyperband_iterations: int = 1,
        **options: Unpack[OracleOptions],
    ) -> None:
        strategy = Halving(max_epochs=max_epochs, eta=factor)
        super().__init__(strategy, objective, totals(strategy, max_epochs, hyperband_iterations)[0], options)


def totals(strategy: Halving, max_epochs: int, iterations: Any) -> tuple[int, int]:
    """The trials and the epochs of all brackets, so many times.

    Raises:
        UsageError: `iterations` is not an integer of at least 1.
    """
    times = count("hyperband_iterations", iterations, 1)
    trials, epochs = zip(*total_epochs(strategy.plan(max_epochs)), strict=True)
    return sum(trials) * times, sum(epochs) * times


class GridSearchOracle(OracleSettings):
    """The settings of a grid search."""

    def __init__(
        self,
        objective: str | Objective | None = None,
        max_trials: int | None = None,
        **options: Unpack[OracleOptions],
    ) -> None:
        super().__init__(Grid(), objective, max_trials, options)


class Call(NamedTuple):
    """The arguments of a tuner."""

    build_model: Any
    objective: str | Objective | None
    max_trials: int | None
    options: dict[str, Any]


def without_oracle(
    build_model: Any, objective: str | Objective | None, max_trials: int | None, options: Mapping[str, Any]
) -> Call:
    """Replaces the oracle among the arguments of a tuner by its settings.

    The oracle is an option or, as in KerasTuner, the first argument; then the hypermodel is the second.

    Raises:
        UsageError: `oracle` is not one of `kt.oracles`, or one of its settings is given as an argument too.
    """
    oracle, rest = options.get("oracle"), {name: value for name, value in options.items() if name != "oracle"}
    if isinstance(build_model, OracleSettings):
        oracle, build_model, objective = build_model, objective, None
    if oracle is None:
        return Call(build_model, objective, max_trials, rest)
    if not isinstance(oracle, OracleSettings):
        raise UsageError(
            f"oracle={oracle!r} is not one of kt.oracles; give one, or use objective=, max_trials= and strategy= "
            "(kt.strategies.Random(), Bayesian(), Grid() or your own function)"
        )
    given = {**oracle.options, "strategy": oracle.strategy}
    twice = sorted(given.keys() & rest.keys())
    twice += [name for name, value in (("objective", objective), ("max_trials", max_trials)) if value is not None]
    if twice:
        raise UsageError(f"{', '.join(twice)} given to both the tuner and its oracle; give it to one of them")
    return Call(build_model, oracle.objective, oracle.max_trials, {**rest, **given})


def warn_of_gaussian_options(alpha: float | None, beta: float | None) -> None:
    """Warns that `alpha` and `beta` have no effect, if they are given."""
    if alpha is not None or beta is not None:
        warnings.warn(
            "alpha and beta have no effect: the noise is estimated, and expected improvement has no such parameter",
            UserWarning,
            stacklevel=3,
        )
