"""Handwritten digits with a multilayer perceptron: `python -m models.digits_mlp`."""

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from models.running import make_tuner, parse, report


def build_model(hp):
    model = keras.Sequential([keras.layers.Input((64,))])
    dropout = hp.Boolean("dropout")
    for i in range(hp.Int("layers", 1, 3)):
        model.add(keras.layers.Dense(hp.Int(f"units_{i}", 16, 256, sampling="log"), activation="relu"))
        if dropout:
            model.add(keras.layers.Dropout(hp.Float("rate", 0.1, 0.5, step=0.1)))
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile(
        keras.optimizers.Adam(hp.Float("learning_rate", 1e-4, 1e-1, sampling="log")),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def load_data():
    """Returns (train, validation, test), each (x, y): 1078, 359 and 360 images of 8x8 pixels in [0, 1]."""
    x, y = load_digits(return_X_y=True)
    x = x.astype("float32") / 16
    x, x_test, y, y_test = train_test_split(x, y, test_size=360, random_state=0, stratify=y)
    x, x_val, y, y_val = train_test_split(x, y, test_size=359, random_state=0, stratify=y)
    return (x, y), (x_val, y_val), (x_test, y_test)


def main():
    options = parse(project="digits_mlp", trials=12, epochs=12)
    train, validation, test = load_data()
    tuner = make_tuner(build_model, "val_accuracy", options)
    tuner.search(
        *train,
        validation_data=validation,
        epochs=options.epochs,
        batch_size=lambda hp: hp.Choice("batch_size", [16, 32, 64]),
    )
    report(tuner, *test)


if __name__ == "__main__":
    main()
