"""Trials a minute on a small model: digits, one hidden layer, 5 epochs, 3 widths x 4 learning rates.

`python -m benchmarks.trial_throughput` trains the same twelve points by grid search here, by KerasTuner's grid search,
and by a plain loop of build and fit. Every side keeps its defaults: ours logs to TensorBoard and keeps checkpoints of
models and of the training under way, KerasTuner keeps weights, the loop keeps nothing.
"""

import json
import statistics
import sys
import time

from benchmarks.measure import machine, medians, options, rounds, table

WIDTHS = [32, 64, 128]
LEARNING_RATES = [3e-4, 1e-3, 3e-3, 1e-2]
EPOCHS = 5
WARM_UP = 2


def build(width, learning_rate):
    import keras

    model = keras.Sequential(
        [
            keras.layers.Input((64,)),
            keras.layers.Dense(width, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(learning_rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def build_model(hp):
    return build(hp.Choice("width", WIDTHS), hp.Choice("learning_rate", LEARNING_RATES))


def fit_arguments():
    from models.digits_mlp import load_data

    (x, y), validation, _ = load_data()
    return {"x": x, "y": y, "validation_data": validation, "epochs": EPOCHS}


def ours(trials, directory):
    import kerastune_lite as kt

    tuner = kt.GridSearch(build_model, "val_accuracy", max_trials=trials, directory=directory, project_name=str(trials))
    return tuner.search(**fit_arguments(), verbose=0).best.score


def plain_loop(trials, directory):  # noqa: ARG001 - it writes nothing
    arguments = fit_arguments()
    points = [(width, rate) for width in WIDTHS for rate in LEARNING_RATES]
    return max(max(build(*point).fit(**arguments, verbose=0).history["val_accuracy"]) for point in points[:trials])


def keras_tuner(trials, directory):
    import keras_tuner as kt

    tuner = kt.GridSearch(
        build_model, "val_accuracy", max_trials=trials, directory=directory, project_name=str(trials), seed=1
    )
    tuner.search(**fit_arguments(), verbose=0)
    return tuner.oracle.get_best_trials()[0].score


SIDES = {"kerastune_lite": ours, "plain loop": plain_loop, "KerasTuner": keras_tuner}


def measure(side, trials, directory):
    """Seconds of wall and CPU time a trial, in a process that has trained two models before."""
    SIDES[side](WARM_UP, directory)
    wall, cpu = time.perf_counter(), time.process_time()
    best = SIDES[side](trials, directory)
    seconds = time.perf_counter() - wall
    return {"per_minute": 60 * trials / seconds, "cpu_s": (time.process_time() - cpu) / trials, "best": best}


def main():
    given = options(__doc__, SIDES, 5)
    if given.side is not None:
        print(json.dumps(measure(given.side, given.trials, given.directory)))
        return
    trials = 4 if given.quick else len(WIDTHS) * len(LEARNING_RATES)
    sides = {side: ["--trials", str(trials)] for side in SIDES}
    print(machine("kerastune-lite", "tensorflow", "keras", "keras-tuner"))
    found = rounds("benchmarks.trial_throughput", sides, 1 if given.quick else given.rounds)
    rows = [("", "trials a minute", "CPU s a trial", "best val_accuracy", "ours against it")]
    mine = found["kerastune_lite"]
    for side, runs in found.items():
        f = medians(runs)
        ratio = statistics.median(own["per_minute"] / run["per_minute"] for own, run in zip(mine, runs, strict=True))
        rows.append((side, f"{f['per_minute']:.1f}", f"{f['cpu_s']:.2f}", f"{f['best']:.4f}", f"{ratio:.2f}x"))
    print(f"{trials} trials of {EPOCHS} epochs a round, medians of {len(mine)} rounds; ratios are within a round")
    print(table(rows))


if __name__ == "__main__":
    sys.exit(main())
