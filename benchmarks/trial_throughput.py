"""Trials a minute on small models: the same configurations in the same order on every side.

`python -m benchmarks.trial_throughput` trains 40 configurations of each model for 5 epochs, and 10 for 30 epochs: here,
here without reuse of compiled models and with stacked trials, in a plain loop of build and fit, by KerasTuner, and by
Optuna. Each side keeps its defaults: ours logs to TensorBoard and keeps checkpoints of models and of the training under
way, KerasTuner keeps weights, the loop and Optuna keep nothing. All of it takes hours; `--model` and `--budget` choose
a part. Further budgets: 100x20 is for stacked trials, 200x2 shows how memory grows.

Each figure is of a process of its own that has trained another model before. "s besides epochs" is what a trial takes
without its epochs, each of them as long as the median of the trial's epochs but the first, validation included; stacked
trials share their epochs, so they have no such figure. "s to first epoch" is from the start of the search to the end of
the first trial's first epoch. "MB a trial" is what the process grows by with each trial of the second half.
"""

import argparse
import json
import math
import statistics
import sys
import time
from dataclasses import dataclass

from benchmarks.measure import machine, medians, rounds, table
from benchmarks.small_models import MODELS, UNLIKE_THEM

BUDGETS = {"40x5": (40, 5), "10x30": (10, 30), "100x20": (100, 20), "200x2": (200, 2)}
USUAL = ("40x5", "10x30")
QUICK = (4, 2)
WARM_UP = (2, 2)
ROUNDS = 5


class Clock:
    """What the callback that it makes, and all copies of that, see: the memory at each training's start, and epochs."""

    def __init__(self):
        self.memory, self.epochs, self.created, self.first = [], [], time.perf_counter(), None

    def callback(self):
        import keras
        import psutil

        process, clock = psutil.Process(), self

        class Callback(keras.callbacks.Callback):
            def on_train_begin(self, logs=None):
                clock.memory.append(process.memory_info().rss)
                self.epochs = []
                clock.epochs.append(self.epochs)

            def on_epoch_begin(self, epoch, logs=None):
                self.began = time.perf_counter()

            def on_epoch_end(self, epoch, logs=None):
                now = time.perf_counter()
                self.epochs.append(now - self.began)
                clock.first = now - clock.created if clock.first is None else clock.first

        return Callback()

    def in_epochs(self):
        """Seconds of all epochs, without what the first one of each training takes more."""
        return sum(len(epochs) * statistics.median(epochs[1:]) for epochs in self.epochs)

    def growth(self):
        """MB a trial over the second half."""
        half = len(self.memory) // 2
        return (self.memory[-1] - self.memory[half]) / 1e6 / (len(self.memory) - 1 - half)


@dataclass(frozen=True)
class Given:
    """Proposes these points in their order."""

    points: tuple[dict[str, float], ...]

    def __call__(self, history, rng):
        from kerastune_lite.strategies import Proposal

        return Proposal(self.points[len(history.trials)]) if len(history.trials) < len(self.points) else None


def ours(model, points, directory, fit, **options):
    import kerastune_lite as kt

    tuner = kt.Tuner(
        model.build, "val_accuracy", len(points), strategy=Given(tuple(points)), directory=directory, **options
    )
    results = tuner.search(**fit, verbose=0)
    return {
        "best": results.best.score,
        "reused": statistics.mean(bool(trial.reused) for trial in results),
    }


def ours_without_reuse(*arguments):
    return ours(*arguments, reuse="never")


def ours_stacked(*arguments):
    from kerastune_lite.executors import Stacked

    return {**ours(*arguments, workers=Stacked(16)), "besides": math.nan}


def plain_loop(model, points, directory, fit):  # noqa: ARG001 - it writes nothing
    return {"best": max(max(model.make(**point).fit(**fit, verbose=0).history["val_accuracy"]) for point in points)}


def keras_tuner(model, points, directory, fit):
    import keras_tuner as kt

    class Given(kt.Oracle):
        def populate_space(self, trial_id):
            return {"status": "RUNNING", "values": points[int(trial_id)]}

    oracle = Given(kt.Objective("val_accuracy", "max"), max_trials=len(points))
    tuner = kt.Tuner(oracle, model.build, directory=directory)
    tuner.search(**fit, verbose=0)
    return {"best": oracle.get_best_trials()[0].score}


def optuna(model, points, directory, fit):  # noqa: ARG001 - it writes nothing
    import keras
    import optuna

    class Read:
        def __init__(self, trial):
            self.Choice = trial.suggest_categorical
            self.Float = lambda name, low, high, sampling="linear": trial.suggest_float(
                name, low, high, log=sampling == "log"
            )

    def objective(trial):
        keras.backend.clear_session()  # as in Optuna's own example for Keras
        return max(model.build(Read(trial)).fit(**fit, verbose=0).history["val_accuracy"])

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize")
    for point in points:
        study.enqueue_trial(point)
    study.optimize(objective, n_trials=len(points))
    return {"best": study.best_value}


SIDES = {
    "kerastune_lite": ours,
    "kerastune_lite, reuse=never": ours_without_reuse,
    "kerastune_lite, Stacked(16)": ours_stacked,
    "plain loop": plain_loop,
    "KerasTuner": keras_tuner,
    "Optuna": optuna,
}
REFERENCE = "KerasTuner"


def measure(side, model, trials, epochs, directory):
    """The figures of one side on one model."""
    run(side, UNLIKE_THEM, *WARM_UP, f"{directory}/before")
    wall, cpu = time.perf_counter(), time.process_time()
    found, clock = run(side, model, trials, epochs, f"{directory}/measured")
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "per_minute": 60 * trials / wall,
        "cpu": cpu / trials,
        "besides": (wall - clock.in_epochs()) / trials,
        "first": clock.first,
        "growth": clock.growth(),
        **found,
    }


def run(side, model, trials, epochs, directory):
    clock = Clock()
    fit = {**model.data(), "epochs": epochs, "callbacks": [clock.callback()]}
    return SIDES[side](model, model.points(trials), directory, fit), clock


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one model, few trials, one round")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--model", choices=MODELS, action="append", help="a model; may be repeated; by default all")
    parser.add_argument(
        "--budget", choices=BUDGETS, action="append", help="trials x epochs; by default " + ", ".join(USUAL)
    )
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--trials", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--epochs", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--directory", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side is not None:
        (model,) = given.model
        print(json.dumps(measure(given.side, MODELS[model], given.trials, given.epochs, given.directory)))
        return
    names = given.model or (["digits MLP"] if given.quick else list(MODELS))
    budgets = [QUICK] if given.quick else [BUDGETS[name] for name in given.budget or USUAL]
    print(machine("kerastune-lite", "tensorflow", "keras", "keras-tuner", "optuna"), flush=True)
    for name in names:
        for trials, epochs in budgets:
            compare(name, trials, epochs, 1 if given.quick else given.rounds)


def compare(name, trials, epochs, count):
    """Measures all sides in turn and prints their table."""
    arguments = ["--model", name, "--trials", str(trials), "--epochs", str(epochs)]
    found = rounds("benchmarks.trial_throughput", dict.fromkeys(SIDES, arguments), count)
    rows = [
        ("", "trials a minute", "x KerasTuner", "CPU s a trial", "s besides epochs", "s to first epoch", "MB a trial",
         "reused", "best")
    ]  # fmt: skip
    for side, runs in found.items():
        f = medians(runs)
        pairs = zip(runs, found[REFERENCE], strict=True)
        ratio = statistics.median(one["per_minute"] / other["per_minute"] for one, other in pairs)
        besides = "" if math.isnan(f["besides"]) else f"{f['besides']:.3f}"
        reused = f"{f['reused']:.0%}" if "reused" in f else ""
        rows.append(
            (side, f"{f['per_minute']:.1f}", f"{ratio:.2f}", f"{f['cpu']:.3f}", besides,
             f"{f['first']:.2f}", f"{f['growth']:.2f}", reused, f"{f['best']:.4f}")
        )  # fmt: skip
    print(f"\n{name}, {trials} trials of {epochs} epochs, medians of {count}; ratios are within a round\n")
    print(table(rows), flush=True)


if __name__ == "__main__":
    sys.exit(main())
