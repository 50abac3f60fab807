"""Hyperband."""

import warnings
from dataclasses import replace
from typing import Any, Unpack

from kerastune_lite.errors import UsageError
from kerastune_lite.kerastuner.oracle_settings import HyperbandOracle, totals
from kerastune_lite.results.results import Results
from kerastune_lite.strategies import Halving, Random, Strategy
from kerastune_lite.study.objective import Objective
from kerastune_lite.tuner import Tuner
from kerastune_lite.tuner_options import TunerOptions

__all__ = ["Hyperband", "HyperbandOracle"]

_EPOCHS = 3  # the place of `epochs` among the arguments that `search` takes by position


class Hyperband(Tuner):
    """A `Tuner` that trains many trials for a few epochs, and continues the best of them.

    A promoted trial continues its own training: weights, optimizer, epoch and callbacks. See `kt.strategies.Halving`.
    The first line that `search` prints is how many epochs it will train.

    Args:
        build_model: As for `Tuner`.
        objective: As for `Tuner`.
        max_epochs: The epochs of a full training.
        factor: The share of trials that continue at each rung is `1 / factor`; from 2.
        hyperband_iterations: How often all brackets run.
        min_epochs: The epochs of the first rung; by default a twentieth of `max_epochs`, but at least 3.
        base: Proposes the configurations; `kt.strategies.Random()` by default.
        **options: As for `Tuner`.

    Raises:
        UsageError: An argument is invalid or unknown, or the first rung is not below `max_epochs`.
    """

    def __init__(
        self,
        build_model: Any = None,
        objective: str | Objective | None = None,
        max_epochs: int = 100,
        factor: int = 3,
        hyperband_iterations: int = 1,
        *,
        min_epochs: int | None = None,
        base: Strategy | None = None,
        **options: Unpack[TunerOptions],
    ) -> None:
        if "strategy" in options or "max_trials" in options:
            raise UsageError("Hyperband has its own strategy and number of trials; use base=, or kt.strategies.Halving")
        strategy = Halving(Random() if base is None else base, max_epochs, factor, min_epochs)
        trials, epochs = totals(strategy, max_epochs, hyperband_iterations)
        with_strategy: TunerOptions = {**options, "strategy": strategy}
        super().__init__(build_model, objective, trials, **with_strategy)
        self._max_epochs = max_epochs
        self._settings = replace(
            self._settings, notices=(f"hyperband: {trials} trials that train {epochs} epochs in all",)
        )

    def search(
        self,
        *fit_args: Any,
        callbacks: Any = None,
        verbose: int | None = None,
        fit_verbose: int | str | None = None,
        **fit_kwargs: Any,
    ) -> Results:
        """Runs the brackets; see `Tuner.search`. `epochs` is `max_epochs` and need not be given."""
        given = fit_args[_EPOCHS] if len(fit_args) > _EPOCHS else fit_kwargs.get("epochs", self._max_epochs)
        if given != self._max_epochs:
            warnings.warn(
                f"epochs={given!r} has no effect: Hyperband trains for max_epochs={self._max_epochs}",
                UserWarning,
                stacklevel=2,
            )
        return super().search(
            *fit_args[:_EPOCHS],
            callbacks=callbacks,
            verbose=verbose,
            fit_verbose=fit_verbose,
            **{**fit_kwargs, "epochs": self._max_epochs},
        )
