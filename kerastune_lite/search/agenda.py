"""What a search starts next: interrupted and failed trials, enqueued configurations, proposals, confirmations."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, final

from kerastune_lite.errors import SearchError
from kerastune_lite.search.limits import Reached
from kerastune_lite.search.recorder import Recorder
from kerastune_lite.search.settings import Settings
from kerastune_lite.strategies import Proposal
from kerastune_lite.study.events import SEARCH_ENDED, SPACE_EXTENDED, Annotated, Ended, Started
from kerastune_lite.study.trial import Trial

if TYPE_CHECKING:
    import numpy as np

INTERRUPTED = "interrupted by the user"
_MAX_CONSECUTIVE_SKIPS = 100
_SPACE_EXHAUSTED = "every configuration of the space has been tried"
_CONFIRMING = 2  # further training runs of each of the best trials


@final
class Agenda:
    """The attempts of a search, one after another.

    Args:
        recorder: Records that the space is extended, and the end of trials that the strategy ends.
        settings: What the search goes by.
        reached: Which limit the search has reached, if any.

    Attributes:
        why: Why there is no next attempt; empty if there is none for now.
    """

    def __init__(self, recorder: Recorder, settings: Settings, reached: Callable[[], Reached | None]) -> None:
        self.why = ""
        self._recorder = recorder
        self._history = recorder.history
        self._settings = settings
        self._reached = reached
        self._retries: list[int] = []
        trials = self._history.trials
        self._nothing_to_lose = bool(trials) and all(trial.epoch == 0 for trial in trials)
        self.may_extend = settings.extend or self._nothing_to_lose

    def retry(self, trial: Trial) -> None:
        """Puts a failed trial on the agenda."""
        self._retries.append(trial.number)

    def extend(self, number: int) -> None:
        """Trial `number` is the first of a new space. One search may extend once: its own reads must agree."""
        self.may_extend = False
        self._recorder.record(Annotated(key=SPACE_EXTENDED, value=number))

    def next(self) -> Started | None:
        """The next attempt of the search; after the last one, those that confirm the best trials.

        While these run, nothing else starts: what they find out may be what the search ends or goes on for.
        """
        confirming = any(trial.confirms for trial in self._history.running)
        return (None if confirming else self._next_of_search()) or self._confirmation()

    def _confirmation(self) -> Started | None:
        """Further training runs of one of the best trials, once all others have ended."""
        history, reached = self._history, self._reached()
        if self._settings.confirm is None or (reached is not None and reached.resumable):
            return None
        unfinished = history.unfinished
        if any(trial.status == "running" and not trial.confirms for trial in unfinished):
            return None
        scored = [*history.ranked(), *(trial for trial in unfinished if trial.confirms and not trial.succeeded)]
        scored.sort(key=lambda trial: (trial.first_minimized, trial.number))
        best = scored[: self._settings.confirm]
        trial = next((one for one in best if not one.confirmed and one.status != "running"), None)
        if trial is None:
            return None
        return replace(_next_attempt(trial), pause_at=None, executions=history.settings.executions + _CONFIRMING)

    def _next_of_search(self) -> Started | None:
        """The next attempt: an interrupted trial, a failed one, an enqueued configuration, or a proposal."""
        history = self._history
        reached = self._reached()
        if reached is not None:
            return self._end_with(reached.reason)
        interrupted = next((trial for trial in history.unfinished if _was_interrupted(trial)), None)
        if interrupted is not None:
            return _next_attempt(interrupted)
        if self._retries:
            return _next_attempt(history[self._retries.pop(0)])
        stalled = self._settings.limits.stalled(history)
        if stalled is not None:
            return self._end_with(stalled)
        if history.consecutive_skips >= _MAX_CONSECUTIVE_SKIPS:
            return self._end_with(
                f"{_MAX_CONSECUTIVE_SKIPS} trials in a row were infeasible or duplicates of earlier ones"
            )
        return self._propose()

    def _end_with(self, why: str) -> Started | None:
        """Notes why nothing more is started."""
        self.why = why
        return None

    def _propose(self) -> Started | None:
        """The next configuration, or a paused trial to promote; the latter needs no budget."""
        history, most = self._history, self._history.settings.max_trials
        budget_used = most is not None and history.budget_used >= most
        reached = f"max_trials={most} reached"
        if budget_used and not any(trial.waiting for trial in history.unfinished):
            return self._end_with(reached)
        number = history.next_number
        if history.queue and not budget_used:
            return Started(trial=number, attempt=1, values=history.queue[0], source="queue")
        proposal = self._ask(number)
        if proposal is None and not budget_used and self._may_have_grown():
            self.extend(number)
            proposal = self._ask(number)
        if proposal is None or (budget_used and proposal.trial is None):
            return self._end_with(reached if budget_used else _SPACE_EXHAUSTED)
        if proposal.trial is not None:
            return replace(_next_attempt(history[proposal.trial]), pause_at=proposal.pause_at)
        return self._new(number, proposal)

    def _new(self, number: int, proposal: Proposal) -> Started | None:
        """The first attempt at a proposed configuration, if it is worth it."""
        if proposal.unset == "first" and any(_may_be(trial, proposal) for trial in self._history.running):
            return None  # until it is known what that trial reads
        unpromising = self._settings.limits.unpromising(self._history, proposal)
        if unpromising is not None:
            return self._end_with(unpromising)
        return Started(
            trial=number,
            attempt=1,
            values=proposal.values,
            unset=proposal.unset,
            note=proposal.note,
            pause_at=proposal.pause_at,
        )

    def _ask(self, number: int) -> Proposal | None:
        """Asks the strategy; trials that it ends have ended then."""
        while True:
            rng = _generator(self._history.settings.seed, number)
            proposal: Proposal | None = self._settings.strategy(self._history, rng)
            if proposal is None or proposal.trial is None:
                return proposal
            if not (proposal.trial in self._history and self._history[proposal.trial].status == "paused"):
                raise SearchError(
                    f"{self._settings.strategy!r} proposed to resume trial {proposal.trial}, which is not paused"
                )
            if proposal.stop is None:
                return proposal
            self._recorder.record(Ended(trial=proposal.trial, outcome="stopped", reason=proposal.stop))

    def _may_have_grown(self) -> bool:
        """Whether a space that an earlier search has exhausted may have grown; only reading can tell."""
        ended = self._history.at_rest and self._history.notes[SEARCH_ENDED] != INTERRUPTED
        return ended and self.may_extend and (self._nothing_to_lose or self._settings.space is None)


def _may_be(trial: Trial, proposal: Proposal) -> bool:
    """Whether a running trial may be the proposed one: all that is known of it is what is proposed."""
    known = trial.values if trial.reads_known or trial.proposal is None else trial.proposal.values
    return not trial.reads_complete and dict(known) == dict(proposal.values)


def _was_interrupted(trial: Trial) -> bool:
    """Whether its attempt ended before it should have: by a crash, the user or a limit of the search."""
    return trial.status == "interrupted" or (trial.status == "paused" and not trial.waiting)


def _next_attempt(trial: Trial) -> Started:
    proposal = trial.proposal
    if proposal is None:  # the record of its start is damaged: the values read are what it is
        return Started(trial=trial.number, attempt=trial.attempts + 1, values=trial.values)
    return replace(proposal, attempt=trial.attempts + 1)


def _generator(seed: int, number: int) -> "np.random.Generator":
    """The stream that proposes trial `number`."""
    import numpy as np  # noqa: PLC0415 - heavy: loaded by the first search, not by the import

    return np.random.default_rng([seed, number])
