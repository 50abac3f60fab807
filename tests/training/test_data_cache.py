import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from kerastune_lite.errors import DataError
from kerastune_lite.training.data_cache import DataCache, Fed, Pipeline, is_arrays

X = np.arange(20.0).reshape(10, 2)
Y = np.arange(10)


def rows(dataset):
    """The second part of each batch: which rows, in which order."""
    return [int(row) for batch in dataset for row in batch[1]]


def fed(**arguments):
    return DataCache().feed(arguments, keep=True)[:2]


def order(pipeline, seed, epoch):
    pipeline.begin_epoch(seed, epoch)
    return rows(pipeline.dataset)


def test_every_row_comes_once_an_epoch():
    _, pipeline = fed(x=X, y=Y, batch_size=4)
    assert sorted(order(pipeline, 1, 0)) == list(range(10))


def test_the_order_is_a_function_of_seed_and_epoch():
    _, pipeline = fed(x=X, y=Y, batch_size=4)
    first, second, other = order(pipeline, 1, 0), order(pipeline, 1, 1), order(pipeline, 2, 0)
    assert order(pipeline, 1, 0) == first
    assert len({tuple(first), tuple(second), tuple(other)}) == 3


def test_without_shuffle_the_order_is_that_of_the_rows():
    _, pipeline = fed(x=X, y=Y, batch_size=4, shuffle=False)
    assert order(pipeline, 1, 3) == list(range(10))


def test_batches_have_the_size_asked_for_and_the_last_one_the_rest():
    arguments, _ = fed(x=X, y=Y, batch_size=4)
    assert [batch[0].shape[0] for batch in arguments["x"]] == [4, 4, 2]
    assert int(arguments["x"].cardinality()) == 3


def test_batches_have_32_rows_by_default():
    arguments, _ = fed(x=np.zeros((70, 2)), y=np.zeros(70))
    assert [batch[0].shape[0] for batch in arguments["x"]] == [32, 32, 6]


def test_validation_split_takes_the_last_rows():
    arguments, pipeline = fed(x=X, y=Y, validation_split=0.3, batch_size=4)
    assert (sorted(order(pipeline, 1, 0)), rows(arguments["validation_data"])) == (list(range(7)), [7, 8, 9])


def test_validation_data_is_batched_in_order():
    arguments, _ = fed(x=X, y=Y, validation_data=(X[:5], Y[:5]), validation_batch_size=2)
    assert [batch[1].numpy().tolist() for batch in arguments["validation_data"]] == [[0, 1], [2, 3], [4]]


def test_real_numbers_come_in_keras_default_precision_and_integers_as_they_are():
    arguments, _ = fed(x=X, y=Y)
    assert [spec.dtype for spec in arguments["x"].element_spec] == [tf.float32, tf.int64]


def test_sample_weights_travel_with_their_rows():
    arguments, pipeline = fed(x=X, y=Y, sample_weight=Y * 2.0)
    pipeline.begin_epoch(1, 0)
    assert all(np.array_equal(2.0 * y.numpy(), weight) for _, y, weight in arguments["x"])


def test_nested_inputs_stay_nested():
    arguments, _ = fed(x={"a": X, "b": X}, y=[Y, Y])
    x, y = arguments["x"].element_spec
    assert (sorted(x), len(y)) == (["a", "b"], 2)


def test_pandas_objects_are_taken_as_keras_takes_them():
    arguments, _ = fed(x=pd.DataFrame(X), y=pd.Series(Y))
    assert [spec.shape.as_list() for spec in arguments["x"].element_spec] == [[None, 2], [None, 1]]


@pytest.mark.parametrize("steps", [2, 5])
def test_steps_per_epoch_makes_epochs_of_that_many_batches(steps):
    arguments, pipeline = fed(x=X, y=Y, batch_size=4, steps_per_epoch=steps)
    pipeline.begin_epoch(1, 0)
    assert [len(batch[1]) for batch in arguments["x"]] == [4] * steps
    assert "steps_per_epoch" not in arguments


def test_tensors_and_pipelines_are_made_once_for_all_trials():
    data_cache = DataCache()
    first = data_cache.feed({"x": X, "y": Y, "validation_split": 0.5}, keep=True).train
    again = data_cache.feed({"x": X, "y": Y, "validation_split": 0.5}, keep=True).train
    assert first is again


def test_data_made_for_one_trial_is_not_kept():
    data_cache = DataCache()
    first = data_cache.feed({"x": X, "y": Y}, keep=False).train
    again = data_cache.feed({"x": X, "y": Y}, keep=False).train
    assert first is not again


@pytest.mark.parametrize("data", ["text", np.array(["a", None], dtype=object), tf.sparse.eye(3), None])
def test_what_is_not_dense_arrays_is_left_to_keras(data):
    assert not is_arrays(data)
    assert DataCache().feed({"x": data}, keep=True) == Fed({"x": data})


def test_a_dataset_is_not_asked_to_shuffle():
    dataset = tf.data.Dataset.range(3)
    assert DataCache().feed({"x": dataset}, keep=True) == Fed({"x": dataset, "shuffle": False})


def test_arrays_of_different_length_are_refused():
    with pytest.raises(DataError, match=r"same number of rows: x has 10, y has 9"):
        fed(x=X, y=Y[:9])


@pytest.mark.parametrize("shuffle", [False, True])
def test_epochs_shorter_than_a_pass_continue_where_the_last_one_ended(shuffle):
    rows = np.arange(10)
    pipeline = Pipeline((tf.constant(rows),), range(10), 2, shuffle=shuffle, steps=2)
    seen = []
    for epoch in range(5):
        pipeline.begin_epoch(0, epoch)
        seen += [row for (batch,) in pipeline.dataset for row in batch.numpy().tolist()]
    assert sorted(seen[:10]) == sorted(seen[10:]) == rows.tolist()
    assert shuffle or seen == [*rows, *rows]


def test_class_weights_that_differ_from_trial_to_trial_are_not_kept():
    data_cache = DataCache()
    for weight in (1.0, 2.0, 3.0):
        fed = data_cache.feed({"x": X, "y": Y % 2, "class_weight": {1: weight}}, keep=True)
    assert set(fed.train.tensors[2].numpy().tolist()) == {1.0, 3.0}
    y = Y % 2
    for weight in (1.0, 2.0, 3.0):
        data_cache.feed({"x": X, "y": y, "class_weight": {1: weight}}, keep=True)
    again = data_cache.feed({"x": X, "y": y, "class_weight": {1: 3.0}}, keep=True).train
    assert data_cache.feed({"x": X, "y": y, "class_weight": {1: 3.0}}, keep=True).train is again
    assert sum(len(pipeline.tensors) == 3 for pipeline in data_cache._pipelines.values()) == 1


def test_validation_steps_takes_the_first_batches():
    arguments, _ = fed(x=X, y=Y, validation_data=(X, Y), validation_batch_size=3, validation_steps=2)
    assert rows(arguments["validation_data"]) == [0, 1, 2, 3, 4, 5]
    assert "validation_steps" not in arguments
