"""Functions that watch the events of a search, and what is needed to write one."""

from kerastune_lite.observers.protocol import ClosableObserver, Observer
from kerastune_lite.study.events import (
    SEARCH_ENDED,
    Annotated,
    Ended,
    Enqueued,
    Event,
    ExternalResult,
    ReadsRecorded,
    Reported,
    SearchStarted,
    Started,
)
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

__all__ = [
    "SEARCH_ENDED",
    "Annotated",
    "ClosableObserver",
    "Ended",
    "Enqueued",
    "Event",
    "ExternalResult",
    "History",
    "Observer",
    "ReadsRecorded",
    "Reported",
    "SearchStarted",
    "Started",
    "Trial",
]
