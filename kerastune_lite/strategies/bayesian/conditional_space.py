"""The conditional space: which hyperparameters a trial would read, given the coordinates of a point.

It is the tree of reads (`study.reads`) in coordinates (`surrogate.encoder`), with equal subtrees merged into one node.
The tree holds only branches that a trial has taken. For the others there is a guess:

- a number that was not tried reads on like the nearest one that was;
- a category that was not tried reads on like the one that was tried last;
- all values of a continuous hyperparameter read on alike.

A wrong guess is harmless: the trial ignores values that it does not read, and samples those that are missing.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, final

import numpy as np

from kerastune_lite.space.kinds import Boolean, Choice, Hyperparameter, Value, from_json
from kerastune_lite.study.reads import Node, ReadsTree
from kerastune_lite.surrogate.encoder import Dimension, SpaceEncoder

Array = np.ndarray[Any, Any]

# A number with more levels than this is treated as continuous; `Axis.value` rounds it.
MOST_LEVELS = 1024

# The points of the piecewise linear map between two continuous ranges.
_KNOTS = 33


@final
@dataclass(frozen=True, eq=False)
class Axis:
    """A definition as it is read at one node, in the coordinates of its dimension.

    The dimension belongs to the widest definition of the hyperparameter. A definition read at a node may be narrower,
    for example if its bounds depend on another value.

    Attributes:
        definition: What is read.
        dimension: The dimension of the hyperparameter; None if it has one level.
        levels: The coordinate of each level, shape (levels,); None if continuous.
        ends: The upper end of the interval of uniform numbers that sample each level, shape (levels,).
        knots: If continuous and narrower than the dimension: the coordinates of evenly spaced positions in the
            definition's own unit interval.
    """

    definition: Hyperparameter
    dimension: Dimension | None
    levels: Array | None = None
    ends: Array | None = None
    knots: Array | None = None

    def sample(self, uniform: Array) -> Array:
        """Coordinates from the prior, by its inverse distribution function at uniform numbers."""
        if self.levels is None:
            return self._global(uniform)
        assert self.ends is not None
        return self.levels[np.minimum(np.searchsorted(self.ends, uniform, side="right"), len(self.levels) - 1)]

    def nearest(self, coordinates: Array) -> Array:
        """The possible coordinates nearest to those given."""
        if self.levels is None:
            return self._global(self._local(coordinates))
        if len(self.levels) > MOST_LEVELS:  # a category: a table of all distances is large
            order = np.argsort(self.levels)
            places = np.searchsorted(self.levels, coordinates, sorter=order).clip(max=len(order) - 1)
            return np.asarray(self.levels[order[places]])
        return np.asarray(self.levels[np.abs(coordinates[:, None] - self.levels[None, :]).argmin(axis=1)])

    def value(self, coordinate: float) -> Value:
        """The value at a coordinate."""
        if self.dimension is None:
            return self.definition.level(0)
        if self.levels is None:
            # both ends of the range included
            return self.definition.from_unit(float(self._local(np.array([coordinate]))[0]))
        return self.definition.level(int(np.abs(self.levels - coordinate).argmin()))

    def _global(self, local: Array) -> Array:
        """From the definition's own unit interval to the dimension's."""
        return local if self.knots is None else np.interp(local, np.linspace(0, 1, _KNOTS), self.knots)

    def _local(self, coordinates: Array) -> Array:
        """The inverse of `_global`; coordinates outside the range are clipped."""
        if self.knots is None:
            return np.clip(coordinates, 0.0, 1.0)
        return np.interp(coordinates, self.knots, np.linspace(0, 1, _KNOTS))


@lru_cache(maxsize=512)
def _axis(definition: Hyperparameter, dimension: Dimension | None) -> Axis:
    if dimension is None:
        return Axis(definition, None)
    count = definition.count()
    if count is not None and (count <= MOST_LEVELS or dimension.categories is not None):
        values = [definition.level(index) for index in range(count)]
        middles = np.array([definition.to_unit(value) for value in values])
        ends = _ends_of_intervals(definition, middles)
        return Axis(definition, dimension, np.array([dimension.coordinate(value) for value in values]), ends)
    if definition == dimension.definition:
        return Axis(definition, dimension)
    own = np.linspace(0, 1 - 1e-12, _KNOTS)
    return Axis(
        definition, dimension, knots=np.array([dimension.coordinate(definition.from_unit(unit)) for unit in own])
    )


def _ends_of_intervals(definition: Hyperparameter, middles: Array) -> Array:
    """The upper ends of the intervals that the levels divide the unit interval into, given their middles."""
    if not isinstance(definition, (Choice, Boolean)):
        return np.append((middles[1:] + middles[:-1]) / 2, 1.0)
    ends, end = np.empty(len(middles)), 0.0
    for index, middle in enumerate(middles):  # weights make intervals of different widths, each around its middle
        ends[index] = end = 2 * middle - end
    return ends


@final
@dataclass(eq=False)
class SpaceNode:
    """One read and the branches below it.

    Attributes:
        axis: What is read.
        after: (coordinate, the next node) for each branch, None at the end of a path; a single branch stands for all
            coordinates.
    """

    axis: Axis
    after: list[tuple[float, "SpaceNode | None"]]


class ConditionalSpace:
    """The tree of reads in coordinates, as a directed acyclic graph; `root` is None while nothing is known.

    Args:
        tree: All paths read.
        space_encoder: The dimensions of what was read.
        reads_complete: Whether all reads of a trial, given its number, are known; those of a failed one may not be.
    """

    def __init__(self, tree: ReadsTree, space_encoder: SpaceEncoder, reads_complete: Callable[[int], bool]) -> None:
        self._reads_complete = reads_complete
        self._space_encoder = space_encoder
        self._shared: dict[Any, SpaceNode] = {}
        self.root = self._merged(tree.root)

    def _merged(self, root: Node) -> SpaceNode | None:
        """The graph of a tree, built from the leaves up; one node for all equal subtrees."""
        nodes, waiting = [], [root]
        while waiting:  # depth first, parents before their children
            nodes.append(waiting.pop())
            waiting.extend(nodes[-1].branches.values())
        known: dict[Node, SpaceNode | None] = {}  # None: a path ends here; no entry: what is read here is not known
        for node in reversed(nodes):
            if node.definition is not None:
                branches = {text: known[below] for text, below in node.branches.items() if below in known}
                known[node] = self._share(node.definition, self._after(node.definition, branches))
            elif node.owner is not None and self._reads_complete(node.owner):
                known[node] = None
        return known.get(root)

    def _share(self, definition: Hyperparameter, after: list[tuple[float, SpaceNode | None]]) -> SpaceNode:
        """The one node for a definition and what comes after it; equal subtrees below are one object already."""
        signature = (id(definition), tuple((coordinate, id(node)) for coordinate, node in after))
        if signature not in self._shared:
            self._shared[signature] = SpaceNode(_axis(definition, self._space_encoder.dimension(definition)), after)
        return self._shared[signature]

    def _after(
        self, definition: Hyperparameter, branches: Mapping[str, SpaceNode | None]
    ) -> list[tuple[float, SpaceNode | None]]:
        """The branches below a definition, by coordinate; `branches` holds those that are known, by value."""
        dimension = self._space_encoder.dimension(definition)
        different = {id(node) for node in branches.values()}
        if not different:
            return [(0.0, None)]
        if len(different) == 1 or dimension is None or definition.count() is None:
            return [(0.0, list(branches.values())[-1])]
        pairs = [(dimension.coordinate(from_json(json.loads(text))), node) for text, node in branches.items()]
        if dimension.categories is not None:
            pairs.append((np.nan, pairs[-1][1]))  # for categories not tried yet: as the latest one
        return pairs

    def complete(self, wanted: Array, uniform: Array) -> Array:
        """Completes partial points: coordinates that are read but not given are sampled from the prior.

        Args:
            wanted: Coordinates, shape (m, dimensions), NaN where to sample; others become the nearest possible ones.
            uniform: Numbers in [0, 1) to sample with, of the same shape.

        Returns:
            Coordinates of the same shape, NaN where a point does not read the hyperparameter.
        """
        completed = np.full_like(wanted, np.nan)
        waiting = [(self.root, np.arange(len(wanted)))]  # nodes, and the points that come to them
        while waiting:
            node, points = waiting.pop()
            while node is not None:
                dimension = node.axis.dimension
                if dimension is not None:
                    column = wanted[points, dimension.index]
                    chosen = node.axis.sample(uniform[points, dimension.index])
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
        """The nodes on the path of a point, in the order read."""
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
