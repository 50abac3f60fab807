"""What a user believes before the first trial."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from kerastune_lite.errors import UsageError, nearest
from kerastune_lite.space import Hyperparameter, Space, Value

_MOST = 5.0


@final
@dataclass(frozen=True)
class Prior:
    """Where the best value of a hyperparameter is believed to be.

    Args:
        center: That value.
        strength: How much worse the value farthest from it is expected to be, in standard deviations of all losses:
            above 0, at most 5.

    Raises:
        UsageError: The strength is out of its range.

    Example:
        >>> Prior(3e-4)
        Prior(center=0.0003, strength=1.0)
    """

    center: Value
    strength: float = 1.0

    def __post_init__(self) -> None:
        strength = self.strength
        number = isinstance(strength, (int, float)) and not isinstance(strength, bool)
        if not (number and math.isfinite(strength) and 0 < strength <= _MOST):
            raise UsageError(
                f"Prior(strength={strength!r}): the strength must be a number above 0, {_MOST:.0f} at most"
            )

    def check(self, definition: Hyperparameter) -> None:
        """Raises UsageError unless the center is a value of `definition`."""
        if self.center not in definition:
            raise UsageError(
                f"the prior of {definition.name!r} has center={self.center!r}, which {definition} cannot have; "
                "give a value of its range"
            )


def as_priors(given: Mapping[str, Any] | None) -> dict[str, Prior]:
    """Priors by the names of their hyperparameters; a bare value is the center of one.

    Raises:
        UsageError: `given` is not a mapping of names.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise UsageError(f"priors={given!r} must be a dict of values or kt.Prior by hyperparameters' names")
    return {name: value if isinstance(value, Prior) else Prior(value) for name, value in given.items()}


def check_names(priors: Mapping[str, Prior], space: Space) -> None:
    """Raises UsageError for a name that looks like a misspelt one of `space`.

    Others may be read in a later trial, above all those that differ from a known one by a number: `units_2`.
    """
    stems = {_stem(name) for name in space.names}
    for name in priors:
        if _stem(name) not in stems and (hint := nearest(name, space.names)):
            raise UsageError(f"a prior is given for {name!r}, which no trial reads{hint}")


def _stem(name: str) -> str:
    return re.sub(r"\d+", "", name)
