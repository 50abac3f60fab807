"""A trial in KerasTuner's terms."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, final

from kerastune_lite.results.screen import screen
from kerastune_lite.results.tables import write
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.study.trial import Status, Trial


class TrialStatus:
    """KerasTuner's statuses of a trial."""

    RUNNING = "RUNNING"
    IDLE = "IDLE"
    INVALID = "INVALID"
    STOPPED = "STOPPED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


_STATUS: dict[Status, str] = {
    "running": TrialStatus.RUNNING,
    "interrupted": TrialStatus.RUNNING,
    "paused": TrialStatus.RUNNING,
    "completed": TrialStatus.COMPLETED,
    "stopped": TrialStatus.COMPLETED,
    "failed": TrialStatus.FAILED,
    "infeasible": TrialStatus.FAILED,
    "duplicate": TrialStatus.INVALID,
}


def trial_id(number: int, max_trials: int | None) -> str:
    """A trial's number with as many digits as `max_trials`; four digits without a budget."""
    return f"{number:0{4 if max_trials is None else len(str(max_trials))}d}"


class Observation(NamedTuple):
    """The values of a metric in one epoch, counted from 0: one value for each execution."""

    value: list[float]
    step: int


@final
class MetricsView:
    """The metrics of the best epoch."""

    def __init__(self, values: Mapping[str, float] | None = None, step: int = 0) -> None:
        self.metrics = dict(values or {})
        self._step = step

    def exists(self, name: str) -> bool:
        """Whether there is a metric of this name."""
        return name in self.metrics

    def get_best_value(self, name: str) -> float | None:
        """A metric's value; None if there is none."""
        return self.metrics.get(name)

    def get_last_value(self, name: str) -> float | None:
        """The same value; `trial.executions` of `tuner.results()` has the metrics of every epoch."""
        return self.metrics.get(name)

    def get_best_step(self, name: str) -> int | None:
        """The best epoch, from 0; None if there is no such metric."""
        return self._step if name in self.metrics else None

    def get_history(self, name: str) -> list[Observation]:
        """The observation of the best epoch; empty if there is no such metric."""
        return [Observation([self.metrics[name]], self._step)] if name in self.metrics else []

    def get_config(self) -> dict[str, Any]:
        """Plain JSON."""
        observed = {
            name: {"observations": [{"value": [value], "step": self._step}]} for name, value in self.metrics.items()
        }
        return {"metrics": observed}


@final
class TrialView:
    """A trial as `run_trial` receives it and `tuner.oracle` shows it.

    Attributes:
        hyperparameters: The `hp` to build the trial's model with.
        trial_id: The trial's number as a string, such as "07".
        status: One of `TrialStatus`.
        message: Why the trial failed or ended early.
        score: The score; None if there is none yet.
        best_step: The best epoch, from 0.
        metrics: The metrics of the best epoch.
        train: Implements `Tuner.run_trial`; None if the trial is not running.
    """

    def __init__(
        self,
        hyperparameters: HyperParameters,
        trial_id: str | None = None,
        status: str = TrialStatus.RUNNING,
        message: str | None = None,
    ) -> None:
        self.hyperparameters = hyperparameters
        self.trial_id = trial_id or "0"
        self.status = status
        self.message = message
        self.score: float | None = None
        self.best_step = 0
        self.metrics = MetricsView()
        self.train: Callable[..., Any] | None = None

    @classmethod
    def of(cls, trial: Trial, max_trials: int | None) -> "TrialView":
        """The view of a recorded trial."""
        message = trial.error or trial.reason
        view = cls(trial.hyperparameters, trial_id(trial.number, max_trials), _STATUS[trial.status], message)
        view.score = trial.score
        view.best_step = (trial.best_epoch or 1) - 1
        scored = {} if trial.score is None else {trial.objective.name: trial.score}
        view.metrics = MetricsView({**trial.metrics, **scored}, view.best_step)
        return view

    def summary(self) -> None:
        """Prints the trial."""
        write(screen(), f"Trial {self.trial_id} summary", "Hyperparameters:")
        self.display_hyperparameters()
        score = [] if self.score is None else [f"Score: {self.score}"]
        write(screen(), *score, *(self.message or "").splitlines())

    def display_hyperparameters(self) -> None:
        """Prints the hyperparameters."""
        write(screen(), *(f"{name}: {value}" for name, value in self.hyperparameters.values.items()))

    def get_state(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "trial_id": self.trial_id,
            "hyperparameters": self.hyperparameters.get_config(),
            "metrics": self.metrics.get_config(),
            "score": self.score,
            "best_step": self.best_step,
            "status": self.status,
            "message": self.message,
        }
