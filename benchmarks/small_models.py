"""Small models to tune: what they read from hp, how they are built from that, and their data."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class SmallModel:
    """A model to tune, by its validation accuracy.

    Attributes:
        read: Reads the values from anything with `Choice` and `Float`.
        make: Makes the compiled model from the values.
        data: Makes x, y and other arguments of `fit`.
    """

    read: Callable[[Any], dict[str, Any]]
    make: Callable[..., Any]
    data: Callable[[], dict[str, Any]]

    def build(self, hp: Any) -> Any:
        return self.make(**self.read(hp))

    def points(self, count: int) -> list[dict[str, Any]]:
        """The values of so many configurations, the same ones each time."""
        rng = np.random.default_rng(0)
        return [self.read(Drawn(rng)) for _ in range(count)]


class Drawn:
    """An hp that draws each value that is read."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def Choice(self, name, values):
        return values[self._rng.integers(len(values))]

    def Float(self, name, low, high, sampling="linear"):
        if sampling == "log":
            return float(np.exp(self._rng.uniform(np.log(low), np.log(high))))
        return float(self._rng.uniform(low, high))


def rate(hp):
    return {"learning_rate": hp.Float("learning_rate", 3e-4, 1e-2, sampling="log")}


def width_and_rate(*widths):
    return lambda hp: {"width": hp.Choice("width", list(widths)), **rate(hp)}


def regularized(hp):
    drawn = {"dropout": hp.Float("dropout", 0.05, 0.5), "decay": hp.Float("decay", 1e-5, 1e-2, sampling="log")}
    return {**width_and_rate(32, 64, 128)(hp), **drawn}


def digits_mlp(learning_rate, width=64):
    from keras import Input, Sequential, layers

    model = Sequential([Input((64,)), layers.Dense(width, activation="relu"), layers.Dense(10, activation="softmax")])
    return compiled(model, learning_rate)


def regularized_mlp(learning_rate, width, dropout, decay):
    from keras import Input, Sequential, layers, optimizers

    first, last = layers.Dense(width, activation="relu"), layers.Dense(10, activation="softmax")
    model = Sequential([Input((64,)), first, layers.Dropout(dropout), last])
    return compiled(model, optimizers.AdamW(learning_rate, weight_decay=decay))


def digits_cnn(learning_rate, width):
    from keras import Input, Sequential, layers

    model = Sequential(
        [
            Input((8, 8, 1)),
            layers.Conv2D(width, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    return compiled(model, learning_rate)


def table_mlp(learning_rate, width):
    from keras import Input, Sequential, layers

    hidden = [layers.Dense(units, activation="relu") for units in (width, 32)]
    model = Sequential([Input((20,)), *hidden, layers.Dense(1, activation="sigmoid")])
    return compiled(model, learning_rate, "binary_crossentropy")


def lstm(learning_rate, width):
    from keras import Input, Sequential, layers

    model = Sequential([Input((16, 4)), layers.LSTM(width), layers.Dense(3, activation="softmax")])
    return compiled(model, learning_rate)


def two_inputs(learning_rate, width):
    from keras import Input, Model, layers

    inputs = {"left": Input((8,), name="left"), "right": Input((12,), name="right")}
    hidden = [layers.Dense(width, activation="relu")(one) for one in inputs.values()]
    return compiled(Model(inputs, layers.Dense(3, activation="softmax")(layers.Concatenate()(hidden))), learning_rate)


def line(learning_rate):
    from keras import Input, Sequential, layers

    return compiled(Sequential([Input((64,)), layers.Dense(10, activation="softmax")]), learning_rate)


def compiled(model, optimizer, loss="sparse_categorical_crossentropy"):
    """`model`, compiled with an optimizer, or with Adam of a learning rate."""
    from keras import optimizers

    own = optimizers.Adam(optimizer) if isinstance(optimizer, float) else optimizer
    model.compile(own, loss=loss, metrics=["accuracy"])
    return model


def digits(*shape):
    """1078 images of 8x8 pixels, 359 to validate."""
    from models.digits_mlp import load_data

    (x, y), (held_x, held_y), _ = load_data()
    return {"x": x.reshape(-1, *shape), "y": y, "validation_data": (held_x.reshape(-1, *shape), held_y)}


def made_table():
    """20,000 rows of 20 features, of which 4,000 validate."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20_000, 20)).astype("float32")
    y = x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + rng.normal(0, 0.5, len(x)) > 0
    return {"x": x, "y": y.astype("float32"), "validation_split": 0.2, "batch_size": 128}


def made_sequences():
    """1,500 sequences of 16 steps, of which 300 validate: which coordinate of a random walk ends highest?"""
    x = np.random.default_rng(0).normal(size=(1_500, 16, 4)).astype("float32").cumsum(1) / 4
    return {"x": x, "y": x[:, -1, :3].argmax(1), "validation_split": 0.2}


def made_pairs():
    """1,500 pairs of rows, of which 300 validate: how many of the two have a positive sum?"""
    left, right = (np.random.default_rng(0).normal(size=(1_500, size)).astype("float32") for size in (8, 12))
    y = (left.sum(1) > 0).astype(int) + (right.sum(1) > 0)
    return {"x": {"left": left, "right": right}, "y": y, "validation_split": 0.2}


MODELS = {
    "digits MLP": SmallModel(width_and_rate(32, 64, 128), digits_mlp, lambda: digits(64)),
    "digits MLP of one width": SmallModel(rate, digits_mlp, lambda: digits(64)),
    "digits MLP with dropout and weight decay": SmallModel(regularized, regularized_mlp, lambda: digits(64)),
    "digits MLP of many widths": SmallModel(width_and_rate(*range(16, 272)), digits_mlp, lambda: digits(64)),
    "digits CNN": SmallModel(width_and_rate(8, 16), digits_cnn, lambda: digits(8, 8, 1)),
    "table MLP": SmallModel(width_and_rate(32, 64), table_mlp, made_table),
    "LSTM": SmallModel(width_and_rate(16, 32), lstm, made_sequences),
    "two inputs": SmallModel(width_and_rate(16, 32), two_inputs, made_pairs),
}
UNLIKE_THEM = SmallModel(rate, line, lambda: digits(64))
