"""Stops a training that no longer improves."""

from collections.abc import Mapping
from typing import Any, final

import keras
import numpy as np

from kerastune_lite.callbacks.report import scalars
from kerastune_lite.errors import UsageError
from kerastune_lite.space.number import number, whole
from kerastune_lite.study.objective import Objective, resolve


@final
class EarlyStopping(keras.callbacks.Callback):  # type: ignore[misc]  # keras is not typed
    """Stops after `patience` epochs without improvement and restores the best epoch's weights.

    Args:
        patience: Epochs to wait for an improvement.
        objective: The metric to monitor, whose direction must be known or given. In a tuner, the search's objective by
            default.
        min_delta: The smallest change that counts as an improvement, in the metric's unit.
        start_from_epoch: Epochs at the beginning that are ignored.
        restore_best_weights: Whether to restore the weights of the best epoch at the end.

    Raises:
        UsageError: `patience` is below 1, or `min_delta` or `start_from_epoch` below 0.
    """

    def __init__(
        self,
        patience: int = 5,
        *,
        objective: str | Objective | None = None,
        min_delta: float = 0.0,
        start_from_epoch: int = 0,
        restore_best_weights: bool = True,
    ) -> None:
        super().__init__()
        waits, least, first = whole(patience), number(min_delta), whole(start_from_epoch)
        if waits is None or waits < 1:
            raise UsageError(f"EarlyStopping: patience={patience!r} must be an integer >= 1")
        if least is None or not least >= 0:
            raise UsageError(f"EarlyStopping: min_delta={min_delta!r} must be a number from 0")
        if first is None or first < 0:
            raise UsageError(f"EarlyStopping: start_from_epoch={start_from_epoch!r} must be an integer >= 0")
        self.patience = waits
        self.objective = None if objective is None else resolve(objective)
        self.min_delta = least
        self.start_from_epoch = first
        self.restore_best_weights = restore_best_weights
        self.stopped = False
        self.wait = 0
        self.best: float | None = None
        self.best_weights: list[np.ndarray[Any, Any]] = []

    @property
    def reason(self) -> str | None:
        """Why it has stopped the training, in words; None if it has not."""
        if not self.stopped or self.objective is None:
            return None
        return f"no better {self.objective.name} in {self.patience} epochs"

    def get_config(self) -> dict[str, Any]:
        """The arguments as JSON."""
        return {
            "patience": self.patience,
            "objective": None if self.objective is None else str(self.objective),
            "min_delta": self.min_delta,
            "start_from_epoch": self.start_from_epoch,
            "restore_best_weights": self.restore_best_weights,
        }

    def fresh(self, objective: Objective) -> "EarlyStopping":
        """A copy in its initial state; it monitors `objective` if this one has none."""
        return EarlyStopping(**{**self.get_config(), "objective": self.objective or objective})

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Resets the state of earlier trainings."""
        if self.objective is None:
            raise UsageError('EarlyStopping has no objective; give one, such as objective="val_loss"')
        self.stopped, self.wait, self.best, self.best_weights = False, 0, None, []

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Counts epochs without improvement."""
        metrics = scalars(logs)
        objective = self.objective
        if objective is None or objective.name not in metrics or epoch < self.start_from_epoch:
            return
        value = objective.value(metrics)
        least = np.inf if self.best is None else objective.minimized(self.best) - self.min_delta
        if objective.minimized(value) < least:
            self.best, self.wait = value, 0
            self.best_weights = self.model.get_weights() if self.restore_best_weights else []
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.stopped = self.model.stop_training = True

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Restores the best weights."""
        if self.best_weights:
            self.model.set_weights(self.best_weights)
