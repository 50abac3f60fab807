"""Learning curves of a study: what each trial had scored when it reached an epoch, ranked.

The history keeps a rung for each (execution, epoch) that was ever asked for, so that a stopping policy costs the same
however many trials there are.
"""

import bisect
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, final

_LEAST_EPOCHS = 3
_LEAST_SHARE = 0.05


def first_rung(epochs: int) -> int:
    """The first epoch at which trials of `epochs` may be compared: a twentieth of them, but at least 3."""
    return max(_LEAST_EPOCHS, math.ceil(_LEAST_SHARE * epochs))


def rungs(first: int, eta: int, epochs: int) -> Iterator[int]:
    """`first`, `first * eta`, ..., below `epochs`."""
    while first < epochs:
        yield first
        first *= eta


class Curve(NamedTuple):
    """The score of one training run so far, after each epoch in which the objective was finite.

    Attributes:
        epochs: Those epochs, from 1, ascending.
        minimized: The score after each of them, as a value to minimise.
    """

    epochs: Sequence[int]
    minimized: Sequence[float]

    def at(self, epoch: int) -> float | None:
        """The value at the first of its epochs from `epoch` on; None before it is reached."""
        index = bisect.bisect_left(self.epochs, epoch)
        return self.minimized[index] if index < len(self.epochs) else None


@final
class Rung:
    """The values with which trials reached one epoch of one execution.

    Example:
        >>> rung = Rung(3)
        >>> rung.place(0, 0.5), rung.place(1, 0.2), rung.place(2, 0.3)
        (None, None, None)
        >>> len(rung), rung.better_than(0.3), rung[2]
        (3, 1, 0.3)
    """

    __slots__ = ("_sorted", "_values", "epoch")

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self._values: dict[int, float] = {}
        self._sorted: list[float] = []

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, trial: object) -> bool:
        return trial in self._values

    def __getitem__(self, trial: int) -> float:
        """The minimized value of a trial."""
        return self._values[trial]

    def __iter__(self) -> Iterator[int]:
        """The numbers of its trials, in the order they reached it."""
        return iter(self._values)

    def better_than(self, minimized: float) -> int:
        """How many trials have a better value."""
        return bisect.bisect_left(self._sorted, minimized)

    def place(self, trial: int, minimized: float | None) -> None:
        """Sets the value of a trial; None removes it. For the history."""
        before = self._values.pop(trial, None)
        if before is not None:
            del self._sorted[bisect.bisect_left(self._sorted, before)]
        if minimized is not None:
            self._values[trial] = minimized
            bisect.insort(self._sorted, minimized)


@final
class Rungs:
    """The rungs that were asked for, by execution and epoch."""

    def __init__(self) -> None:
        self._rungs: dict[int, dict[int, Rung]] = {}
        self._epochs: dict[int, list[int]] = {}

    def get(self, execution: int, epoch: int) -> Rung | None:
        """The rung, if it was asked for before."""
        return self._rungs.get(execution, {}).get(epoch)

    def add(self, execution: int, epoch: int, values: Iterable[tuple[int, float | None]]) -> Rung:
        """A new rung with the values of trials, by number."""
        rung = self._rungs.setdefault(execution, {})[epoch] = Rung(epoch)
        bisect.insort(self._epochs.setdefault(execution, []), epoch)
        for trial, minimized in values:
            rung.place(trial, minimized)
        return rung

    def extend(self, trial: int, execution: int, curve: Curve) -> None:
        """Adds the last point of a curve to the rungs that it reaches."""
        if execution not in self._rungs:
            return
        before = curve.epochs[-2] if len(curve.epochs) > 1 else 0
        asked = self._epochs[execution]
        for index in range(bisect.bisect_right(asked, before), bisect.bisect_right(asked, curve.epochs[-1])):
            self._rungs[execution][asked[index]].place(trial, curve.minimized[-1])

    def replace(self, trial: int, curve: Callable[[int], Curve] | None) -> None:
        """Places a trial in all rungs by `curve`, a function of the execution; None removes it."""
        for execution, rungs in self._rungs.items():
            for epoch, rung in rungs.items():
                rung.place(trial, None if curve is None else curve(execution).at(epoch))

    def clear(self) -> None:
        """Forgets all rungs."""
        self._rungs, self._epochs = {}, {}
