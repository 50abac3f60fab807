"""Learning curves of trials, and when they ran."""

import math
import statistics
from dataclasses import dataclass
from typing import NamedTuple, final

from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial


class CurvePoint(NamedTuple):
    """The objective after an epoch: its mean over the executions that got so far, and their sample deviation."""

    epoch: int
    mean: float
    deviation: float


def curves(trial: Trial) -> list[list[tuple[int, float]]]:
    """The objective by epoch, of each execution; NaN and infinities are kept."""
    value = trial.objective.value
    return [[(epoch, value(metrics)) for epoch, metrics in run.metrics.items()] for run in trial.executions]


def mean_curve(trial: Trial) -> list[CurvePoint]:
    """The objective by epoch over all executions, without those where it is not finite."""
    by_epoch: dict[int, list[float]] = {}
    for run in curves(trial):
        for epoch, value in run:
            if math.isfinite(value):
                by_epoch.setdefault(epoch, []).append(value)
    return [
        CurvePoint(epoch, statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0)
        for epoch, values in sorted(by_epoch.items())
    ]


@final
@dataclass(frozen=True)
class Bar:
    """An attempt on the timeline.

    Attributes:
        lane: From 0; attempts of one lane do not overlap.
        trial: The trial's number.
        start: Seconds since the study began.
        end: Seconds since the study began; None while it runs.
        status: How it ended, or "running".
    """

    lane: int
    trial: int
    start: float
    end: float | None
    status: str


def timeline(history: History) -> tuple[list[str], list[Bar]]:
    """The worker of each lane, and all attempts in the order they began; a worker has as many lanes as it needs."""
    attempts = sorted(
        ((span, trial.number) for trial in history.trials for span in trial.spans),
        key=lambda pair: (pair[0].start, pair[1]),
    )
    lanes: list[str] = []
    busy: list[float] = []  # until when each lane is
    bars = []
    for span, number in attempts:
        free = (lane for lane, worker in enumerate(lanes) if worker == span.worker and busy[lane] <= span.start)
        lane = next(free, len(lanes))
        if lane == len(lanes):
            lanes.append(span.worker)
            busy.append(0.0)
        busy[lane] = math.inf if span.end is None else span.end
        end = None if span.end is None else span.end - history.created
        bars.append(Bar(lane, number, span.start - history.created, end, span.outcome or "running"))
    return lanes, bars
