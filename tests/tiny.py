"""A model that trains in no time, for tests of everything around it."""

import keras
import numpy as np

_RNG = np.random.default_rng(0)
X = _RNG.normal(size=(96, 4)).astype("float32")
Y = (X[:, 0] - X[:, 1] > 0).astype("float32")
X_VAL, Y_VAL = X[64:], Y[64:]
X_TRAIN, Y_TRAIN = X[:64], Y[:64]


def compiled(model, learning_rate=0.01, metrics=("accuracy",)):
    # to trace and compile a graph takes far longer than these few steps
    model.compile(
        keras.optimizers.SGD(learning_rate, momentum=0.9),
        loss="binary_crossentropy",
        metrics=list(metrics),
        run_eagerly=True,
    )
    return model


def network(units=4, dropout=0.0):
    layers = [keras.layers.Input((4,)), keras.layers.Dense(units, activation="relu")]
    if dropout:
        layers += [keras.layers.BatchNormalization(), keras.layers.Dropout(dropout)]
    return keras.Sequential([*layers, keras.layers.Dense(1, activation="sigmoid")])


def build_model(hp):
    units = hp.Int("units", 2, 8)
    return compiled(network(units), hp.Float("learning_rate", 1e-3, 1e-1, sampling="log"))


def build_grid(hp):
    return compiled(network(hp.Choice("units", [2, 4])), hp.Choice("learning_rate", [0.1, 0.01]))
