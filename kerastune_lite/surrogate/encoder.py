"""Points as rows of numbers, such that distances between rows mean something.

A dimension is a hyperparameter of the space that can differ. A point's coordinates are a row of `coordinates`: the unit
interval's place for a number, the level's index for a category, NaN where the hyperparameter is not active. The
surrogate sees an space_encoder of that:

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

from kerastune_lite.space.kinds import Boolean, Choice, Hyperparameter, Value, key
from kerastune_lite.space.space import Space
from kerastune_lite.surrogate.covariance import Features
from kerastune_lite.surrogate.prior_mean import PriorMean

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

    def coordinate(self, value: Value) -> float:
        """The coordinate of a value."""
        if self.categories is not None:
            return float(self.categories[key(value)])
        return self.definition.to_unit(value)


@final
class SpaceEncoder:
    """The coordinates of a space and their space_encoder.

    Args:
        space: The hyperparameters known so far.
    """

    def __init__(self, space: Space) -> None:
        free = [definition for definition in space if definition.count() != 1]
        self.dimensions = [Dimension(definition, index) for index, definition in enumerate(free)]
        self._by_name = {(d.definition.name, type(d.definition)): d for d in self.dimensions}

    def __len__(self) -> int:
        return len(self.dimensions)

    def dimension(self, definition: Hyperparameter) -> Dimension | None:
        """The coordinate of a definition; None if it can have one value only."""
        return self._by_name.get((definition.name, type(definition)))

    def coordinates(self, definitions: Sequence[Hyperparameter], values: Mapping[str, Value]) -> Array:
        """The coordinates of a point that has read these definitions."""
        row = np.full(len(self), np.nan)
        for definition in definitions:
            dimension = self.dimension(definition)
            if dimension is not None and definition.name in values:
                row[dimension.index] = dimension.coordinate(values[definition.name])
        return row

    def coordinates_of_values(self, values: Mapping[str, Value]) -> Array:
        """The coordinates of a point of which only names and values are known."""
        fitting = [d.definition for d in self.dimensions if values.get(d.definition.name) in d.definition]
        return self.coordinates([d for d in fitting if d.name in values], values)

    def feature_encoder(self, coordinates: Array) -> "FeatureEncoder":
        """An space_encoder in which these points and all like them can be told apart."""
        return FeatureEncoder(self.dimensions, np.asarray(np.isnan(coordinates).any(axis=0)))


@final
class FeatureEncoder:
    """The space_encoder's columns.

    Attributes:
        features: The coordinate that each column belongs to, and whether it is the place of a number.
        numeric: The column of each numeric coordinate, by its index.
        names: The name of each group's hyperparameter.
        definitions: The widest definition of each coordinate.
    """

    def __init__(self, dimensions: Sequence[Dimension], sometimes: Array) -> None:
        self._dimensions = dimensions
        self.numeric: dict[int, int] = {}
        self.definitions = [dimension.definition for dimension in dimensions]
        self.names = [f"{d.definition.name} {d.definition.kind}" for d in dimensions]
        self._levels: list[tuple[int, Array, slice]] = []  # of each category: its index, its levels, their columns
        self._activity: list[tuple[int, int, float]] = []  # where it differs: the index, the column, how far apart
        groups: list[int] = []
        for dimension in dimensions:
            first, width = len(groups), 1
            if dimension.categories is None:
                self.numeric[dimension.index] = first
            else:
                width = len(dimension.categories)
                self._levels.append((dimension.index, np.arange(width), slice(first, first + width)))
            if sometimes[dimension.index]:
                self._activity.append((dimension.index, first + width, 1.0 if dimension.categories is None else _FAR))
            groups += [dimension.index] * (width + bool(sometimes[dimension.index]))
        is_numeric = np.zeros(len(groups), dtype=bool)
        is_numeric[list(self.numeric.values())] = True
        self.features = Features(np.array(groups, dtype=int), is_numeric, PriorMean.zero(len(groups)))

    def level(self, index: int, value: Value) -> tuple[int, float]:
        """The column of a category's level, and what stands there where it is chosen."""
        columns = next(columns for known, _, columns in self._levels if known == index)
        return columns.start + int(self._dimensions[index].coordinate(value)), float(_FAR)

    def rows(self, coordinates: Array) -> Array:
        """Embeds points, shape (m, dimensions), as rows of shape (m, columns)."""
        rows = np.zeros((len(coordinates), len(self.features.groups)))
        absent = np.isnan(coordinates)
        rows[:, self.features.numeric_columns] = np.where(absent, 0.5, coordinates)[:, list(self.numeric)]
        for index, levels, columns in self._levels:
            rows[:, columns] = (coordinates[:, index, None] == levels) * _FAR
        for index, column, far in self._activity:
            rows[:, column] = absent[:, index] * far
        return rows
