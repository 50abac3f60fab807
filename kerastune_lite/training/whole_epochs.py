"""Trains and evaluates a whole epoch in one call of a graph, inside of Keras's own `fit`.

`fit` calls a graph for each batch that it takes from a pipeline. With a small model, that takes longer than the
arithmetic. Here `fit` sees one element per epoch, and the graph loops over the batches: the same steps on the same
rows, with equal results.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, final

import keras
import tensorflow as tf

from kerastune_lite.training.data_cache import Fed, Pipeline, rows_of
from kerastune_lite.training.repeatable import draws

# The longest time in the graph, in seconds, before Python can notice an interrupt.
_LONGEST = 1.0
# No data of a user's is named like this.
_MARK = "an epoch of kerastune_lite"
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
    return True


@final
class EpochGraph:
    """The graph of an epoch.

    Args:
        step: `train_step` or `test_step` of a model.
        tensors: x, (x, y) or (x, y, sample_weight); each a nest of tensors. Later calls may have others of the same
            types and shapes, apart from the number of rows.
        jit_compile: Whether to compile the step with XLA.

    Attributes:
        metrics: The names of the metrics, in the order of `step`.
    """

    def __init__(self, step: Callable[[Any], Mapping[str, Any]], tensors: Any, *, jit_compile: bool | None) -> None:
        self.metrics: list[str] = []
        leaves = keras.tree.flatten(tensors)
        specs = [tf.TensorSpec([None, *leaf.shape[1:]], leaf.dtype) for leaf in leaves if leaf is not None]
        row, number = tf.TensorSpec([None], tf.int64), tf.TensorSpec([], tf.int64)

        as_it_is = tf.autograph.experimental.do_not_convert  # as Keras does
        one_batch = tf.function(as_it_is(step), reduce_retracing=True, jit_compile=jit_compile)

        def batches(order: Any, begin: Any, batch_size: Any, *given: Any) -> Any:
            """Trains on batches from row number `begin` on; returns how far it came in the time there is."""
            remaining = iter(given)
            data = keras.tree.pack_sequence_as(tensors, [None if leaf is None else next(remaining) for leaf in leaves])
            until = tf.timestamp() + _LONGEST
            count = tf.size(order, out_type=tf.int64)

            def continues(position: Any) -> Any:
                return (position < count) & ((position == begin) | (tf.timestamp() < until))

            def body(position: Any) -> Any:
                self.metrics = list(one_batch(rows_of(data, order[position : position + batch_size])))
                return position + batch_size

            return tf.while_loop(continues, body, [begin], parallel_iterations=1)[0]

        self._batches = tf.function(as_it_is(batches)).get_concrete_function(row, number, number, *specs)

    @property
    def captured(self) -> Sequence[Any]:
        """What the graph uses besides its arguments: handles of variables, and tensors."""
        return [outside for outside, _ in self._batches.graph.captures]

    @property
    def draws(self) -> bool:
        """Whether operations of the graph have a random state of their own."""
        return draws(self._batches.graph)

    def run(self, tensors: Any, order: Any, batch_size: int) -> None:
        """Takes the steps of an epoch.

        Args:
            tensors: As at the creation.
            order: The rows in their order, of shape (rows,).
            batch_size: Rows per batch; the last batch may be smaller.
        """
        given = [leaf for leaf in keras.tree.flatten(tensors) if leaf is not None]
        size, position = tf.constant(batch_size, tf.int64), tf.constant(0, tf.int64)
        order = tf.convert_to_tensor(order)
        while int(position) < len(order):  # an interrupt is noticed here
            position = self._batches(order, position, size, *given)


class EpochGraphs(NamedTuple):
    """The graphs of a training.

    Attributes:
        train: Of a training epoch.
        test: Of a validation; None if Keras itself validates.
    """

    train: EpochGraph
    test: EpochGraph | None

    @classmethod
    def of(cls, model: keras.Model, fed: Fed) -> "EpochGraphs":
        """Traces the graphs of a built model for arrays."""
        assert fed.train is not None
        graph = partial(EpochGraph, jit_compile=model.jit_compile)
        test = None if fed.validation is None else graph(model.test_step, fed.validation.tensors)
        return cls(graph(model.train_step, fed.train.tensors), test)


def fit(model: keras.Model, graphs: EpochGraphs, fed: Fed, callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """`model.fit` by whole epochs.

    Args:
        model: A model whose training has no `obstacle`.
        graphs: Its graphs.
        fed: The arguments of `fit`, with arrays as training data.
        callbacks: The callbacks.
    """
    assert fed.train is not None
    epochs, arguments = int(fed.arguments.get("epochs", 1)), dict(fed.arguments)
    # with the steps that fit would tell the callbacks
    watched = keras.callbacks.CallbackList(
        callbacks, add_history=True, model=model, verbose=0, epochs=epochs, steps=fed.train.steps
    )
    arguments["x"] = element = tf.data.Dataset.from_tensors({_MARK: 0})
    model.make_train_function()
    model.train_function = _Function(graphs.train, fed.train, model.train_function)
    if graphs.test is not None and fed.validation is not None:
        arguments["validation_data"] = element
        model.make_test_function()
        model.test_function = _Function(graphs.test, fed.validation, model.test_function)
    try:
        model.fit(**arguments, callbacks=watched, verbose=0)
    finally:
        model.train_function = model.test_function = None  # for whoever uses the model later, Keras makes its own


class _Function:
    """What `fit` calls in place of Keras's train or test function.

    Args:
        graph: The graph of an epoch.
        pipeline: The rows of an epoch.
        own: Keras's function, for other data that a callback of the user's trains or evaluates on.
    """

    def __init__(self, graph: EpochGraph, pipeline: Pipeline, own: Callable[[Any], Any]) -> None:
        self._graph, self._pipeline, self._own = graph, pipeline, own

    def __call__(self, iterator: Iterator[Any]) -> Any:
        spec = getattr(iterator, "element_spec", None)
        if not isinstance(spec, dict) or _MARK not in spec:
            return self._own(iterator)
        self._graph.run(self._pipeline.tensors, self._pipeline.order, self._pipeline.batch_size)
        return dict.fromkeys(self._graph.metrics, 0.0)  # Keras reads the metrics themselves
