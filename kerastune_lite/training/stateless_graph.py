"""A traced graph as a function of the values of its variables, which can be vectorized.

TensorFlow vectorizes functions of tensors, but a training step reads and assigns variables. Here its operations are
repeated in their order with values in place of the variables.
"""

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf


class NotStateless(Exception):
    """An operation uses a variable in a way that is not known here."""


class Handle(NamedTuple):
    """Stands for a variable.

    Attributes:
        key: The key of its value.
    """

    key: int


State = MutableMapping[int, Any]
"""The values of the variables."""


def repeat(graph: Any, inputs: Sequence[Any], state: State) -> list[Any]:
    """Repeats the operations of a graph in the current one.

    Args:
        graph: The graph of a function.
        inputs: Its inputs: tensors, and a `Handle` for each variable.
        state: The values of the variables; the new ones afterwards.

    Returns:
        The outputs of the graph.

    Raises:
        NotStateless: It does more with a variable than to read and assign it.
    """
    found: dict[int, Any] = {id(own): given for own, given in zip(graph.inputs, inputs, strict=True)}
    for operation in _in_order(graph):
        if operation.type in ("Placeholder", "NoOp"):
            continue
        outputs = _repeat(operation, [found[id(each)] for each in operation.inputs], state)
        found.update((id(own), output) for own, output in zip(operation.outputs, outputs, strict=True))
    return [found[id(output)] for output in graph.outputs]


def assigned(graph: Any, inputs: Sequence[Any]) -> set[int]:
    """The keys of the variables that a graph may assign.

    Args:
        graph: The graph of a function.
        inputs: A `Handle` for each of its inputs that is a variable, and None for tensors.
    """
    handles = {id(own): given for own, given in zip(graph.inputs, inputs, strict=True) if given is not None}
    keys = set()
    for operation in graph.get_operations():
        given = [handles.get(id(each)) for each in operation.inputs]
        if _called(operation) is not None:
            keys |= assigned(_called(operation), given)
        elif operation.type != "ReadVariableOp":
            keys |= {each.key for each in given if each is not None}
    return keys


def _in_order(graph: Any) -> Iterator[Any]:
    """The operations of a graph, each after those that it depends on."""
    seen: set[int] = set()
    for last in graph.get_operations():  # nearly in order: a gradient may give an earlier loop more inputs
        pending = [last]
        while pending:
            operation = pending[-1]
            if id(operation) in seen:
                pending.pop()
                continue
            before = [*(each.op for each in operation.inputs), *operation.control_inputs]
            missing = [each for each in before if id(each) not in seen]
            if missing:
                pending += missing
                continue
            pending.pop()
            seen.add(id(operation))
            yield operation


def _repeat(operation: Any, inputs: Sequence[Any], state: State) -> Sequence[Any]:
    """Repeats an operation; returns its outputs."""
    called = _called(operation)
    if called is not None:
        return repeat(called, inputs, state)
    if not any(isinstance(each, Handle) for each in inputs):
        return _copied(operation, inputs)
    if operation.type in ("While", "StatelessWhile"):
        return _loop(operation, inputs, state)
    handle, *given = inputs
    act = _ON_VARIABLES.get(operation.type)
    if act is None or any(isinstance(each, Handle) for each in given):
        raise NotStateless(f"{operation.type} uses a variable")
    value = act(state[handle.key], *given)
    if operation.outputs:
        return [tf.cast(value, operation.outputs[0].dtype)]  # a shape has one of two types
    state[handle.key] = value
    return []


def _loop(operation: Any, inputs: Sequence[Any], state: State) -> Sequence[Any]:
    """Repeats a loop that reads variables."""
    condition, body = (operation.graph._get_function(operation.get_attr(name).name).graph for name in ("cond", "body"))  # noqa: SLF001
    if assigned(body, [each if isinstance(each, Handle) else None for each in inputs]):
        raise NotStateless("a loop assigns a variable")

    def with_handles(changing: Sequence[Any]) -> list[Any]:
        remaining = iter(changing)
        return [each if isinstance(each, Handle) else next(remaining) for each in inputs]

    def tensors(outputs: Sequence[Any]) -> list[Any]:
        return [output for output, given in zip(outputs, inputs, strict=True) if not isinstance(given, Handle)]

    outputs = tf.while_loop(
        lambda *changing: repeat(condition, with_handles(changing), state)[0],
        lambda *changing: tensors(repeat(body, with_handles(changing), state)),
        tensors(inputs),
        shape_invariants=[output.shape for output in tensors(operation.outputs)],
        parallel_iterations=operation.get_attr("parallel_iterations"),
    )
    return with_handles(outputs)


def _called(operation: Any) -> Any:
    """The graph of the function that an operation does nothing but call; None if it is another operation."""
    if operation.type not in ("PartitionedCall", "StatefulPartitionedCall"):
        return None
    return operation.graph._get_function(operation.get_attr("f").name).graph  # noqa: SLF001 - no public way


def _copied(operation: Any, inputs: Sequence[Any]) -> Sequence[Any]:
    graph = tf.compat.v1.get_default_graph()
    attributes = {name: value for name, value in operation.node_def.attr.items() if not name.startswith("_")}
    for name in (each.func.name for each in attributes.values() if each.HasField("func")):
        graph._add_function_recursive(operation.graph._get_function(name))  # noqa: SLF001 - as a call would
    types = [output.dtype for output in operation.outputs]
    outputs: Sequence[Any] = graph.create_op(operation.type, inputs, types, attrs=attributes).outputs
    return outputs


def _scattered(add: Callable[[Any, Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    return lambda value, indices, updates: add(value, indices[..., tf.newaxis], updates)


# What operations do with the value of a variable: without an output, that becomes the new value.
_ON_VARIABLES: dict[str, Callable[..., Any]] = {
    "ReadVariableOp": lambda value: value,
    "VariableShape": tf.shape,
    "ResourceGather": tf.gather,
    "AssignVariableOp": lambda _, value: value,
    "AssignAddVariableOp": lambda value, more: value + more,
    "AssignSubVariableOp": lambda value, less: value - less,
    "ResourceScatterAdd": _scattered(tf.tensor_scatter_nd_add),
    "ResourceScatterSub": _scattered(tf.tensor_scatter_nd_sub),
    "ResourceScatterUpdate": _scattered(tf.tensor_scatter_nd_update),
}
