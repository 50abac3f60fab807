"""Reports the metrics of each epoch to a function that may stop the training."""

from collections.abc import Callable, Mapping
from typing import Any, final

import keras
import numpy as np


def scalars(logs: Mapping[str, Any] | None) -> dict[str, float]:
    """The scalar entries of Keras's logs as floats; others, such as per-class metrics, are left out."""
    return {name: float(np.asarray(value).item()) for name, value in (logs or {}).items() if np.size(value) == 1}


@final
class Report(keras.callbacks.Callback):  # type: ignore[misc]  # keras is not typed
    """Calls a function after each epoch and ends the training if it returns True.

    Args:
        report: Called with the epoch (from 1) and the metrics by name. If it returns True, the training ends after this
            epoch by `stop_training`, so that every callback's `on_train_end` runs.
    """

    def __init__(self, report: Callable[[int, Mapping[str, float]], bool]) -> None:
        super().__init__()
        self.report = report

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Reports the epoch."""
        if self.report(epoch + 1, scalars(logs)):
            self.model.stop_training = True
