"""What the loop asks of a strategy."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Protocol

from kerastune_lite.space.hp import Unset
from kerastune_lite.space.kinds import Value
from kerastune_lite.study.history import History

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Proposal:
    """Values for a new trial.

    Attributes:
        values: By name; `unset` says how other reads are answered.
        unset: How: "sample" (reproducibly at random), "first" (the first level) or "default".
        note: JSON that is kept with the trial, so that a later call can start from it.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    unset: Unset = "sample"
    note: Any = None


class Strategy(Protocol):
    """Proposes the next point.

    A frozen dataclass with `__call__`; its fields are its fingerprint. It reads no clock, no file and no global random
    state: the same history and generator give the same proposal.
    """

    def __call__(self, history: History, rng: "np.random.Generator", /) -> Proposal | None:
        """The next point; None if there is nothing to propose while the trials under way last."""


def fingerprint(strategy: Any, recorded: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A strategy's or a policy's class and fields as plain JSON, to be compared with those on record.

    A field that the record lacks is left out while it has its default: it did not exist when the study was searched.
    """
    kind = type(strategy)
    if not is_dataclass(strategy):
        return {"strategy": getattr(strategy, "__qualname__", kind.__qualname__)}
    found = {"strategy": kind.__qualname__, **_plain(strategy)}
    if recorded is None or recorded.get("strategy") != kind.__qualname__:
        return found
    defaults = {
        item.name: _plain(item.default_factory() if item.default_factory is not MISSING else item.default)
        for item in fields(strategy)
    }
    return {name: value for name, value in found.items() if name in recorded or value != defaults[name]}


def _plain(value: Any) -> Any:  # noqa: PLR0911 - a line for each kind of value
    """`value` as JSON that is equal for equal values: objects of scikit-learn by their class and parameters."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)  # NaN would differ from itself
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "__qualname__"):  # a class or function
        return value.__qualname__
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if hasattr(value, "tolist"):  # numpy's
        return _plain(value.tolist())
    if hasattr(value, "get_params"):
        return {"class": type(value).__qualname__, **_plain(value.get_params(deep=False))}
    text = repr(value)
    return type(value).__qualname__ if f"{id(value):x}" in text else text  # an address is another in each run
