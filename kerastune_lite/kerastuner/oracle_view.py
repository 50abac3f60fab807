"""`tuner.oracle`: the study in KerasTuner's terms."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, final

from kerastune_lite.errors import UsageError
from kerastune_lite.kerastuner.trial_view import TrialStatus, TrialView
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective

_REMEDY = (
    "it only shows the study; use strategy= to propose configurations, and callbacks, hooks or observers to act on "
    "events"
)


@final
class OracleView:
    """A view of the study.

    Args:
        known: Returns the study's history.
        objective: The objective of the search.
        max_trials: The budget.
        seed: The seed given to the tuner.

    Attributes:
        reporters: For each running trial that `run_trial` trains, the function that reports an epoch and returns why
            the trial should stop.
    """

    def __init__(
        self, known: Callable[[], History], objective: Objective, max_trials: int | None, seed: int | None
    ) -> None:
        self.objective = objective
        self.max_trials = max_trials
        self.seed = seed
        self.reporters: dict[int, Callable[[Mapping[str, float], int], str | None]] = {}
        self._known = known

    def __getattr__(self, name: str) -> Any:
        """Raises, for the methods of KerasTuner's oracle that do not exist here."""
        raise AttributeError(f"tuner.oracle has no {name!r}: {_REMEDY}")

    @property
    def trials(self) -> dict[str, TrialView]:
        """All trials except duplicates by id, in the order in which they started."""
        views = [self._view(trial.number) for trial in self._known().trials if trial.status != "duplicate"]
        return {view.trial_id: view for view in views}

    @property
    def hyperparameters(self) -> HyperParameters:
        """The hyperparameters known so far, with their defaults."""
        hp = HyperParameters()
        hp.merge(self._known().space)
        return hp

    def get_space(self) -> HyperParameters:
        """The hyperparameters known so far, with their defaults."""
        return self.hyperparameters

    def get_trial(self, trial_id: str | int) -> TrialView:
        """Returns a trial by its id.

        Raises:
            KeyError: No trial has this id.
        """
        return self._view(int(trial_id))

    def get_best_trials(self, num_trials: int = 1) -> list[TrialView]:
        """The best finished trials, best first."""
        return [self._view(trial.number) for trial in islice(self._known().ranked(), num_trials)]

    def remaining_trials(self) -> int | None:
        """The remaining budget; None without `max_trials`."""
        return None if self.max_trials is None else max(0, self.max_trials - self._known().budget_used)

    def update_trial(self, trial_id: str | int, metrics: Mapping[str, float], step: int = 0) -> TrialView:
        """Reports the metrics of an epoch of a running trial; call it in `run_trial`.

        Args:
            trial_id: The id of the trial.
            metrics: Metrics by name.
            step: The epoch, from 0.

        Returns:
            The trial. Its status is "STOPPED" once the trial should stop.

        Raises:
            UsageError: The trial is not running in this process.
        """
        report = self.reporters.get(int(trial_id))
        if report is None:
            raise UsageError(
                f"trial {trial_id} is not running in this process; call update_trial in run_trial or return metrics"
            )
        stop, view = report(metrics, step), self._view(int(trial_id))
        if stop is not None:
            view.status, view.message = TrialStatus.STOPPED, stop
        return view

    def _view(self, number: int) -> TrialView:
        return TrialView.of(self._known()[number], self.max_trials)
