"""How long a trial would train, and the epochs at which trials are compared."""

from kerastune_lite.study.curves import first_rung
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial


def horizon(trial: Trial, history: History) -> int | None:
    """The epochs of a full training if they are known, else those of the longest completed trial.

    None if nothing is known of it: nobody is stopped then.
    """
    return history.known_epochs(trial) or history.longest or None


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


def due(
    trial: Trial, history: History, *, first_epoch: int | None, every: int, startup_trials: int
) -> tuple[int, int, int] | None:
    """The epoch due for a comparison, that of the latest report, and those of a full training; None if none is due.

    Epochs `first_epoch`, `first_epoch + every`, ... are due, each at the first report with a score from there on.
    """
    epochs, reached = horizon(trial, history), just_reached(trial)
    if epochs is None or reached is None or history.scored < startup_trials or not stoppable(trial, history):
        return None
    before, now = reached
    first = first_epoch or first_rung(epochs)
    epoch = first + (now - first) // every * every
    return (epoch, now, epochs) if max(before, first - 1) < epoch < epochs else None
