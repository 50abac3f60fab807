"""Runs trials in the scope of a `tf.distribute` strategy."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from kerastune_lite.study.events import Ended
from kerastune_lite.study.task import Send, Task, TrialFunction


def in_scope(strategy: Any) -> AbstractContextManager[Any]:
    """`strategy.scope()`; nothing if `strategy` is None."""
    return nullcontext() if strategy is None else strategy.scope()


def distributed(trial: TrialFunction, strategy: Any) -> TrialFunction:
    """`trial`, run in `strategy.scope()`; unchanged if `strategy` is None."""
    if strategy is None:
        return trial

    def run(task: Task, send: Send) -> Ended | None:
        with in_scope(strategy):
            return trial(task, send)

    return run
