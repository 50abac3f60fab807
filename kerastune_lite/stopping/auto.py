"""The policy of `stopping="auto"`: stops what is unlikely to win, as long as early scores tell who wins."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, takewhile
from typing import final

from kerastune_lite.stopping.comparison import halve
from kerastune_lite.stopping.forecast import CurveForecast
from kerastune_lite.stopping.horizon import horizon, just_reached, stoppable
from kerastune_lite.stopping.protocol import Stop
from kerastune_lite.study.curves import first_rung, rungs
from kerastune_lite.study.events import SCHEDULE
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

_ETA = 3
_LEAST_PAIRS = 6
_LEAST_AGREEMENT = 0.7
_MOST_COMPARED = 16  # completed trials: the latest ones
_FIRST_GAP = 20
_MODEL_BASED = ("Bayesian", "Skopt")


@final
@dataclass(frozen=True)
class Auto:
    """Stops trials by forecast and by successive halving, and watches whether that is right.

    - A trial whose learning rate follows a schedule is never stopped: final ranks show late in such trainings.
    - Trials 0, 20, 60, 120, ... train to the end, whatever the verdict. The completed trials show how often the
      order at a rung is that of the final scores. A rung at which fewer than 70 % of the pairs agree stops nobody.
    - Under a strategy that learns from the trials, only the forecast counts: such trials are alike, and the best third
      of them is no better than the rest.
    """

    def __call__(self, trial: Trial, history: History, /) -> Stop | None:
        """A verdict to stop, unless it is not to be trusted."""
        epochs, reached = horizon(trial, history), just_reached(trial)
        if epochs is None or reached is None or SCHEDULE in trial.notes or _spared(trial.number):
            return None
        verdict = _verdict(trial, history, epochs)
        if verdict is None or not _trusted(history, reached[1], epochs):
            return None
        return verdict

    def notice(self, history: History) -> str | None:
        """Why trials were left to train to the end, if they were."""
        noted = [text for trial in history.trials if (text := trial.notes.get(SCHEDULE)) is not None]
        if noted:
            return (
                f'stopping="auto" stops no trial whose learning rate follows a schedule ({noted[-1]}; {len(noted)} of '
                f"{len(history)} trials): such trainings show late who wins"
            )
        epochs = history.last_search.epochs if history.last_search is not None else None
        ladder = () if epochs is None else rungs(first_rung(epochs), _ETA, epochs)
        misleading = [(rung, found) for rung in ladder if (found := _agreement(history, rung)) is not None]
        misleading = [(rung, found) for rung, found in misleading if found < _LEAST_AGREEMENT]
        if not misleading:
            return None
        told = ", ".join(f"{found:.0%} at epoch {rung}" for rung, found in misleading)
        return f'stopping="auto" stops no trial where early scores mislead: pairs in their final order: {told}'


def _verdict(trial: Trial, history: History, epochs: int) -> Stop | None:
    forecast = CurveForecast()(trial, history)
    if forecast is not None or history.settings.strategy.get("strategy") in _MODEL_BASED:
        return forecast
    if not stoppable(trial, history):
        return None
    return halve(trial, history, [*rungs(first_rung(epochs), _ETA, epochs)], _ETA)


def _spared(number: int) -> bool:
    """Whether a trial is one of 0, 20, 60, 120, ..."""
    least, gap = 0, _FIRST_GAP
    while least < number:
        least, gap = least + gap, gap + _FIRST_GAP
    return least == number


def _trusted(history: History, epoch: int, epochs: int) -> bool:
    """Whether the order at the latest rung is that of the final scores often enough; so it is while little is known."""
    *_, rung = takewhile(lambda rung: rung <= epoch, rungs(first_rung(epochs), _ETA, epochs))
    found = _agreement(history, rung)
    return found is None or found >= _LEAST_AGREEMENT


def _agreement(history: History, rung: int) -> float | None:
    """The agreement of the latest completed trials."""
    return agreement(history.completed[-_MOST_COMPARED:], rung)


def agreement(trials: Sequence[Trial], epoch: int) -> float | None:
    """The share of pairs of completed trials that have the same order at an epoch as in the end.

    None for fewer than 6 pairs that differ.
    """
    points = [(early, curve.minimized[-1]) for t in trials if (early := (curve := t.curve()).at(epoch)) is not None]
    pairs = [(a[0] - b[0], a[1] - b[1]) for a, b in combinations(points, 2) if a[1] != b[1]]
    if len(pairs) < _LEAST_PAIRS:
        return None
    return sum(0.5 if early == 0 else float((early > 0) == (late > 0)) for early, late in pairs) / len(pairs)
