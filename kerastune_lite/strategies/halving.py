"""Successive halving and Hyperband: many trials train for a few epochs, and the best of them continue."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, final

from kerastune_lite.errors import UsageError
from kerastune_lite.space.number import count, optional_count
from kerastune_lite.strategies.protocol import Proposal, Strategy
from kerastune_lite.strategies.random import Random
from kerastune_lite.study.curves import first_rung, rungs
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

if TYPE_CHECKING:
    import numpy as np

_BRACKET = "bracket"
_NO_RESULT = ("failed", "infeasible", "duplicate")


class Rung(NamedTuple):
    """One round of a bracket.

    Attributes:
        trials: How many trials take part.
        epochs: How many epochs they have trained at its end.
    """

    trials: int
    epochs: int


@final
@dataclass(frozen=True)
class Halving:
    """Trains many trials for a few epochs; at each rung the best `1 / eta` continue, the others end.

    A trial pauses at a rung and, if it is promoted, continues its own training from there: weights, optimizer, epoch
    and callbacks. `fit` always gets all epochs, so that schedules of the learning rate are those of a full training.

    The brackets of Hyperband follow one another: the first one starts with many trials and the earliest rung, the last
    one with few trials that train to the end. A bracket ends before its trials are compared with another's.

    Args:
        base: Proposes the configurations.
        max_epochs: The epochs of a full training; by default those of the search.
        eta: The reduction factor, from 2.
        min_epochs: The epochs of the first rung; by default a twentieth of `max_epochs`, but at least 3.
        brackets: How many of Hyperband's brackets are used in turn, from the one with the earliest rung on; None for
            all.
        asynchronous: Promotes a trial as soon as it is among the best `1 / eta` of those that have reached its rung,
            and starts a new one otherwise; there is one bracket then.

    Raises:
        UsageError: An argument is out of its range, or the epochs are not known.

    Source: Li et al., Hyperband (JMLR 2018), algorithm 1; Li et al., A System for Massively Parallel Hyperparameter
    Tuning (MLSys 2020), algorithm 2.
    """

    base: Strategy = field(default_factory=Random)
    max_epochs: int | None = None
    eta: int = 3
    min_epochs: int | None = None
    brackets: int | None = None
    asynchronous: bool = False

    def __post_init__(self) -> None:
        if not callable(self.base) or isinstance(self.base, type):
            raise UsageError(
                f"Halving(base={self.base!r}): give an instance of a strategy, such as kt.strategies.Random()"
            )
        count("eta", self.eta, 2, of="Halving")
        for name in ("max_epochs", "min_epochs", "brackets"):
            optional_count(name, getattr(self, name), 1, of="Halving")
        if self.max_epochs is not None:
            self.plan(self.max_epochs)

    def __call__(self, history: History, rng: "np.random.Generator") -> Proposal | None:
        """A trial to promote or to end, else a new one."""
        plan = self.plan(self._epochs(history))
        used = _budget_used(history)
        if self.asynchronous:
            promoted = _asynchronous(history, plan[0], self.eta)
            new = None if used or promoted is not None else self.base(history, rng)
            return promoted or (_winner(history, plan[0]) if new is None else _begun(new, plan[0], 0))
        members = _by_bracket(history)
        for index, bracket in enumerate(itertools.cycle(plan)):
            inside = members.get(index, [])
            if len(inside) < bracket[0].trials and not used and (new := self.base(history, rng)) is not None:
                return _begun(new, bracket, index)
            decided = _decided(inside, bracket, self.eta)
            if decided is not None or not inside:
                return decided
        return None

    @property
    def computes_expected_improvement(self) -> bool:
        """Whether `base` says by how much a trial is expected to improve."""
        return getattr(self.base, "computes_expected_improvement", False)

    def plan(self, max_epochs: int) -> list[list[Rung]]:
        """The rungs of each bracket, for trainings of `max_epochs`; the last but one is clearly below that.

        Raises:
            UsageError: The first rung is not below `max_epochs`.

        Example:
            >>> [[tuple(rung) for rung in bracket] for bracket in Halving().plan(27)]
            [[(9, 3), (3, 9), (1, 27)], [(5, 9), (1, 27)], [(3, 27)]]
        """
        first = self.min_epochs or first_rung(max_epochs)
        if first >= max_epochs:
            raise UsageError(
                f"max_epochs={max_epochs} is not above the first rung, epoch {first}: train longer, or give "
                f"min_epochs (to stop trials after one or two epochs is a gamble)"
            )
        epochs = [epoch for epoch in rungs(first, self.eta, max_epochs) if epoch**2 * self.eta <= max_epochs**2]
        epochs = [*(epochs or [first]), max_epochs]
        most = len(epochs) - 1
        count = min(len(epochs), self.brackets or len(epochs))
        return [self._rungs(epochs[most - bracket :], most, bracket) for bracket in range(most, most - count, -1)]

    def _rungs(self, epochs: Sequence[int], most: int, bracket: int) -> list[Rung]:
        """The bracket with rungs at `epochs` (Hyperband, algorithm 1)."""
        start = math.ceil((most + 1) / (bracket + 1) * self.eta**bracket)
        return [Rung(max(1, start // self.eta**step), epoch) for step, epoch in enumerate(epochs)]

    def _epochs(self, history: History) -> int:
        known = history.settings.epochs
        epochs = self.max_epochs or known
        if epochs is None:
            raise UsageError("Halving needs the epochs of a full training: give kt.strategies.Halving(max_epochs=...)")
        if known is not None and known != epochs:
            raise UsageError(
                f"Halving(max_epochs={epochs}) with epochs={known} in search(): give the same number to both"
            )
        return epochs


def _begun(proposal: Proposal, rungs: Sequence[Rung], index: int) -> Proposal:
    """A new trial of a bracket."""
    note = proposal.note if isinstance(proposal.note, Mapping) else {}
    return replace(proposal, note={**note, _BRACKET: index}, pause_at=_next_rung(rungs, 0))


def _promoted(trial: Trial, rungs: Sequence[Rung]) -> Proposal:
    return Proposal(trial=trial.number, pause_at=_next_rung(rungs, trial.epoch))


def _next_rung(rungs: Sequence[Rung], epoch: int) -> int | None:
    """Where a trial pauses next; None for the last rung, which is the end of the training."""
    return next((rung.epochs for rung in rungs[:-1] if rung.epochs > epoch), None)


def _asynchronous(history: History, rungs: Sequence[Rung], eta: int) -> Proposal | None:
    """The first promotion that is due, from the top."""
    trials = [trial for trial in history.trials if trial.status not in _NO_RESULT]
    for rung in reversed(rungs[:-1]):
        ranked = _ranked(trials, rung.epochs)
        for trial in ranked[: len(ranked) // eta]:
            if _waits_at(trial, rung):
                return _promoted(trial, rungs)
    return None


def _winner(history: History, rungs: Sequence[Rung]) -> Proposal | None:
    """The best trial, once no other is started: it trains to the end."""
    best = history.best
    return None if best is None or not best.waiting or history.running else _promoted(best, rungs)


def _budget_used(history: History) -> bool:
    most = history.settings.max_trials
    return most is not None and history.budget_used >= most


def _by_bracket(history: History) -> dict[int, list[Trial]]:
    """The trials of each bracket, by its place in the sequence; duplicates and infeasible ones are of none."""
    found: dict[int, list[Trial]] = {}
    for trial in history.trials:
        note: Any = trial.note
        if isinstance(note, Mapping) and type(note.get(_BRACKET)) is int and trial.status not in _NO_RESULT[1:]:
            found.setdefault(note[_BRACKET], []).append(trial)
    return found


def _decided(members: Sequence[Trial], rungs: Sequence[Rung], eta: int) -> Proposal | None:
    """The next promotion or end in a bracket that starts no more trials; None if there is none, or not yet."""
    for rung, following in itertools.pairwise(rungs):
        if not all(trial.ended or trial.waiting or _is_beyond(trial, rung) for trial in members):
            return None
        most = min(following.trials, math.ceil(len(members) / eta))  # the search may have ended within the bracket
        ranked = _ranked([trial for trial in members if trial.status not in _NO_RESULT], rung.epochs)
        for rank, trial in enumerate(ranked):
            if _waits_at(trial, rung) and rank < most:
                return _promoted(trial, rungs)
            if _waits_at(trial, rung):
                return Proposal(trial=trial.number, stop=f"epoch {rung.epochs}: rank {rank + 1} of {len(ranked)}")
        members = ranked[:most]
    return None


def _is_beyond(trial: Trial, rung: Rung) -> bool:
    """Whether it has been promoted from a rung."""
    pause_at = None if trial.proposal is None else trial.proposal.pause_at
    return trial.curve().at(rung.epochs) is not None and (pause_at is None or pause_at > rung.epochs)


def _ranked(trials: Sequence[Trial], epoch: int) -> list[Trial]:
    """The trials that have reached an epoch or ended before it, best first; of equal ones the earlier first."""
    values = [(value, trial) for trial in trials if (value := _value(trial, epoch)) is not None]
    return [trial for _, trial in sorted(values, key=lambda pair: (pair[0], pair[1].number))]


def _value(trial: Trial, epoch: int) -> float | None:
    curve = trial.curve()
    reached = curve.at(epoch)
    return curve.minimized[-1] if reached is None and trial.ended and curve.minimized else reached


def _waits_at(trial: Trial, rung: Rung) -> bool:
    return trial.waiting and trial.proposal is not None and trial.proposal.pause_at == rung.epochs


def total_epochs(plan: Sequence[Sequence[Rung]]) -> Iterator[tuple[int, int]]:
    """For each bracket, its trials and the epochs that they train, promotions included."""
    for bracket in plan:
        befores = [0, *(rung.epochs for rung in bracket)]
        epochs = sum(rung.trials * (rung.epochs - before) for rung, before in zip(bracket, befores, strict=False))
        yield bracket[0].trials, epochs
