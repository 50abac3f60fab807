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

from kerastune_lite.study.task import Meet, Step
from kerastune_lite.training.data_cache import rows_of
from kerastune_lite.training.repeatable import operations
from kerastune_lite.training.seeding import kept_generators
from kerastune_lite.training.stateless_graph import Handle, assigned, repeat
from kerastune_lite.training.whole_epochs import EpochGraph, EpochGraphs, while_in_time

# To vectorize a graph takes about as long as it saves in so many steps of models.
_WORTHWHILE = 10_000
# With more parameters, a step takes its time for arithmetic, which is not faster in a stack.
_MOST_PARAMETERS = 50_000


def obstacle(model: keras.Model, graphs: EpochGraphs) -> str | None:
    """Why models with these graphs are trained one by one; None if to train them together may be faster."""
    train = graphs.train
    assert isinstance(train, EpochGraph)
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
        values: Its variables, and constant tensors, in the order of the variables of the graph.
        tensors: The data; the same in all trials of a call.
        order: The rows in their order, of shape (rows,).
        batch_size: Rows per batch.
        left: How many epochs the training has left, with this one.
    """

    values: Sequence[tf.Variable | tf.Tensor]
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
    """

    last_batch: int
    finite: bool
    together: bool


@final
class StackedEpochs:
    """Takes epochs of several models.

    Args:
        graph: The graph of an epoch.
        variables: What it may use besides its arguments. Their values do not count.
        obstacle: Why models must be trained one by one; None if they need not.

    Attributes:
        obstacle: As given, or what was found since.
        graph: As given.
    """

    def __init__(self, graph: EpochGraph, variables: Sequence[tf.Variable], obstacle: str | None) -> None:
        self.obstacle, self.graph = obstacle, graph
        places = {id(variable.handle): place for place, variable in enumerate(variables)}
        self._places = [places[id(handle)] for handle in graph.step.captured_inputs]
        self._variables = [variables[place] for place in self._places]
        given = len(graph.step.inputs) - len(self._places)
        self._handles = [Handle(number) for number in range(len(self._places))]
        self._assigned = sorted(assigned(graph.step.graph, [*[None] * given, *self._handles]))
        self._steps = 0

    def take(self, epochs: Sequence[Epoch]) -> Sequence[Taken | Exception]:
        """Takes an epoch of each trial; an exception belongs to the trial whose epoch has raised it."""
        self._steps += sum(epoch.steps for epoch in epochs)
        if len(epochs) > 1 and self._worthwhile(epochs) and self._vectorized is not None:
            try:
                self._together(epochs)
            except tf.errors.OpError as error:  # such as for too little memory; no variable has changed yet
                self.obstacle = f"epochs of {len(epochs)} models failed: {_first_line(error)}"
            else:
                return [Taken(epoch.steps - 1, finite=True, together=True) for epoch in epochs]
        return [self._alone(epoch) for epoch in epochs]

    def _worthwhile(self, epochs: Sequence[Epoch]) -> bool:
        """Whether enough steps are left; where enough have been taken, as many may follow."""
        left = sum((epoch.left - 1) * epoch.steps for epoch in epochs)
        return self.obstacle is None and self._steps + left >= _WORTHWHILE

    def _alone(self, epoch: Epoch) -> Taken | Exception:
        """Takes an epoch with the variables of the graph."""
        own = [epoch.values[place] for place in self._places]
        for variable, value in zip(self._variables, own, strict=True):
            assign(variable, read(value))
        try:
            last_batch, finite = self.graph.run(epoch.tensors, epoch.order, epoch.batch_size)
        except Exception as error:  # noqa: BLE001 - it is raised in the trial
            return error
        for number in self._assigned:
            assign(own[number], read(self._variables[number]))
        return Taken(last_batch, finite, together=False)

    def _together(self, epochs: Sequence[Epoch]) -> None:
        own = [[epoch.values[place] for place in self._places] for epoch in epochs]
        state = [tf.stack([read(value) for value in column]) for column in zip(*own, strict=True)]
        orders = tf.stack([epoch.order for epoch in epochs])
        data = epochs[0].tensors
        size, position = tf.constant(epochs[0].batch_size, tf.int64), tf.constant(0, tf.int64)
        while int(position) < orders.shape[1]:  # an interrupt is noticed here
            position, *changed = self._vectorized(orders, position, size, data, state)
            for number, values in zip(self._assigned, changed, strict=True):
                state[number] = values
        for number in self._assigned:
            for variables, value in zip(own, tf.unstack(state[number]), strict=True):
                assign(variables[number], value)

    @cached_property
    def _vectorized(self) -> Any:
        """The graph of an epoch of several models; None if there can be none."""
        try:
            with _silent():
                return self._trace()
        except Exception as error:  # noqa: BLE001 - of the many operations, some cannot be vectorized
            self.obstacle = f"the training step cannot be vectorized: {_first_line(error)}"
            return None

    def _trace(self) -> Any:
        step, changing = self.graph.step, self._assigned

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
        values: What the trial's graph would use, in the order of the variables of the stack.
        epochs: How many epochs the training has.

    Attributes:
        together: How many epochs were taken together with other trials.
    """

    def __init__(
        self, stack: StackedEpochs, meet: Meet, values: Sequence[tf.Variable | tf.Tensor], epochs: int
    ) -> None:
        self._stack, self._meet, self._values, self._left = stack, meet, values, epochs
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
        rows = tf.convert_to_tensor(order)  # of a variable that other trials assign, too
        epoch = Epoch(self._values, tensors, rows, batch_size, self._left)
        group = (self._stack, batch_size, len(rows), *map(id, keras.tree.flatten(tensors)))
        self._left -= 1
        with kept_generators():
            taken = self._meet(Step(group, epoch, self._stack.take))
        self.together += taken.together
        return taken.last_batch, taken.finite


def read(value: tf.Variable | tf.Tensor) -> tf.Tensor:
    """The value of a variable, without what reading it does besides; a tensor as it is."""
    if isinstance(value, tf.Tensor):
        return value
    return tf.raw_ops.ReadVariableOp(resource=value.handle, dtype=value.dtype)


def assign(variable: tf.Variable, value: tf.Tensor) -> None:
    """`variable.assign(value)`, without what that does besides."""
    tf.raw_ops.AssignVariableOp(resource=variable.handle, value=value)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


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
