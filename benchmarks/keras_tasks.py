"""Real Keras trainings to search among: digits with a dense and a convolutional network, and a regression.

`python -m benchmarks.keras_tasks` measures the targets below: the score that the best of 20 random trainings reaches in
the median, estimated from 40 random trainings of each task. They were measured once, with a seed of their own.
"""

import argparse
import math
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.tasks.data import split

EPOCHS = 30
LEARNED, HELD, BATCH = 1000, 797, 100


@dataclass(frozen=True)
class KerasTask:
    """A model and its data, and a score that a search should reach.

    Attributes:
        build: Builds a compiled model from hp; the batch size is hp's "batch_size" as well.
        data: Makes the arguments of `fit` apart from epochs.
        objective: The metric to optimise.
        direction: "max" or "min".
        target: A score that is good enough.
    """

    build: Callable[[Any], Any]
    data: Callable[[], dict[str, Any]]
    objective: str
    direction: str
    target: float

    def good_enough(self, score: float) -> bool:
        return score >= self.target if self.direction == "max" else score <= self.target

    def best(self, scores: Any) -> float:
        finite = [float(score) for score in scores if math.isfinite(score)]
        worst = -math.inf if self.direction == "max" else math.inf
        return (max if self.direction == "max" else min)(finite, default=worst)


def dense(hp: Any) -> Any:
    import keras

    layers = [keras.layers.Input((64,)), *_hidden(hp, keras)]
    return _classifier(hp, keras, layers)


def convolutional(hp: Any) -> Any:
    import keras

    layers: list[Any] = [keras.layers.Input((8, 8, 1))]
    filters = hp.Int("filters", 2, 32, sampling="log")
    for _ in range(hp.Int("blocks", 1, 2)):
        layers += [
            keras.layers.Conv2D(filters, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
        ]
    layers += [
        keras.layers.Flatten(),
        keras.layers.Dense(hp.Int("units", 8, 128, sampling="log"), activation="relu"),
        keras.layers.Dropout(hp.Float("dropout", 0.0, 0.7)),
    ]
    return _classifier(hp, keras, layers)


def scheduled(hp: Any) -> Any:
    """A regression whose learning rate falls to zero along a cosine, over the whole training."""
    import keras

    model = keras.Sequential([keras.layers.Input((6,)), *_hidden(hp, keras), keras.layers.Dense(1)])
    decay = keras.optimizers.schedules.CosineDecay(_learning_rate(hp), EPOCHS * LEARNED // BATCH)
    model.compile(keras.optimizers.Adam(decay), loss="mse")
    return model


def _hidden(hp: Any, keras: Any) -> list[Any]:
    units, dropout = hp.Int("units", 8, 256, sampling="log"), hp.Float("dropout", 0.0, 0.7)
    activation = hp.Choice("activation", ["relu", "tanh", "sigmoid"])
    layers: list[Any] = []
    for _ in range(hp.Int("layers", 1, 3)):
        layers += [keras.layers.Dense(units, activation=activation), keras.layers.Dropout(dropout)]
    return layers


def _classifier(hp: Any, keras: Any, layers: list[Any]) -> Any:
    model = keras.Sequential([*layers, keras.layers.Dense(10, activation="softmax")])
    adam = keras.optimizers.Adam(_learning_rate(hp))
    model.compile(adam, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _learning_rate(hp: Any) -> float:
    return hp.Float("learning_rate", 1e-5, 1e-1, sampling="log")


def digits() -> dict[str, Any]:
    found = split("digits", LEARNED, HELD)
    return _fit_arguments(found.inputs, found.targets, found.held_inputs, found.held_targets)


def images() -> dict[str, Any]:
    found = split("digits", LEARNED, HELD, scaled=False)
    inputs, held = (pixels.reshape(-1, 8, 8, 1) / 16 for pixels in (found.inputs, found.held_inputs))
    return _fit_arguments(inputs, found.targets, held, found.held_targets)


def waves() -> dict[str, Any]:
    """A smooth function of six inputs, with a little noise, of variance about 1."""
    rng = np.random.default_rng(6)
    x = rng.uniform(-1, 1, (LEARNED + HELD, 6)).astype("float32")
    y = np.sin(4 * x[:, 0] * x[:, 1]) + np.cos(3 * x[:, 2]) + x[:, 3] * x[:, 4] + 0.5 * x[:, 5]
    y = ((y - y.mean()) / y.std() + 0.1 * rng.standard_normal(len(y))).astype("float32")
    return _fit_arguments(x[:LEARNED], y[:LEARNED], x[LEARNED:], y[LEARNED:])


def _fit_arguments(x: Any, y: Any, held_x: Any, held_y: Any) -> dict[str, Any]:
    """Data sets of TensorFlow's: from arrays, an epoch of such a small model would mostly prepare its batches."""
    import tensorflow as tf

    learned = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(LEARNED, seed=1).batch(BATCH)
    # the data set shuffles itself; Keras warns of `shuffle=True`, its default
    return {"x": learned, "shuffle": False, "validation_data": tf.data.Dataset.from_tensors((held_x, held_y))}


TASKS = {
    "digits-mlp": KerasTask(dense, digits, "val_accuracy", "max", 0.956),
    "digits-cnn": KerasTask(convolutional, images, "val_accuracy", "max", 0.963),
    "regression-cosine": KerasTask(scheduled, waves, "val_loss", "min", 0.16),
}


def median_of_best(scores: Sequence[float], count: int, direction: str) -> float:
    """The median of the best of `count` scores, each drawn like these."""
    better = 1 - 0.5 ** (1 / count)
    return float(np.quantile(scores, 1 - better if direction == "max" else better))


def random_scores(task: KerasTask, count: int, seed: int) -> list[float]:
    """The best epochs of full trainings of random configurations; a training without a score has the worst one."""
    import kerastune_lite as kt

    objective = kt.Objective(task.objective, task.direction)
    worst = -math.inf if task.direction == "max" else math.inf
    with tempfile.TemporaryDirectory() as directory:
        tuner = kt.RandomSearch(task.build, objective, count, seed=seed, directory=directory, checkpoint=False)
        results = tuner.search(**task.data(), epochs=EPOCHS, verbose=0)
    return [worst if trial.score is None else trial.score for trial in results]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trainings", type=int, default=40)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    options = parser.parse_args()
    for name in options.tasks:
        task = TASKS[name]
        scores = sorted(random_scores(task, options.trainings, 1000), reverse=task.direction == "max")
        best = {count: median_of_best(scores, count, task.direction) for count in (6, 12, 20, 30)}
        print(f"{name}: {', '.join(f'best of {count} {score:.4f}' for count, score in best.items())}")
        print("  " + " ".join(f"{score:.4f}" for score in scores), flush=True)


if __name__ == "__main__":
    sys.exit(main())
