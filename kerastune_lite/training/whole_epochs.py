"""Trains and evaluates a whole epoch in one call of a graph, inside of Keras's own `fit`.

`fit` calls a graph for each batch that it takes from a pipeline. With a small model, that takes longer than the
arithmetic. Here `fit` sees one element per epoch, and the graph loops over the batches: the same steps on the same
rows, with equal results.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol, final

import keras
import tensorflow as tf

from kerastune_lite.training.data_cache import Fed, Pipeline, rows_of
from kerastune_lite.training.repeatable import draws

try:
    from keras.src.trainers.data_adapters.data_adapter import DataAdapter
except ImportError:  # an obstacle to whole epochs
    DataAdapter = object

# The longest time in the graph, in seconds, before Python can notice an interrupt.
_LONGEST = 1.0
# What fit and evaluate do with a batch; a class that overrides one of these decides itself.
_METHODS = (
    "fit",
    "evaluate",
    "train_step",
    "test_step",
    "compute_metrics",
    "get_metrics_result",
    "make_train_function",
    "make_test_function",
)
_BATCH_HOOKS = [f"on_{part}batch_{end}" for part in ("", "train_", "test_") for end in ("begin", "end")]


def obstacle(model: keras.Model, fed: Fed, callbacks: Sequence[keras.callbacks.Callback]) -> str | None:
    """Why `fit` must see each batch; None if whole epochs give the same results."""
    return next(_obstacles(model, fed, callbacks), None)


def _obstacles(model: keras.Model, fed: Fed, callbacks: Sequence[keras.callbacks.Callback]) -> Iterator[str]:
    if fed.train is None:
        yield "the data is not arrays"
    given = (name for name in ("class_weight", "validation_steps") if fed.arguments.get(name) is not None)
    yield from (f"fit is given {name}" for name in given)
    if DataAdapter is object:
        yield "this version of Keras takes its data in another way"
    if not model.built:
        yield "the model is not built before its first batch"
    if model.run_eagerly or tf.config.functions_run_eagerly():
        yield "the model runs eagerly"
    if model.optimizer is None:
        yield "the model has no optimizer"
    if model._distribute_strategy is not None:  # noqa: SLF001 - the public one is never None
        yield "the training is distributed"
    if tf.config.list_logical_devices("GPU"):
        yield "batches are copied to the GPU while it computes"
    kind = type(model)
    own = (name for name in _METHODS if getattr(kind, name) is not getattr(keras.Model, name))
    yield from (f"{kind.__name__} has a {name} of its own" for name in own)
    if model.steps_per_execution != 1 and ends_at_nan(callbacks):
        yield "TerminateOnNaN sees several batches at once"
    hooks = ((type(each).__name__, hook) for each in callbacks for hook in _BATCH_HOOKS if _acts(each, hook))
    yield from (f"{name}.{hook} is called for each batch" for name, hook in hooks)


def _acts(callback: keras.callbacks.Callback, hook: str) -> bool:
    """Whether a callback does something in this hook of a batch."""
    method = getattr(callback, hook)
    function, kind = getattr(method, "__func__", method), keras.callbacks
    if function is getattr(kind.Callback, hook):
        return False
    for saving in (kind.ModelCheckpoint, kind.BackupAndRestore):
        if function is getattr(saving, hook, None):
            return bool(callback.save_freq != "epoch")
    if function is getattr(kind.TensorBoard, hook):  # by default it writes nothing there
        return callback.update_freq != "epoch" or getattr(callback, "_should_trace", True)
    # the graph ends the epoch where this one would
    return function is not kind.TerminateOnNaN.on_batch_end


def ends_at_nan(callbacks: Sequence[keras.callbacks.Callback]) -> bool:
    """Whether an epoch ends with the first batch after which the loss is no finite number."""
    return any(isinstance(callback, keras.callbacks.TerminateOnNaN) for callback in callbacks)


@final
class EpochGraph:
    """The graph of an epoch.

    Args:
        step: `train_step` or `test_step` of a model.
        tensors: x, (x, y) or (x, y, sample_weight); each a nest of tensors. Later calls may have others of the same
            types and shapes, apart from the number of rows.
        jit_compile: Whether to compile the step with XLA.
        ends_at_nan: Whether to end an epoch with the first batch after which the loss is no finite number.

    Attributes:
        ends_at_nan: As given.
        step: `step` for a batch of any number of rows, as a concrete function.
        metrics: The names of the metrics, in the order of `step`.
    """

    def __init__(
        self,
        step: Callable[[Any], Mapping[str, Any]],
        tensors: Any,
        *,
        jit_compile: bool | None,
        ends_at_nan: bool = False,
    ) -> None:
        self.ends_at_nan = ends_at_nan
        leaves = keras.tree.flatten(tensors)
        rows = keras.tree.map_structure(_any_rows, tensors, none_is_leaf=True)
        specs = [spec for spec in keras.tree.flatten(rows) if spec is not None]
        row, number = tf.TensorSpec([None], tf.int64), tf.TensorSpec([], tf.int64)

        as_it_is = tf.autograph.experimental.do_not_convert  # as Keras does
        self.step = tf.function(as_it_is(step), jit_compile=jit_compile).get_concrete_function(rows)
        self.metrics = list(self.step.structured_outputs)

        def batches(order: Any, begin: Any, batch_size: Any, *given: Any) -> Any:
            """Takes batches from row number `begin` on; returns how far it came in time, and if it can go on."""
            remaining = iter(given)
            data = keras.tree.pack_sequence_as(tensors, [None if leaf is None else next(remaining) for leaf in leaves])

            def take(position: Any, finite: Any) -> Any:
                metrics = self.step(rows_of(data, order[position : position + batch_size]))
                return [tf.math.is_finite(metrics["loss"]) if ends_at_nan else finite]

            return while_in_time(take, lambda finite: finite, begin, order, batch_size, [tf.constant(value=True)])

        self._batches = tf.function(as_it_is(batches)).get_concrete_function(row, number, number, *specs)

    @property
    def captured(self) -> Sequence[Any]:
        """What the graph uses besides its arguments: handles of variables, and tensors."""
        return [outside for outside, _ in self._batches.graph.captures]

    @property
    def draws(self) -> bool:
        """Whether operations of the graph have a random state of their own."""
        return draws(self._batches.graph)

    def run(self, tensors: Any, order: Any, batch_size: int) -> tuple[int, bool]:
        """Takes the steps of an epoch.

        Args:
            tensors: As at the creation.
            order: The rows in their order, of shape (rows,).
            batch_size: Rows per batch; the last batch may be smaller.

        Returns:
            The number of the last batch, from 0, and False if the epoch ended there because of the loss.
        """
        given = [leaf for leaf in keras.tree.flatten(tensors) if leaf is not None]
        size, position = tf.constant(batch_size, tf.int64), tf.constant(0, tf.int64)
        order, finite = tf.convert_to_tensor(order), True
        while int(position) < len(order) and finite:  # an interrupt is noticed here
            position, finite = self._batches(order, position, size, *given)
        return int(position) // batch_size - 1, bool(finite)


def while_in_time(
    take: Callable[..., Sequence[Any]],
    goes_on: Callable[..., Any],
    begin: Any,
    order: Any,
    batch_size: Any,
    state: Sequence[Any],
) -> Any:
    """A loop over batches in a graph, which ends in time for Python to notice an interrupt.

    Args:
        take: Takes a batch, from the position of its first row and the state; returns the new state.
        goes_on: From the state, whether there may be another batch.
        begin: The position of the first row.
        order: The rows, along the last axis.
        batch_size: Rows per batch.
        state: The state at the beginning.

    Returns:
        The position of the row after the last one that was taken, and the state.
    """
    until = tf.timestamp() + _LONGEST
    count = tf.shape(order, out_type=tf.int64)[-1]

    def continues(position: Any, *state: Any) -> Any:
        return (position < count) & goes_on(*state) & ((position == begin) | (tf.timestamp() < until))

    def body(position: Any, *state: Any) -> Any:
        return position + batch_size, *take(position, *state)

    return tf.while_loop(continues, body, [begin, *state], parallel_iterations=1)


def _any_rows(leaf: Any) -> Any:
    """The type of a tensor with any number of rows."""
    return None if leaf is None else tf.TensorSpec([None, *leaf.shape[1:]], leaf.dtype)


class Epochs(Protocol):
    """What takes the epochs of a training: an `EpochGraph`, or one that is shared with other trials."""

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics."""

    @property
    def draws(self) -> bool:
        """Whether operations have a random state of their own."""

    def run(self, tensors: Any, order: Any, batch_size: int) -> tuple[int, bool]:
        """Takes the steps of an epoch."""


class EpochGraphs(NamedTuple):
    """The graphs of a training.

    Attributes:
        train: Of a training epoch.
        test: Of a validation; None if Keras itself validates.
    """

    train: Epochs
    test: Epochs | None

    @classmethod
    def of(cls, model: keras.Model, fed: Fed, callbacks: Sequence[keras.callbacks.Callback] = ()) -> "EpochGraphs":
        """Traces the graphs of a built model for arrays."""
        assert fed.train is not None
        graph = partial(EpochGraph, jit_compile=model.jit_compile)
        test = None if fed.validation is None else graph(model.test_step, fed.validation.tensors)
        return cls(graph(model.train_step, fed.train.tensors, ends_at_nan=ends_at_nan(callbacks)), test)


def fit(
    model: keras.Model,
    graphs: EpochGraphs,
    fed: Fed,
    callbacks: Sequence[keras.callbacks.Callback],
    *,
    verbose: int = 0,
    orders: Iterable[Any] | None = None,
) -> keras.callbacks.History:
    """`model.fit` by whole epochs.

    Args:
        model: A model whose training has no `obstacle`.
        graphs: Its graphs.
        fed: The arguments of `fit`, with arrays as training data.
        callbacks: The callbacks.
        verbose: 0, or 2 for a line per epoch.
        orders: The order of the rows of one epoch, each time that it is iterated over; None for that of the pipeline.

    Returns:
        What `model.fit` returns.
    """
    assert fed.train is not None
    arguments = {**fed.arguments, "x": _Orders([fed.train.order] if orders is None else orders)}
    model.make_train_function()
    model.train_function = function = _Function(model, graphs.train, fed.train, model.train_function)
    if graphs.test is not None and fed.validation is not None:
        arguments["validation_data"] = _Orders([fed.validation.order])
        model.make_test_function()
        model.test_function = _Function(model, graphs.test, fed.validation, model.test_function)
    # with the steps that fit would tell the callbacks
    counts = {"epochs": int(arguments.get("epochs", 1)), "steps": fed.train.steps}
    watched = _Callbacks(
        callbacks, add_history=True, add_progbar=verbose != 0, verbose=verbose, model=model, **counts
    ).of(function)
    try:
        return model.fit(**arguments, callbacks=watched, verbose=verbose)
    finally:
        model.train_function = model.test_function = None  # for whoever uses the model later, Keras makes its own


class _Orders(DataAdapter):  # type: ignore[misc]  # keras is not typed
    """Data of one element per epoch: the order of the rows.

    Args:
        orders: That order, each time that it is iterated over.
    """

    num_batches = 1

    def __init__(self, orders: Iterable[Any]) -> None:
        self._orders = orders

    def get_tf_dataset(self) -> "_Orders":
        """What `fit` iterates over. A dataset would take longer to start than a small epoch takes."""
        return self

    def __iter__(self) -> "_Order":
        """An iterator for one epoch."""
        return _Order(self._orders)


class _Order(Iterator[Any]):
    """An iterator over one element."""

    def __init__(self, orders: Iterable[Any]) -> None:
        self._orders = iter(orders)

    def __next__(self) -> Any:
        return next(self._orders)


class _Function:
    """What `fit` calls in place of Keras's train or test function.

    Args:
        model: The model.
        graph: The graph of an epoch.
        pipeline: The rows of an epoch.
        own: Keras's function, for other data that a callback of the user's trains or evaluates on.

    Attributes:
        last_batch: The number of the last batch, from 0.
    """

    def __init__(self, model: keras.Model, graph: Epochs, pipeline: Pipeline, own: Callable[[Any], Any]) -> None:
        self._model, self._graph, self._pipeline, self._own = model, graph, pipeline, own
        self.last_batch = 0

    def __call__(self, iterator: Any) -> Any:
        if not isinstance(iterator, _Order):
            return self._own(iterator)
        pipeline = self._pipeline
        self.last_batch, finite = self._graph.run(pipeline.tensors, next(iterator), pipeline.batch_size)
        # Keras reads the metrics themselves
        return dict.fromkeys(self._graph.metrics, 0.0) if finite else self._model.get_metrics_result()


class _Callbacks(keras.callbacks.CallbackList):  # type: ignore[misc]  # keras is not typed
    """Callbacks that are told the number of the last batch of an epoch."""

    def of(self, function: _Function) -> "_Callbacks":
        """Takes the number from what trains."""
        self._function = function
        return self

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002 - it is 0
        """Tells the callbacks the number of the last batch that was trained on."""
        super().on_train_batch_end(self._function.last_batch, logs)
