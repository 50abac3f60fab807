"""All reads of a study, as a tree, and the walk that finds a configuration not yet tried.

A node is a hyperparameter's definition, a branch one of its values. Spaces are define-by-run: what lies below a branch
is known only once some trial has read there. A subtree is exhausted when its hyperparameter has finitely many levels
and each of them leads to an exhausted subtree. No method recurses: a space may be as deep as it likes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from kerastune_lite.errors import StudyChanged
from kerastune_lite.space.grid import View, as_is
from kerastune_lite.space.hp import Read
from kerastune_lite.space.kinds import Hyperparameter, Value, key

# How often a walk asks its chooser before it takes what it got of a range, or lists the free levels: few are left then.
# A list is as long as they are many, a draw costs the same among any number of levels.
_DRAWS = 16
_DRAWS_OF_LEVELS = 1040

Chooser = Callable[[Hyperparameter], Value]
"""Samples one value of a hyperparameter."""


class Node:
    """One place of the tree: what was read to get here.

    Attributes:
        definition: What is read here; None if that is not known, or nothing is.
        branches: The nodes below, by the text of a value.
        owner: The trial whose reads end here.
        reserved: How many running trials are here or below whose reads are not all known.
    """

    __slots__ = ("_first_open", "_open", "_shown", "_view", "branches", "definition", "owner", "reserved")

    def __init__(self) -> None:
        self.definition: Hyperparameter | None = None
        self.branches: dict[str, Node] = {}
        self.owner: int | None = None
        self.reserved = 0
        self._view: View | None = None  # what the next three were computed for
        self._shown: Hyperparameter | None = None
        self._first_open = 0
        self._open: dict[str, Value] | None = None  # levels that may be open; None: all from the first

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

    def define(self, definition: Hyperparameter) -> None:
        """Sets what is read here; what lies below another definition is dropped."""
        self.definition, self.branches, self.owner = definition, {}, None
        self.forget_exhausted()

    def forget_exhausted(self) -> None:
        """Looks at all levels again when it is next asked which are exhausted."""
        self._view, self._shown, self._first_open, self._open = None, None, 0, None

    def exhausted(self, view: View = as_is) -> bool:
        """Whether every configuration below is tried or running, with definitions as `view` shows them."""
        waiting = [self]  # each waits for the one after it; one that is open leaves all of them open
        while waiting:
            node = waiting[-1]
            node._pass_exhausted(view)
            if node._is_exhausted(view):
                waiting.pop()
                continue
            below = node._first_branch(view)
            if below is None or below.definition is None:
                return False
            waiting.append(below)
        return True

    def first_free(self, view: View, *, running: bool = False) -> dict[str, Value] | None:
        """Values that lead to the first free configuration, in the order of levels; None if there is none.

        Args:
            view: Shows definitions.
            running: Whether a configuration may be the same as a running one.
        """
        way = self._way_to_free(view, running=running)
        return None if way is None else {node.shown(view).name: node.shown(view).level(number) for node, number in way}

    def _way_to_free(self, view: View, *, running: bool) -> "list[tuple[Node, int]] | None":
        """The nodes down to the first free configuration, each with the number of a level."""
        levels: list[tuple[Node, int]] = [(self, 0)]
        while levels:
            node, index = levels.pop()
            node._pass_exhausted(view)
            definition, index = node.shown(view), max(index, node._first_open)
            count = definition.count()
            if count is not None and index >= count:
                continue  # back to the node above, and its next level
            below = node.branch(definition.level(index)) if count is not None else None
            if below is None or below._is_free_end(running=running):
                return [*((above, number - 1) for above, number in levels), (node, index)]
            levels.append((node, index + 1))
            if below.definition is not None:
                levels.append((below, 0))
        return None

    def free(self, view: View = as_is, known: "set[Node] | None" = None) -> bool:
        """Whether some configuration below is neither exhausted nor possibly the same as a running one.

        Args:
            view: Shows definitions.
            known: Nodes of which that is known; grows by those on the way that is found.
        """
        if self.definition is None:
            return self._is_free_end(running=False)
        known = set() if known is None else known
        if self not in known:
            known.update(node for node, _ in self._way_to_free(view, running=False) or ())
        return self in known

    def _is_free_end(self, *, running: bool) -> bool:
        return self.definition is None and self.owner is None and (running or self.reserved == 0)

    def free_values(self, view: View) -> list[Value]:
        """Levels that lead to an untried configuration; those of running ones only if there is no other."""
        self._open = {
            text: level
            for text, level in self._levels(view).items()
            if (node := self.branches.get(text)) is None or not node.exhausted(view)
        }
        free = [
            level for text, level in self._open.items() if (node := self.branches.get(text)) is None or node.free(view)
        ]
        return free or list(self._open.values())

    def _levels(self, view: View) -> dict[str, Value]:
        """The levels that were open when last listed, by their text; all levels at first."""
        definition = self.shown(view)
        if self._open is None:
            levels = map(definition.level, range(self._first_open, definition.count() or 0))
            return {key(level): level for level in levels}
        return self._open

    def shown(self, view: View) -> Hyperparameter:
        """The definition as `view` shows it."""
        assert self.definition is not None
        if self._shown is None or view is not self._view:
            self._view, self._shown, self._first_open, self._open = view, view(self.definition), 0, None
        return self._shown

    def size(self, view: View = as_is) -> float:
        """About how many configurations there are: unseen branches are taken to be like the mean of those seen."""
        nodes = [self]
        for node in nodes:  # grows while it is walked: parents come before what is below them
            nodes.extend(node.branches.values())
        sizes: dict[int, float] = {}
        for node in reversed(nodes):
            below = [sizes.pop(id(branch)) for branch in node.branches.values()]
            levels = 1 if node.definition is None else node.shown(view).count()
            sizes[id(node)] = float("inf") if levels is None else levels * (sum(below) / len(below) if below else 1.0)
        return sizes[id(self)]

    def _pass_exhausted(self, view: View) -> None:
        """Moves to the first level that is not known to be exhausted; levels never become open again."""
        if self.definition is None:
            return
        while not self._is_exhausted(view):
            below = self._first_branch(view)
            if below is None or not below._is_exhausted(view):
                return
            self._first_open += 1

    def _is_exhausted(self, view: View) -> bool:
        """Whether that is known by now."""
        if self.definition is None:
            return self.owner is not None
        levels = self.shown(view).count()
        return levels is not None and self._first_open >= levels

    def _first_branch(self, view: View) -> "Node | None":
        """What lies below the first open level; None if nobody has been there, or levels are infinite in number."""
        if self.definition is None or self.shown(view).count() is None:
            return None
        return self.branch(self.shown(view).level(self._first_open))


class ReadsTree:
    """The reads of all trials of a study."""

    def __init__(self) -> None:
        self.root = Node()

    def add(self, number: int, path: Sequence[Read], *, closed: bool) -> None:
        """Adds what trial `number` has read; `closed`: it ends there. Other definitions replace those in the tree."""
        node = self.root
        above = [node]
        for read in path:
            if node.definition != read.definition:
                if node.definition is not None or node.owner is not None:  # what seemed exhausted may be open now
                    for one in above:
                        one.forget_exhausted()
                node.define(read.definition)
            node = node.below(read.value)
            above.append(node)
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
        """Whether these values lead, as far as is known, to a configuration that is neither tried nor running."""
        node: Node | None = self.root
        while node is not None and node.definition is not None and node.definition.name in values:
            node = node.branch(values[node.definition.name])
        return node is None or node.free()

    def way(self, values: Mapping[str, Value]) -> list[Node]:
        """The nodes that a trial with these proposed values is certain to pass, the last one included."""
        node = self.root
        nodes = [node]
        while node.definition is not None and node.definition.name in values:
            node = node.below(values[node.definition.name])
            nodes.append(node)
        return nodes

    def walk(self, choose: Chooser | None, view: View = as_is) -> dict[str, Value] | None:
        """Values that lead to an untried configuration, as far as the tree is known; None if it is exhausted.

        Args:
            choose: Samples a branch; None takes the first free level.
            view: Shows definitions, such as ranges as the levels of a grid.
        """
        node = self.root
        values: dict[str, Value] = {}
        if node.exhausted(view):
            return None
        if choose is None:
            return {} if node.definition is None else node.first_free(view) or node.first_free(view, running=True)
        free: set[Node] = set()  # without it, each node on a deep path would look for its end
        while node.definition is not None:
            value = _sample_free(node, choose, view, free)
            values[node.definition.name] = value
            below = node.branch(value)
            if below is None:
                break
            node = below
        return values


def _sample_free(node: Node, choose: Chooser, view: View, known: set[Node]) -> Value:
    definition = node.shown(view)
    finite = definition.count() is not None
    if finite and not node.free(view, known):
        return _sample_open(node, choose, view)
    for _ in range(_DRAWS_OF_LEVELS if finite else _DRAWS):
        value = choose(definition)
        below = node.branch(value)
        if below is None or below.free(view, known):
            return value
    return node.free_values(view)[0] if finite else value


def _sample_open(node: Node, choose: Chooser, view: View) -> Value:
    """Samples among the levels of running trials, where no others are left."""
    levels = node.free_values(view)
    texts = {key(value) for value in levels}
    for _ in range(_DRAWS_OF_LEVELS):
        value = choose(node.shown(view))
        if key(value) in texts:
            return value
    # without such a level, a chooser has led into an exhausted branch of a range: any value, which ends as a duplicate
    return levels[0] if levels else node.shown(view).from_unit(0.5)


def _changed(above: Sequence[Read], read: Read, before: Hyperparameter) -> str:
    where = ", ".join(f"{step.definition.name}={step.value!r}" for step in above) or "nothing read before"
    return (
        f"with {where}, an earlier trial of this study read {before} where this one reads {read.definition}: "
        "the space has changed, or build_model reads it at random. Undo the change to continue, set extend=True to "
        "continue with the new space, or overwrite=True to start again"
    )
