"""All points that a study has read, as a tree, and the walk that finds one not yet tried.

A node is a hyperparameter's definition, a branch one of its values. Spaces are define-by-run: what lies below a branch
is known only once some trial has read there. A subtree is used up when its hyperparameter has finitely many levels and
each of them leads to a used-up subtree.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from kerastune_lite.errors import StudyChanged
from kerastune_lite.space.hp import Read
from kerastune_lite.space.kinds import Hyperparameter, Value, key

# How often a walk asks its chooser again before it lists the free levels: almost all are taken by then.
_REDRAWS = 16

Chooser = Callable[[Hyperparameter], Value]
"""Draws one value of a hyperparameter."""


class Node:
    """One place of the tree: the path of values that leads here.

    `definition` is what is read here (None: not known, or nothing); `owner` is the trial whose path ends here;
    `reserved` counts the trials under way that lie here or below and whose path is not known in full.
    """

    __slots__ = ("_first_free", "_points", "branches", "definition", "owner", "reserved")

    def __init__(self) -> None:
        self.definition: Hyperparameter | None = None
        self.branches: dict[str, Node] = {}
        self.owner: int | None = None
        self.reserved = 0
        self._points: int | None = None  # what `_first_free` was computed for
        self._first_free = 0

    def branch(self, value: Value) -> "Node | None":
        """The place below `value`; None if nobody has been there."""
        return self.branches.get(key(value))

    def below(self, value: Value) -> "Node":
        """The place below `value`, made if need be."""
        text = key(value)
        node = self.branches.get(text)
        if node is None:
            node = self.branches[text] = Node()
        return node

    def first_free(self, points: int | None) -> int:
        """The number of the first level whose subtree is not used up; the number of levels if all are.

        Subtrees never become free again, so the search goes on where the last one ended.
        """
        if self.definition is None:
            return 0
        if points != self._points:
            self._points, self._first_free = points, 0
        levels = self.definition.count(points)
        while levels is not None and self._first_free < levels and not self._open(self._first_free, points):
            self._first_free += 1
        return self._first_free

    def exhausted(self, points: int | None) -> bool:
        """Whether every point below is tried or under way; a range without a step counts as `points` values."""
        if self.definition is None:
            return self.owner is not None
        levels = self.definition.count(points)
        return levels is not None and self.first_free(points) >= levels

    def free(self, points: int | None) -> bool:
        """Whether some point below is neither used up nor possibly the same as one under way."""
        if self.reserved == 0:
            return not self.exhausted(points)
        if self.definition is None:
            return False
        levels = self.definition.count(points)
        return levels is None or any(self._level_free(index, points) for index in range(levels))

    def _level_free(self, index: int, points: int | None) -> bool:
        assert self.definition is not None
        below = self.branch(self.definition.level(index, points))
        return below is None or below.free(points)

    def free_values(self, points: int | None) -> list[Value]:
        """Levels that lead to an untried point; those under way only if there is no other. Finite nodes only."""
        assert self.definition is not None
        levels = self.definition.count(points) or 0
        indices = range(self.first_free(points), levels)
        free = [index for index in indices if self._level_free(index, points)] or [
            index for index in indices if self._open(index, points)
        ]
        return [self.definition.level(index, points) for index in free]

    def _open(self, index: int, points: int | None) -> bool:
        assert self.definition is not None
        below = self.branch(self.definition.level(index, points))
        return below is None or not below.exhausted(points)

    def size(self, points: int | None) -> float:
        """About how many points there are: unseen branches are taken to be like the mean of those seen."""
        if self.definition is None:
            return 1.0
        levels = self.definition.count(points)
        if levels is None:
            return float("inf")
        sizes = [below.size(points) for below in self.branches.values()]
        return levels * (sum(sizes) / len(sizes) if sizes else 1.0)


class ReadsTree:
    """Every path read in a study."""

    def __init__(self) -> None:
        self.root = Node()

    def add(self, number: int, path: Sequence[Read], *, closed: bool) -> None:
        """Takes in what trial `number` has read; `closed`: it ends there. What contradicts the tree is left out."""
        node = self.root
        for read in path:
            if node.definition is None:
                node.definition = read.definition
            elif node.definition != read.definition:
                return
            node = node.below(read.value)
        if closed and node.owner is None:
            node.owner = number

    def check(self, path: Sequence[Read]) -> None:
        """Raises StudyChanged if, at one place, `path` reads something else than an earlier one."""
        node: Node | None = self.root
        for index, read in enumerate(path):
            if node is None or node.definition is None:
                return
            if node.definition != read.definition:
                raise StudyChanged(_changed(path[:index], read, node.definition))
            node = node.branch(read.value)

    def owner(self, path: Iterable[Read]) -> int | None:
        """The trial whose whole path is this one."""
        node: Node | None = self.root
        for read in path:
            node = node.branch(read.value) if node is not None else None
        return None if node is None or node.definition is not None else node.owner

    def untried(self, values: Mapping[str, Value]) -> bool:
        """Whether these values lead, as far as is known, to a point neither tried nor under way."""
        node: Node | None = self.root
        while node is not None and node.definition is not None and node.definition.name in values:
            node = node.branch(values[node.definition.name])
        return node is None or node.free(None)

    def way(self, values: Mapping[str, Value]) -> list[Node]:
        """The places that a trial with these proposed values will surely come by, the last one included."""
        node = self.root
        nodes = [node]
        while node.definition is not None and node.definition.name in values:
            node = node.below(values[node.definition.name])
            nodes.append(node)
        return nodes

    def walk(self, choose: Chooser | None, points: int | None) -> dict[str, Value] | None:
        """Values that lead to an untried point, as far as the tree is known; None if it is used up.

        Args:
            choose: Draws a branch; None takes the first free level.
            points: The number of levels of a range without a step; None if it has infinitely many.
        """
        node = self.root
        values: dict[str, Value] = {}
        if node.exhausted(points):
            return None
        while node.definition is not None:
            value = self._branch_off(node, choose, points)
            values[node.definition.name] = value
            below = node.branch(value)
            if below is None:
                break
            node = below
        return values

    def _branch_off(self, node: Node, choose: Chooser | None, points: int | None) -> Value:
        definition = node.definition
        assert definition is not None
        if choose is None:
            first = definition.level(node.first_free(points), points)
            below = node.branch(first)
            return first if below is None or below.free(points) else node.free_values(points)[0]
        for _ in range(_REDRAWS):
            value = choose(definition)
            below = node.branch(value)
            if below is None or below.free(points):
                return value
        return value if definition.count(points) is None else self._choose_among_free(node, choose, points)

    def _choose_among_free(self, node: Node, choose: Chooser, points: int | None) -> Value:
        """Draws until one of the few free levels comes up, by their order if the prior hardly ever gives one."""
        free = node.free_values(points)
        assert node.definition is not None
        texts = {key(value) for value in free}
        for _ in range(_REDRAWS * 64):
            value = choose(node.definition)
            if key(value) in texts:
                return value
        return free[0]


def _changed(above: Sequence[Read], read: Read, before: Hyperparameter) -> str:
    where = ", ".join(f"{step.definition.name}={step.value!r}" for step in above) or "nothing read before"
    return (
        f"with {where}, an earlier trial of this study read {before} where this one reads {read.definition}: "
        "the space has changed, or build_model reads it at random. Undo the change to continue, set extend=True to go "
        "on with the new space, or overwrite=True to begin anew"
    )
