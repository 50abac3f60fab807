"""Garbage collection around trainings."""

import gc
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
            gc.collect()

    return run
