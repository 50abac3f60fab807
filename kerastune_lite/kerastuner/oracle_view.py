"""`tuner.oracle`: the study in KerasTuner's words."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, final

from kerastune_lite.errors import UsageError
from kerastune_lite.kerastuner.trial_view import TrialView
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.study.history import History
from kerastune_lite.study.objective import Objective

_REMEDY = (
    "tuner.oracle shows the study and decides nothing: strategy=kt.strategies... proposes, and the tuner's callbacks, "
    "hooks and observers act"
)


@final
class OracleView:
    """Reads the study; nothing is kept here but who reports for the trials under way.

    Args:
        known: The study's history.
        objective: What is optimised.
        max_trials: The budget.
        seed: As given to the tuner.
    """

    def __init__(
        self, known: Callable[[], History], objective: Objective, max_trials: int | None, seed: int | None
    ) -> None:
        self.objective = objective
        self.max_trials = max_trials
        self.seed = seed
        self.reporters: dict[int, Callable[[Mapping[str, float], int], None]] = {}
        self._known = known

    def __getattr__(self, name: str) -> Any:
        """What KerasTuner's oracle has and this has not."""
        raise AttributeError(f"tuner.oracle has no {name!r}: {_REMEDY}")

    @property
    def trials(self) -> dict[str, TrialView]:
        """All trials but duplicates, by id, in the order started."""
        views = [self._view(trial.number) for trial in self._known().trials if trial.status != "duplicate"]
        return {view.trial_id: view for view in views}

    @property
    def hyperparameters(self) -> HyperParameters:
        """The space known so far, with its defaults."""
        hp = HyperParameters()
        hp.merge(self._known().space)
        return hp

    def get_space(self) -> HyperParameters:
        """The space known so far, with its defaults."""
        return self.hyperparameters

    def get_trial(self, trial_id: str | int) -> TrialView:
        """A trial by its id.

        Raises:
            KeyError: There is none.
        """
        return self._view(int(trial_id))

    def get_best_trials(self, num_trials: int = 1) -> list[TrialView]:
        """The best trials that ended with a score, best first."""
        return [self._view(trial.number) for trial in islice(self._known().ranked(), num_trials)]

    def remaining_trials(self) -> int | None:
        """How much of the budget is left; None without `max_trials`."""
        return None if self.max_trials is None else max(0, self.max_trials - self._known().budget_used)

    def update_trial(self, trial_id: str | int, metrics: Mapping[str, float], step: int = 0) -> TrialView:
        """Reports the metrics of an epoch (`step`, from 0) of a trial under way, from within `run_trial`.

        Raises:
            UsageError: The trial is not under way in this process.
        """
        report = self.reporters.get(int(trial_id))
        if report is None:
            raise UsageError(
                f"trial {trial_id} is not under way here; call update_trial in run_trial, or return the metrics"
            )
        report(metrics, step)
        return self._view(int(trial_id))

    def _view(self, number: int) -> TrialView:
        return TrialView.of(self._known()[number], self.max_trials)
