"""What is to be said of running trials whose workers give no sign of life."""

import time

from kerastune_lite.study.durations import in_words
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

_WORTH_SAYING = 10.0  # seconds since a report


def silent_workers(history: History) -> list[str]:
    """A sentence for each running trial whose worker is silent."""
    return [sentence for trial in history.running if (sentence := silence_of(trial)) is not None]


def silence_of(trial: Trial) -> str | None:
    """That its worker is silent, and since when; None if it is not."""
    if trial.silent_since is None:
        return None
    since = time.strftime("%H:%M:%S", time.localtime(trial.silent_since))
    return f"trial {trial.number}: no sign of life from its worker {trial.worker} since {since}"


def quiet_for(trial: Trial, now: float) -> str | None:
    """How long a running trial has not reported, and whether its worker is silent; None if that is not long.

    Args:
        trial: The trial.
        now: In seconds since 1970.
    """
    if trial.silent_since is not None:
        return f"no sign of life from its worker for {in_words(max(0.0, now - trial.silent_since))}"
    seconds = now - trial.heard_at
    return f"{in_words(seconds)} since its last report" if trial.heard_at and seconds >= _WORTH_SAYING else None
