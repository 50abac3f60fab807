"""A trial in KerasTuner's words."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, final

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
    """A trial's number with as many digits as `max_trials` has; four where there is no such limit."""
    return f"{number:0{4 if max_trials is None else len(str(max_trials))}d}"


class Observation(NamedTuple):
    """The values of a metric, one for each execution, at an epoch (from 0)."""

    value: list[float]
    step: int


@final
class MetricsView:
    """The metrics of the epoch that scored."""

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
        """The same: one epoch is kept here. `trial.executions` of `tuner.results()` has them all."""
        return self.metrics.get(name)

    def get_best_step(self, name: str) -> int | None:
        """The epoch that scored, from 0; None if there is no such metric."""
        return self._step if name in self.metrics else None

    def get_history(self, name: str) -> list[Observation]:
        """A metric's one observation."""
        return [Observation([self.metrics[name]], self._step)] if name in self.metrics else []

    def get_config(self) -> dict[str, Any]:
        """Plain JSON."""
        observed = {
            name: {"observations": [{"value": [value], "step": self._step}]} for name, value in self.metrics.items()
        }
        return {"metrics": observed}


@final
class TrialView:
    """What `run_trial` is given, and what `tuner.oracle` shows.

    Attributes:
        hyperparameters: An `hp` to build the trial's model from.
        trial_id: Its number as text: "07".
        status: One of `TrialStatus`.
        message: Why it failed.
        score: None before it has one.
        best_step: The epoch that scored, from 0.
        metrics: Those of that epoch.
        train: Trains it as the tuner would, where it is running.
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
        """A trial as the record has it."""
        message = trial.error or trial.reason
        view = cls(trial.hyperparameters, trial_id(trial.number, max_trials), _STATUS[trial.status], message)
        view.score = trial.score
        view.best_step = (trial.best_epoch or 1) - 1
        scored = {} if trial.score is None else {trial.objective.name: trial.score}
        view.metrics = MetricsView({**trial.metrics, **scored}, view.best_step)
        return view

    def summary(self) -> None:
        """Prints it."""
        print(f"Trial {self.trial_id} summary\nHyperparameters:")
        self.display_hyperparameters()
        for label, value in (("Score: ", self.score), ("", self.message)):
            if value is not None:
                print(f"{label}{value}")

    def display_hyperparameters(self) -> None:
        """Prints its hyperparameters."""
        for name, value in self.hyperparameters.values.items():
            print(f"{name}: {value}")

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
