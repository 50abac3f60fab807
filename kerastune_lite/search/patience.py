"""How long a search waits, once `max_time` has passed, for trials that should report but do not."""

from collections.abc import Callable
from typing import final

_LEAST = 60.0  # seconds
_FACTOR = 10


@final
class Patience:
    """Waits ten times the longest that any trial has taken from one event to its next, and at least a minute.

    An epoch that is still running may take longer than the others, so the search must not be hasty: what a worker has
    done since its last saved epoch is lost when it is ended.

    Args:
        clock: The clock of the search, in seconds.
        limit: `max_time` in seconds; None to wait for ever.

    Attributes:
        last: When the last event was heard, by the same clock.
    """

    def __init__(self, clock: Callable[[], float], limit: float | None) -> None:
        self._clock = clock
        self._end = None if limit is None else clock() + limit
        self._latest: dict[int, float] = {}
        self.last = clock()
        self._longest = 0.0

    def heard(self, trial: int | None) -> None:
        """Takes note of an event, such as the start, of a trial."""
        now = self.last = self._clock()
        if trial is not None:
            self._longest = max(self._longest, now - self._latest.get(trial, now))
            self._latest[trial] = now

    def forget(self, trial: int) -> None:
        """Takes note that a trial does not run any more."""
        self._latest.pop(trial, None)

    @property
    def allowed(self) -> float:
        """How long it waits for the next event, in seconds."""
        return max(_LEAST, _FACTOR * self._longest)

    @property
    def left(self) -> float | None:
        """In how many seconds it ends, if there is no event before; None for never."""
        return None if self._end is None else max(self._end, self.last) + self.allowed - self._clock()
