"""Keras's counters behind the names of what is unnamed: `dense`, `dense_1`, and in the logs `auc`, `auc_1`.

They count all that a process has built, so that the name of a trial's metric, which may be the objective, would depend
on how many models were built before it.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import final

import keras

try:  # Keras offers no way but to forget all of its state, graphs and settings included
    from keras.src.backend.common.global_state import get_global_attribute, set_global_attribute
except ImportError:  # names are then numbered on, as in a plain loop over models
    get_global_attribute = set_global_attribute = None

_COUNTERS = "object_name_uids"


def reset_metrics() -> None:
    """Lets the next metric of each kind be called by its plain name; layers of a model made before keep theirs."""
    counters = _counters()
    for name in _metric_names():
        counters.pop(name, None)
    _set(counters)


@final
class NameCounters:
    """The counters when this was made: unnamed layers get the same names in each model built from there."""

    def __init__(self) -> None:
        # from here, not from zero: what the user has made before, and may use in the model, keeps its name to itself
        self._then = _counters()

    def reset(self) -> None:
        """Sets the counters back, those of metrics to zero."""
        _set(self._then)
        reset_metrics()


def _counters() -> dict[str, int]:
    return {} if get_global_attribute is None else dict(get_global_attribute(_COUNTERS) or {})


def _set(counters: dict[str, int]) -> None:
    if set_global_attribute is not None:
        set_global_attribute(_COUNTERS, defaultdict(int, counters))


def _metric_names() -> Iterator[str]:
    kinds = [keras.metrics.Metric]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        yield _snake_case(kind.__name__)


def _snake_case(name: str) -> str:
    """As Keras makes it: `MeanIoU` is `mean_io_u`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
