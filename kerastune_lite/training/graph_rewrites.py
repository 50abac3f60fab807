"""Whether TensorFlow rewrites a graph otherwise where it reads a variable in place of a constant.

Before it runs a graph, TensorFlow moves constants through sums and products, divides by them once, and fuses
operations around them: (x * 3) * c becomes x * (3 * c), and x / c becomes x * (1 / c). That rounds differently. Here
are the places where it does so; what is not known to be left alone counts as one of them.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, final

import tensorflow as tf

_SUMS = frozenset({"Add", "AddN", "AddV2", "Sub"})
_PRODUCTS = frozenset({"Div", "DivNoNan", "Mul", "MulNoNan", "RealDiv"})
_DIVISIONS = frozenset({"Div", "DivNoNan", "RealDiv"})
# They hand on what they get, perhaps in another shape or type.
_SAME = frozenset({"BroadcastTo", "Cast", "ExpandDims", "Identity", "PreventGradient", "Reshape", "Squeeze", "Tile"})
# No rule moves a constant into or out of these.
_LEFT_ALONE = frozenset(
    {
        *("AssignAddVariableOp", "AssignSubVariableOp", "AssignVariableOp", "Shape"),
        *("Greater", "GreaterEqual", "Less", "LessEqual", "Pow"),
    }
)
# They may be fused with a constant factor.
_FUSED = ("BatchMatMul", "Conv", "DepthwiseConv", "Einsum", "FusedBatchNorm", "MatMul")
_OF_SHAPES = frozenset({"Rank", "Shape", "ShapeN", "Size"})


def rewritten_if_constant(reads: Iterable[Any]) -> bool:
    """Whether the results of a graph could be others if a constant took the place of these reads of a variable."""
    return any(_Neighbourhood(read).differs() for read in reads)


@final
class _Neighbourhood:
    """What a graph computes with a value.

    Args:
        read: The value.
    """

    def __init__(self, read: Any) -> None:
        self._read = read
        self._constants: set[int] = {id(read)}
        for operation in read.graph.get_operations():  # each one after its inputs
            if self._folds(operation):
                self._constants.update(id(output) for output in operation.outputs)

    def differs(self) -> bool:
        pending, done = [self._read], set()
        while pending:
            value = pending.pop()
            for operation in value.consumers():
                if id(operation) in done or operation.type in _LEFT_ALONE:
                    continue
                done.add(id(operation))
                if self._matters(operation, value):
                    return True
                pending += [output for output in operation.outputs if id(output) in self._constants]
        return False

    def _folds(self, operation: Any) -> bool:
        """Whether the results would be constants."""
        if operation.type in {"Const", *_OF_SHAPES}:
            return True
        inputs = operation.inputs
        if not inputs or operation.op_def.is_stateful or not all(id(value) in self._constants for value in inputs):
            return False
        return not _is_batch_size(operation)

    def _matters(self, operation: Any, value: Any) -> bool:
        """Whether an operation on the value would be another one with a constant."""
        kin = next((kin for kin in (_SUMS, _PRODUCTS) if operation.type in kin), None)
        if kin is None:
            return not (operation.type in _SAME and operation.inputs[0] is value)
        if operation.type in _DIVISIONS and (operation.inputs[1] is value or self._constant(operation.inputs[1], kin)):
            return True
        others = [_origin(each) for each in operation.inputs if each is not value]
        if any(each.op.type in kin and not self._doubles(each.op) for each in others):
            return True
        if any(each.op.type.startswith(_FUSED) for each in others):
            return True
        return any(self._constant(leaf, kin) for leaf in _leaves_above(operation, kin))

    def _constant(self, value: Any, kin: frozenset[str]) -> bool:
        """Whether it is a constant term, or a constant factor that may round."""
        return id(value) in self._constants and not (kin is _PRODUCTS and _is_power_of_two(value))

    def _doubles(self, operation: Any) -> bool:
        """Whether it multiplies by a power of two, which never rounds."""
        if operation.type != "Mul":
            return False
        factors = [_origin(each) for each in operation.inputs]
        rest = [each for each in factors if not _is_power_of_two(each)]
        return len(rest) == 1 and rest[0].op.type not in _PRODUCTS


def _leaves_above(operation: Any, kin: frozenset[str]) -> Iterator[Any]:
    """The other terms, or factors, of the sums, or products, that the result of an operation is part of."""
    pending = [operation]
    while pending:
        child = pending.pop()
        for parent in _users(child):
            if parent.type in kin:
                pending.append(parent)
                for each in parent.inputs:
                    if _origin(each).op is not child:
                        yield from _leaves(_origin(each), kin)


def _leaves(value: Any, kin: frozenset[str]) -> Iterator[Any]:
    pending = [value]
    while pending:
        each = pending.pop()
        if each.op.type in kin:
            pending += [_origin(part) for part in each.op.inputs]
        else:
            yield each


def _origin(value: Any) -> Any:
    """Where a value comes from, if it is only handed on."""
    while value.op.type in {"Identity", "IdentityN"}:
        value = value.op.inputs[value.value_index]
    return value


def _users(operation: Any) -> Iterator[Any]:
    """The operations that use the results, also those that get them handed on."""
    pending = list(operation.outputs)
    while pending:
        value = pending.pop()
        for user in value.consumers():
            if user.type in {"Identity", "IdentityN"}:
                pending.append(user.outputs[list(map(id, user.inputs)).index(id(value))])
            else:
                yield user


def _is_batch_size(operation: Any) -> bool:
    """Whether it takes the number of rows, which is not known, from a shape."""
    source = operation.inputs[0].op
    if operation.type != "StridedSlice" or source.type != "Shape":
        return False
    shape, begin = source.inputs[0].shape, tf.get_static_value(operation.inputs[1])
    return (
        shape.rank is not None
        and shape.rank > 0
        and shape[0] is None
        and list(begin) == [0]
        and not operation.outputs[0].shape.rank
    )


def _is_power_of_two(value: Any) -> bool:
    """Whether it is a constant 1, 2, 4, ..., everywhere."""
    number: Callable[[Any], Any] = tf.get_static_value
    found = number(value) if value.op.type in {"Const", "Cast"} else None
    return found is not None and found.size == 1 and float(found.item()) in {2.0**exponent for exponent in range(24)}
