"""Converts hyperparameters to scikit-optimize's dimensions, and values to its points and back.

A space of scikit-optimize is a list of ranges and categories. It does not distinguish categories of different types
(True, 1 and 1.0), rejects ranges with one level, and returns numpy's types. Therefore hyperparameters with one level
are left out, categories are represented by their texts, and each returned value is looked up in its definition.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

from kerastune_lite.space.kinds import Choice, Float, Hyperparameter, Int, Value, key
from kerastune_lite.space.space import Space

Cell = int | float | str
"""A value as scikit-optimize sees it."""

# Larger integers are handled as floats, because those of scikit-optimize have 64 bits: as distances from the lower end,
# since floats represent integers exactly only up to here.
_LARGEST_WHOLE = 2**53


@final
@dataclass(frozen=True)
class Axis:
    """A hyperparameter with more than one level, as a dimension of scikit-optimize.

    Attributes:
        definition: The hyperparameter.
        indexed: Whether a `Choice` is represented by the index of its value; otherwise by its text.
    """

    definition: Hyperparameter
    indexed: bool = False

    @cached_property
    def _levels(self) -> list[Value]:
        return [self.definition.level(index) for index in range(self.definition.count() or 0)]

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {key(level): index for index, level in enumerate(self._levels)}

    @cached_property
    def _texts(self) -> list[str]:
        """The levels as `str`; as `repr` if two of them have the same `str`, such as "1" and 1."""
        texts = [str(level) for level in self._levels]
        return texts if len(set(texts)) == len(texts) else [repr(level) for level in self._levels]

    @property
    def _real(self) -> bool:
        definition = self.definition
        if isinstance(definition, Int):
            return max(abs(definition.min_value), abs(definition.max_value)) > _LARGEST_WHOLE
        return isinstance(definition, Float)

    @property
    def _origin(self) -> int:
        """What large integers are distances from; a logarithmic scale needs the integers themselves."""
        definition = self.definition
        far = isinstance(definition, Int) and self._real and definition.sampling != "log"
        return int(definition.min_value) if far else 0  # type: ignore[attr-defined]

    def _number(self, value: float) -> float:
        return float(value - self._origin) if self._real else int(value)

    def dimension(self) -> Any:
        """A new `skopt.space.Dimension`."""
        from skopt.space import Categorical, Integer, Real  # noqa: PLC0415 - heavy: scikit-learn

        definition = self.definition
        if isinstance(definition, (Float, Int)):
            kind = Real if self._real else Integer
            prior = "log-uniform" if definition.sampling == "log" else "uniform"
            low, high = (self._number(end) for end in (definition.min_value, definition.max_value))
            return kind(low, high, prior=prior, name=definition.name)
        if self.indexed:
            return Integer(0, len(self._levels) - 1, name=definition.name)
        return Categorical(self._texts, name=definition.name)

    def cell(self, values: Mapping[str, Value]) -> Cell:
        """The value of this hyperparameter in `values`; the default if it is missing or not in the range."""
        definition = self.definition
        value: Value = values.get(definition.name)
        if definition.name not in values or value not in definition:
            value = definition.default
        if isinstance(definition, (Float, Int)):
            return self._number(value)
        index = self._indices[key(value)]
        return index if self.indexed else self._texts[index]

    def value(self, cell: Any) -> Value:
        """The value that `cell` stands for: the inverse of the method `cell`; numpy's types are accepted."""
        if isinstance(self.definition, Float):
            return float(cell)
        if isinstance(self.definition, Int):
            return int(cell) + self._origin
        return self._levels[int(cell) if self.indexed else self._texts.index(str(cell))]


def axes_of(space: Space, *, indexed: bool) -> list[Axis]:
    """An axis for each hyperparameter with more than one level, in the order first read.

    Args:
        space: The hyperparameters known so far.
        indexed: Whether ordered values are represented by their index, which keeps the order, or by their text, which
            is easier to read.
    """
    return [Axis(d, indexed and isinstance(d, Choice) and bool(d.ordered)) for d in space if d.count() != 1]


def skopt_space(axes: Sequence[Axis]) -> Any:
    """A `skopt.space.Space` of these axes."""
    from skopt.space import Space as SkoptSpace  # noqa: PLC0415 - heavy: scikit-learn

    return SkoptSpace([axis.dimension() for axis in axes])


def point(axes: Sequence[Axis], values: Mapping[str, Value]) -> list[Cell]:
    """Values as a point of scikit-optimize; hyperparameters missing in `values` have their default."""
    return [axis.cell(values) for axis in axes]
