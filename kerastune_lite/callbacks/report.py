"""Reports the metrics of each epoch to a function that may stop the training."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any, final

import keras
import numpy as np

from kerastune_lite.space.number import plain


def scalars(logs: Mapping[str, Any] | None) -> dict[str, float]:
    """The scalar entries of Keras's logs as floats; others, such as per-class metrics and texts, are left out."""
    found = {name: _single(value) for name, value in (logs or {}).items()}
    return {name: float(value) for name, value in found.items() if value is not None}


def _single(value: Any) -> float | None:
    """What holds one number, as that number; a truth value is one, a text is none."""
    item = plain(np.asarray(value).item()) if np.size(value) == 1 else None
    return item if isinstance(item, (int, float)) else None


def told_scalars(logs: Mapping[str, Any] | None, told: set[str]) -> dict[str, float]:
    """As `scalars`; what is left out is warned of, unless its name is in `told`, which is added to."""
    kept = scalars(logs)
    for name, value in (logs or {}).items():
        if name not in kept and name not in told:
            told.add(name)
            warnings.warn(
                f"metric {name!r} is no single number but {_brief(value)}: it is not recorded; log a number to have it",
                UserWarning,
                stacklevel=2,
            )
    return kept


def _brief(value: Any) -> str:
    shape = np.shape(value)
    return f"an array of shape {shape}" if shape else repr(value)[:50]


@final
class Report(keras.callbacks.Callback):  # type: ignore[misc]  # keras is not typed
    """Calls a function after each epoch and ends the training if it returns True.

    Args:
        report: Called with the epoch (from 1) and the metrics by name. If it returns True, the training ends after this
            epoch by `stop_training`, so that every callback's `on_train_end` runs.
        told: Names of metrics that are not scalar and that a warning was given for; updated.
    """

    def __init__(self, report: Callable[[int, Mapping[str, float]], bool], *, told: set[str] | None = None) -> None:
        super().__init__()
        self.report = report
        self.told: set[str] = set() if told is None else told

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Reports the epoch."""
        if self.report(epoch + 1, told_scalars(logs, self.told)):
            self.model.stop_training = True
