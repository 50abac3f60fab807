"""Epoch metrics to whoever watches, the wish to stop back."""

from collections.abc import Callable, Mapping
from typing import Any, final

import keras
import numpy as np


def scalars(logs: Mapping[str, Any] | None) -> dict[str, float]:
    """The entries of Keras's logs that are single numbers, as floats; a metric per class, say, is left out."""
    return {name: float(np.asarray(value).item()) for name, value in (logs or {}).items() if np.size(value) == 1}


@final
class Report(keras.callbacks.Callback):  # type: ignore[misc]  # keras is not typed
    """Calls a function after each epoch, and ends the training when it says so.

    Args:
        report: Gets the epoch (from 1) and the metrics by name; True ends the training after this epoch, by
            `stop_training`, so that every callback's `on_train_end` runs.
    """

    def __init__(self, report: Callable[[int, Mapping[str, float]], bool]) -> None:
        super().__init__()
        self.report = report

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Reports the epoch."""
        if self.report(epoch + 1, scalars(logs)):
            self.model.stop_training = True
