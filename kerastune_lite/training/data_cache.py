"""The data cache: arrays as batches, held once for all trials, in an order that depends only on the epoch.

`fit` copies arrays for each training and shuffles with a state that cannot be restored. Here the order of epoch e is a
function of the training's seed and e, so that a resumed training sees the same batches as an uninterrupted one.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, final

import keras
import numpy as np
import tensorflow as tf

from kerastune_lite.errors import DataError
from kerastune_lite.training.folds import Fold

try:
    from keras.src.trainers.data_adapters.data_adapter_utils import class_weight_to_sample_weights
except ImportError:  # Keras itself then weights each batch
    class_weight_to_sample_weights = None


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
    """The types of a pandas object's columns; pandas extension types have a `kind` like numpy's."""
    return frame.dtypes.to_numpy() if frame.ndim == 2 else frame.dtype


def _tensor(leaf: Any) -> tf.Tensor:
    """A tensor of the array; floats have Keras's default precision."""
    if not isinstance(leaf, (tf.Tensor, np.ndarray)):  # a pandas object; a Series is a column
        leaf = np.asarray(leaf)[:, None] if leaf.ndim == 1 else np.asarray(leaf)
    tensor = tf.convert_to_tensor(leaf)
    return tf.cast(tensor, keras.config.floatx()) if tensor.dtype.is_floating else tensor


@final
class Pipeline:
    """Batches of some rows of tensors.

    Args:
        tensors: x, (x, y) or (x, y, sample_weight); each a nest of tensors of the same length along the first axis.
        rows: The rows to use, as a range or as an array of indices.
        batch_size: Rows per batch; the last batch of an epoch may be smaller.
        shuffle: Whether to shuffle the rows before each pass.
        steps: Batches per epoch; None for one pass over the rows. An epoch continues the pass that the last one left
            unfinished.

    Attributes:
        tensors: As given.
        batch_size: As given.
        steps: Batches per epoch.
        order: The indices of the rows in the order of this epoch, as a variable.
        dataset: The batches of this epoch.
    """

    def __init__(self, tensors: Any, rows: Any, batch_size: int, *, shuffle: bool, steps: int | None = None) -> None:
        self._rows = np.arange(rows.start, rows.stop, dtype=np.int64) if isinstance(rows, range) else rows
        self._length = len(rows) if steps is None else steps * batch_size
        self._shuffle = shuffle
        self.tensors = tensors
        self.batch_size = batch_size
        self.steps = -(-self._length // batch_size)
        with tf.device("CPU:0"):
            self.order = tf.Variable(np.resize(self._rows, self._length), trainable=False)
            self.dataset = _batches(self.order, tensors, self._length, batch_size)

    def first_batch(self) -> Any:
        """A batch of the first rows; no epoch begins."""
        return rows_of(self.tensors, self._rows[: self.batch_size])

    def begin_epoch(self, seed: int, epoch: int) -> None:
        """Sets the order of the rows for `epoch`, from 0, of the training with this seed."""
        count = len(self._rows)
        if not self._shuffle and self._length == count:
            return  # each epoch is one pass in the same order
        first, begin = divmod(epoch * self._length, count)
        last = ((epoch + 1) * self._length - 1) // count
        order = np.concatenate([self._pass(seed, number) for number in range(first, last + 1)])
        self.order.assign(order[begin : begin + self._length])

    def _pass(self, seed: int, number: int) -> Any:
        """The order of one pass over the rows."""
        return np.random.default_rng([seed, number]).permutation(self._rows) if self._shuffle else self._rows


def _batches(order: tf.Variable, tensors: Any, length: int, batch_size: int) -> tf.data.Dataset:
    """Batches the indices first and gathers the rows of each batch, which is far faster than row by row."""
    full = length // batch_size * batch_size

    def indices(_: tf.Tensor) -> tf.data.Dataset:
        now = tf.identity(order)
        batches = tf.data.Dataset.from_tensor_slices(tf.reshape(now[:full], [full // batch_size, batch_size]))
        return batches if full == length else batches.concatenate(tf.data.Dataset.from_tensors(now[full:]))

    dataset = tf.data.Dataset.range(1).flat_map(indices)
    dataset = dataset.map(lambda batch: rows_of(tensors, batch), num_parallel_calls=2)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(-(-length // batch_size)))
    options = tf.data.Options()
    # these two cost more than they gain here: each epoch would start and end a thread to tune the pipeline
    options.experimental_optimization.apply_default_optimizations = False
    options.autotune.enabled = False
    return dataset.with_options(options).prefetch(2)


def rows_of(tensors: Any, rows: Any) -> Any:
    """These rows of a nest of tensors."""
    return keras.tree.map_structure(
        lambda tensor: None if tensor is None else tf.gather(tensor, rows), tensors, none_is_leaf=True
    )


@final
class EpochOrder(keras.callbacks.Callback):  # type: ignore[misc]  # keras is not typed
    """Sets the order of the rows at the beginning of each epoch.

    Args:
        pipeline: The training data.
        seed: The seed of the training.
    """

    def __init__(self, pipeline: Pipeline, seed: int) -> None:
        super().__init__()
        self._pipeline = pipeline
        self._seed = seed

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002 - Keras's hook
        """Sets the order before the first batch of the epoch."""
        self._pipeline.begin_epoch(self._seed, epoch)


class Fed(NamedTuple):
    """Arguments of `fit`, whose arrays are pipelines.

    Attributes:
        arguments: The arguments by name.
        train: The pipeline of the training data; None if that is not arrays.
        validation: That of the validation data; None if there is none, or it is not arrays.
    """

    arguments: dict[str, Any]
    train: Pipeline | None = None
    validation: Pipeline | None = None


def unshuffled(arguments: dict[str, Any]) -> None:
    """Sets `shuffle` to False for data that Keras cannot shuffle, of which it would warn."""
    if isinstance(arguments.get("x"), (tf.data.Dataset, Iterator)):
        arguments.setdefault("shuffle", False)


@final
class DataCache:
    """Turns arrays among the arguments of `fit` into pipelines, and keeps tensors and pipelines for the next trial."""

    def __init__(self) -> None:
        self._tensors: dict[int, tuple[Any, tf.Tensor]] = {}
        self._pipelines: dict[Any, Pipeline] = {}
        self._class_weights: tuple[Any, Any] | None = None

    def __reduce__(self) -> tuple[type["DataCache"], tuple[()]]:
        """In another process it begins empty."""
        return DataCache, ()

    def feed(self, arguments: Mapping[str, Any], *, keep: bool, fold: Fold | None = None) -> Fed:
        """Replaces arrays by pipelines.

        Args:
            arguments: The arguments of `fit` by name.
            keep: Whether later trials use the same arrays.
            fold: The rows to train and to validate on, as the same object in each trial; None for all rows.
        """
        if not keep:
            return DataCache().feed(arguments, keep=True, fold=fold)
        arguments = dict(arguments)
        data = _trim((arguments.get("x"), arguments.get("y"), arguments.get("sample_weight")))
        if not is_arrays(data) or arguments.get("shuffle", True) not in (True, False):
            unshuffled(arguments)
            return Fed(arguments if fold is None else fold.select(arguments))
        batch_size = int(arguments.pop("batch_size", None) or 32)
        validation_batch = int(arguments.pop("validation_batch_size", None) or batch_size)
        shuffle, steps = bool(arguments.pop("shuffle", True)), arguments.pop("steps_per_epoch", None)
        weighted = self._weighted(data, arguments)
        split, validation = arguments.pop("validation_split", 0.0), arguments.pop("validation_data", None)
        count = _length(data)
        # as in Keras, the last rows are the validation data
        first = int(count * (1.0 - split)) if split and validation is None else count
        rows, held_out = (range(first), range(first, count)) if fold is None else (fold.train, fold.test)
        train, test = self._pipeline(weighted, rows, batch_size, shuffle, steps), None
        if len(held_out) == 0 and isinstance(validation, (tuple, list)) and is_arrays(tuple(validation)):
            data = _trim(tuple(validation))
            held_out = range(_length(data))
        if len(held_out) > 0:
            steps, most = arguments.get("validation_steps"), -(-len(held_out) // validation_batch)
            if steps is not None and steps <= most:  # more steps than there are batches are left to Keras, which warns
                del arguments["validation_steps"]
            steps = steps if steps is not None and steps < most else None
            test = self._pipeline(data, held_out, validation_batch, steps=steps)
        validation = validation if test is None else test.dataset
        others = {name: value for name, value in arguments.items() if name not in ("x", "y", "sample_weight")}
        return Fed({**others, "x": train.dataset, "validation_data": validation, "shuffle": False}, train, test)

    def _pipeline(
        self,
        data: tuple[Any, ...],
        rows: Any,
        batch_size: int,
        shuffle: bool = False,  # noqa: FBT001, FBT002
        steps: int | None = None,
    ) -> Pipeline:
        # the pipeline keeps the indices of a fold, so that no other object can have their id
        place = rows if isinstance(rows, range) else id(rows)
        key = (tuple(map(id, keras.tree.flatten(data))), place, batch_size, shuffle, steps)
        if key not in self._pipelines:
            tensors = keras.tree.map_structure(self._tensor, keras.tree.lists_to_tuples(data), none_is_leaf=True)
            self._pipelines[key] = Pipeline(tensors, rows, batch_size, shuffle=shuffle, steps=steps)
        return self._pipelines[key]

    def _weighted(self, data: tuple[Any, ...], arguments: dict[str, Any]) -> tuple[Any, ...]:
        """The data with class weights as sample weights, as Keras does it; what Keras refuses is left to it."""
        given = arguments.get("class_weight")
        if class_weight_to_sample_weights is None or given is None or len(data) != 2 or keras.tree.is_nested(data[1]):
            return data
        key = (id(data[1]), tuple(given.items()))
        if self._class_weights is None or self._class_weights[0] != key:
            self._forget_class_weights()  # they may differ from trial to trial
            self._class_weights = (key, class_weight_to_sample_weights(self._tensor(data[1]), given))
        arguments.pop("class_weight")
        return (*data, self._class_weights[1])

    def _forget_class_weights(self) -> None:
        if self._class_weights is not None:
            weights = id(self._class_weights[1])
            self._tensors.pop(weights, None)
            self._pipelines = {key: pipeline for key, pipeline in self._pipelines.items() if weights not in key[0]}

    def _tensor(self, leaf: Any) -> tf.Tensor | None:
        """The tensor of an array, created once. The array is kept too, so that no other object can have the same id."""
        if leaf is None:
            return None
        if id(leaf) not in self._tensors:
            with tf.device("CPU:0"):
                self._tensors[id(leaf)] = (leaf, _tensor(leaf))
        return self._tensors[id(leaf)][1]


def _length(data: Any) -> int:
    """The number of rows of a nest of arrays.

    Raises:
        DataError: The arrays differ in length.
    """
    names = ("x", "y", "sample_weight")
    lengths = [[int(leaf.shape[0]) for leaf in keras.tree.flatten(part) if leaf is not None] for part in data]
    found = {length for part in lengths for length in part}
    if len(found) != 1:
        rows = ", ".join(f"{name} has {part[0]}" for name, part in zip(names, lengths, strict=False) if part)
        raise DataError(f"x, y and sample_weight must have the same number of rows: {rows}")
    return found.pop()


def _trim(data: tuple[Any, ...]) -> tuple[Any, ...]:
    """Removes None at the end: (x,), (x, y) or (x, y, sample_weight)."""
    while len(data) > 1 and data[-1] is None:
        data = data[:-1]
    return data
