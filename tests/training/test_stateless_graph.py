"""Graphs as functions of the values of their variables."""

import pytest
import tensorflow as tf

from kerastune_lite.training.stateless_graph import Handle, NotStateless, assigned, repeat


def concrete(function, *specs):
    return tf.function(function, autograph=False).get_concrete_function(*specs)


def stateless(traced, variables, *given):
    """The outputs, and the values of the variables after the graph, which is repeated with values."""
    keys = {id(variable.handle): key for key, variable in enumerate(variables)}
    handles = [Handle(keys[id(handle)]) for handle in traced.captured_inputs]

    @tf.function(autograph=False)
    def again(given, values):
        state = dict(enumerate(values))
        return repeat(traced.graph, [*given, *handles], state), [state[key] for key in range(len(values))]

    outputs, values = again(list(given), [variable.value() for variable in variables])
    return [each.numpy().tolist() for each in outputs], [each.numpy().tolist() for each in values]


def keys(traced, variables):
    numbers = {id(variable.handle): key for key, variable in enumerate(variables)}
    handles = [Handle(numbers[id(handle)]) for handle in traced.captured_inputs]
    return assigned(traced.graph, [*[None] * (len(traced.inputs) - len(handles)), *handles])


def test_reads_and_assignments_keep_their_order():
    a, b = tf.Variable(2.0), tf.Variable(10.0)

    def act(x):
        before = a.read_value()
        a.assign_add(x)
        b.assign_sub(a)
        a.assign(b * 2.0)
        return before, a.read_value(), b.read_value()

    traced = concrete(act, tf.TensorSpec([], tf.float32))
    outputs, values = stateless(traced, [a, b], tf.constant(3.0))
    assert outputs == [2.0, 10.0, 5.0]
    assert values == [10.0, 5.0]
    assert (a.numpy(), b.numpy()) == (2.0, 10.0)
    assert [float(each) for each in traced(tf.constant(3.0))] == outputs
    assert [float(a), float(b)] == values


def test_functions_that_are_called_act_on_the_same_variables():
    a = tf.Variable(1.0)

    @tf.function(autograph=False)
    def double():
        a.assign(a * 2.0)
        return a.read_value()

    traced = concrete(lambda: (double(), double()))
    assert stateless(traced, [a]) == ([2.0, 4.0], [4.0])
    assert keys(traced, [a]) == {0}


def test_a_loop_may_read_variables():
    a, b = tf.Variable(3.0), tf.Variable(0.0)

    def act(x):
        _, total = tf.while_loop(lambda i, _: i < 4, lambda i, total: (i + 1, total + a), (0, x))
        b.assign(total)
        return total

    traced = concrete(act, tf.TensorSpec([], tf.float32))
    assert stateless(traced, [a, b], tf.constant(1.0)) == ([13.0], [3.0, 13.0])


def test_rows_of_a_variable_are_read_and_updated():
    table = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

    def act():
        row = tf.gather(table, [2])
        table.scatter_add(tf.IndexedSlices(row, [0]))
        table.scatter_sub(tf.IndexedSlices(row, [1]))
        table.scatter_update(tf.IndexedSlices([[0.0, 0.0]], [2]))
        return row, tf.shape(table)

    traced = concrete(act)
    outputs, values = stateless(traced, [table])
    assert outputs == [[[5.0, 6.0]], [3, 2]]
    assert values == [[[6.0, 8.0], [-2.0, -2.0], [0.0, 0.0]]]


def test_a_variable_that_is_read_only_is_not_assigned():
    a, b = tf.Variable(1.0), tf.Variable(1.0)
    traced = concrete(lambda: b.assign(a + 1.0))
    assert keys(traced, [a, b]) == {1}


def in_a_loop(variable):
    return tf.while_loop(lambda i: i < 2, lambda i: i + tf.cast(variable.assign_add(1.0) > 0, tf.int32), (0,))


def in_a_branch(variable):
    return tf.cond(variable > 0.0, lambda: variable.assign_add(1.0), variable.read_value)


def is_there(variable):
    return tf.raw_ops.VarIsInitializedOp(resource=variable.handle)


@pytest.mark.parametrize(
    ("act", "refusal"),
    [(in_a_loop, "a loop assigns"), (in_a_branch, "If uses a variable"), (is_there, "VarIsInitializedOp uses")],
)
def test_what_would_be_repeated_wrongly_is_refused(act, refusal):
    variable = tf.Variable(1.0)
    traced = concrete(lambda: act(variable))
    with pytest.raises(NotStateless, match=refusal):
        stateless(traced, [variable])
