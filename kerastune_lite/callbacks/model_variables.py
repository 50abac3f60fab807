"""All variables of a model, those that Keras does not list among them."""

import sys
from collections.abc import Iterator
from typing import Any

import keras


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
