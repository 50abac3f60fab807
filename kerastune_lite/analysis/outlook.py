"""How long a search will still take, and what stopping has saved."""

from collections.abc import Sequence

from kerastune_lite.study.durations import seconds_in
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

RECENT = 50
"""How many of the latest trials tell what the next ones will cost."""


def seconds_left(history: History, recent: Sequence[Trial]) -> float | None:
    """An estimate for a running search; None if nothing limits it, or if no trial has told yet what one costs.

    Trials that run at the same time go on doing so.

    Args:
        history: The study.
        recent: The latest trials that have succeeded.
    """
    settings = history.last_search
    if settings is None or not recent:
        return None
    seconds = sum(trial.duration for trial in recent) / max(1, len(history.running))
    left = []
    if settings.max_trials is not None:
        trials = max(0, settings.max_trials - history.budget_used + len(history.running))
        left.append(trials * seconds / len(recent))
    most = settings.options.get("max_epochs_total")
    if isinstance(most, int):
        epochs = sum(trial.reported_epochs for trial in recent)
        left.append(max(0, most - history.epochs_used) * seconds / max(1, epochs))
    limit = seconds_in(settings.options.get("max_time"))
    if limit is not None:
        left.append(max(0.0, limit - (history.updated - history.search_began)))
    return min(left, default=None)


def recent_trials(history: History) -> list[Trial]:
    """The latest trials that have succeeded, by when they ended."""
    ended = sorted((trial for trial in history.trials if trial.succeeded), key=lambda trial: trial.ended_at)
    return ended[-RECENT:]


def epochs_saved(history: History) -> int | None:
    """The epochs that stopped trials were not trained for; None if it is not known how long a full training is."""
    saved = 0
    for trial in history.trials:
        planned = history.known_epochs(trial)
        if planned is None:
            return None
        if trial.status == "stopped":
            saved += max(0, planned * history.settings.executions - trial.reported_epochs)
    return saved
