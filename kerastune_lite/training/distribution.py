"""Runs trials in the scope of a `tf.distribute` strategy."""

from typing import Any

from kerastune_lite.study.events import Ended
from kerastune_lite.study.task import Send, Task, TrialFunction


def distributed(trial: TrialFunction, strategy: Any) -> TrialFunction:
    """`trial`, run in `strategy.scope()`; unchanged if `strategy` is None."""
    if strategy is None:
        return trial

    def run(task: Task, send: Send) -> Ended | None:
        with strategy.scope():
            return trial(task, send)

    return run
