"""Points as rows of numbers, such that distances between rows mean something.

A dimension is a hyperparameter of the space that can differ. A point's coordinates are a row of `places`: the unit
interval's place for a number, the level's index for a category, NaN where the hyperparameter is not active. The
surrogate sees an embedding of that:

- a number is a column as it is, on its own scale (log, reverse-log), with half a level of padding at the ends;
- a category is one column a level, so that any two levels are equally far apart, at distance 1 (Hamming);
- a hyperparameter that is not always active has one more column, for its activity: inactive is not the same as any
  value, and as far from each as the hyperparameter's length scale makes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from kerastune_lite.space import Boolean, Choice, Hyperparameter, Space, Value, key
from kerastune_lite.surrogate.covariance import Features

Array = np.ndarray[Any, Any]

_FAR = 1 / np.sqrt(2)  # two unit vectors of this length are at distance 1


@final
@dataclass(frozen=True)
class Dimension:
    """A hyperparameter as a coordinate.

    Attributes:
        definition: The widest one known, which all others of its name and kind are part of.
        index: Which coordinate it is.
    """

    definition: Hyperparameter
    index: int

    @cached_property
    def categories(self) -> dict[str, int] | None:
        """The index of each level by its text; None for numbers."""
        definition = self.definition
        if isinstance(definition, Boolean) or (isinstance(definition, Choice) and not definition.ordered):
            return {key(definition.level(i)): i for i in range(definition.count() or 0)}
        return None

    def place(self, value: Value) -> float:
        """The coordinate of a value."""
        if self.categories is not None:
            return float(self.categories[key(value)])
        return self.definition.to_unit(value)


@final
class Embedding:
    """The coordinates of a space and their embedding.

    Args:
        space: The hyperparameters known so far.
    """

    def __init__(self, space: Space) -> None:
        free = [definition for definition in space if definition.count() != 1]
        self.dimensions = [Dimension(definition, index) for index, definition in enumerate(free)]
        self._by_place = {(d.definition.name, d.definition.kind): d for d in self.dimensions}

    def __len__(self) -> int:
        return len(self.dimensions)

    def dimension(self, definition: Hyperparameter) -> Dimension | None:
        """The coordinate of a definition; None if it can have one value only."""
        return self._by_place.get((definition.name, definition.kind))

    def places(self, definitions: Sequence[Hyperparameter], values: Mapping[str, Value]) -> Array:
        """The coordinates of a point that has read these definitions."""
        row = np.full(len(self), np.nan)
        for definition in definitions:
            dimension = self.dimension(definition)
            if dimension is not None and definition.name in values:
                row[dimension.index] = dimension.place(values[definition.name])
        return row

    def places_of_values(self, values: Mapping[str, Value]) -> Array:
        """The coordinates of a point of which only names and values are known."""
        fitting = [d.definition for d in self.dimensions if values.get(d.definition.name) in d.definition]
        return self.places([d for d in fitting if d.name in values], values)

    def columns(self, places: Array) -> "Columns":
        """An embedding in which these points and all like them can be told apart."""
        return Columns(self.dimensions, np.asarray(np.isnan(places).any(axis=0)))


@final
class Columns:
    """The embedding's columns.

    Attributes:
        features: The coordinate that each column belongs to, and whether it is the place of a number.
        numeric: The column of each numeric coordinate, by its index.
        names: The name of each group's hyperparameter.
    """

    def __init__(self, dimensions: Sequence[Dimension], sometimes: Array) -> None:
        self._dimensions = dimensions
        self._sometimes = sometimes
        self.numeric: dict[int, int] = {}
        self.names = [f"{d.definition.name} {d.definition.kind}" for d in dimensions]
        groups: list[int] = []
        for dimension in dimensions:
            if dimension.categories is None:
                self.numeric[dimension.index] = len(groups)
            width = 1 if dimension.categories is None else len(dimension.categories)
            groups += [dimension.index] * (width + bool(sometimes[dimension.index]))
        is_numeric = np.zeros(len(groups), dtype=bool)
        is_numeric[list(self.numeric.values())] = True
        self.features = Features(np.array(groups, dtype=int), is_numeric)

    def definition(self, index: int) -> Hyperparameter:
        """The widest definition of a coordinate."""
        return self._dimensions[index].definition

    def rows(self, places: Array) -> Array:
        """Embeds points, shape (m, dimensions), as rows of shape (m, columns)."""
        parts = []
        for dimension in self._dimensions:
            column = places[:, dimension.index]
            absent = np.isnan(column)
            if dimension.categories is None:
                parts.append(np.where(absent, 0.5, column)[:, None])
            else:
                levels = np.arange(len(dimension.categories))
                parts.append((column[:, None] == levels[None, :]) * _FAR)
            if self._sometimes[dimension.index]:
                parts.append(absent[:, None] * (1.0 if dimension.categories is None else _FAR))
        return np.hstack(parts) if parts else np.zeros((len(places), 0))
