"""The columns of the HParams tab: hyperparameters with their domains, metrics, and a trial's values."""

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

from google.protobuf import struct_pb2
from tensorboard.plugins.hparams import api_pb2

from kerastune_lite.observers.tensorboard.event_file import utf8
from kerastune_lite.space.kinds import Fixed, Float, Hyperparameter, Int, Value
from kerastune_lite.space.space import Space
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.trial import Trial
from kerastune_lite.tensorboard_links import tag

# Of what else is in a trial's file; 2 has the record for the Tuning tab.
_FORMAT = 2

BEST = "objective/best"
DEVIATION = "objective/deviation"

# TensorBoard sorts the columns by name: this one comes first.
STATUS = "(status)"
STATUSES = ("completed", "failed", "infeasible", "stopped", "unfinished")

# Of longer lists of values, the first are declared. TensorBoard lists fewer than 10 as boxes to tick.
_MOST_LEVELS = 100
# Integers with more levels stay numbers, so that parallel coordinates draw them on a scale.
_MOST_WORDS = 20
# Of a definition, as a description.
_MOST_CHARACTERS = 500


@dataclass(frozen=True)
class Column:
    """The column of a hyperparameter: name, type and domain."""

    name: str
    definition: Hyperparameter

    @cached_property
    def levels(self) -> list[Value] | None:
        """The first possible values; None for a range that is shown as numbers."""
        count = self.definition.count()
        if isinstance(self.definition, Float) or count is None:
            return None
        if isinstance(self.definition, Int) and (count > _MOST_WORDS or self.definition.level(0) < 0):
            return None
        return [self.definition.level(index) for index in range(min(count, _MOST_LEVELS))]

    @cached_property
    def type(self) -> Any:
        """The column's type: number or boolean; string for other or mixed types, and for integers."""
        kinds = {_type(level) for level in self.levels or [0.0]}
        return kinds.pop() if len(kinds) == 1 and not self._width else api_pb2.DATA_TYPE_STRING

    @cached_property
    def _width(self) -> int:
        """How many characters an integer takes; 0 if the levels are not all integers from 0 on."""
        levels = self.levels or []
        whole = all(isinstance(level, int) and not isinstance(level, bool) and level >= 0 for level in levels)
        return max((len(str(level)) for level in levels), default=0) if whole else 0

    @property
    def format(self) -> tuple[str, Any, int]:
        """How its cells are written."""
        return self.name, self.type, self._width

    def cell(self, value: Value) -> bool | float | str:
        """A value in the column's type.

        TensorBoard shows the number 32 as 32.000. As a string with spaces before it, which the page does not show, it
        reads 32 and is sorted by size.
        """
        return utf8(str(value)).rjust(self._width) if self.type == api_pb2.DATA_TYPE_STRING else value

    def info(self, *, conditional: bool) -> api_pb2.HParamInfo:
        """The column's declaration. TensorBoard shows columns last that are not said to differ.

        Args:
            conditional: Whether some trials have no value. Parallel coordinates leave them out if the column is ticked.
        """
        info = api_pb2.HParamInfo(
            name=self.name,
            display_name=self.name,
            description=utf8(str(self.definition))[:_MOST_CHARACTERS],
            type=self.type,
            differs=not (conditional or isinstance(self.definition, Fixed)),
        )
        if self.levels is None:
            info.domain_interval.min_value = self.definition.level(0)
            info.domain_interval.max_value = self.definition.scale.high  # type: ignore[attr-defined]
        else:
            info.domain_discrete.extend(self.cell(level) for level in self.levels)
        return info


def _type(value: Value) -> Any:
    if isinstance(value, bool):
        return api_pb2.DATA_TYPE_BOOL
    return api_pb2.DATA_TYPE_FLOAT64 if isinstance(value, (int, float)) else api_pb2.DATA_TYPE_STRING


@final
class Columns:
    """The columns of a space that grows, computed again only when it has."""

    def __init__(self) -> None:
        self._space: tuple[Hyperparameter, ...] = ()
        self._known: dict[tuple[str, str], Column] = {}
        self._trials: set[int] = set()
        self._readers: Counter[tuple[str, str]] = Counter()

    def update(self, space: Space) -> bool:
        """Takes over what the space has become; returns whether cells written before have another format now."""
        if (now := tuple(space)) == self._space:
            return False
        before, self._space, self._known = self._known, now, columns(now)
        return any(self._known[place].format != column.format for place, column in before.items())

    def format(self, trial: Trial) -> int:
        """A number that changes with the format of a trial's file, above all of its cells."""
        deviation = [] if trial.deviation is None else [DEVIATION]
        return zlib.crc32(repr([_FORMAT, *(column.format for column in self._read(trial)), *deviation]).encode())

    def _read(self, trial: Trial) -> list[Column]:
        return [self._known[definition.name, definition.kind] for definition in trial.definitions]

    def read_by(self, trial: Trial) -> None:
        """Counts the hyperparameters of a trial that has read all it reads."""
        if trial.reads_complete and trial.number not in self._trials:
            self._trials.add(trial.number)
            self._readers.update((definition.name, definition.kind) for definition in trial.definitions)

    @property
    def conditional(self) -> frozenset[tuple[str, str]]:
        """The hyperparameters that some trials lack, by name and kind."""
        return frozenset(place for place in self._known if self._readers[place] < len(self._trials))

    def infos(self) -> list[api_pb2.HParamInfo]:
        """The declarations of all columns, the status first."""
        status = api_pb2.HParamInfo(name=STATUS, display_name="status", type=api_pb2.DATA_TYPE_STRING, differs=True)
        status.domain_discrete.extend(STATUSES)
        conditional = self.conditional
        return [status, *(column.info(conditional=place in conditional) for place, column in self._known.items())]

    def cells(self, trial: Trial) -> dict[str, struct_pb2.Value]:
        """The cells of a trial: its status and the hyperparameters that it has read."""
        values = {column.name: column.cell(trial.values[column.definition.name]) for column in self._read(trial)}
        status = trial.status if trial.ended else "unfinished"
        return {name: _message(cell) for name, cell in {STATUS: status, **values}.items()}

    @property
    def state(self) -> object:
        """What the declarations depend on, to be compared."""
        return self._space, self.conditional


def columns(space: Iterable[Hyperparameter]) -> dict[tuple[str, str], Column]:
    """A column per hyperparameter, by name and kind; a second kind of the same name has its kind in the column name."""
    found: dict[tuple[str, str], Column] = {}
    taken = {STATUS}
    for definition in space:
        name = utf8(definition.name)
        name = name if name not in taken else f"{name} ({definition.kind})"
        taken.add(name)
        found[definition.name, definition.kind] = Column(name, definition)
    return found


def _message(cell: bool | float | str) -> struct_pb2.Value:  # noqa: FBT001 - one of three
    if isinstance(cell, bool):
        return struct_pb2.Value(bool_value=cell)
    return struct_pb2.Value(string_value=cell) if isinstance(cell, str) else struct_pb2.Value(number_value=cell)


def tags(metrics: Mapping[str, float], execution: int) -> dict[str, float]:
    """The metrics of an epoch by tag."""
    return {tag(metric, execution): value for metric, value in metrics.items()}


def experiment(
    columns: Columns, objective: Objective, metrics: Iterable[str], wall: float, *, deviation: bool = False
) -> api_pb2.Experiment:
    """The declaration of all columns; the objective's best value is the first metric, then comes its deviation."""
    # TensorBoard cuts headings after some 20 characters
    best = api_pb2.MetricInfo(name=api_pb2.MetricName(tag=BEST), display_name="best", description=utf8(str(objective)))
    spread = api_pb2.MetricInfo(
        name=api_pb2.MetricName(tag=DEVIATION), display_name="deviation", description="of the executions' scores"
    )
    # then the objective's own curve, then the others
    others = [utf8(name) for name in sorted(metrics, key=lambda metric: metric != objective.name)]
    return api_pb2.Experiment(
        time_created_secs=wall,
        hparam_infos=columns.infos(),
        metric_infos=[
            best,
            *([spread] if deviation else []),
            *(api_pb2.MetricInfo(name=api_pb2.MetricName(tag=tag(name)), display_name=name) for name in others),
        ],
    )
