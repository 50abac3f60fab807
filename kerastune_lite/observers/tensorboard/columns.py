"""The columns of the HParams tab: hyperparameters with their domains, metrics, and a trial's values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2
from tensorboard.plugins.hparams import api_pb2

from kerastune_lite.space.kinds import Fixed, Float, Hyperparameter, Int, Value
from kerastune_lite.space.space import Space
from kerastune_lite.study.objective import Objective
from kerastune_lite.study.trial import Trial

BEST = "objective/best"


@dataclass(frozen=True)
class Column:
    """The column of a hyperparameter: name, type and domain."""

    name: str
    definition: Hyperparameter

    @property
    def levels(self) -> list[Value] | None:
        """The possible values; None for a range."""
        if isinstance(self.definition, (Float, Int)):
            return None
        return [self.definition.level(index) for index in range(self.definition.count() or 0)]

    @property
    def type(self) -> Any:
        """The column's type: number or boolean; string for other or mixed types."""
        kinds = {_type(level) for level in self.levels or [0.0]}
        return kinds.pop() if len(kinds) == 1 else api_pb2.DATA_TYPE_STRING

    def cell(self, value: Value) -> bool | float | str:
        """A value in the column's type."""
        return str(value) if self.type == api_pb2.DATA_TYPE_STRING else value

    def info(self) -> api_pb2.HParamInfo:
        """The column's declaration. TensorBoard shows columns of a single value last."""
        info = api_pb2.HParamInfo(
            name=self.name,
            display_name=self.name,
            description=str(self.definition),
            type=self.type,
            differs=not isinstance(self.definition, Fixed),
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


def columns(space: Space) -> dict[tuple[str, str], Column]:
    """A column per hyperparameter, by name and kind; a second kind of the same name has its kind in the column name."""
    found: dict[tuple[str, str], Column] = {}
    for definition in space:
        taken = {column.name for column in found.values()}
        name = definition.name if definition.name not in taken else f"{definition.name} ({definition.kind})"
        found[definition.name, definition.kind] = Column(name, definition)
    return found


def cells(trial: Trial, space: Space) -> dict[str, struct_pb2.Value]:
    """The cells of a trial: the hyperparameters it has read."""
    known = columns(space)
    read = [known[definition.name, definition.kind] for definition in trial.definitions]
    return {column.name: _message(column.cell(trial.values[column.definition.name])) for column in read}


def _message(cell: bool | float | str) -> struct_pb2.Value:  # noqa: FBT001 - one of three
    if isinstance(cell, bool):
        return struct_pb2.Value(bool_value=cell)
    return struct_pb2.Value(string_value=cell) if isinstance(cell, str) else struct_pb2.Value(number_value=cell)


def tag(metric: str, execution: int = 0) -> str:
    """The tag of a metric: `train/loss`, `validation/loss`; later executions have a prefix."""
    group = "" if execution == 0 else f"execution_{execution + 1}/"
    side = "validation" if metric.startswith("val_") else "train"
    return f"{group}{side}/{metric.removeprefix('val_')}"


def tags(metrics: Mapping[str, float], execution: int) -> dict[str, float]:
    """The metrics of an epoch by tag."""
    return {tag(metric, execution): value for metric, value in metrics.items()}


def experiment(space: Space, objective: Objective, metrics: Iterable[str], wall: float) -> api_pb2.Experiment:
    """The declaration of all columns; the objective's best value is the first metric."""
    best = api_pb2.MetricInfo(name=api_pb2.MetricName(tag=BEST), display_name=f"{objective.name} (best)")
    # then the objective's own curve, then the others
    others = sorted(metrics, key=lambda metric: metric != objective.name)
    return api_pb2.Experiment(
        time_created_secs=wall,
        hparam_infos=[column.info() for column in columns(space).values()],
        metric_infos=[
            best,
            *(
                api_pb2.MetricInfo(name=api_pb2.MetricName(tag=tag(name)), display_name=f"{name} (last)")
                for name in others
            ),
        ],
    )
