"""Stopping policies decide whether a running trial is still worth its epochs."""

from kerastune_lite.stopping.auto import Auto
from kerastune_lite.stopping.combine import any_of
from kerastune_lite.stopping.comparison import ASHA, Hyperband, Median, Percentile
from kerastune_lite.stopping.forecast import CurveForecast
from kerastune_lite.stopping.protocol import Stop, StoppingPolicy
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

__all__ = [
    "ASHA",
    "Auto",
    "CurveForecast",
    "History",
    "Hyperband",
    "Median",
    "Percentile",
    "Stop",
    "StoppingPolicy",
    "Trial",
    "any_of",
]
