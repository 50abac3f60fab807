"""Policies that compare a trial with the others at the same epoch."""

from dataclasses import dataclass
from typing import final

from kerastune_lite.errors import UsageError
from kerastune_lite.space.number import count, number, optional_count
from kerastune_lite.stopping.horizon import due, horizon, just_reached, stoppable
from kerastune_lite.stopping.protocol import Stop
from kerastune_lite.study.curves import Rung, first_rung, rungs
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial


@final
@dataclass(frozen=True)
class ASHA:
    """Asynchronous successive halving: at each rung, only the best `1 / eta` of the trials continue.

    Rungs are at `first_epoch`, `first_epoch * eta`, `first_epoch * eta**2`, ... below the epochs of a full training.

    Args:
        eta: The reduction factor, from 2.
        first_epoch: The first rung; by default a twentieth of a full training, but at least 3 epochs.

    Raises:
        UsageError: An argument is out of its range.

    Source: Li et al., A System for Massively Parallel Hyperparameter Tuning (MLSys 2020), in the stopping form.
    """

    eta: int = 3
    first_epoch: int | None = None

    def __post_init__(self) -> None:
        count("eta", self.eta, 2, of="ASHA")
        optional_count("first_epoch", self.first_epoch, 1, of="ASHA")

    def __call__(self, trial: Trial, history: History, /) -> Stop | None:
        """Stops a trial that is not among the best `1 / eta` at a rung that it has just reached."""
        epochs = horizon(trial, history)
        if epochs is None or not stoppable(trial, history):
            return None
        first = self.first_epoch or first_rung(epochs)
        return halve(trial, history, [*rungs(first, self.eta, epochs)], self.eta)


@final
@dataclass(frozen=True)
class Hyperband:
    """ASHA with brackets: the more aggressive ones stop early, the others give slow starters more epochs.

    Trial n belongs to bracket `n % brackets`, whose first rung is at `first_epoch * eta**bracket`. Trials are compared
    within their bracket only.

    Args:
        eta: The reduction factor, from 2.
        brackets: The number of brackets; by default as many as have a rung below the epochs of a full training.
        first_epoch: The first rung of the first bracket; by default a twentieth of a full training, at least 3 epochs.

    Raises:
        UsageError: An argument is out of its range.

    Source: Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization (JMLR 2018).
    """

    eta: int = 3
    brackets: int | None = None
    first_epoch: int | None = None

    def __post_init__(self) -> None:
        count("eta", self.eta, 2, of="Hyperband")
        optional_count("brackets", self.brackets, 1, of="Hyperband")
        optional_count("first_epoch", self.first_epoch, 1, of="Hyperband")

    def __call__(self, trial: Trial, history: History, /) -> Stop | None:
        """Stops a trial that is not among the best `1 / eta` of its bracket at a rung that it has just reached."""
        epochs = horizon(trial, history)
        if epochs is None or not stoppable(trial, history):
            return None
        all_rungs = [*rungs(self.first_epoch or first_rung(epochs), self.eta, epochs)]
        brackets = self.brackets or len(all_rungs) + 1  # the last one stops nobody
        bracket = trial.number % brackets
        return halve(trial, history, all_rungs[bracket:], self.eta, (bracket, brackets))


@final
@dataclass(frozen=True)
class Percentile:
    """Stops a trial whose score so far is not in the best `percentile` of the others at the same epoch.

    Args:
        percentile: How much of the trials continue, in percent, between 0 and 100.
        startup_trials: How many trials must have ended with a score before any is stopped.
        first_epoch: The first epoch at which trials are compared; by default a twentieth of a full training, but at
            least 3 epochs.
        every: Epochs from one comparison to the next.

    Raises:
        UsageError: An argument is out of its range.
    """

    percentile: float = 25.0
    startup_trials: int = 5
    first_epoch: int | None = None
    every: int = 1

    def __post_init__(self) -> None:
        check_share("Percentile", "percentile", self.percentile, 100)
        _check_comparison("Percentile", self.startup_trials, self.first_epoch, self.every)

    def __call__(self, trial: Trial, history: History, /) -> Stop | None:
        """Compares the trial at an epoch that it has just reached."""
        found = due(trial, history, first_epoch=self.first_epoch, every=self.every, startup_trials=self.startup_trials)
        if found is None:
            return None
        epoch = found[0]
        rung = history.rung(epoch, trial.execution)
        rank, others = rung.better_than(rung[trial.number]), len(rung) - 1
        if rank <= others * self.percentile / 100:
            return None
        return Stop(f"epoch {epoch}: not in the best {self.percentile:g} % ({rank} of {others} trials were better)")


@final
@dataclass(frozen=True)
class Median:
    """Stops a trial whose score so far is worse than the median of the others at the same epoch.

    Args:
        startup_trials: How many trials must have ended with a score before any is stopped.
        first_epoch: The first epoch at which trials are compared; by default a twentieth of a full training, but at
            least 3 epochs.
        every: Epochs from one comparison to the next.

    Raises:
        UsageError: An argument is out of its range.

    Source: Golovin et al., Google Vizier: A Service for Black-Box Optimization (KDD 2017), section 3.2.2, with the best
    score so far in place of its mean.
    """

    startup_trials: int = 5
    first_epoch: int | None = None
    every: int = 1

    def __post_init__(self) -> None:
        _check_comparison("Median", self.startup_trials, self.first_epoch, self.every)

    def __call__(self, trial: Trial, history: History, /) -> Stop | None:
        """Compares the trial at an epoch that it has just reached."""
        return Percentile(50.0, self.startup_trials, self.first_epoch, self.every)(trial, history)


def halve(
    trial: Trial, history: History, epochs: list[int], eta: int, bracket: tuple[int, int] | None = None
) -> Stop | None:
    """Stops a trial that is not among the best `1 / eta` at the last of the rungs that it has just reached.

    Args:
        trial: The trial.
        history: What is known of the others.
        epochs: The epochs of the rungs, ascending.
        eta: The reduction factor.
        bracket: The number of the bracket and of all brackets, if trials are compared within brackets.
    """
    reached = just_reached(trial)
    epoch = None if reached is None else max((e for e in epochs if reached[0] < e <= reached[1]), default=None)
    if epoch is None:
        return None
    rung = history.rung(epoch, trial.execution)
    rank, count = _rank(rung, trial.number, bracket)
    if rank < max(1, count // eta):
        return None
    return Stop(f"epoch {epoch}: rank {rank + 1} of {count}, and the best {max(1, count // eta)} continue")


def _rank(rung: Rung, trial: int, bracket: tuple[int, int] | None) -> tuple[int, int]:
    """The rank of a trial, from 0, and the number of trials that it is compared with, itself included."""
    if bracket is None:
        return rung.better_than(rung[trial]), len(rung)
    number, brackets = bracket
    values = [rung[other] for other in rung if other % brackets == number]
    return sum(value < rung[trial] for value in values), len(values)


def _check_comparison(policy: str, startup_trials: int, first_epoch: int | None, every: int) -> None:
    count("startup_trials", startup_trials, 0, of=policy)
    optional_count("first_epoch", first_epoch, 1, of=policy)
    count("every", every, 1, of=policy)


def check_share(policy: str, name: str, value: object, whole_is: float) -> None:
    """Raises a UsageError unless `value` is a number between 0 and `whole_is`."""
    found = number(value)
    if found is None or not 0 < found < whole_is:
        raise UsageError(f"{policy}({name}={value!r}): {name} must be between 0 and {whole_is:g}")
