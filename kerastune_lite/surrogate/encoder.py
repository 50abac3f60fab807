"""Encodes configurations as rows of numbers whose distances are meaningful to a Gaussian process.

There are two steps. `SpaceEncoder` gives a configuration one coordinate for each hyperparameter with more than one
level (a dimension): a number's position in the unit interval, a category's index, or NaN if the configuration does not
read the hyperparameter (it is inactive). `FeatureEncoder` turns coordinates into the columns that the surrogate sees:

- a number is one column, on its own scale (log, reverse-log), with half a level of padding at the ends;
- a category is one column for each level, so that any two levels have distance 1 (Hamming);
- a hyperparameter that is sometimes inactive has one more column, for its activity. Inactive differs from every value;
  the length scale of the hyperparameter determines by how much.
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

# Two orthogonal vectors of this length have distance 1.
_FAR = 1 / np.sqrt(2)

# A category with more levels has columns only for those that were tried.
_MANY_LEVELS = 512

_OTHER = -1


@final
@dataclass(frozen=True)
class Dimension:
    """A hyperparameter as a coordinate.

    Attributes:
        definition: The widest one known: the ranges of all others with its name and kind are part of its range.
        index: The index of the coordinate.
    """

    definition: Hyperparameter
    index: int

    @cached_property
    def categories(self) -> dict[str, int] | None:
        """The index of each level, by `key`; None for numbers."""
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
    """Encodes configurations of a space as coordinates.

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
        """The dimension of a definition; None if it has one level."""
        return self._by_name.get((definition.name, type(definition)))

    def coordinates(self, definitions: Sequence[Hyperparameter], values: Mapping[str, Value]) -> Array:
        """The coordinates, shape (dimensions,), of a configuration that has read these definitions."""
        row = np.full(len(self), np.nan)
        for definition in definitions:
            dimension = self.dimension(definition)
            if dimension is not None and definition.name in values:
                row[dimension.index] = dimension.coordinate(values[definition.name])
        return row

    def coordinates_of_values(self, values: Mapping[str, Value]) -> Array:
        """The coordinates, shape (dimensions,), of a configuration of which only names and values are known."""
        fitting = [d.definition for d in self.dimensions if values.get(d.definition.name) in d.definition]
        return self.coordinates([d for d in fitting if d.name in values], values)

    def feature_encoder(self, coordinates: Array) -> "FeatureEncoder":
        """An encoder of points; a dimension has an activity column if it is inactive in one of `coordinates`."""
        return FeatureEncoder(self.dimensions, np.asarray(np.isnan(coordinates).any(axis=0)), coordinates)


@final
class FeatureEncoder:
    """Encodes coordinates as feature rows.

    Args:
        dimensions: The dimensions of the space.
        sometimes: Whether each dimension is sometimes inactive, shape (dimensions,).
        seen: The points that models are fitted to; a category of very many levels has one column for each level among
            them, and one for all others, which are as far from those as from each other.

    Attributes:
        features: The columns; each dimension is a group.
        numeric: The column of each numeric dimension, by the dimension's index.
        names: Name and kind of each dimension's hyperparameter.
        definitions: The widest definition of each dimension.
    """

    def __init__(self, dimensions: Sequence[Dimension], sometimes: Array, seen: Array | None = None) -> None:
        self._dimensions = dimensions
        self.numeric: dict[int, int] = {}
        self.definitions = [dimension.definition for dimension in dimensions]
        self.names = [f"{d.definition.name} {d.definition.kind}" for d in dimensions]
        self._levels: list[tuple[int, Array, slice]] = []  # for each category: its dimension, levels, columns
        self._activity: list[tuple[int, int, float]] = []  # for each activity: its dimension, column, value if inactive
        groups: list[int] = []
        for dimension in dimensions:
            first, width = len(groups), 1
            if dimension.categories is None:
                self.numeric[dimension.index] = first
            else:
                levels = np.arange(len(dimension.categories))
                if len(levels) > _MANY_LEVELS and seen is not None:
                    levels = np.append(levels[np.isin(levels, seen[:, dimension.index])], _OTHER)
                width = len(levels)
                self._levels.append((dimension.index, levels, slice(first, first + width)))
            if sometimes[dimension.index]:
                self._activity.append((dimension.index, first + width, 1.0 if dimension.categories is None else _FAR))
            groups += [dimension.index] * (width + bool(sometimes[dimension.index]))
        is_numeric = np.zeros(len(groups), dtype=bool)
        is_numeric[list(self.numeric.values())] = True
        self.features = Features(np.array(groups, dtype=int), is_numeric, PriorMean.zero(len(groups)))

    def level(self, index: int, value: Value) -> tuple[int, float]:
        """The column of a category's level, and the value of this column if the level is chosen."""
        levels, columns = next((levels, columns) for known, levels, columns in self._levels if known == index)
        place = _places(np.array([self._dimensions[index].coordinate(value)]), levels)[0]
        return columns.start + int(np.flatnonzero(levels == place)[0]), float(_FAR)

    def rows(self, coordinates: Array) -> Array:
        """Encodes points, shape (m, dimensions), as rows, shape (m, columns)."""
        rows = np.zeros((len(coordinates), len(self.features.groups)))
        absent = np.isnan(coordinates)
        rows[:, self.features.numeric_columns] = np.where(absent, 0.5, coordinates)[:, list(self.numeric)]
        for index, levels, columns in self._levels:
            rows[:, columns] = (_places(coordinates[:, index], levels)[:, None] == levels) * _FAR
        for index, column, far in self._activity:
            rows[:, column] = absent[:, index] * far
        return rows


def _places(coordinates: Array, levels: Array) -> Array:
    """Coordinates of a category, `_OTHER` for those without a column of their own."""
    if levels[-1] != _OTHER:
        return coordinates
    return np.where(np.isnan(coordinates) | np.isin(coordinates, levels), coordinates, _OTHER)
