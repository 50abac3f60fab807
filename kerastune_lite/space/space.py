"""The hyperparameters known so far."""

from collections.abc import Iterable, Iterator

from kerastune_lite.space.kinds import Hyperparameter


class Space:
    """The hyperparameters known so far, in the order first read: one definition per name and kind.

    Definitions that differ only in their ranges are merged into their union, for tables, TensorBoard and models. The
    tree of reads, not this class, knows what a trial may read next.
    """

    def __init__(self, definitions: Iterable[Hyperparameter] = ()) -> None:
        self._merged: dict[tuple[str, str], Hyperparameter] = {}
        for definition in definitions:
            self.add(definition)

    def add(self, definition: Hyperparameter) -> None:
        """Adds a definition."""
        place = (definition.name, definition.kind)
        known = self._merged.get(place)
        if known is None:
            self._merged[place] = definition
        elif known != definition:
            merged = known.union(definition)
            self._merged[place] = merged

    def __iter__(self) -> Iterator[Hyperparameter]:
        return iter(self._merged.values())

    def __len__(self) -> int:
        return len(self._merged)

    def __contains__(self, name: object) -> bool:
        return any(name == known for known, _ in self._merged)

    @property
    def names(self) -> list[str]:
        """Every name once, in the order first read."""
        return list(dict.fromkeys(name for name, _ in self._merged))
