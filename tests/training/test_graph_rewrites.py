"""What TensorFlow rewrites around a constant, where it leaves a variable alone."""

import operator

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastune_lite.training.graph_rewrites import rewritten_if_constant

ROW = tf.TensorSpec([None, 5])
RNG = np.random.default_rng(0)
X, Y = (tf.constant(RNG.normal(size=(50, 5)), tf.float32) for _ in range(2))


def in_graph(expression, c):
    """The function of x and y that an expression of x, y and `c()` is."""
    function = tf.function(lambda x, y: expression(x, y, c()), autograph=False)
    return function.get_concrete_function(ROW, ROW)


def read_in(expression):
    """A graph that reads a variable, and what it reads."""
    variable, reads = tf.Variable(0.7137), []

    def read():
        reads.append(variable.value())
        return reads[0]

    return in_graph(expression, read), reads


@pytest.mark.parametrize(
    ("expression", "rewritten"),
    [
        (lambda x, y, c: tf.nn.relu(x) * c, False),
        (lambda x, y, c: c * (2.0 * x), False),
        (lambda x, y, c: (c * x + y) * 0.3, False),
        (lambda x, y, c: x + c, False),
        (lambda x, y, c: c / x, False),
        (lambda x, y, c: tf.cast(x, "float16") * tf.cast(c, "float16"), False),
        (lambda x, y, c: x / c, True),
        (lambda x, y, c: (c / 7.0) * x, True),
        (lambda x, y, c: (x * y) * c, True),
        (lambda x, y, c: tf.identity(x * y) * c, True),
        (lambda x, y, c: (x * c) * 0.3, True),
        (lambda x, y, c: y * (x * c) * (0.3 * x), True),
        (lambda x, y, c: (x + 0.3) + c, True),
        (lambda x, y, c: (x + c) + 2.0, True),
        (lambda x, y, c: tf.matmul(x, y, transpose_b=True) * c, True),
        (lambda x, y, c: tf.linalg.diag(tf.broadcast_to(c, [5])), True),
    ],
)
def test_what_tensorflow_would_rewrite_around_a_constant_is_known(expression, rewritten):
    assert rewritten_if_constant(read_in(expression)[1]) == rewritten


LEAVES = {
    "x": lambda x, y, c: x,
    "|y|": lambda x, y, c: tf.nn.relu(y),
    "xy": lambda x, y, c: x * y,
    "2": lambda x, y, c: tf.constant(2.0),
    "0.3": lambda x, y, c: tf.constant(0.3),
}
OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
PARTS = st.tuples(st.sampled_from(list(OPERATIONS)), st.sampled_from(list(LEAVES)), st.booleans())


def expression_of(parts):
    """c, and an operation with another value for each part."""

    def expression(x, y, c):
        value = c
        for sign, leaf, reflected in parts:
            other = LEAVES[leaf](x, y, c)
            value = OPERATIONS[sign](*((other, value) if reflected else (value, other)))
        return value

    return expression


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.lists(PARTS, min_size=1, max_size=4))
def test_results_are_equal_where_nothing_is_rewritten(parts):
    expression = expression_of(parts)
    graph, reads = read_in(expression)
    if not rewritten_if_constant(reads):
        constant = in_graph(expression, lambda: tf.constant(0.7137))
        assert graph(X, Y).numpy().tobytes() == constant(X, Y).numpy().tobytes()
