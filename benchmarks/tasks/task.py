"""A search whose answer is known, and how far a search is from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """One hyperparameter: "ordinal" or "category" with `values`, "int" or "float" with `low` and `high`."""

    name: str
    kind: str
    values: Sequence[Any] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False

    def at(self, unit: float) -> Any:
        """The value at a place of the unit interval."""
        if self.values:
            return self.values[min(int(unit * len(self.values)), len(self.values) - 1)]
        low, high = (np.log([self.low, self.high])) if self.log else (self.low, self.high)
        value = float(low + unit * (high - low))
        value = float(np.exp(value)) if self.log else value
        return round(value) if self.kind == "int" else min(max(value, self.low), self.high)

    def unit(self, value: Any) -> float:
        """The place of a value in the unit interval, the middle of its share where it has one."""
        if self.values:
            return (list(self.values).index(value) + 0.5) / len(self.values)
        low, high, at = np.log([self.low, self.high, value]) if self.log else (self.low, self.high, value)
        return float((at - low) / (high - low))


@dataclass(frozen=True)
class Task:
    """A search.

    Attributes:
        name: Its family and its own name: "coco/f8".
        read: Reads the hyperparameters of one point: `read(ask)` with `ask(parameter) -> value` gives values by name.
        parameters: All of them, for those who must know them beforehand; None where some depend on others.
        loss: The true loss of a point's values, to be minimised; NaN where a trial fails.
        best: The lowest loss known.
        median: The median loss of points drawn at random.
        observed: What a trial reports, given values and a generator, where that is not the true loss.
        point: The values of the lowest loss known; None where they are not.
    """

    name: str
    read: Callable[[Callable[[Parameter], Any]], dict[str, Any]]
    parameters: Sequence[Parameter] | None
    loss: Callable[[Values], float] = field(repr=False)
    best: float
    median: float
    observed: Callable[[Values, np.random.Generator], float] | None = field(default=None, repr=False)
    point: Values | None = field(default=None, repr=False)

    def observe(self, values: Values, rng: np.random.Generator) -> float:
        """What a trial with these values reports."""
        return self.loss(values) if self.observed is None else self.observed(values, rng)

    def regret(self, losses: Sequence[float], observed: Sequence[float]) -> list[float]:
        """The normalised regret, after each trial, of the point that looks best: 0 the best known, 1 the median."""
        chosen, lowest, regrets = self.median, np.inf, []
        for true, seen in zip(losses, observed, strict=True):
            if seen < lowest:
                chosen, lowest = true, seen
            regrets.append(float(max(0.0, chosen - self.best) / (self.median - self.best)))
        return regrets


def flat(parameters: Sequence[Parameter]) -> Callable[[Callable[[Parameter], Any]], dict[str, Any]]:
    """Reads every parameter, whatever the others are."""
    return lambda ask: {parameter.name: ask(parameter) for parameter in parameters}


def known(
    read: Callable[[Callable[[Parameter], Any]], dict[str, Any]],
    loss: Callable[[Values], float],
    draws: int = 2000,
    steps: int = 4000,
) -> dict[str, Any]:
    """`best` and `point` of many random points and of smaller and smaller steps from the best; the random `median`."""
    rng = np.random.default_rng(0)

    def at(units: Any) -> tuple[float, list[float]]:
        """The loss at places by order of reading; places beyond those given are drawn."""
        used: list[float] = []

        def ask(parameter: Parameter) -> Any:
            used.append(units[len(used)] if len(used) < len(units) else float(rng.random()))
            return parameter.at(used[-1])

        return loss(read(ask)), used

    found = [at(()) for _ in range(draws)]
    finite = [pair for pair in found if np.isfinite(pair[0])]
    best = sorted(finite, key=lambda pair: pair[0])[:10]
    for step in range(steps):
        sigma = 0.3 * 0.01 ** (step / steps)
        units = np.array(best[step % len(best)][1])
        moved = units + np.where(rng.random(len(units)) < max(0.3, 2 / len(units)), sigma, 0) * rng.standard_normal(
            len(units)
        )
        pair = at(np.clip(moved, 0, 1 - 1e-12))
        if pair[0] < best[-1][0]:
            best = sorted([*best[:-1], pair], key=lambda pair: pair[0])
    units = iter(best[0][1])
    median = float(np.median([pair[0] for pair in finite]))
    return {"best": best[0][0], "median": median, "point": read(lambda parameter: parameter.at(next(units)))}
