"""What workers are worth, and what they cost: a convolutional network, and a function that takes no time.

`python -m benchmarks.parallel` trains the same configurations of a small convolutional network on digits in one
process, in a pool of two workers, each with one thread, in two workers on a Ray of this machine, and by Optuna with
`n_jobs=2`; and runs thousands of trials of a function that returns at once, in this process, in pools, on Ray, and by
Optuna. "start" is the time until the first trial begins; the other figures are of the time after it.
Memory is the resident set of the driver, and of its workers on average, after a tenth of the trials and after all of
them; workers on Ray are not its children.
"""

import argparse
import itertools
import json
import os
import sys
import time
from pathlib import Path

import psutil

from benchmarks.measure import machine, medians, rounds, table

TRIALS, EPOCHS = 12, 6
INSTANT, QUICK_INSTANT = 5000, 500


def build_model(hp):
    import keras

    model = keras.Sequential(
        [
            keras.layers.Input((8, 8, 1)),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(hp.Choice("units", [64, 128, 256]), activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    rate = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")
    model.compile(keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def fit_arguments():
    from models.digits_mlp import load_data

    (x, y), (held_x, held_y), _ = load_data()
    images, held = (data.reshape(-1, 8, 8, 1) for data in (x, held_x))
    return {"x": images, "y": y, "validation_data": (held, held_y), "epochs": EPOCHS}


class Clock:
    """An observer: when the first trial began."""

    def __init__(self):
        self.called, self.began = time.perf_counter(), None

    def __call__(self, event, history):
        if self.began is None and type(event).__name__ == "Started":
            self.began = time.perf_counter()

    def figures(self, trials):
        now = time.perf_counter()
        return {"start": self.began - self.called, "seconds": now - self.began, "trials": trials}


class Memory:
    """An observer: the memory of the driver and of its workers after a tenth of the trials and after all, in bytes."""

    def __init__(self, trials):
        self._marks, self._ended = (trials // 10, trials), itertools.count(1)
        self.figures = {}

    def __call__(self, event, history):
        if type(event).__name__ == "Ended":
            self.ended()

    def ended(self):
        if (count := next(self._ended)) in self._marks:
            process = psutil.Process()
            workers = [child.memory_info().rss for child in process.children()]
            when = "first" if count == self._marks[0] else "last"
            self.figures[f"driver {when}"] = process.memory_info().rss
            self.figures[f"worker {when}"] = sum(workers) / len(workers) if workers else 0


def network(workers, options):
    import kerastune_lite as kt

    clock = Clock()
    tuner = kt.RandomSearch(
        build_model,
        "val_accuracy",
        options.trials,
        seed=1,
        directory=options.directory,
        workers=workers,
        observers=[clock],
    )
    return clock.figures(len(tuner.search(**fit_arguments(), verbose=0)))


def network_by_optuna(options):
    import optuna

    clock, arguments = Clock(), fit_arguments()

    class Parameters:
        def __init__(self, trial):
            self.Choice = trial.suggest_categorical
            self.Float = lambda name, low, high, sampling: trial.suggest_float(name, low, high, log=sampling == "log")

    def objective(trial):
        return max(build_model(Parameters(trial)).fit(**arguments, verbose=0).history["val_accuracy"])

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    clock.began = time.perf_counter()
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1), direction="maximize")
    study.optimize(objective, n_trials=options.trials, n_jobs=2)
    return clock.figures(len(study.trials))


def instant(workers, options):
    import kerastune_lite as kt

    clock, memory = Clock(), Memory(options.instant)
    results = kt.tune(
        lambda hp: hp.Float("x", 0, 1),
        objective=kt.Objective("error", "min"),
        max_trials=options.instant,
        seed=1,
        workers=workers,
        verbose=0,
        observers=[clock, memory],
    )
    return {**clock.figures(len(results)), **memory.figures}


def instant_by_optuna(options):
    import optuna

    clock, memory = Clock(), Memory(options.instant)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    clock.began = time.perf_counter()
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(
        lambda trial: trial.suggest_float("x", 0, 1),
        n_trials=options.instant,
        n_jobs=4,
        callbacks=[lambda *_: memory.ended()],
    )
    return {**clock.figures(len(study.trials)), **memory.figures}


NETWORK = {
    "one process": lambda options: network(1, options),
    "pool of 2": lambda options: network(2, options),
    "Ray, 2 workers": lambda options: network(_ray(2), options),
    "Optuna, n_jobs=2": network_by_optuna,
}
FUNCTION = {
    "this process": lambda options: instant(1, options),
    "pool of 1": lambda options: instant(_pool(1), options),
    "pool of 4": lambda options: instant(4, options),
    "Ray, 1 worker": lambda options: instant(_ray(1), options),
    "Ray, 4 workers": lambda options: instant(_ray(4), options),
    "Optuna, n_jobs=4": instant_by_optuna,
}
PARTS = {"network": NETWORK, "function": FUNCTION}


def _pool(workers):
    import kerastune_lite as kt

    return kt.executors.Pool(workers)


def _ray(workers):
    """Workers on a Ray of this machine that has no statistics to send; "start" holds its start."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import kerastune_lite as kt

    return kt.executors.Ray(workers, "local", num_cpus=0.5)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small part of the work, one round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part", choices=PARTS, nargs="+", default=list(PARTS))
    parser.add_argument("--side", choices=[*NETWORK, *FUNCTION], help=argparse.SUPPRESS)
    parser.add_argument("--trials", type=int, default=TRIALS, help=argparse.SUPPRESS)
    parser.add_argument("--instant", type=int, default=INSTANT, help=argparse.SUPPRESS)
    parser.add_argument("--directory", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side is not None:
        print(json.dumps({**NETWORK, **FUNCTION}[options.side](options)))
        return
    count = 1 if options.quick else options.rounds
    small = ["--trials", "2", "--instant", str(QUICK_INSTANT), "--quick"] if options.quick else []
    sides = [side for part in options.part for side in PARTS[part]]
    found = rounds("benchmarks.parallel", dict.fromkeys(sides, small), count)
    of = {side: medians(figures) for side, figures in found.items()}
    print(machine("kerastune-lite", "tensorflow", "keras", "ray", "optuna"))
    if "network" in options.part:
        print(f"\nconvolutional network on digits, medians of {count}\n\n{_of_network(of)}")
    if "function" in options.part:
        print(f"\na function that returns at once, medians of {count}\n\n{_of_function(of)}")


def _of_network(of):
    alone = of["one process"]
    rows = [("", "start, s", "trials a minute", "against one process")]
    for side in NETWORK:
        rate, reference = (one["trials"] / one["seconds"] for one in (of[side], alone))
        rows.append((side, f"{of[side]['start']:.1f}", f"{60 * rate:.1f}", f"{rate / reference:.2f}"))
    return table(rows)


def _memory(run, whose):
    first, last = (run[f"{whose} {when}"] / 1e6 for when in ("first", "last"))
    return f"{first:.0f}, {last:.0f}" if last else ""


def _of_function(of):
    rows = [("", "start, s", "trials", "ms a trial", "driver, MB at 10 % and 100 %", "each worker")]
    for side in FUNCTION:
        run = of[side]
        each = 1000 * run["seconds"] / run["trials"]
        cells = (f"{run['start']:.1f}", f"{run['trials']:.0f}", f"{each:.2f}")
        rows.append((side, *cells, _memory(run, "driver"), _memory(run, "worker")))
    return table(rows)


if __name__ == "__main__":
    sys.exit(main())
