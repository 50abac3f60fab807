"""Continuous ranges as a grid shows them: a few levels, evenly spaced."""

from collections.abc import Callable
from functools import cache

from kerastune_lite.space.kinds import Choice, Float, Hyperparameter

View = Callable[[Hyperparameter], Hyperparameter]
"""Shows a definition as another one, such as a range as some of its values."""


def as_is(definition: Hyperparameter) -> Hyperparameter:
    """The view that changes nothing."""
    return definition


@cache
def discretized(points: int) -> View:
    """The view that shows a `Float` without a step as `points` values, evenly spaced on its scale, ends included."""

    @cache
    def view(definition: Hyperparameter) -> Hyperparameter:
        if not isinstance(definition, Float) or definition.count() is not None:
            return definition
        levels = dict.fromkeys(definition.scale.spread(points))
        return Choice(definition.name, tuple(levels), ordered=True, conditions=definition.conditions)

    return view
