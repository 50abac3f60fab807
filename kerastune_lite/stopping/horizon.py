"""How long a trial would train, and the epochs at which trials are compared."""

import math
from collections.abc import Iterator

from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

EPOCHS = "epochs"
"""The key of the annotation with a trial's own number of epochs, where this depends on its hyperparameters."""

LEAST_EPOCHS = 3
LEAST_SHARE = 0.05


def known_epochs(trial: Trial, history: History) -> int | None:
    """The epochs of a full training: the trial's own, else the search's; None if it depends on what the trial does."""
    own = trial.notes.get(EPOCHS)
    return own if type(own) is int and own > 0 else history.settings.epochs


def horizon(trial: Trial, history: History) -> int | None:
    """The epochs of a full training if they are known, else those of the longest completed trial.

    None if nothing is known of it: nobody is stopped then.
    """
    return known_epochs(trial, history) or history.longest or None


def first_rung(epochs: int) -> int:
    """The first epoch at which trials are compared: a twentieth of `epochs`, the horizon, but at least 3."""
    return max(LEAST_EPOCHS, math.ceil(LEAST_SHARE * epochs))


def rungs(first: int, eta: int, epochs: int) -> Iterator[int]:
    """`first`, `first * eta`, ..., below `epochs`."""
    while first < epochs:
        yield first
        first *= eta


def just_reached(trial: Trial) -> tuple[int, int] | None:
    """The epochs (after, up to) that the latest report has reached; None if it has no finite objective.

    An epoch without the objective, as with `validation_freq`, is judged at the next report that has it.
    """
    epochs = trial.curve(trial.execution).epochs
    if not epochs or epochs[-1] != trial.epoch:
        return None
    return (epochs[-2] if len(epochs) > 1 else 0), epochs[-1]


def stoppable(trial: Trial, history: History) -> bool:
    """Whether it may be stopped at all: it has a score, and a better trial has ended."""
    return trial.score is not None and history.best is not None and history.rank_of(trial) > 0
