"""Stopping policies decide whether a running trial is still worth its epochs."""

from kerastune_lite.stopping.protocol import Stop, StoppingPolicy
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

__all__ = ["History", "Stop", "StoppingPolicy", "Trial"]
