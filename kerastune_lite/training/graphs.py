"""Lets TensorFlow free the graphs of trained models, and with them the variables.

A `tf.custom_gradient` in a graph registers its gradient in a table of the process, where it stays. The gradient refers
to tensors of the graph, and the graph to the variables that it uses. Keras's optimizers put one into every training
step (they sum gradients over replicas, also if there is only one), so no model that was ever trained would be freed.
"""

import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, final

import tensorflow as tf

_CUSTOM = "CustomGradient-"  # TensorFlow names them so, with a number
_ENTRY = "type"
_KEPT = "_kerastune_gradients"

Gradient = Callable[..., Any]


def free_graphs() -> None:
    """Ties each registered gradient of a graph to the life of the graph: the table no longer keeps either."""
    with suppress(AttributeError, ImportError, LookupError, TypeError):  # private names: then memory grows as before
        for entry in _entries():
            _tie(entry)


def _entries() -> Iterator[dict[str, Any]]:
    from tensorflow.python.framework import ops  # noqa: PLC0415 - private

    table = ops.gradient_registry._registry  # noqa: SLF001 - there is no public way to it
    return (entry for name, entry in list(table.items()) if name.startswith(_CUSTOM))


def _tie(entry: dict[str, Any]) -> None:
    gradient = entry[_ENTRY]
    if isinstance(gradient, _WhileGraphLives):
        return
    graphs = list(_graphs(gradient))
    for graph in graphs:
        setattr(graph, _KEPT, [*getattr(graph, _KEPT, []), gradient])
    if graphs:
        entry[_ENTRY] = _WhileGraphLives(gradient)


def _graphs(gradient: Gradient) -> Iterator[Any]:
    """The graph of the operation that a gradient is for, and the graphs around that."""
    result = _closure(_closure(gradient)["tape_grad_fn"])["result"]
    tensors = tf.nest.flatten(result, expand_composites=True)
    graph = next((tensor.graph for tensor in tensors if tf.is_symbolic_tensor(tensor)), None)
    while graph is not None and getattr(graph, "outer_graph", None) is not None:  # the outermost one is for good
        yield graph
        graph = graph.outer_graph


def _closure(function: Any) -> dict[str, Any]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells}


@final
class _WhileGraphLives:
    """A gradient that its graph keeps."""

    def __init__(self, gradient: Gradient) -> None:
        self._gradient = weakref.ref(gradient)

    def __call__(self, operation: Any, *gradients: Any) -> Any:
        gradient = self._gradient()
        if gradient is None:
            raise LookupError(f"the graph that {operation.name} was copied from no longer exists")
        return gradient(operation, *gradients)
