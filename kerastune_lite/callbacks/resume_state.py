"""The complete state of a training between two epochs, in one file without pickle.

It holds every variable of the model (including seed generators) and of its optimizer, and the state of the callbacks:
numbers, strings and plain containers of them as JSON, arrays as arrays, named functions by name. A resumed training is
bit-for-bit equal to an uninterrupted one if the order of the data depends only on the epoch.
"""

import json
import os
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType
from typing import Any

import keras
import numpy as np

from kerastune_lite.errors import cannot_write

Arrays = dict[str, np.ndarray[Any, Any]]

_FUNCTION = "__function__"
_METADATA_KEY = "facts"  # the name in the file, which must not change

# Attributes that Keras sets on every callback.
_NOT_STATE = ("model", "_model", "params", "_params")


@dataclass(frozen=True)
class ResumeState:
    """A training after `epoch` epochs.

    Attributes:
        metadata: Metadata of the writer, as JSON.
        arrays: Variables and the arrays of callbacks, by a name with the owner as prefix.
    """

    metadata: Mapping[str, Any]
    arrays: Arrays = field(default_factory=dict)

    @classmethod
    def capture(
        cls, model: keras.Model, callbacks: Sequence[keras.callbacks.Callback], metadata: Mapping[str, Any]
    ) -> "ResumeState":
        """The current state of `model` and `callbacks`."""
        arrays = {f"model/{index}": _array(variable) for index, variable in enumerate(model.variables)}
        arrays |= {f"optimizer/{index}": _array(variable) for index, variable in enumerate(_optimizer_variables(model))}
        states = {}
        for who, callback in _named(callbacks):
            state = {name: value for name, value in vars(callback).items() if name not in _NOT_STATE}
            states[who] = {name: _to_json(value) for name, value in state.items() if _is_json(_to_json(value))}
            arrays |= {
                f"{who}/{name}/{place}": item
                for name, value in state.items()
                if name not in states[who] and _is_arrays(value)
                for place, item in enumerate(value)
            }
        return cls({**metadata, "callbacks": states}, arrays)

    def fits(self, model: keras.Model) -> bool:
        """Whether `model`, which must be built, has the variables that were captured."""
        shapes = [tuple(variable.shape) for variable in model.variables]
        return bool(model.built) and shapes == [array.shape for array in self._group("model")]

    def restore(self, model: keras.Model, callbacks: Sequence[keras.callbacks.Callback]) -> None:
        """Restores the state into a model that it fits and into the same callbacks as when it was captured."""
        self.restore_model(model)
        _assign(_optimizer_variables(model), self._group("optimizer"))
        for who, callback in _named(callbacks):
            for name, value in self.metadata["callbacks"].get(who, {}).items():
                setattr(callback, name, _from_json(value))
            for name in {key.split("/")[1] for key in self.arrays if key.startswith(f"{who}/")}:
                setattr(callback, name, self._group(f"{who}/{name}"))

    def restore_model(self, model: keras.Model) -> None:
        """Restores only the model's variables."""
        _assign(model.variables, self._group("model"))

    def write(self, path: Path) -> None:
        """Writes the state to `path` atomically.

        Raises:
            StudyWriteError: The file cannot be written.
        """
        metadata = np.frombuffer(json.dumps(dict(self.metadata)).encode(), dtype=np.uint8)
        part = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                np.savez(file, **{_METADATA_KEY: metadata}, **self.arrays)  # type: ignore[arg-type]
            os.replace(part, path)
        except OSError as error:
            with suppress(OSError):  # the error that matters is the first one
                part.unlink(missing_ok=True)
            raise cannot_write(path, error) from error

    @classmethod
    def read(cls, path: Path) -> "ResumeState | None":
        """The state in `path`; None if the file is missing or unreadable."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
                arrays = {name: content[name] for name in content.files}
            return cls(json.loads(arrays.pop(_METADATA_KEY).tobytes()), arrays)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def _group(self, prefix: str) -> list[np.ndarray[Any, Any]]:
        keys = [key for key in self.arrays if key.startswith(f"{prefix}/")]
        return [self.arrays[key] for key in sorted(keys, key=lambda key: int(key.rsplit("/", 1)[1]))]


def _named(
    callbacks: Sequence[keras.callbacks.Callback],
) -> Iterator[tuple[str, keras.callbacks.Callback]]:
    """Callbacks with names that are stable across runs of a script: the class and an index within the class."""
    seen: Counter[str] = Counter()
    for callback in callbacks:
        kind = type(callback).__qualname__
        yield f"{kind}#{seen[kind]}", callback
        seen[kind] += 1


def _optimizer_variables(model: keras.Model) -> list[Any]:
    optimizer = getattr(model, "optimizer", None)  # a model that is not compiled has none
    if optimizer is None:
        return []
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    return list(optimizer.variables)


def _array(variable: Any) -> np.ndarray[Any, Any]:
    array = np.asarray(variable.numpy())
    # numpy's file format does not support bfloat16; float32 represents its numbers exactly
    return array if array.dtype.kind in "biufcSU" else array.astype("float32")


def _assign(variables: Sequence[Any], arrays: Sequence[np.ndarray[Any, Any]]) -> None:
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _to_json(value: Any) -> Any:
    """Replaces a function by its name: some Keras callbacks choose a function in the first epoch and keep it."""
    if isinstance(value, FunctionType):
        module, name = value.__module__, value.__qualname__
        if getattr(sys.modules.get(module), name, None) is value:
            return {_FUNCTION: [module, name]}
    return value


def _from_json(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {_FUNCTION}:
        module, name = value[_FUNCTION]
        return getattr(sys.modules[module], name)
    return value


def _is_json(value: Any) -> bool:
    if isinstance(value, (bool, int, float, str, type(None))):
        return True
    if isinstance(value, (list, tuple)):
        return all(_is_json(item) for item in value)
    return isinstance(value, dict) and all(isinstance(key, str) and _is_json(item) for key, item in value.items())


def _is_arrays(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(item, np.ndarray) for item in value)
