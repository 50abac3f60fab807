"""Arrays as batches: tensors are held once for all trials, and the order is a function of the epoch.

Passing arrays to `fit` copies them for each training, and shuffles with a state that cannot be resumed. Here the order
of epoch e is drawn from (seed of the training, e) alone, so that a training that goes on at epoch e sees what it would
have seen.
"""

from collections.abc import Iterator, Mapping
from typing import Any, final

import keras
import numpy as np
import tensorflow as tf

from kerastune_lite.errors import DataError


def is_arrays(data: Any) -> bool:
    """Whether `data` is a dense array, a tensor, a pandas object, or a nest of these."""
    leaves = [leaf for leaf in keras.tree.flatten(data) if leaf is not None]
    return bool(leaves) and all(_is_array(leaf) for leaf in leaves)


def _is_array(leaf: Any) -> bool:
    if isinstance(leaf, np.ndarray):
        return leaf.dtype != object and leaf.ndim > 0
    if type(leaf).__module__.partition(".")[0] == "pandas":
        return all(kind.kind in "biuf" for kind in np.atleast_1d(np.asarray(_dtypes(leaf), dtype=object)))
    return isinstance(leaf, tf.Tensor) and leaf.shape.rank > 0


def _dtypes(frame: Any) -> Any:
    """The numpy types of a pandas object's columns (those of its own extension types have a `kind` too)."""
    return frame.dtypes.to_numpy() if frame.ndim == 2 else frame.dtype


def _tensor(leaf: Any) -> tf.Tensor:
    """As Keras takes it: real numbers in its default precision."""
    if not isinstance(leaf, (tf.Tensor, np.ndarray)):  # of pandas: a Series is a column
        leaf = np.asarray(leaf)[:, None] if leaf.ndim == 1 else np.asarray(leaf)
    tensor = tf.convert_to_tensor(leaf)
    return tf.cast(tensor, keras.config.floatx()) if tensor.dtype.is_floating else tensor


@final
class Pipeline:
    """Batches of some rows of tensors.

    Args:
        tensors: x, (x, y) or (x, y, sample_weight); each a nest of tensors with one length along the first axis.
        rows: Which rows take part.
        batch_size: Rows of a batch; the last one of an epoch may be smaller.
        shuffle: Whether each epoch has an order of its own.
        steps: Batches of an epoch; None for one pass over the rows. Passes follow one another, whatever
            an epoch takes of them.
    """

    def __init__(self, tensors: Any, rows: range, batch_size: int, *, shuffle: bool, steps: int | None = None) -> None:
        self._rows = np.arange(rows.start, rows.stop, dtype=np.int64)
        self._length = len(rows) if steps is None else steps * batch_size
        self._shuffle = shuffle
        self._tensors = tensors
        self._batch_size = batch_size
        with tf.device("CPU:0"):
            self._order = tf.Variable(np.resize(self._rows, self._length), trainable=False)
            self.dataset = _batches(self._order, tensors, self._length, batch_size)

    def first_batch(self) -> Any:
        """The first rows, in the shape of a batch, without beginning an epoch."""
        return _rows_of(self._tensors, self._rows[: self._batch_size])

    def begin_epoch(self, seed: int, epoch: int) -> None:
        """Sets the order of epoch `epoch` (from 0) of the training with this seed."""
        count = len(self._rows)
        if not self._shuffle and self._length == count:
            return  # each epoch is one pass, in one order
        first, begin = divmod(epoch * self._length, count)
        last = ((epoch + 1) * self._length - 1) // count
        order = np.concatenate([self._pass(seed, number) for number in range(first, last + 1)])
        self._order.assign(order[begin : begin + self._length])

    def _pass(self, seed: int, number: int) -> Any:
        """The order of one pass over the rows; an epoch of another length begins where the last one ended."""
        return np.random.default_rng([seed, number]).permutation(self._rows) if self._shuffle else self._rows


def _batches(order: tf.Variable, tensors: Any, length: int, batch_size: int) -> tf.data.Dataset:
    """Index batches first, then the rows of each: far fewer steps than row by row."""
    full = length // batch_size * batch_size

    def indices(_: tf.Tensor) -> tf.data.Dataset:
        now = tf.identity(order)
        batches = tf.data.Dataset.from_tensor_slices(tf.reshape(now[:full], [full // batch_size, batch_size]))
        return batches if full == length else batches.concatenate(tf.data.Dataset.from_tensors(now[full:]))

    dataset = tf.data.Dataset.range(1).flat_map(indices)
    dataset = dataset.map(lambda batch: _rows_of(tensors, batch), num_parallel_calls=tf.data.AUTOTUNE)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(-(-length // batch_size)))
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False  # costs more than it gains here
    return dataset.with_options(options).prefetch(tf.data.AUTOTUNE)


def _rows_of(tensors: Any, rows: Any) -> Any:
    return keras.tree.map_structure(
        lambda tensor: None if tensor is None else tf.gather(tensor, rows), tensors, none_is_leaf=True
    )


@final
class EpochOrder(keras.callbacks.Callback):  # type: ignore[misc]  # keras is not typed
    """Sets each epoch's order of the rows, for the training with this seed."""

    def __init__(self, pipeline: Pipeline, seed: int) -> None:
        super().__init__()
        self._pipeline = pipeline
        self._seed = seed

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002 - Keras's hook
        """Before the epoch's first batch is made."""
        self._pipeline.begin_epoch(self._seed, epoch)


@final
class DataCache:
    """Turns the array arguments of `fit` into pipelines; tensors and pipelines are kept for the next trial."""

    def __init__(self) -> None:
        self._tensors: dict[int, tuple[Any, tf.Tensor]] = {}
        self._pipelines: dict[Any, Pipeline] = {}

    def feed(self, arguments: Mapping[str, Any], *, keep: bool) -> tuple[dict[str, Any], Pipeline | None]:
        """Arguments for `fit` with pipelines in place of arrays, and the one that trains (None: not arrays).

        Args:
            arguments: As for `fit`, by name.
            keep: Whether these very arrays will come again.
        """
        if not keep:
            return DataCache().feed(arguments, keep=True)
        arguments = dict(arguments)
        data = _trim((arguments.get("x"), arguments.get("y"), arguments.get("sample_weight")))
        if not is_arrays(data) or arguments.get("shuffle", True) not in (True, False):
            if isinstance(data[0], (tf.data.Dataset, Iterator)):
                arguments.setdefault("shuffle", False)  # Keras warns that it cannot shuffle these
            return arguments, None
        batch_size = int(arguments.pop("batch_size", None) or 32)
        validation_batch = int(arguments.pop("validation_batch_size", None) or batch_size)
        shuffle, steps = bool(arguments.pop("shuffle", True)), arguments.pop("steps_per_epoch", None)
        split, validation = arguments.pop("validation_split", 0.0), arguments.pop("validation_data", None)
        count = _length(data)
        # as in Keras: the last rows validate
        first = int(count * (1.0 - split)) if split and validation is None else count
        train = self._pipeline(data, range(first), batch_size, shuffle, steps)
        if first < count:
            validation = self._pipeline(data, range(first, count), validation_batch).dataset
        elif isinstance(validation, (tuple, list)) and is_arrays(tuple(validation)):
            validation = _trim(tuple(validation))
            validation = self._pipeline(validation, range(_length(validation)), validation_batch).dataset
        others = {name: value for name, value in arguments.items() if name not in ("x", "y", "sample_weight")}
        return {**others, "x": train.dataset, "validation_data": validation, "shuffle": False}, train

    def _pipeline(
        self,
        data: tuple[Any, ...],
        rows: range,
        batch_size: int,
        shuffle: bool = False,  # noqa: FBT001, FBT002
        steps: int | None = None,
    ) -> Pipeline:
        key = (tuple(map(id, keras.tree.flatten(data))), rows, batch_size, shuffle, steps)
        if key not in self._pipelines:
            tensors = keras.tree.map_structure(self._tensor, keras.tree.lists_to_tuples(data), none_is_leaf=True)
            self._pipelines[key] = Pipeline(tensors, rows, batch_size, shuffle=shuffle, steps=steps)
        return self._pipelines[key]

    def _tensor(self, leaf: Any) -> tf.Tensor | None:
        """The tensor of an array, made once; the array is kept too, so that nothing else can get its identity."""
        if leaf is None:
            return None
        if id(leaf) not in self._tensors:
            with tf.device("CPU:0"):
                self._tensors[id(leaf)] = (leaf, _tensor(leaf))
        return self._tensors[id(leaf)][1]


def _length(data: Any) -> int:
    """The rows of a nest of arrays.

    Raises:
        DataError: The arrays differ in it.
    """
    lengths = {int(leaf.shape[0]) for leaf in keras.tree.flatten(data) if leaf is not None}
    if len(lengths) != 1:
        raise DataError(f"x, y and sample_weight must have the same number of rows, got {sorted(lengths)}")
    return lengths.pop()


def _trim(data: tuple[Any, ...]) -> tuple[Any, ...]:
    """Without what is absent at the end: (x,), (x, y) or (x, y, sample_weight)."""
    while len(data) > 1 and data[-1] is None:
        data = data[:-1]
    return data
