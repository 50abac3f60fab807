"""Epochs of several models with the same graph in one call: their variables are stacked, and each step is vectorized.

In a step of a small model, operations take longer to start than to compute. Vectorized ones start once for all models.
The results differ by rounding from those of a model alone, because sums are taken in another order.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import keras
import tensorflow as tf

from kerastune_lite.study.task import Meet, Work
from kerastune_lite.training.data_cache import rows_of
from kerastune_lite.training.repeatable import operations
from kerastune_lite.training.seeding import kept_generators
from kerastune_lite.training.stateless_graph import Handle, assigned, repeat
from kerastune_lite.training.whole_epochs import EpochGraph, while_in_time

# To vectorize a graph takes about as long as it saves in so many steps of models.
_WORTHWHILE = 10_000
# With more parameters, a step takes its time for arithmetic, which is not faster in a stack.
_MOST_PARAMETERS = 50_000


def obstacle(model: keras.Model, train: EpochGraph) -> str | None:
    """Why models with this graph are trained one by one; None if to train them together may be faster."""
    if model.jit_compile:
        return "the model is compiled with XLA"
    if train.ends_at_nan:
        return "TerminateOnNaN may end the epoch of one model"
    if any("Conv" in operation.type for operation in operations(train.step.graph)):
        return "TensorFlow does not vectorize convolutions"
    parameters = model.count_params()
    if parameters > _MOST_PARAMETERS:
        return f"the model has {parameters:,} parameters, more than {_MOST_PARAMETERS:,}"
    return None


@final
@dataclass(frozen=True)
class Epoch:
    """What a trial gives for an epoch.

    Attributes:
        values: What the graph reads from its variables, in their order.
        tensors: The data; the same in all trials of a call.
        order: The rows in their order, of shape (rows,).
        batch_size: Rows per batch.
        left: How many epochs the training has left, with this one.
    """

    values: Sequence[tf.Tensor]
    tensors: Any
    order: tf.Tensor
    batch_size: int
    left: int

    @property
    def steps(self) -> int:
        """The number of batches."""
        return -(-len(self.order) // self.batch_size)


@final
@dataclass(frozen=True)
class Taken:
    """What a trial gets for an epoch.

    Attributes:
        last_batch: The number of the last batch, from 0.
        finite: False if the epoch ended there because of the loss.
        together: Whether it was taken together with other trials.
        values: The new values of the variables that the graph assigns, in their order.
    """

    last_batch: int
    finite: bool
    together: bool
    values: Sequence[tf.Tensor]


@final
class StackedEpochs:
    """Takes epochs of several models.

    Args:
        graph: The graph of an epoch.
        variables: What it may use besides its arguments. Their values do not count.
        obstacle: Why models must be trained one by one; None if they need not.
        train: For a validation, what takes the epochs of the training: it is vectorized only with these.

    Attributes:
        obstacle: As given, or what was found since.
        graph: As given.
        places: Which of the given variables the graph uses, in the order of its own.
        assigned: Which of those it may assign.
    """

    def __init__(
        self,
        graph: EpochGraph,
        variables: Sequence[tf.Variable],
        obstacle: str | None,
        train: "StackedEpochs | None" = None,
    ) -> None:
        self.obstacle, self.graph, self._train = obstacle, graph, train
        places = {id(variable.handle): place for place, variable in enumerate(variables)}
        self.places = [places[id(handle)] for handle in graph.step.captured_inputs]
        self._variables = [variables[place] for place in self.places]
        given = len(graph.step.inputs) - len(self.places)
        self._handles = [Handle(number) for number in range(len(self.places))]
        self.assigned = sorted(assigned(graph.step.graph, [*[None] * given, *self._handles]))
        self._steps = 0

    def take(self, epochs: Sequence[Epoch]) -> Sequence[Taken | Exception]:
        """Takes an epoch of each trial; an exception belongs to the trial whose epoch has raised it."""
        self._steps += sum(epoch.steps for epoch in epochs)
        if len(epochs) > 1 and self._worthwhile(epochs) and self._vectorized is not None:
            try:
                return self._together(epochs)
            except Exception as error:  # noqa: BLE001 - such as for too little memory; no variable has changed
                self.obstacle = f"epochs of {len(epochs)} models failed: {_in_a_line(error)}"
        return [self._alone(epoch) for epoch in epochs]

    def _worthwhile(self, epochs: Sequence[Epoch]) -> bool:
        """Whether enough steps are left; where enough have been taken, as many may follow."""
        left = sum((epoch.left - 1) * epoch.steps for epoch in epochs)
        obstacles = [self.obstacle, None if self._train is None else self._train.obstacle]
        return obstacles == [None, None] and self._steps + left >= _WORTHWHILE

    def _alone(self, epoch: Epoch) -> Taken | Exception:
        """Takes an epoch with the variables of the graph."""
        for variable, value in zip(self._variables, epoch.values, strict=True):
            assign(variable, value)
        try:
            last_batch, finite = self.graph.run(epoch.tensors, epoch.order, epoch.batch_size)
        except Exception as error:  # noqa: BLE001 - it is raised in the trial
            return error
        after = [read(self._variables[number]) for number in self.assigned]
        return Taken(last_batch, finite, together=False, values=after)

    def _together(self, epochs: Sequence[Epoch]) -> list[Taken]:
        state = [tf.stack(column) for column in zip(*(epoch.values for epoch in epochs), strict=True)]
        orders = tf.stack([epoch.order for epoch in epochs])
        data = epochs[0].tensors
        size, position = tf.constant(epochs[0].batch_size, tf.int64), tf.constant(0, tf.int64)
        while int(position) < orders.shape[1]:  # an interrupt is noticed here
            position, *changed = self._vectorized(orders, position, size, data, state)
            for number, values in zip(self.assigned, changed, strict=True):
                state[number] = values
        columns = [tf.unstack(state[number]) for number in self.assigned]
        after = [[column[place] for column in columns] for place in range(len(epochs))]
        return [Taken(epochs[0].steps - 1, finite=True, together=True, values=values) for values in after]

    @cached_property
    def _vectorized(self) -> Any:
        """The graph of an epoch of several models; None if there can be none."""
        try:
            with _silent():
                return self._trace()
        except Exception as error:  # noqa: BLE001 - of the many operations, some cannot be vectorized
            self.obstacle = f"the training step cannot be vectorized: {_in_a_line(error)}"
            return None

    def _trace(self) -> Any:
        step, changing = self.graph.step, self.assigned

        def one(values: Sequence[Any], batch: Sequence[Any]) -> list[Any]:
            state = dict(enumerate(values))
            repeat(step.graph, [*batch, *self._handles], state)
            return [state[number] for number in changing]

        def batches(orders: Any, begin: Any, batch_size: Any, data: Any, values: Sequence[Any]) -> Any:
            shapes = [[None, *values[number].shape[1:]] for number in changing]

            def take(position: Any, *changed: Any) -> list[Any]:
                state = list(values)
                for number, value in zip(changing, changed, strict=True):
                    state[number] = value
                rows = rows_of(data, orders[:, position : position + batch_size])
                batch = [leaf for leaf in tf.nest.flatten(rows) if leaf is not None]
                after = tf.vectorized_map(lambda each: one(*each), (state, batch), warn=False)
                return [tf.ensure_shape(value, shape) for value, shape in zip(after, shapes, strict=True)]

            begun = [values[number] for number in changing]
            return while_in_time(take, lambda *_: tf.constant(value=True), begin, orders, batch_size, begun)

        as_it_is = tf.autograph.experimental.do_not_convert
        number, rows = tf.TensorSpec([], tf.int64), step.structured_input_signature[0][0]
        stacked = [tf.TensorSpec([None, *variable.shape], variable.dtype) for variable in self._variables]
        return tf.function(as_it_is(batches)).get_concrete_function(
            tf.TensorSpec([None, None], tf.int64), number, number, rows, stacked
        )


@final
class SharedEpochs:
    """The graph of an epoch for one of several trials, in the place of an `EpochGraph`.

    Args:
        stack: Takes the epochs of these trials.
        meet: Waits for other trials.
        used: What the trial's graph would use, in the order of the variables that the stack was given: variables, and
            tensors in place of variables that are assigned nothing.
        epochs: How many epochs the training has.

    Attributes:
        together: How many epochs were taken together with other trials.
    """

    def __init__(
        self, stack: StackedEpochs, meet: Meet, used: Sequence[keras.Variable | tf.Tensor], epochs: int
    ) -> None:
        self._stack, self._meet, self._left = stack, meet, epochs
        self._used = [used[place] for place in stack.places]
        self.together = 0

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics."""
        return self._stack.graph.metrics

    @property
    def draws(self) -> bool:
        """Whether operations have a random state of their own."""
        return self._stack.graph.draws

    @property
    def obstacle(self) -> str | None:
        """Why there are no epochs together with other trials; None if there could be."""
        return self._stack.obstacle

    def run(self, tensors: Any, order: Any, batch_size: int) -> tuple[int, bool]:
        """Takes the steps of an epoch, with its arguments and results as `EpochGraph.run` has them."""
        # read now, and assigned again afterwards: until then, other trials may use the same metrics and orders of rows
        values = [each if isinstance(each, tf.Tensor) else read(storage(each)) for each in self._used]
        rows = tf.convert_to_tensor(order)
        epoch = Epoch(values, tensors, rows, batch_size, self._left)
        group = (self._stack, batch_size, len(rows), *map(id, keras.tree.flatten(tensors)))
        self._left -= 1
        with kept_generators():
            taken = self._meet(Work(group, epoch, self._stack.take))
        for number, value in zip(self._stack.assigned, taken.values, strict=True):
            variable = self._used[number]
            if not isinstance(variable, tf.Tensor):
                assign(storage(variable), value)
        self.together += taken.together
        return taken.last_batch, taken.finite


def storage(variable: keras.Variable) -> tf.Variable:
    """TensorFlow's variable that holds the value."""
    return variable._value  # noqa: SLF001 - the public `value` may be a cast of it


def read(variable: tf.Variable) -> tf.Tensor:
    """The value of a variable, without what reading it does besides."""
    return tf.raw_ops.ReadVariableOp(resource=variable.handle, dtype=variable.dtype)


def assign(variable: tf.Variable, value: tf.Tensor) -> None:
    """`variable.assign(value)`, without what that does besides."""
    tf.raw_ops.AssignVariableOp(resource=variable.handle, value=value)


def _in_a_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip() and not line.lstrip().startswith("[[")]
    if not lines:
        return type(error).__name__
    return lines[-1 if lines[0].startswith("Graph execution error") else 0].strip()  # where it happened comes first


@contextmanager
def _silent() -> Iterator[None]:
    """TensorFlow warns of operations that it cannot vectorize but repeats for each model."""
    logger = tf.get_logger()

    def nothing(_: logging.LogRecord) -> bool:
        return False

    logger.addFilter(nothing)
    try:
        yield
    finally:
        logger.removeFilter(nothing)
