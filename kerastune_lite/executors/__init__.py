"""Executors run trials and deliver their events. They know no objective, no strategy and no data."""

from kerastune_lite.executors.attempt import run_attempt
from kerastune_lite.executors.in_process import InProcess
from kerastune_lite.executors.pool import Pool
from kerastune_lite.executors.protocol import Executor
from kerastune_lite.executors.ray import Ray
from kerastune_lite.executors.stacked import Stacked
from kerastune_lite.study.events import Ended, Event
from kerastune_lite.study.task import Decision, Send, Task, TrialFunction

__all__ = [
    "Decision",
    "Ended",
    "Event",
    "Executor",
    "InProcess",
    "Pool",
    "Ray",
    "Send",
    "Stacked",
    "Task",
    "TrialFunction",
    "run_attempt",
]
