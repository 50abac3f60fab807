"""Handwritten digits with a convolutional network: `python -m models.digits_cnn`."""

import keras

from models import digits_mlp
from models.running import make_tuner, parse, report


def build_model(hp):
    activation = hp.Choice("activation", ["relu", "gelu"])
    model = keras.Sequential([keras.layers.Input((8, 8, 1))])
    for i in range(hp.Int("blocks", 1, 2)):
        model.add(keras.layers.Conv2D(hp.Int(f"filters_{i}", 8, 32, step=8), 3, padding="same", activation=activation))
        if hp.Boolean("batch_normalization"):
            model.add(keras.layers.BatchNormalization())
        model.add(keras.layers.MaxPooling2D())
    if hp.Choice("head", ["flatten", "average"]) == "flatten":
        model.add(keras.layers.Flatten())
        model.add(keras.layers.Dense(hp.Int("units", 16, 128, sampling="log"), activation=activation))
    else:
        model.add(keras.layers.GlobalAveragePooling2D())
    model.add(keras.layers.Dense(10, activation="softmax"))
    optimizer = hp.Choice("optimizer", ["adam", "sgd"])
    learning_rate = hp.Float("learning_rate", 1e-3, 1e-1, sampling="log")
    if optimizer == "sgd":
        chosen = keras.optimizers.SGD(learning_rate, momentum=hp.Float("momentum", 0.5, 0.99, sampling="reverse_log"))
    else:
        chosen = keras.optimizers.Adam(learning_rate)
    model.compile(chosen, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def load_data():
    """Returns (train, validation, test), each (x, y): images of shape (8, 8, 1) in [0, 1]."""
    return tuple((x.reshape(-1, 8, 8, 1), y) for x, y in digits_mlp.load_data())


def main():
    options = parse(project="digits_cnn", trials=8, epochs=8)
    train, validation, test = load_data()
    tuner = make_tuner(build_model, "val_accuracy", options)
    tuner.search(*train, validation_data=validation, epochs=options.epochs)
    report(tuner, *test)


if __name__ == "__main__":
    main()
