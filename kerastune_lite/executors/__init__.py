"""Where trials run. An executor carries messages and notices death; it knows no objective, no strategy and no data."""

from kerastune_lite.executors.in_process import InProcess
from kerastune_lite.executors.protocol import Executor, Handle

__all__ = ["Executor", "Handle", "InProcess"]
