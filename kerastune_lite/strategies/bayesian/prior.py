"""The user's priors: where the best values are believed to be, before the first trial."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from kerastune_lite.errors import UsageError, nearest
from kerastune_lite.space.kinds import Hyperparameter, Value
from kerastune_lite.space.number import number, plain
from kerastune_lite.space.space import Space

_MOST = 5.0


@final
@dataclass(frozen=True)
class Prior:
    """The value of a hyperparameter that is believed to be the best one.

    Args:
        center: The value.
        strength: How much worse the score is expected to be at the farthest value, in standard deviations of all
            scores; above 0, at most 5.

    Raises:
        UsageError: The strength is out of range.

    Example:
        >>> Prior("adam", strength=2)
        Prior(center='adam', strength=2)
    """

    center: Value
    strength: float = 1.0

    def __post_init__(self) -> None:
        strength = number(self.strength)
        if strength is None or not 0 < strength <= _MOST:
            raise UsageError(
                f"Prior(strength={self.strength!r}): the strength must be a number above 0, {_MOST:.0f} at most"
            )
        object.__setattr__(self, "center", plain(self.center))
        object.__setattr__(self, "strength", strength)


def as_priors(given: Mapping[str, Any] | None) -> dict[str, Prior]:
    """Priors by name of their hyperparameter; any other value becomes the center of a `Prior`.

    Raises:
        UsageError: `given` is not a mapping with names as keys.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise UsageError(f"priors={given!r} must be a dict of values or kt.Prior by hyperparameters' names")
    return {name: value if isinstance(value, Prior) else Prior(value) for name, value in given.items()}


def prior_of(definition: Hyperparameter, priors: Mapping[str, Prior]) -> Prior | None:
    """The prior of a hyperparameter; None if there is none, or if its center is out of range here."""
    prior = priors.get(definition.name)
    return prior if prior is not None and prior.center in definition else None


def check_priors(priors: Mapping[str, Prior], space: Space) -> None:
    """Checks centers and names.

    An unknown name is accepted unless it resembles a known one, because a later trial may read it. It is also accepted
    if it differs from a known one by a number, like `units_2`.

    Raises:
        UsageError: A center is out of range, or a name is probably misspelt.
    """
    known = {definition.name: definition for definition in space}
    stems = {_stem(name) for name in known}
    for name, prior in priors.items():
        if name in known and prior.center not in known[name]:
            raise UsageError(
                f"the prior of {name!r} has center={prior.center!r}, which {known[name]} cannot have; "
                "give a value of its range"
            )
        if _stem(name) not in stems and (hint := nearest(name, known)):
            raise UsageError(f"a prior is given for {name!r}, which no trial reads{hint}")


def _stem(name: str) -> str:
    return re.sub(r"\d+", "", name)
