"""All variables of a model, those that Keras does not list among them."""

import sys
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np


def all_variables(model: keras.Model) -> list[Any]:
    """`model.variables`, then the states of stateful RNNs and other variables that layers hold without listing them."""
    listed = model.variables
    unique = {id(variable): variable for variable in (*listed, *_held(model))}
    return list(unique.values())


def _held(model: keras.Model) -> Iterator[Any]:
    tensorflow = sys.modules.get("tensorflow")
    kinds = (keras.Variable,) if tensorflow is None else (keras.Variable, tensorflow.Variable)
    for layer in model._flatten_layers():  # noqa: SLF001 - the public `layers` are not nested
        for name, value in vars(layer).items():
            if isinstance(value, kinds):
                yield value
            elif name == "states":
                yield from (state for state in keras.tree.flatten(value) if isinstance(state, kinds))


def read(variable: Any) -> np.ndarray[Any, Any]:
    """The content of a variable, as a copy: `variable.numpy()` without what TensorFlow adds for graphs and tapes.

    That takes three quarters of the time, and a state is read after each epoch.
    """
    value = variable.value if isinstance(variable, keras.Variable) else variable
    if type(value).__name__ != "ResourceVariable":  # another backend's, or one that is distributed
        return np.asarray(variable.numpy())
    operations = sys.modules["tensorflow"].raw_ops
    return np.asarray(operations.ReadVariableOp(resource=value.handle, dtype=value.dtype).numpy())
