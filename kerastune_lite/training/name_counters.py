"""Resets Keras's counters for unnamed layers and metrics: `dense`, `dense_1`, and in the logs `auc`, `auc_1`.

Keras counts everything that a process builds. Without a reset, the name of a trial's metric, which may be the
objective, would depend on the number of models built before.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import final

import keras

try:  # the public clear_session() also deletes graphs and settings
    from keras.src.backend.common.global_state import get_global_attribute, set_global_attribute
except ImportError:  # the names are then not reset, as in a plain loop over models
    get_global_attribute = set_global_attribute = None

_COUNTERS = "object_name_uids"


def reset_metrics() -> None:
    """Resets the counters of metrics, so that the next metric of each kind has its plain name; not those of layers."""
    counters = _counters()
    for name in _metric_names():
        counters.pop(name, None)
    _set(counters)


@final
class NameCounters:
    """The counters at the time of creation; after a reset to them, unnamed layers get the same names in each model."""

    def __init__(self) -> None:
        # not zero: the model may use layers that were created before, whose names must stay unique
        self._initial = _counters()

    def reset(self) -> None:
        """Resets the counters; those of metrics to zero."""
        _set(self._initial)
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
    """The name as Keras derives it: `MeanIoU` is `mean_io_u`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
