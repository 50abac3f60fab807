"""How a task of real trainings is made: what to ask for, and what to train."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.tasks import task
from benchmarks.tasks.task import Parameter

Values = dict[str, Any]
Read = Callable[[Callable[[Parameter], Any]], Values]


@dataclass(frozen=True)
class Recipe:
    """A search whose best and median loss are not known yet.

    Attributes:
        read: As in `Task`.
        parameters: As in `Task`.
        train: The loss of `train(values, seed)`.
        draws: How many random points make the median.
    """

    read: Read
    parameters: Sequence[Parameter] | None
    train: Callable[[Values, int], float] = field(repr=False)
    draws: int = 600

    def loss(self, values: Mapping[str, Any]) -> float:
        """The loss of a point: always the same, with noise that its seed makes."""
        plain = {name: _plain(value) for name, value in values.items()}
        return float(self.train(plain, _seed(plain)))


def flat(train: Callable[[Values, int], float], *parameters: Parameter, draws: int = 600) -> Recipe:
    """A search where all hyperparameters are always asked for."""
    return Recipe(task.flat(parameters), parameters, train, draws)


def floating(name: str, low: float, high: float) -> Parameter:
    return Parameter(name, "float", low=low, high=high)


def log_floating(name: str, low: float, high: float) -> Parameter:
    return Parameter(name, "float", low=low, high=high, log=True)


def integer(name: str, low: int, high: int) -> Parameter:
    return Parameter(name, "int", low=low, high=high)


def log_integer(name: str, low: int, high: int) -> Parameter:
    return Parameter(name, "int", low=low, high=high, log=True)


def ordinal(name: str, *values: Any) -> Parameter:
    return Parameter(name, "ordinal", values)


def category(name: str, *values: Any) -> Parameter:
    return Parameter(name, "category", values)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _seed(values: Values) -> int:
    text = repr(sorted(values.items()))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
