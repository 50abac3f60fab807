"""What the Tuning tab shows besides trials: the study and its analysis, in a run of their own, `_tuning`."""

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, final

from kerastune_lite.analysis.analysis import analysis_record
from kerastune_lite.analysis.records import VERSION, study_record
from kerastune_lite.analysis.silence import silent_workers
from kerastune_lite.observers.tensorboard.event_file import EventFile
from kerastune_lite.study.events import SEARCH_ENDED, STOPPING, Annotated, Ended, Event, Reported, SearchStarted
from kerastune_lite.study.history import History

RUN = "_tuning"
TRIAL = "tuning/trial"
STUDY = "tuning/study"
ANALYSIS = "tuning/analysis"

_BURST = 5
_RESERVE = 3  # records that reports leave to the beginnings and ends of trials
_STEADY = 500.0  # seconds

# Of the time of the searches, what analyses may take; at the end of a search, so many seconds in any case.
_SHARE = 0.02
_AT_THE_END = 1.0
# What the first one takes besides: its libraries are loaded.
_LOADING = 1.0

_FIRST = 10  # scored trials

# Of a model of an ill-conditioned study, whatever it be: no search ends by its analysis.
_FAULTS = (ArithmeticError, ValueError, LookupError)


def affordable(seconds: float, burst: int = _BURST) -> int:
    """How many records of one tag may have been written after so many seconds.

    One a second at first; later fewer, so that a file grows with the logarithm of time: after 500 s, one in 500th of
    the time. What has not been used may be used later, so that the last record is usually up to date.
    """
    if not 0 < seconds < math.inf:  # clocks are set, and a record may come from anybody
        return burst
    steady = min(seconds, _STEADY)
    return burst + int(steady + _STEADY * math.log(max(seconds, _STEADY) / _STEADY))


def _without_analysis(trials: int, note: str, seconds: float = 0.0) -> dict[str, Any]:
    empty: dict[str, Any] = {"importance": None, "slices": {}, "contours": []}
    return {"v": VERSION, "trials": trials, **empty, "seconds": seconds, "note": note}


NOT_YET = _without_analysis(0, f"the analysis needs {_FIRST} trials with a score and takes {_SHARE:.0%} of the time")


@final
class TuningRun:
    """Writes the study's own run, event by event.

    Args:
        runs: The directory of the study's runs.
        identity: The identity of the study.
        name: Its name.
        wall: When the search began, in seconds since 1970.
        clock: Process time in seconds, which analyses take.
    """

    def __init__(
        self,
        runs: Path,
        identity: str,
        name: str,
        wall: float,
        clock: Callable[[], float] = time.process_time,
    ) -> None:
        self._file = EventFile(runs / RUN, wall, identity)
        self._name = name
        self._began = wall
        self._clock = clock
        self._written = 0
        self._analyses = Analyses(clock)
        self._history: History | None = None

    def __call__(self, event: Event, history: History) -> None:
        """Writes what has changed, if enough time has passed."""
        self._history = history
        match event:
            case Annotated(trial=None, key=key) if key == SEARCH_ENDED:
                self._analyse(history, ended=not str(event.value).startswith("interrupted"))
                self._write_study(history)
            case SearchStarted():
                self._write_analysis(self._analyses.next(history, ended=False) or NOT_YET, history)
                self._write_study(history)
            case Ended():
                self._analyse(history)
                self._write_if_affordable(history)
            case Reported():
                self._write_if_affordable(history, reserve=_RESERVE)
            case _:
                self._write_if_affordable(history)

    def close(self) -> None:
        """Closes the file; a search that has recorded no end is written as interrupted."""
        history = self._history
        try:
            if history is not None and history.end_reason is None:
                self._write_study(history, over=True)
        finally:
            self._file.close()

    def _write_if_affordable(self, history: History, *, reserve: int = 0) -> None:
        if self._written + reserve < affordable(history.updated - self._began):
            self._write_study(history)

    def _write_study(self, history: History, *, over: bool = False) -> None:
        record = study_record(history, name=self._name, diagnostics=self._analyses.diagnostics(history), over=over)
        self._file.record(STUDY, record, self._written, history.updated)
        self._written += 1
        self._file.flush()

    def _analyse(self, history: History, *, ended: bool = False) -> None:
        record = self._analyses.next(history, ended=ended)
        if record is not None:
            self._write_analysis(record, history)

    def _write_analysis(self, record: Mapping[str, Any], history: History) -> None:
        self._file.record(ANALYSIS, record, record["trials"], history.updated)
        self._file.flush()


@final
class Analyses:
    """When a study is analysed: at 10, 20, 40, ... scored trials, within a budget, and when a search ends.

    Args:
        clock: Process time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._next = _FIRST
        self._of = 0
        self._spent = 0.0
        self._last = _LOADING
        self._messages: tuple[str, ...] = ()
        self._fit: tuple[bool, str] | None = None

    def next(self, history: History, *, ended: bool) -> dict[str, Any] | None:
        """The analysis, if one is due.

        Args:
            history: The study.
            ended: Whether the search has ended by itself.
        """
        budget = _SHARE * history.elapsed - self._spent
        if history.scored < _FIRST or history.scored == self._of:
            return None
        if ended:
            return self._analyse(history, max(_AT_THE_END, budget))
        if history.scored < self._next or budget < self._last:
            return None
        return self._analyse(history, min(_AT_THE_END, budget))

    def diagnostics(self, history: History) -> list[tuple[str, str]]:
        """Workers that are silent now, findings of the last analysis, and what the stopping policy says."""
        notice = history.notes.get(STOPPING)
        told = [*silent_workers(history), *(message for message in self._messages if message != notice)]
        found = [("warning", message) for message in told]
        fit = [] if self._fit is None else [("ok" if self._fit[0] else "hint", self._fit[1])]
        return [*found, *([("hint", notice)] if isinstance(notice, str) else []), *fit]

    def _analyse(self, history: History, seconds: float) -> dict[str, Any]:
        from kerastune_lite.results.diagnostics import diagnose, messages  # noqa: PLC0415 - heavy: numpy, scipy

        began = self._clock()
        try:
            record = analysis_record(history, seconds)
            found = diagnose(history)
            self._messages, self._fit = messages(history, found), found.fit
        except _FAULTS as error:
            note = f"the analysis failed: {type(error).__name__}: {error}"[:500]
            record = _without_analysis(history.scored, note, self._clock() - began)
        self._last = self._clock() - began
        self._spent += self._last
        self._of = history.scored
        while self._next <= history.scored:
            self._next *= 2
        return record
