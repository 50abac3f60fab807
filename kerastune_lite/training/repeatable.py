"""Whether a resumed training sees what an uninterrupted one does, and its first batch."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import keras
import tensorflow as tf

from kerastune_lite.training.data_cache import Pipeline

# Operations whose kernels keep a state that cannot be read, by the beginning of their names.
_RANDOM = ("Random", "TruncatedNormal", "ParameterizedTruncatedNormal", "Multinomial")
# Steps of a tf.data pipeline that begin again with each process, by their class's name.
_SHUFFLE, _PYTHON = "_ShuffleDataset", {"_GeneratorDataset", "_FlatMapDataset", "_InterleaveDataset"}


def first_batch(x: Any, pipeline: Pipeline | None) -> Any:
    """The inputs of a first batch; None if a batch cannot be had without a change to the data."""
    if pipeline is not None:
        return pipeline.first_batch()[0]
    if isinstance(x, tf.data.Dataset):
        batch = next(iter(x.take(1)), None)
    elif isinstance(x, keras.utils.PyDataset):
        batch = x[0]
    else:
        return None
    return batch[0] if isinstance(batch, tuple) else batch


def data_causes(arguments: Mapping[str, Any], pipeline: Pipeline | None) -> list[str]:
    """Why the remaining epochs may see other batches than they would have without the interruption."""
    causes = [] if pipeline is not None else list(_training_data(arguments))
    validation = arguments.get("validation_data")
    if isinstance(validation, Iterator):
        causes.append("the validation data is a generator, which starts again")
    return causes


def _training_data(arguments: Mapping[str, Any]) -> Iterable[str]:
    x, shuffle = arguments.get("x"), arguments.get("shuffle", True)
    if isinstance(x, tf.data.Dataset):
        yield from _pipeline(x, stepped=arguments.get("steps_per_epoch") is not None)
    elif isinstance(x, keras.utils.PyDataset):
        if shuffle:
            yield "Keras shuffles the PyDataset"
        if type(x).on_epoch_end is not keras.utils.PyDataset.on_epoch_end:
            yield "the on_epoch_end of the PyDataset may change it"
    elif isinstance(x, Iterator):
        yield "the data is a generator, which starts again"
    elif shuffle:
        yield "Keras shuffles the data"


def _pipeline(dataset: tf.data.Dataset, *, stepped: bool) -> Iterable[str]:
    if stepped:
        yield "steps_per_epoch does not use the dataset up, which starts again"
    names = {type(step).__name__ for step in _steps(dataset)}
    if _SHUFFLE in names:
        yield "the dataset is shuffled"
    if names & _PYTHON:
        yield "the dataset comes from a Python generator or nested datasets"
    functions = (function for step in _steps(dataset) for function in step._functions())  # noqa: SLF001
    if any(draws(function.function.graph) for function in functions):
        yield "the dataset draws random numbers"


def _steps(dataset: tf.data.Dataset) -> Iterator[tf.data.Dataset]:
    yield dataset
    for each in dataset._inputs():  # noqa: SLF001
        yield from _steps(each)


def model_causes(model: keras.Model, x: Any) -> list[str]:
    """Why the model may draw other random numbers: the kernels of compiled operations keep a state of their own.

    Args:
        model: A built model.
        x: The inputs of a batch; None if there are none at hand.
    """
    if model.run_eagerly or x is None:
        return []
    with suppress(Exception):  # user code: the model may be trained without a call of its own
        traced = tf.function(lambda inputs: model(inputs, training=True)).get_concrete_function(x)
        return ["the model uses tf.random; use keras.random"] if draws(traced.graph) else []
    return []


def draws(graph: tf.Graph) -> bool:
    """Whether operations of a graph, or of a function that it calls, have a random state of their own."""
    return any(each.type.startswith(_RANDOM) for each in operations(graph))


def operations(graph: tf.Graph) -> Iterator[tf.Operation]:
    """The operations of a graph, and of the functions that it calls."""
    called = (function.graph for function in graph._functions.values())  # noqa: SLF001 - a graph_def takes long to write
    for each in (graph, *called):
        yield from each.get_operations()
