"""Floats of a model that a graph reads from variables, so that it also trains models with other floats.

While a graph is traced, scalars stand in for floats such as a dropout rate. What Python computes with them is recorded
as a formula. Where the result becomes a tensor, the graph reads a variable. For other floats, the formulas give what to
assign to it: Python's arithmetic and rounding are those of a new trace. What Python decides by the floats is recorded
as well, and must come out the same.
"""

import inspect
import operator
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar, final

import keras
import numpy as np
import tensorflow as tf

from kerastune_lite.training.graph_rewrites import rewritten_if_constant

Formula = Callable[[Sequence[Any]], Any]
Traced = TypeVar("Traced")

_layers, _losses, _optimizers, _regularizers = keras.layers, keras.losses, keras.optimizers, keras.regularizers
_ADAM = ("weight_decay", "beta_1", "beta_2", "epsilon")
# Attributes of classes, not of their subclasses, for which tests show that results are equal.
_ATTRIBUTES: Mapping[type, Sequence[str]] = {
    _optimizers.SGD: ("weight_decay", "momentum"),
    _optimizers.RMSprop: ("weight_decay", "rho", "momentum", "epsilon"),
    _optimizers.Adam: _ADAM,
    _optimizers.AdamW: _ADAM,
    _layers.Dropout: ("rate",),
    _layers.SpatialDropout1D: ("rate",),
    _layers.SpatialDropout2D: ("rate",),
    _layers.SpatialDropout3D: ("rate",),
    _layers.GaussianNoise: ("stddev",),
    _layers.BatchNormalization: ("momentum",),
    _regularizers.L1: ("l1",),
    _regularizers.L2: ("l2",),
    _regularizers.L1L2: ("l1", "l2"),
    _losses.CategoricalCrossentropy: ("label_smoothing",),
    _losses.BinaryCrossentropy: ("label_smoothing",),
}
# Losses hold the arguments of their function here.
_OF_FUNCTION = "_fn_kwargs"
# TensorFlow simplifies sums and products with these.
_SPECIAL = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Slot:
    """Where an object holds a float.

    Attributes:
        holder: The attributes of the object, or a dictionary of its.
        name: The key.
        given: What it holds: a float, or a tensor.
        value: The float; a number of NumPy's for a tensor.
    """

    holder: MutableMapping[str, Any]
    name: str
    given: Any
    value: Any


def slots(owner: Any) -> Iterator[Slot]:
    """The floats of an object that may become variables: those that are not at their defaults."""
    kind: Any = type(owner)
    names = _ATTRIBUTES.get(kind, ())
    for holder in (vars(owner), vars(owner).get(_OF_FUNCTION, {})) if names else ():
        for name in names:
            given = holder.get(name)
            value = given.numpy() if _is_eager_scalar(given) else given
            if type(value) in (float, np.float32) and value != _default(kind, name):
                yield Slot(holder, name, given, value)


def _is_eager_scalar(value: Any) -> bool:
    return isinstance(value, tf.Tensor) and not tf.is_symbolic_tensor(value) and value.shape.rank == 0


@cache
def _default(kind: Any, name: str) -> Any:
    default = inspect.signature(kind).parameters[name].default
    return np.float32(default) if kind is _regularizers.L1 else default


@final
class FloatVariables:
    """The variables that a graph reads in place of floats.

    Args:
        record: What the trace did with the floats.
        constant: The numbers of those that are constants of the graph.
    """

    def __init__(self, record: "_Record", constant: frozenset[int]) -> None:
        baked = [(_root(number), repr(record.values[number])) for number in constant]
        self._decisions, self._leaves = [*record.decisions, *baked], list(record.leaves.values())
        self._pattern = _pattern(self._computed(record.values))

    @property
    def variables(self) -> list[tf.Variable]:
        """The variables."""
        return [leaf.variable for leaf in self._leaves]

    def fit(self, values: Sequence[Any]) -> bool:
        """Whether a trace with these floats would give the same graph."""
        try:
            return all(repr(formula(values)) == outcome for formula, outcome in self._decisions) and (
                _pattern(self._computed(values)) == self._pattern
            )
        except (ArithmeticError, TypeError):  # a trace would raise it, too
            return False

    def assign(self, values: Sequence[Any]) -> None:
        """Lets the graph read these floats, which `fit`."""
        for leaf, (value, *_) in zip(self._leaves, self._computed(values), strict=True):
            leaf.variable.assign(value)

    def constants(self, values: Sequence[Any]) -> list[tf.Tensor]:
        """What the graph would read from the variables for these floats, which `fit`."""
        return [tf.constant(value) for value, *_ in self._computed(values)]

    def _computed(self, values: Sequence[Any]) -> list[list[Any]]:
        return [[_rounded(formula(values), leaf.variable.dtype) for formula in leaf.formulas] for leaf in self._leaves]


def traced(
    found: Sequence[Slot], constant: frozenset[int], trace: Callable[[], Traced]
) -> tuple[Traced, FloatVariables, frozenset[int]]:
    """Traces a graph that reads variables in place of floats, where this changes no result.

    Args:
        found: The floats.
        constant: The numbers of those that must be constants, as far as is known.
        trace: Traces the graph.

    Returns:
        What `trace` returns, the variables, and the numbers of the floats that are constants.
    """
    every, values = frozenset(range(len(found))), [slot.value for slot in found]
    while constant != every:
        record = _Record(values)
        try:
            with _standing_in(found, record, constant):
                result = trace()
            rewritten = [leaf.roots for leaf in record.leaves.values() if rewritten_if_constant(leaf.reads.values())]
        except Exception:  # noqa: BLE001 - Keras takes nothing but a float there; what is wrong otherwise comes up again
            break
        for leaf in record.leaves.values():
            leaf.reads.clear()  # they keep graphs
        if not rewritten:
            return result, FloatVariables(record, constant), constant
        constant = constant.union(*rewritten)
    return trace(), FloatVariables(_Record(values), every), every


@contextmanager
def _standing_in(found: Sequence[Slot], record: "_Record", constant: frozenset[int]) -> Iterator[None]:
    """Puts scalars in the place of floats."""
    for number, slot in enumerate(found):
        if number not in constant:
            slot.holder[slot.name] = Scalar(record, _root(number), frozenset({number}))
    try:
        yield
    finally:
        for slot in found:
            slot.holder[slot.name] = slot.given


@dataclass
class _Leaf:
    """A variable that a graph reads.

    Attributes:
        variable: The variable.
        formulas: What gives its value. Constants that are equal become one, so equal values are one variable.
        roots: The numbers of the floats that they use.
        reads: The tensors, by the id of their graph.
    """

    variable: tf.Variable
    formulas: list[Formula] = field(default_factory=list)
    roots: frozenset[int] = frozenset()
    reads: dict[int, Any] = field(default_factory=dict)


class _Record:
    """What a trace does with floats.

    Args:
        values: The floats.
    """

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = values
        self.decisions: list[tuple[Formula, str]] = []
        self.leaves: dict[tuple[str, bytes], _Leaf] = {}

    def decide(self, formula: Formula) -> Any:
        """The value of a formula, which the graph depends on."""
        outcome = formula(self.values)
        self.decisions.append((formula, repr(outcome)))
        return outcome

    def read(self, formula: Formula, roots: frozenset[int], dtype: Any) -> Any:
        """A tensor that has the value of a formula.

        Raises:
            TypeError: There can be no constant of this type, or it is not for a graph.
        """
        if tf.executing_eagerly():
            raise TypeError("a value is needed outside of a graph")
        value = _rounded(formula(self.values), dtype)
        leaf = self.leaves.get(_key(value))
        if leaf is None:
            leaf = self.leaves[_key(value)] = _Leaf(_variable(value))
        leaf.formulas.append(formula)
        leaf.roots |= roots
        graph = tf.compat.v1.get_default_graph()
        if id(graph) not in leaf.reads:  # the tensor keeps the graph, and so its id
            leaf.reads[id(graph)] = leaf.variable.value()
        return leaf.reads[id(graph)]


def _variable(value: Any) -> tf.Variable:
    """A variable outside of the graph; `tf.Variable` would belong to the function that is traced."""
    from tensorflow.python.ops.resource_variable_ops import ResourceVariable  # noqa: PLC0415 - private

    with tf.init_scope():
        return ResourceVariable(value, trainable=False)


def _root(number: int) -> Formula:
    return lambda values: values[number]


def _rounded(value: Any, dtype: Any) -> Any:
    """The number as a constant in a graph has it.

    Raises:
        TypeError: There can be no such constant.
    """
    if isinstance(value, np.generic) and dtype not in (None, tf.as_dtype(value.dtype)):
        raise TypeError(f"a tensor of the type {value.dtype} cannot have the type {dtype}")
    return np.asarray(tf.make_ndarray(tf.make_tensor_proto(value, dtype)))


def _key(value: Any) -> tuple[str, bytes]:
    return value.dtype.str, value.tobytes()


def _pattern(computed: Sequence[Sequence[Any]]) -> list[Any]:
    """Which constants are equal to each other, or special."""
    numbers: dict[Any, int] = {}
    values = [value for each in computed for value in each]
    return [
        (numbers.setdefault(_key(value), len(numbers)), next((one for one in _SPECIAL if value == one), None))
        for value in values
    ]


def _binary(operation: Callable[[Any, Any], Any], *, reflected: bool = False) -> Callable[["Scalar", Any], Any]:
    """A method for an operation on two numbers."""

    def method(self: "Scalar", other: Any) -> Any:
        if type(other) is Scalar:
            of_other, roots = other.formula, other.roots
        elif type(other) in (int, float):
            of_other, roots = (lambda _: other), frozenset()
        else:
            return NotImplemented
        left, right = (of_other, self.formula) if reflected else (self.formula, of_other)
        return Scalar(self.record, lambda values: operation(left(values), right(values)), self.roots | roots)

    return method


def _comparison(operation: Callable[[Any, Any], bool]) -> Callable[["Scalar", Any], Any]:
    computed = _binary(operation)

    def method(self: "Scalar", other: Any) -> Any:
        result = computed(self, other)
        return result if result is NotImplemented else self.record.decide(result.formula)

    return method


@final
class Scalar:
    """Stands in for a float while a graph is traced.

    It is no float, so that nothing can read its value unnoticed, but says that it is one.

    Args:
        record: Notes what is done with it.
        formula: Its value by the floats of the model.
        roots: The numbers of the floats that the formula uses.
    """

    dtype = float  # so Keras finds the types of results
    __class__ = property(lambda _: float)

    def __init__(self, record: _Record, formula: Formula, roots: frozenset[int]) -> None:
        self.record, self.formula, self.roots = record, formula, roots

    __add__, __radd__ = _binary(operator.add), _binary(operator.add, reflected=True)
    __sub__, __rsub__ = _binary(operator.sub), _binary(operator.sub, reflected=True)
    __mul__, __rmul__ = _binary(operator.mul), _binary(operator.mul, reflected=True)
    __rtruediv__ = _binary(operator.truediv, reflected=True)
    __lt__, __le__ = _comparison(operator.lt), _comparison(operator.le)
    __gt__, __ge__ = _comparison(operator.gt), _comparison(operator.ge)
    __eq__, __ne__ = _comparison(operator.eq), _comparison(operator.ne)

    def __truediv__(self, other: Any) -> Any:
        divisor = tf.get_static_value(other) if tf.is_symbolic_tensor(other) else None
        if divisor is None or divisor.shape:
            return _binary(operator.truediv)(self, other)
        # both are constants: TensorFlow divides before the graph runs
        return Scalar(self.record, lambda values: divisor.dtype.type(self.formula(values)) / divisor, self.roots)

    def __bool__(self) -> bool:
        return bool(self.record.decide(lambda values: bool(self.formula(values))))

    def __float__(self) -> float:
        return float(self.record.decide(self.formula))

    def __hash__(self) -> int:
        return hash(float(self))

    def __repr__(self) -> str:
        return repr(float(self))


def _tensor(value: Scalar, dtype: Any = None, **_: Any) -> Any:
    """A tensor for TensorFlow's conversion, which also tells a name, and whether it wants a reference."""
    return value.record.read(value.formula, value.roots, dtype)


tf.register_tensor_conversion_function(Scalar, _tensor)
