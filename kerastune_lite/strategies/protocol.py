"""The protocol of strategies, and their fingerprints."""

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
    """What to do next: start a new trial, or resume or end a paused one.

    Attributes:
        values: By name; of a new trial.
        unset: The value of any other hyperparameter that is read: "sample" (reproducibly at random), "first" (the first
            level) or "default".
        note: JSON to keep with the trial, for later calls of the strategy.
        trial: The number of a paused trial to resume; None for a new one.
        pause_at: The epoch after which the trial pauses, so that it can be resumed; None to train to the end.
        stop: Why the paused trial ends here, in words; None to resume it.
        expected_improvement: By how much the new trial is expected to improve on the best score, in the objective's
            units; None if that is not known.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    unset: Unset = "sample"
    note: Any = None
    trial: int | None = None
    pause_at: int | None = None
    stop: str | None = None
    expected_improvement: float | None = None


class Strategy(Protocol):
    """Proposes the next point.

    Implement it as a frozen dataclass with `__call__`; the fields are the fingerprint. A strategy uses no clock, no
    file and no global random state: the same history and generator give the same proposal. One whose proposals say how
    much they are expected to improve has an attribute `computes_expected_improvement` that is True.
    """

    def __call__(self, history: History, rng: "np.random.Generator", /) -> Proposal | None:
        """The next point; None if there is nothing to propose, at least until a running trial ends."""


def fingerprint(strategy: Any, recorded: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The class and the fields of a strategy or a stopping policy as JSON, to compare with the recorded ones.

    Args:
        strategy: The strategy or the policy.
        recorded: The fingerprint on record, if any. Fields missing there are left out if they have their default: they
            did not exist when the study was recorded.
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


def _plain(value: Any) -> Any:  # noqa: PLR0911 - a line for each type
    """`value` as JSON that is equal for equal values; scikit-learn's objects become their class and parameters."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)  # NaN does not equal itself
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
    return type(value).__qualname__ if f"{id(value):x}" in text else text  # an address differs between runs
