"""What a trial would read, foreseen: the tree of reads with equal subtrees made one, and many points completed from it.

Beyond what trials have read this guesses: an unseen branch reads on like its nearest sibling, by value for numbers, the
latest one for categories, and the branches of a continuous hyperparameter count as one. A wrong guess costs nothing:
values that nobody reads fall away, missing ones are drawn.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, final

import numpy as np

from kerastune_lite.space.kinds import Boolean, Choice, Hyperparameter, Value, from_json
from kerastune_lite.study.reads import Node, ReadsTree
from kerastune_lite.surrogate.encoder import Dimension, SpaceEncoder

Array = np.ndarray[Any, Any]

# A number with more levels than this is treated as continuous and rounded in the end.
MOST_LEVELS = 1024
_KNOTS = 33


@final
@dataclass(frozen=True, eq=False)
class Axis:
    """A definition as it is read at some node of the tree, in terms of its dimension.

    Attributes:
        definition: What is read.
        dimension: Its coordinate; None if it has one level.
        levels: The coordinate of each level; None if continuous.
        ends: Where each level's share of the prior ends, on the unit interval.
        knots: For a continuous one: the coordinates of evenly spaced coordinates of its own unit interval.
    """

    definition: Hyperparameter
    dimension: Dimension | None
    levels: Array | None = None
    ends: Array | None = None
    knots: Array | None = None

    def drawn(self, uniform: Array) -> Array:
        """Coordinates drawn from the prior, given uniform numbers."""
        if self.levels is None:
            return self._global(uniform)
        assert self.ends is not None
        return self.levels[np.minimum(np.searchsorted(self.ends, uniform, side="right"), len(self.levels) - 1)]

    def nearest(self, coordinates: Array) -> Array:
        """The coordinates that it can have, nearest to those given."""
        if self.levels is None:
            return self._global(self._local(coordinates))
        return np.asarray(self.levels[np.abs(coordinates[:, None] - self.levels[None, :]).argmin(axis=1)])

    def value(self, coordinate: float) -> Value:
        """The value at a coordinate."""
        if self.dimension is None:
            return self.definition.level(0)
        if self.levels is None:
            return self.definition.from_unit(
                float(self._local(np.array([coordinate]))[0])
            )  # the end of a range included
        return self.definition.level(int(np.abs(self.levels - coordinate).argmin()))

    def _global(self, local: Array) -> Array:
        return local if self.knots is None else np.interp(local, np.linspace(0, 1, _KNOTS), self.knots)

    def _local(self, coordinates: Array) -> Array:
        if self.knots is None:
            return np.clip(coordinates, 0.0, 1.0)
        return np.interp(coordinates, self.knots, np.linspace(0, 1, _KNOTS))


@lru_cache(maxsize=512)
def _axis(definition: Hyperparameter, dimension: Dimension | None) -> Axis:
    if dimension is None:
        return Axis(definition, None)
    count = definition.count()
    if count is not None and count <= MOST_LEVELS:
        values = [definition.level(index) for index in range(count)]
        middles = np.array([definition.to_unit(value) for value in values])
        ends = _ends_of_shares(definition, middles)
        return Axis(definition, dimension, np.array([dimension.coordinate(value) for value in values]), ends)
    if definition == dimension.definition:
        return Axis(definition, dimension)
    own = np.linspace(0, 1 - 1e-12, _KNOTS)
    return Axis(
        definition, dimension, knots=np.array([dimension.coordinate(definition.from_unit(unit)) for unit in own])
    )


def _ends_of_shares(definition: Hyperparameter, middles: Array) -> Array:
    """Where the levels' shares of the unit interval end."""
    if not isinstance(definition, (Choice, Boolean)):
        return np.append((middles[1:] + middles[:-1]) / 2, 1.0)
    ends, end = np.empty(len(middles)), 0.0
    for index, middle in enumerate(middles):  # weights make shares of any width around their middles
        ends[index] = end = 2 * middle - end
    return ends


@final
@dataclass(eq=False)
class SpaceNode:
    """What is read here, and what comes after each coordinate.

    Attributes:
        axis: What is read.
        after: (coordinate, what comes there), one for each branch that differs; a single one stands for all.
    """

    axis: Axis
    after: list[tuple[float, "SpaceNode | None"]]


class ConditionalSpace:
    """The tree of reads as a graph of coordinates, equal subtrees being one; `root` is None while nothing is known.

    Args:
        tree: All paths read.
        space_encoder: The coordinates of what was read.
        whole: Whether a trial, by its number, has read all that it would have read: a failed one may have not.
    """

    def __init__(self, tree: ReadsTree, space_encoder: SpaceEncoder, whole: Callable[[int], bool]) -> None:
        self._whole = whole
        self._space_encoder = space_encoder
        self._known: dict[Any, SpaceNode] = {}
        self.root = self._node(tree.root)[0]

    def _node(self, node: Node) -> tuple[SpaceNode | None, bool]:
        """What is read at a node, and whether that is known: None, True is the end of a path."""
        definition = node.definition
        if definition is None:
            return None, node.owner is not None and self._whole(node.owner)
        found = {text: self._node(below) for text, below in node.branches.items()}
        sure = {text: node for text, (node, known) in found.items() if known}
        after = self._merged(definition, sure)
        signature = (id(definition), tuple((coordinate, id(node)) for coordinate, node in after))
        if signature not in self._known:
            axis = _axis(definition, self._space_encoder.dimension(definition))
            self._known[signature] = SpaceNode(axis, after)
        return self._known[signature], True

    def _merged(
        self, definition: Hyperparameter, sure: dict[str, SpaceNode | None]
    ) -> list[tuple[float, SpaceNode | None]]:
        dimension = self._space_encoder.dimension(definition)
        different = {id(node) for node in sure.values()}
        if not different:
            return [(0.0, None)]
        if len(different) == 1 or dimension is None or definition.count() is None:
            return [(0.0, list(sure.values())[-1])]
        pairs = [(dimension.coordinate(from_json(json.loads(text))), node) for text, node in sure.items()]
        if dimension.categories is not None:
            pairs.append((np.nan, pairs[-1][1]))  # the latest stands for what was not seen yet
        return pairs

    def complete(self, wanted: Array, uniform: Array) -> Array:
        """Points with the coordinates wanted where they are read and possible; where those are NaN, drawn.

        Args:
            wanted: Coordinates, shape (m, dimensions).
            uniform: Numbers in [0, 1) to draw from, of the same shape.

        Returns:
            Coordinates, NaN where a point does not read the hyperparameter.
        """
        completed = np.full_like(wanted, np.nan)
        waiting = [(self.root, np.arange(len(wanted)))]
        while waiting:
            node, points = waiting.pop()
            while node is not None:
                dimension = node.axis.dimension
                if dimension is not None:
                    column = wanted[points, dimension.index]
                    chosen = node.axis.drawn(uniform[points, dimension.index])
                    given = ~np.isnan(column)
                    if given.any():
                        chosen = np.where(given, node.axis.nearest(np.where(given, column, 0.0)), chosen)
                    completed[points, dimension.index] = chosen
                if len(node.after) == 1 or dimension is None:
                    node = node.after[0][1]
                    continue
                branch = _nearest_branch(node, chosen)
                waiting += [(node.after[number][1], points[branch == number]) for number in np.unique(branch)]
                break
        return completed

    def walk(self, point: Array) -> Iterator[SpaceNode]:
        """The coordinates that a point with these coordinates comes by."""
        node = self.root
        while node is not None:
            yield node
            dimension, number = node.axis.dimension, 0
            if dimension is not None and len(node.after) > 1:
                number = int(_nearest_branch(node, point[[dimension.index]])[0])
            node = node.after[number][1]

    def values(self, point: Array) -> dict[str, Value]:
        """A point's values by name, in the order read."""
        return {
            node.axis.definition.name: node.axis.value(
                0.0 if node.axis.dimension is None else float(point[node.axis.dimension.index])
            )
            for node in self.walk(point)
        }


def _nearest_branch(node: SpaceNode, coordinates: Array) -> Array:
    """The number of the branch of `node` that each coordinate takes."""
    at = np.array([coordinate for coordinate, _ in node.after])
    if node.axis.dimension is not None and node.axis.dimension.categories is not None:
        same = coordinates[:, None] == at[None, :]
        return np.where(same.any(axis=1), same.argmax(axis=1), len(at) - 1)
    return np.asarray(np.abs(coordinates[:, None] - at[None, :]).argmin(axis=1))
