import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_lite.errors import DataError
from kerastune_lite.training.labels import check_labels

X = np.zeros((6, 4), "float32")
NUMBERS = np.arange(6) % 3
ONE_HOT = np.eye(3)[NUMBERS]
SPARSE = ["sparse_categorical_crossentropy", keras.losses.SparseCategoricalCrossentropy()]
CATEGORICAL = ["categorical_crossentropy", keras.losses.CategoricalCrossentropy(label_smoothing=0.1)]


def network(loss, units=3, kind=keras.Model):
    inputs = keras.Input((4,))
    model = kind(inputs, keras.layers.Dense(units, activation="softmax")(inputs))
    model.compile("sgd", loss=loss)
    return model


class Own(keras.Model):
    def compute_loss(self, x=None, y=None, y_pred=None, **others):
        return keras.ops.mean(y_pred)


def dataset(*arrays):
    return tf.data.Dataset.from_tensor_slices(arrays if len(arrays) > 1 else arrays[0]).batch(2)


@pytest.mark.parametrize("data", [{"x": X, "y": ONE_HOT}, {"x": dataset(X, ONE_HOT)}])
@pytest.mark.parametrize("loss", SPARSE)
def test_one_hot_labels_for_a_loss_of_class_numbers_are_refused_with_the_remedy(loss, data):
    with pytest.raises(DataError, match=r'is one-hot, but .*loss="categorical_crossentropy", or give y.argmax'):
        check_labels(network(loss), data)


@pytest.mark.parametrize("data", [{"x": X, "y": NUMBERS}, {"x": X, "y": NUMBERS[:, None]}, {"x": dataset(X, NUMBERS)}])
@pytest.mark.parametrize("loss", CATEGORICAL)
def test_class_numbers_for_a_loss_of_one_hot_labels_are_refused_with_the_remedy(loss, data):
    with pytest.raises(
        DataError, match=r'holds class numbers, but .*loss="sparse_categorical_crossentropy", or give .*to_cat'
    ):
        check_labels(network(loss), data)


@pytest.mark.parametrize(
    ("data", "said"),
    [({"x": X}, r"search\(\) got no y, but .*'mean_squared_error'"), ({"x": dataset(X)}, "dataset has no y")],
)
def test_labels_that_are_missing_are_asked_for(data, said):
    with pytest.raises(DataError, match=said):
        check_labels(network("mse"), data)


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (network(SPARSE[0]), {"x": X, "y": NUMBERS}),
        (network(SPARSE[1]), {"x": X, "y": NUMBERS[:, None]}),
        (network(CATEGORICAL[0]), {"x": X, "y": ONE_HOT}),
        (network("mse", units=1), {"x": X, "y": NUMBERS}),
        (network(CATEGORICAL[0]), {"x": dataset(X, ONE_HOT)}),
        (network(None), {"x": X}),
        (network("mse", kind=Own), {"x": X}),
        (network(["mse"]), {"x": X, "y": [ONE_HOT]}),
        (network("mse"), {"x": iter([(X, ONE_HOT)])}),
        (network(lambda y, y_pred: 0.0), {"x": X, "y": NUMBERS}),
    ],
)
def test_labels_that_fit_and_losses_of_other_kinds_pass(model, data):
    check_labels(model, data)
