"""Epochs and seconds of real Keras trainings until a search has found a model that is good enough.

`python -m benchmarks.time_to_target` runs searches of three small models (`benchmarks.keras_tasks`), each until a trial
has reached the task's target or the epochs of 20 full trainings are used; a search without the target counts as that
many. Every side keeps its defaults, and all count an epoch as soon as its score is known.
"""

import argparse
import copy
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.keras_tasks import EPOCHS, TASKS, KerasTask
from benchmarks.measure import Figures, machine, run_side, table

TRAININGS, QUICK_TRAININGS = 20, 2
MANY = 1000  # trials, or rounds of Hyperband: the budget is one of epochs


class Meter:
    """Counts the epochs of a search until a score is good enough or the budget is used.

    Args:
        task: What is searched.
        budget: The most epochs.
    """

    def __init__(self, task: KerasTask, budget: int) -> None:
        self.task, self.budget = task, budget
        self.epochs, self.reached, self.seconds = 0, False, 0.0
        self._began = time.perf_counter()

    @property
    def over(self) -> bool:
        return self.reached or self.epochs >= self.budget

    def count(self, score: float) -> None:
        """Counts an epoch, unless the search is over."""
        if self.over:
            return
        self.epochs += 1
        self.reached = self.task.good_enough(score)
        self.seconds = time.perf_counter() - self._began

    def figures(self) -> Figures:
        """The epochs until the target, all of the budget without it, and the seconds of them."""
        epochs = self.epochs if self.reached else self.budget
        return {"epochs": epochs, "seconds": self.seconds, "reached": int(self.reached)}

    def __deepcopy__(self, memo: Any) -> "Meter":
        return self  # KerasTuner copies callbacks, and there is one count


class SearchOver(BaseException):
    """Ends the search of a peer; they catch exceptions, so it is none."""


@dataclass(frozen=True)
class Search:
    """One search: what every side is given."""

    task: KerasTask
    data: Mapping[str, Any]
    seed: int
    directory: Path
    meter: Meter


def ours(search: Search, tuner: str, **options: Any) -> None:
    import kerastune_lite as kt
    from kerastune_lite.observers import Reported

    def watch(event: Any, history: Any) -> None:  # noqa: ARG001 - an observer takes both
        if isinstance(event, Reported):
            search.meter.count(event.metrics[search.task.objective])

    getattr(kt, tuner)(
        search.task.build,
        kt.Objective(search.task.objective, search.task.direction),
        seed=search.seed,
        directory=search.directory,
        target=search.task.target,
        max_epochs_total=search.meter.budget,
        observers=[watch],
        **options,
    ).search(**search.data, epochs=EPOCHS, verbose=0)


def keras_tuner(search: Search, tuner: str, **options: Any) -> None:
    import keras
    import keras_tuner as kt

    keras.utils.set_random_seed(search.seed)
    getattr(kt, tuner)(
        search.task.build,
        kt.Objective(search.task.objective, search.task.direction),
        seed=search.seed,
        directory=search.directory,
        **options,
    ).search(**search.data, epochs=EPOCHS, verbose=0, callbacks=[_after_epoch(partial(_count, search))])


def optuna(search: Search) -> None:
    """TPE and the median pruner; the callback does what that of optuna-integration does."""
    import keras
    import optuna

    def objective(trial: optuna.Trial) -> float:
        model = search.task.build(OptunaParameters(trial))
        callback = _after_epoch(partial(_count, search), partial(_prune, search, trial))
        run = model.fit(**search.data, epochs=EPOCHS, verbose=0, callbacks=[callback])
        return search.task.best(run.history[search.task.objective])

    keras.utils.set_random_seed(search.seed)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    direction = "maximize" if search.task.direction == "max" else "minimize"
    sampler, pruner = optuna.samplers.TPESampler(seed=search.seed), optuna.pruners.MedianPruner()
    optuna.create_study(sampler=sampler, pruner=pruner, direction=direction).optimize(objective, n_trials=MANY)


class OptunaParameters:
    """Optuna's trial, asked as hp is."""

    def __init__(self, trial: Any) -> None:
        self._trial = trial

    def Int(self, name: str, low: int, high: int, sampling: str = "linear") -> int:
        return self._trial.suggest_int(name, low, high, log=sampling == "log")

    def Float(self, name: str, low: float, high: float, sampling: str = "linear") -> float:
        return self._trial.suggest_float(name, low, high, log=sampling == "log")

    def Choice(self, name: str, values: Sequence[Any]) -> Any:
        return self._trial.suggest_categorical(name, values)


def _after_epoch(*steps: Callable[[int, Mapping[str, float]], None]) -> Any:
    """A callback that takes these steps after each epoch."""
    import keras

    class AfterEpoch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            for step in steps:
                step(epoch, logs)

        def __deepcopy__(self, memo: Any) -> Any:
            return copy.copy(self)

    return AfterEpoch()


def _count(search: Search, epoch: int, logs: Mapping[str, float]) -> None:  # noqa: ARG001 - as a callback is called
    search.meter.count(logs[search.task.objective])
    if search.meter.over:
        raise SearchOver


def _prune(search: Search, trial: Any, epoch: int, logs: Mapping[str, float]) -> None:
    import optuna

    trial.report(logs[search.task.objective], step=epoch)
    if trial.should_prune():
        raise optuna.TrialPruned


Side = Callable[[Search], None]
SIDES: dict[str, Side] = {
    "random, stopping": partial(ours, tuner="RandomSearch", max_trials=MANY, stopping="auto"),
    "Bayesian, stopping": partial(ours, tuner="BayesianOptimization", max_trials=MANY, stopping="auto"),
    "random": partial(ours, tuner="RandomSearch", max_trials=MANY),
    "Bayesian": partial(ours, tuner="BayesianOptimization", max_trials=MANY),
    "Hyperband": partial(ours, tuner="Hyperband", max_epochs=EPOCHS, hyperband_iterations=MANY),
    "KerasTuner Hyperband": partial(keras_tuner, tuner="Hyperband", max_epochs=EPOCHS, hyperband_iterations=MANY),
    "KerasTuner Bayesian": partial(keras_tuner, tuner="BayesianOptimization", max_trials=MANY),
    "Optuna TPE, median pruner": optuna,
}
PEERS = ("KerasTuner Hyperband", "KerasTuner Bayesian", "Optuna TPE, median pruner")


def until_target(side: Side, task: KerasTask, budget: int, seed: int, directory: Path) -> Figures:
    """The figures of one search."""
    search = Search(task, task.data(), seed, directory, Meter(task, budget))
    try:
        side(search)
    except SearchOver:
        pass
    return search.meter.figures()


def work(options: argparse.Namespace) -> dict[str, Figures]:
    """Searches of one side with one seed, task by task, in a process that has trained a model before."""
    warnings.simplefilter("ignore")
    found = {}
    for number, name in enumerate(options.tasks):
        warm_up(TASKS[name])
        directory = Path(options.directory) / str(number)
        found[name] = until_target(SIDES[options.side], TASKS[name], options.budget, options.seed, directory)
    return found


def warm_up(task: KerasTask) -> None:
    """Trains a model for an epoch."""
    import kerastune_lite as kt

    task.build(kt.HyperParameters()).fit(**task.data(), epochs=1, verbose=0)


def gather(options: argparse.Namespace) -> list[dict[str, Any]]:
    """All searches, a process for each side and seed; those that `options.results` holds are taken from there."""
    runs = _recorded(options.results)
    known = {(run["task"], run["side"], run["seed"], run["budget"]) for run in runs}
    for seed in range(0 if options.recorded else options.seeds):
        for side in options.sides:
            missing = [task for task in options.tasks if (task, side, seed, options.budget) not in known]
            if missing:
                runs += _run(side, seed, missing, options)
    return [run for run in runs if _wanted(run, options)]


def _run(side: str, seed: int, tasks: Sequence[str], options: argparse.Namespace) -> list[dict[str, Any]]:
    print(f"seed {seed}: {side}", file=sys.stderr, flush=True)
    arguments = ["--side", side, "--seed", str(seed), "--budget", str(options.budget), "--tasks", *tasks]
    found: Any = run_side("benchmarks.time_to_target", *arguments)
    ids = {"side": side, "seed": seed, "budget": options.budget}
    runs = [{"task": task, **ids, **figures} for task, figures in found.items()]
    if options.results is not None:
        with Path(options.results).open("a") as file:
            file.write("".join(f"{json.dumps(run)}\n" for run in runs))
    return runs


def _recorded(path: str | None) -> list[dict[str, Any]]:
    if path is None or not Path(path).exists():
        return []
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def _wanted(run: Mapping[str, Any], options: argparse.Namespace) -> bool:
    inside = run["side"] in options.sides and run["task"] in options.tasks
    return inside and run["seed"] < options.seeds and run["budget"] == options.budget


def summary(runs: Sequence[Mapping[str, Any]]) -> str:
    """The table of one task's runs."""
    by_side: dict[str, list[Mapping[str, Any]]] = {}
    for run in runs:
        by_side.setdefault(run["side"], []).append(run)
    epochs = {side: statistics.median(run["epochs"] for run in found) for side, found in by_side.items()}
    best_peer = min((epochs[side] for side in PEERS if side in epochs), default=None)
    rows = [("", "epochs", "least-most", "seconds", "reached", "of the best peer's epochs")]
    for side, found in by_side.items():
        rows.append(
            (
                side,
                f"{epochs[side]:.0f}",
                f"{min(run['epochs'] for run in found)}-{max(run['epochs'] for run in found)}",
                f"{statistics.median(run['seconds'] for run in found):.0f}",
                f"{sum(run['reached'] for run in found)}/{len(found)}",
                "" if best_peer is None else f"{epochs[side] / best_peer:.2f}",
            )
        )
    return table(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_TRAININGS} trainings, one seed")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument("--results", help="a file of runs: those in it are taken as they are, others added to it")
    parser.add_argument("--recorded", action="store_true", help="print what the file of --results holds; run nothing")
    parser.add_argument("--budget", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--directory", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side is not None:
        print(json.dumps(work(options)))
        return
    options.seeds = 1 if options.quick else options.seeds
    options.budget = EPOCHS * (QUICK_TRAININGS if options.quick else TRAININGS)
    print(machine("kerastune-lite", "tensorflow", "keras", "keras-tuner", "optuna"), flush=True)
    runs = gather(options)
    print(f"medians over seeds; at most {options.budget} epochs, {EPOCHS} a full training")
    for name in options.tasks:
        of_task = [run for run in runs if run["task"] == name]
        if of_task:
            print(f"\n{name}: {TASKS[name].objective} {TASKS[name].target}\n\n{summary(of_task)}")


if __name__ == "__main__":
    sys.exit(main())
