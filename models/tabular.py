"""A table of numbers (breast cancer, 30 columns) with a regularised network: `python -m models.tabular`."""

import keras
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from models.running import make_tuner, parse, report


def build_model(hp):
    regularizer = keras.regularizers.L2(hp.Float("l2", 1e-6, 1e-2, sampling="log"))
    model = keras.Sequential([keras.layers.Input((30,))])
    for _ in range(hp.Int("layers", 1, 2)):
        units = hp.Int("units", 8, 64, step=2, sampling="log")
        model.add(keras.layers.Dense(units, activation="relu", kernel_regularizer=regularizer))
        model.add(keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.25)))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    model.compile(
        keras.optimizers.Adam(hp.Float("learning_rate", 1e-4, 1e-1, sampling="log")),
        loss="binary_crossentropy",
        metrics=["accuracy", keras.metrics.AUC(name="auc")],
    )
    return model


def load_data():
    """Returns (train, validation, test), each (x, y), standardised with the training data's statistics."""
    x, y = load_breast_cancer(return_X_y=True)
    x, x_test, y, y_test = train_test_split(x, y, test_size=114, random_state=0, stratify=y)
    x, x_val, y, y_val = train_test_split(x, y, test_size=91, random_state=0, stratify=y)
    scaler = StandardScaler().fit(x)
    return tuple((scaler.transform(rows), labels) for rows, labels in ((x, y), (x_val, y_val), (x_test, y_test)))


def main():
    options = parse(project="tabular", trials=8, epochs=15)
    train, validation, test = load_data()
    tuner = make_tuner(build_model, "val_auc", options)
    tuner.search(*train, validation_data=validation, epochs=options.epochs)
    report(tuner, *test)


if __name__ == "__main__":
    main()
