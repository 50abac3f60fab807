"""The complete state of a training between two epochs, in one file without pickle.

It holds every variable of the model (including seed generators) and of its optimizers, what the training has changed in
the callbacks, and the random generators of the process. A resumed training is bit-for-bit equal to an uninterrupted one
if the order of the data depends only on the epoch.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerastune_lite.callbacks import callback_state, random_state
from kerastune_lite.callbacks.callback_state import Beginning, Lost
from kerastune_lite.callbacks.model_variables import all_variables, read
from kerastune_lite.callbacks.plain import NotPlain
from kerastune_lite.callbacks.state_file import FORMAT_KEY, Arrays, StateDamaged, read_state, write_state
from kerastune_lite.callbacks.state_version_1 import from_version_1
from kerastune_lite.study.objective import Objective, RunningScore


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        execution: The execution, from 0.
        epoch: The completed epochs.
        metrics: The metrics of the last one.
        deciding: The epochs that decide the score, with their values of the objective.
        stopped: Whether the training has ended early.
    """

    execution: int
    epoch: int
    metrics: Mapping[str, float]
    deciding: Sequence[tuple[int, float]]
    stopped: bool

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, with the numbers as text: JSON has no infinities."""
        return {
            "execution": self.execution,
            "epoch": self.epoch,
            "metrics": {name: repr(value) for name, value in self.metrics.items()},
            "values": [(epoch, repr(value)) for epoch, value in self.deciding],
            "stopped": self.stopped,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Progress":
        """The inverse of `to_json`.

        Raises:
            StateDamaged: `data` is something else.
        """
        try:
            metrics = {str(name): float(value) for name, value in data["metrics"].items()}
            deciding = [(int(epoch), float(value)) for epoch, value in data["values"]]
            progress = cls(int(data["execution"]), int(data["epoch"]), metrics, deciding, bool(data["stopped"]))
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise StateDamaged("is not the state of a training") from error
        in_order = all(one < two for (one, _), (two, _) in pairwise(deciding))
        within = all(1 <= epoch <= progress.epoch and math.isfinite(value) for epoch, value in deciding)
        if progress.execution < 0 or progress.epoch < 1 or not in_order or not within:
            raise StateDamaged("is not the state of a training")
        return progress

    def score(self, objective: Objective) -> RunningScore:
        """The score so far."""
        return RunningScore(objective, self.deciding)


@dataclass(frozen=True)
class ResumeState:
    """A training after some epochs.

    Attributes:
        metadata: Metadata of the writer, as JSON.
        arrays: Variables and the arrays of callbacks, by a name with the owner as prefix.
    """

    metadata: Mapping[str, Any]
    arrays: Arrays = field(default_factory=dict)

    @classmethod
    def capture(
        cls,
        model: keras.Model,
        callbacks: Sequence[keras.callbacks.Callback],
        metadata: Mapping[str, Any],
        begun: Beginning | None = None,
    ) -> "ResumeState":
        """The current state of `model`, `callbacks` and the random generators.

        Args:
            model: A built model.
            callbacks: The callbacks.
            metadata: Further metadata, as JSON.
            begun: The callbacks at the beginning of the training; None if that is not known.
        """
        variables = all_variables(model)
        arrays = {f"model/{index}": _array(variable) for index, variable in enumerate(variables)}
        optimizers = _optimizers(model)
        for number, optimizer in enumerate(optimizers):
            arrays |= {f"{_owner(number)}/{index}": _array(each) for index, each in enumerate(optimizer.variables)}
        others: list[np.ndarray[Any, Any]] = []
        kept, lost = callback_state.capture(callbacks, begun or {}, others)
        state = {
            "callbacks": kept,
            "lost": lost,
            "random": random_state.capture(others),
            "optimizers": [_described(optimizer, variables) for optimizer in optimizers],
            "trainable": _trainable(variables),
        }
        return cls({**metadata, **state}, arrays | {f"other/{index}": array for index, array in enumerate(others)})

    @property
    def progress(self) -> Progress:
        """How far the training is.

        Raises:
            StateDamaged: The metadata is of something else.
        """
        _check(self.metadata)
        return Progress.from_json(self.metadata)

    def mismatch(self, model: keras.Model) -> str | None:
        """Why the state cannot be restored into `model`; None if it can."""
        variables = all_variables(model)
        if [tuple(variable.shape) for variable in variables] != [each.shape for each in self._group("model")]:
            return "the model has other variables than when it was saved"
        if self.metadata.get("trainable", _trainable(variables)) != _trainable(variables):
            return "layers have been frozen or unfrozen during the training"
        saved = self.metadata.get("optimizers")
        optimizers = _optimizers(model)
        if saved is not None and [each["class"] for each in saved] != [type(each).__name__ for each in optimizers]:
            return "the model has another optimizer than when it was saved"
        for number, optimizer in enumerate(optimizers):
            if not optimizer.built:
                _build(optimizer, model, saved[number]["trains"] if saved else None)
            if [tuple(each.shape) for each in optimizer.variables] != [
                each.shape for each in self._group(_owner(number))
            ]:
                return "the model has another optimizer than when it was saved"
        return None

    def restore(self, model: keras.Model, callbacks: Sequence[keras.callbacks.Callback]) -> Lost:
        """Restores the state into a model that it fits and into the same callbacks as when it was captured.

        Returns:
            The attributes of callbacks that could not be kept or restored.
        """
        self.restore_model(model)
        for number, optimizer in enumerate(_optimizers(model)):
            _assign(optimizer.variables, self._group(_owner(number)))
        others = self._group("other")
        lost: Lost = dict(self.metadata.get("lost", {}))
        lost |= callback_state.restore(callbacks, self.metadata.get("callbacks", {}), others)
        try:
            if "random" in self.metadata:
                random_state.restore(self.metadata["random"], others)
        except NotPlain:
            lost["process"] = ["random generators"]
        return lost

    def is_of(self, model: keras.Model) -> bool:
        """Whether the model's variables have exactly these values now."""
        variables, saved = all_variables(model), self._group("model")
        return len(variables) == len(saved) and all(
            _same(_array(variable), array) for variable, array in zip(variables, saved, strict=True)
        )

    def restore_model(self, model: keras.Model) -> None:
        """Restores only the model's variables."""
        _assign(all_variables(model), self._group("model"))

    def write(self, path: Path) -> None:
        """Writes the state to `path` atomically.

        Raises:
            StudyWriteError: The file cannot be written.
        """
        write_state(path, self.metadata, self.arrays)

    @classmethod
    def read(cls, path: Path) -> "ResumeState | None":
        """The state in `path`; None if there is no file.

        Raises:
            StateDamaged: The file is damaged, or is no state.
        """
        found = read_state(path)
        if found is None:
            return None
        return cls(*(found if FORMAT_KEY in found[0] else from_version_1(*found)))

    def _group(self, prefix: str) -> list[np.ndarray[Any, Any]]:
        keys = [key for key in self.arrays if key.startswith(f"{prefix}/") and key.rpartition("/")[2].isdecimal()]
        return [self.arrays[key] for key in sorted(keys, key=lambda key: int(key.rpartition("/")[2]))]


def _check(metadata: Mapping[str, Any]) -> None:
    """Raises StateDamaged for metadata that no training has written."""
    try:
        whole = (
            all(isinstance(each, dict) for each in metadata.get("callbacks", {}).values())
            and all(name.isidentifier() for names in metadata.get("lost", {}).values() for name in names)
            and all(isinstance(each["class"], str) for each in metadata.get("optimizers", ()))
            and all(type(index) is int for each in metadata.get("optimizers", ()) for index in each["trains"])
        )
    except (AttributeError, KeyError, TypeError):
        whole = False
    if not whole:
        raise StateDamaged("is not the state of a training")


def _optimizers(model: keras.Model) -> list[keras.optimizers.Optimizer]:
    """The optimizer of `compile` (a model that is not compiled has none), and those of a custom training step."""
    found = [getattr(model, "optimizer", None), *vars(model).values()]
    unique = {id(each): each for each in found if isinstance(each, keras.optimizers.Optimizer)}
    return list(unique.values())


def _owner(number: int) -> str:
    return f"optimizer{number or ''}"


def _described(optimizer: keras.optimizers.Optimizer, variables: Sequence[Any]) -> dict[str, Any]:
    """Its class, and which of the model's variables it trains, if it is built."""
    places = {id(variable): index for index, variable in enumerate(variables)}
    trained = getattr(optimizer, "_trainable_variables", [])
    return {"class": type(optimizer).__name__, "trains": [places.get(id(variable), -1) for variable in trained]}


def _build(optimizer: keras.optimizers.Optimizer, model: keras.Model, trains: Sequence[int] | None) -> None:
    variables = all_variables(model)
    if trains is None or (trains and not all(0 <= index < len(variables) for index in trains)):
        optimizer.build(model.trainable_variables)
    elif trains:
        optimizer.build([variables[index] for index in trains])


def _trainable(variables: Sequence[Any]) -> str:
    return "".join("01"[variable.trainable] for variable in variables)


def _array(variable: Any) -> np.ndarray[Any, Any]:
    array = read(variable)
    # numpy's file format does not support bfloat16; float32 represents its numbers exactly
    return array if array.dtype.kind in "biufcSU" else array.astype("float32")


def _same(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    """Whether arrays are equal bit for bit: NaN equals NaN, and 0.0 is not -0.0."""
    return (one.dtype, one.shape) == (other.dtype, other.shape) and one.tobytes() == other.tobytes()


def _assign(variables: Sequence[Any], arrays: Sequence[np.ndarray[Any, Any]]) -> None:
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
