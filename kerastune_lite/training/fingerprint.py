"""What the trace of a model can read, apart from the values of its variables.

Two models with equal fingerprints have equal graphs, so one can be trained with the graph of the other. The fingerprint
walks over everything that the model refers to: layers, optimizer, losses, metrics, with all their attributes, not only
their configs. What it does not know, it refuses.
"""

import enum
import inspect
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_lite.training.float_variables import Slot, slots

# Attributes that no trace reads.
_IGNORED = {
    # they hold what others hold as well
    *("_tracker", "_auto_config", "_compile_config", "_nodes", "_value"),
    # they act before the trace, at the creation of layers and variables, or belong to a call that is over
    *("build", "quantize", "_initializer", "_initial_seed", "_build_shapes_dict"),
    *("_losses", "history", "stop_evaluating"),
    # they are ids, or come from the trace
    *("_loss_ids", "_trainable_variables_indices", "train_function", "test_function", "predict_function"),
    # an obstacle to whole epochs, unless it is the default one
    *("_distribute_strategy", "_distribution_strategy"),
}
_LIBRARIES = ("builtins", "collections", "keras", "tensorflow")
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))


class NotComparable(Exception):
    """Something whose effect on the trace cannot be told from its attributes."""


@dataclass(frozen=True)
class Fingerprint:
    """What the trace of a model can read.

    Attributes:
        tokens: All that was found, on the way.
        variables: The variables, in the order in which they were found.
        floats: The floats whose values are no part of the tokens, in the same order.
    """

    tokens: tuple[Any, ...]
    variables: tuple[keras.Variable, ...]
    floats: tuple[Slot, ...]

    @classmethod
    def of(cls, model: keras.Model) -> "Fingerprint":
        """The fingerprint of a model with an optimizer and metrics that are built.

        Raises:
            NotComparable: The model holds code or data of the user's.
        """
        walk = _Walk(floats=not model.jit_compile)  # XLA compiles constants in its own way
        walk.over(model)
        return cls(tuple(walk.tokens), tuple(walk.variables), tuple(walk.floats))


class _Walk:
    """A walk over objects, each of which it enters once.

    Args:
        floats: Whether to leave out the values of floats that may be variables.
    """

    def __init__(self, *, floats: bool) -> None:
        self.tokens: list[Any] = []
        self.variables: list[keras.Variable] = []
        self.floats: list[Slot] = []
        self._floats = floats
        self._slots: dict[tuple[int, Any], Slot] = {}
        self._numbers: dict[int, int] = {}

    def over(self, root: Any) -> None:
        pending = [("the model", root)]  # not a recursion: a deep model is a long chain
        while pending:
            place, value = pending.pop()
            try:
                parts = self._enter(place, value)
            except NotComparable as reason:
                raise NotComparable(f"{place} is {reason}") from None
            pending += reversed(parts)

    def _enter(self, place: str, value: Any) -> list[tuple[str, Any]]:
        """Notes the value, unless it is known by now; returns its parts with their places."""
        if isinstance(value, Slot):
            self.tokens.append(f"{type(value.value).__name__} of any value")
            self.floats.append(value)
            return []
        if isinstance(value, _PLAIN):
            self.tokens.append((type(value).__name__, repr(value)))
            return []
        known = self._numbers.get(id(value))
        if known is not None:
            self.tokens.append(known)
            return []
        self._numbers[id(value)] = len(self._numbers)
        kind, library = type(value), type(value).__module__.partition(".")[0]
        if library in _LIBRARIES and isinstance(value, (list, tuple, dict, set, frozenset)):
            self.tokens.append((kind.__name__, len(value)))
            return [(place, part) for part in self._members(value)]
        token = _leaf(value)
        if token is not None:
            self.tokens.append(token)
            return []
        if library != "keras":
            raise NotComparable(f"of the class {kind.__qualname__}, which is not Keras's")
        if isinstance(value, keras.Variable):
            self.variables.append(value)
        self.tokens.append((kind.__module__, kind.__qualname__))
        if self._floats:
            self._slots.update(((id(slot.holder), slot.name), slot) for slot in slots(value))
        attributes = [
            (name, part) for name, part in sorted(self._items(vars(value)), key=itemgetter(0)) if not _ignored(name)
        ]
        self.tokens.append(tuple(name for name, _ in attributes))
        return [(f"{kind.__qualname__}.{name}", part) for name, part in attributes]

    def _members(self, value: Any) -> list[Any]:
        """The members of a collection, in an order that is the same in each process."""
        if isinstance(value, dict):
            return [part for item in self._items(value) for part in item]
        if not isinstance(value, (set, frozenset)):
            return list(value)
        if not all(isinstance(member, _PLAIN) for member in value):
            raise NotComparable("a set of objects, which has no order")
        return sorted(value, key=repr)

    def _items(self, holder: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
        """The items of a dictionary, with slots for floats that are left out."""
        place = id(holder)
        return ((name, self._slots.get((place, name), part)) for name, part in holder.items())


@cache
def _ignored(name: str) -> bool:
    return name in _IGNORED or name.startswith("_self_") or name.endswith("_initializer")


def _leaf(value: Any) -> Any:
    """A token for what has no parts; None for what has.

    Raises:
        NotComparable: It is a function of the user's, or data.
    """
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, type, np.ufunc)):
        module = getattr(value, "__module__", None) or ""
        if module.partition(".")[0] not in _LIBRARIES or getattr(value, "__closure__", None):
            raise NotComparable(f"the function or class {getattr(value, '__name__', value)}, which is not Keras's")
        return (module, getattr(value, "__qualname__", str(value)))
    if isinstance(value, types.ModuleType):
        return value.__name__
    if isinstance(value, enum.Enum):
        return (type(value).__qualname__, value.name)
    if isinstance(value, (tf.DType, tf.TensorShape, inspect.Signature, range, slice)):
        return (type(value).__name__, str(value))
    if isinstance(value, np.generic):
        return (value.dtype.str, value.tobytes())
    if isinstance(value, (tf.Tensor, tf.Variable, np.ndarray)):
        raise NotComparable("data, which the graph may hold")
    return None
