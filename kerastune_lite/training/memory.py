"""Garbage collection around trainings."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from kerastune_lite.study.events import Ended
from kerastune_lite.study.task import Send, Task, TrialFunction


@contextmanager
def frozen_garbage() -> Iterator[None]:
    """Excludes the objects that exist now from collections, which the many objects of TensorFlow make slow."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def collecting(trial: TrialFunction) -> TrialFunction:
    """`trial`, followed by a collection: models contain reference cycles, which only a collection frees."""

    def run(task: Task, send: Send) -> Ended | None:
        try:
            return trial(task, send)
        finally:
            if "tensorflow" in sys.modules:
                from kerastune_lite.training.graphs import free_graphs  # noqa: PLC0415 - imports tensorflow

                free_graphs()
            gc.collect()

    return run
