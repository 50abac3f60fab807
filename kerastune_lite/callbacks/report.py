"""Reports the metrics of each epoch to a function that may stop the training."""

from collections.abc import Callable, Mapping
from typing import Any, final

import keras
import numpy as np

from kerastune_lite.errors import warn
from kerastune_lite.space.number import plain


def scalars(logs: Mapping[str, Any] | None) -> dict[str, float]:
    """The scalar entries of Keras's logs as floats; others, such as per-class metrics and strings, are left out."""
    found = {name: _single(value) for name, value in (logs or {}).items()}
    return {name: float(value) for name, value in found.items() if value is not None}


def _single(value: Any) -> float | None:
    """The number, if `value` is a single number or truth value; else None."""
    item = plain(np.asarray(value).item()) if np.size(value) == 1 else None
    return item if isinstance(item, (int, float)) else None


def scalars_with_warning(logs: Mapping[str, Any] | None, warned: set[str]) -> dict[str, float]:
    """`scalars`, with a warning for each entry that is left out unless its name is in `warned`, which is updated."""
    kept = scalars(logs)
    for name, value in (logs or {}).items():
        if name not in kept and name not in warned:
            warned.add(name)
            warn(
                f"metric {name!r} is not a single number but {_brief(value)} and is not recorded",
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
        warned: Names of metrics that are not scalar and that a warning was given for; updated.
    """

    def __init__(self, report: Callable[[int, Mapping[str, float]], bool], *, warned: set[str] | None = None) -> None:
        super().__init__()
        self.report = report
        self.warned: set[str] = set() if warned is None else warned

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Reports the epoch."""
        if self.report(epoch + 1, scalars_with_warning(logs, self.warned)):
            self.model.stop_training = True
