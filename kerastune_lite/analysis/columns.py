"""Hyperparameters as columns: the position of each value on the hyperparameter's own scale, and who read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

from kerastune_lite.space.kinds import Float, Hyperparameter, Int, Value, key
from kerastune_lite.space.scale import Sampling, Scale
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial


@final
@dataclass(frozen=True, eq=False)  # levels may be lists
class Column:
    """A hyperparameter.

    Attributes:
        name: Its name.
        levels: Its values, if it has no scale: those of a choice, in the order defined.
        scale: Its range and sampling, without steps; None for a choice.
        whole: Whether its values are integers on a scale.
    """

    name: str
    levels: tuple[Value, ...]
    scale: Scale | None
    whole: bool = False

    @cached_property
    def _index(self) -> Mapping[str, int]:
        return {key(level): index for index, level in enumerate(self.levels)}

    @property
    def sampling(self) -> Sampling | None:
        """How it is sampled; None for a choice."""
        return None if self.scale is None else self.scale.sampling

    def coordinate(self, value: Value) -> float:
        """A number itself; the index of the level of a choice."""
        return float(value) if self.scale is not None else float(self._index[key(value)])

    def position(self, value: Value) -> float:
        """Where a value lies between the ends, from 0 to 1."""
        if self.scale is not None:
            return self.scale.unit(value)
        return self._index[key(value)] / (len(self.levels) - 1) if len(self.levels) > 1 else 0.5


def columns(history: History) -> list[Column]:
    """The hyperparameters that are tuned, in the order first read; a name with several kinds is a choice of values."""
    found = []
    for name in history.space.names:
        definitions = [definition for definition in history.space if definition.name == name]
        column = _column(definitions[0]) if len(definitions) == 1 else _of_values(name, history.trials)
        if column.scale is not None or len(column.levels) > 1:
            found.append(column)
    return found


def _column(definition: Hyperparameter) -> Column:
    if isinstance(definition, (Float, Int)) and definition.count() != 1:
        low, high = float(definition.min_value), float(definition.max_value)
        return Column(
            definition.name, (), Scale(low, high, None, definition.sampling, whole=False), isinstance(definition, Int)
        )
    levels = tuple(definition.level(index) for index in range(definition.count() or 0))
    return Column(definition.name, levels, None)


def _of_values(name: str, trials: Sequence[Trial]) -> Column:
    values = {key(trial.values[name]): trial.values[name] for trial in trials if name in trial.values}
    return Column(name, tuple(values.values()), None)
