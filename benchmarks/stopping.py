"""What stopping trials early is worth, replayed on learning curves: LCBench, TaskSet and AlgoPerf.

`python -m benchmarks.stopping --lcbench FOLDER --pools FOLDER` prints, family by family, the normalised regret x100 (0
the best known score, 100 the median training's) of the best score reported within the epochs of 5, 10 and 20 full
trainings; its ratio to the same search without stopping, with a bootstrap interval over tasks; and wins, ties and
losses over tasks. `--tasks develop` are those on which choices were made; the others judge. A pool has no
hyperparameters: only random search is replayed on it. A promoted trial continues where it paused, on every side.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import machine, table
from benchmarks.searchers import read_with, suggest
from benchmarks.tasks import curves
from benchmarks.tasks.curves import CurveTask

AT = (5, 10, 20)
_FLOOR = 1e-4
_MOST_REPEATS = 300


class BudgetUsed(Exception):
    """All epochs have been trained."""


class Meter:
    """Counts the epochs that a search trains and keeps the best score after each of them."""

    def __init__(self, task: CurveTask) -> None:
        self.task = task
        self.budget = max(AT) * task.epochs
        self.trials = 0
        self.best: list[float] = []
        self._done: dict[Any, int] = {}
        self._repeats = 0

    def train(self, values: Mapping[str, Any], report: Callable[[int, float], bool]) -> None:
        """Trains a configuration, epoch by epoch; one that is known continues after its last epoch.

        Args:
            values: The configuration.
            report: Called with the epoch and the score; returns whether to end here.

        Raises:
            BudgetUsed: All epochs have been trained, or nothing new is tried any more.
        """
        key = tuple(values.values())
        self.trials += key not in self._done
        before = len(self.best)
        scores = self.task.curve(values)
        for epoch, score in enumerate(scores, start=1):
            if epoch > self._done.get(key, 0):
                self._count(float(score))
                self._done[key] = epoch
            if report(epoch, float(score)):
                break
        self._repeats = 0 if len(self.best) > before else self._repeats + 1
        if self._repeats > _MOST_REPEATS:
            raise BudgetUsed

    def _count(self, score: float) -> None:
        if len(self.best) >= self.budget:
            raise BudgetUsed
        before = self.best[-1] if self.best else -np.inf
        self.best.append(max(before, score) if np.isfinite(score) else before)

    def regrets(self) -> list[float]:
        """The regret within the epochs of so many full trainings."""
        best = np.maximum.accumulate([*self.best, *[-np.inf] * (self.budget - len(self.best))])
        return [self.task.regret(best[at * self.task.epochs - 1]) for at in AT]


def ours(meter: Meter, seed: int, strategy: Any, policy: Any) -> None:
    """A search of this package in memory."""
    from kerastune_lite.testing import search

    def train(hp: Any, report: Any) -> None:
        values = {parameter.name: read_with(hp, parameter) for parameter in meter.task.parameters}
        try:
            meter.train(values, lambda epoch, score: report(epoch, {"score": score}))
        except BudgetUsed:
            raise KeyboardInterrupt from None

    options = {"max_trials": None, "epochs": meter.task.epochs, "finish_epoch": False}
    try:
        search(train, strategy, reports=True, seed=seed, stopping=policy, max_consecutive_failed_trials=None, **options)
    except KeyboardInterrupt:
        return


def fixed_epochs(meter: Meter, seed: int, share: float) -> None:
    """Configurations train for a `share` of the epochs until half the budget is used; then the best ones fully."""
    rng = np.random.default_rng(seed)
    few, found = max(1, round(share * meter.task.epochs)), []
    try:
        while len(meter.best) < meter.budget // 2 and len(found) < meter.budget:
            values = {parameter.name: parameter.at(rng.random()) for parameter in meter.task.parameters}
            seen: list[float] = []
            meter.train(values, lambda epoch, score, seen=seen: seen.append(score) or epoch >= few)
            found.append((np.nanmax([*seen, -np.inf]), values))
        for _, values in sorted(found, key=lambda pair: -pair[0]):
            meter.train(values, lambda epoch, score: False)  # noqa: ARG005
    except BudgetUsed:
        return


def with_optuna(meter: Meter, seed: int, sampler: str, pruner: str) -> None:
    """A study of Optuna; each epoch is reported and may be the trial's last one."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if sampler == "GPSampler":
        import torch

        torch.set_num_threads(1)
    resource = {"min_resource": 1, "max_resource": meter.task.epochs} if pruner == "HyperbandPruner" else {}
    rate = {"percentile": 25.0} if pruner == "PercentilePruner" else {}

    def objective(trial: Any) -> float:
        values = {parameter.name: suggest(trial, parameter) for parameter in meter.task.parameters}
        best = [-np.inf]

        def report(epoch: int, score: float) -> bool:
            if np.isfinite(score):
                best.append(max(best[-1], score))
                trial.report(best[-1], epoch)
            return trial.should_prune()

        meter.train(values, report)
        if trial.should_prune():
            raise optuna.TrialPruned
        return best[-1]

    chosen = getattr(optuna.samplers, sampler)(seed=seed)
    pruning = getattr(optuna.pruners, pruner)(**resource, **rate)
    study = optuna.create_study(sampler=chosen, pruner=pruning, direction="maximize")
    try:
        study.optimize(objective, n_trials=100_000)
    except BudgetUsed:
        return


def _strategies() -> dict[str, Callable[[], Any]]:
    from kerastune_lite.strategies import Bayesian, Halving, Random

    return {
        "random": Random,
        "bayesian": Bayesian,
        "halving": Halving,
        "halving from epoch 1": lambda: Halving(min_epochs=1),
        "halving, asynchronous": lambda: Halving(asynchronous=True),
        "bayesian halving": lambda: Halving(Bayesian()),
    }


def _policies() -> dict[str, Any]:
    from kerastune_lite import stopping

    return {
        "none": None,
        "auto": stopping.Auto(),
        "forecast": stopping.CurveForecast(),
        "ASHA": stopping.ASHA(),
        "ASHA + forecast": stopping.any_of(stopping.ASHA(), stopping.CurveForecast()),
        "Hyperband": stopping.Hyperband(),
        "median": stopping.Median(),
        "best 25 %": stopping.Percentile(25),
    }


_RULES = ("none", "auto", "forecast", "ASHA", "ASHA + forecast", "Hyperband", "median", "best 25 %")
_PRUNERS = ("NopPruner", "MedianPruner", "SuccessiveHalvingPruner", "HyperbandPruner", "PercentilePruner")
OURS = {f"{strategy}, {policy}": (strategy, policy) for strategy in ("random", "bayesian") for policy in _RULES}
OURS |= {
    name: (name, "none") for name in ("halving", "halving from epoch 1", "halving, asynchronous", "bayesian halving")
}
FIXED = {"6 % of the epochs": 0.06, "12 % of the epochs": 0.12, "25 % of the epochs": 0.25}
OPTUNA = {
    f"Optuna {sampler}, {pruner}": (sampler, pruner)
    for sampler in ("RandomSampler", "TPESampler", "GPSampler")
    for pruner in _PRUNERS
}
SIDES = [*OURS, *FIXED, *OPTUNA]
_POOLS_TOO = [side for side in SIDES if not any(word in side for word in ("bayesian", "TPE", "GPSampler"))]
_SLOW = [side for side in SIDES if side.startswith("bayesian") or "GPSampler" in side]


def run(side: str, task: CurveTask, seed: int) -> Meter:
    """One search."""
    meter = Meter(task)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if side in OURS:
            strategy, policy = OURS[side]
            ours(meter, seed, _strategies()[strategy](), _policies()[policy])
        elif side in FIXED:
            fixed_epochs(meter, seed, FIXED[side])
        else:
            with_optuna(meter, seed, *OPTUNA[side])
    return meter


def baseline(side: str) -> str:
    """The same search without stopping."""
    if side in OPTUNA:
        return f"Optuna {OPTUNA[side][0]}, NopPruner"
    return "bayesian, none" if side.startswith("bayesian") else "random, none"


def work(options: argparse.Namespace) -> None:
    """Runs the sides on one task and prints a line of JSON for each run."""
    task = curves.task(options.task, options.lcbench, options.pools)
    for seed in range(options.seeds):
        for side in options.sides:
            began = time.process_time()
            meter = run(side, task, seed)
            line = {"side": side, "task": task.name, "seed": seed, "regret": meter.regrets(), "trials": meter.trials}
            print(json.dumps({**line, "seconds": time.process_time() - began}), flush=True)


def gather(names: Sequence[str], options: argparse.Namespace) -> list[dict]:
    """The runs of all sides on all tasks; those that `options.results` holds are not run again."""
    results = options.results
    kept = [json.loads(line) for line in results.read_text().splitlines()] if results and results.exists() else []
    known = {(line["side"], line["task"]) for line in kept if line["seed"] >= options.seeds - 1}

    def process(name: str) -> list[dict]:
        sides = [side for side in options.sides if (side, name) not in known]
        sides = [side for side in sides if name.startswith("LCBench") or side in _POOLS_TOO]
        if not sides:
            return []
        command = ["-m", "benchmarks.stopping", "--task", name, "--seeds", str(options.seeds), "--sides", *sides]
        for folder in ("lcbench", "pools"):
            command += [f"--{folder}", str(getattr(options, folder))] if getattr(options, folder) else []
        one = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
        done = subprocess.run(
            [sys.executable, *command], stdout=subprocess.PIPE, check=True, env={**os.environ, **one}, text=True
        )
        print(name, file=sys.stderr, flush=True)
        if results:
            with results.open("a") as file:
                file.write(done.stdout)
        return [json.loads(line) for line in done.stdout.splitlines()]

    with ThreadPoolExecutor(options.workers) as pool:
        fresh = [line for part in pool.map(process, names) for line in part]
    runs = {(line["side"], line["task"], line["seed"]): line for line in [*kept, *fresh]}
    return [line for line in runs.values() if line["task"] in set(names) and line["seed"] < options.seeds]


def mean_regrets(runs: Iterable[dict], side: str, names: Sequence[str]) -> np.ndarray:
    """The mean regret over seeds, shape (tasks, len(AT)); empty unless the side has run all tasks."""
    found: dict[str, list[list[float]]] = {}
    for line in runs:
        if line["side"] == side:
            found.setdefault(line["task"], []).append(line["regret"])
    if any(name not in found for name in names):
        return np.empty((0, len(AT)))
    return np.array([np.mean(found[name], axis=0) for name in names])


def ratio(mine: np.ndarray, theirs: np.ndarray) -> str:
    """The ratio of mean regrets with an interval of 95 % over tasks; "?" where it holds 1."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(mine), size=(2000, len(mine)))
    ratios = np.maximum(mine[drawn].mean(axis=1), _FLOOR) / np.maximum(theirs[drawn].mean(axis=1), _FLOOR)
    low, high = np.quantile(ratios, [0.025, 0.975])
    value = max(mine.mean(), _FLOOR) / max(theirs.mean(), _FLOOR)
    return f"{value:.2f} ({low:.2f}-{high:.2f}){'?' if low <= 1 <= high else ''}"


def duel(mine: np.ndarray, theirs: np.ndarray) -> str:
    """Wins, ties and losses over tasks."""
    signs = np.sign(np.round(theirs - mine, 4))
    return "-".join(str(int((signs == sign).sum())) for sign in (1, 0, -1))


def summary(runs: Sequence[dict], sides: Sequence[str], names: Sequence[str]) -> str:
    """One family: regrets, ratios to the same search without stopping, and how many trials were started."""
    head = [*(f"@{at}" for at in AT), *(f"to none @{at}" for at in AT), f"won-tied-lost @{AT[-1]}", "trials"]
    rows = [("regret x100", *head)]
    for side in sides:
        mine, base = (mean_regrets(runs, name, names) for name in (side, baseline(side)))
        if not len(mine):
            continue
        compared = side != baseline(side) and len(base) > 0
        trials = np.mean([line["trials"] for line in runs if line["side"] == side and line["task"] in names])
        rows.append(
            (
                side,
                *(f"{100 * value:.1f}" for value in mine.mean(axis=0)),
                *(ratio(mine[:, at], base[:, at]) if compared else "" for at in range(len(AT))),
                duel(mine[:, -1], base[:, -1]) if compared else "",
                f"{trials:.0f}",
            )
        )
    return table(rows)


def by_task(runs: Sequence[dict], names: Sequence[str]) -> str:
    """Random search with "auto" against random search, task by task, the worst first."""
    mine, base = (mean_regrets(runs, side, names) for side in ("random, auto", "random, none"))
    rows = [("random, auto / random, none", *(f"@{at}" for at in AT))]
    if not (len(mine) and len(base)):
        return ""
    ratios = np.maximum(mine, _FLOOR) / np.maximum(base, _FLOOR)
    rows += [(names[index], *(f"{value:.2f}" for value in ratios[index])) for index in np.argsort(-ratios[:, -1])]
    return table(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", choices=["develop", "judge"], default="judge")
    parser.add_argument("--families", nargs="+", choices=curves.FAMILIES, default=curves.FAMILIES)
    parser.add_argument("--lcbench", type=Path, help="the folder of LCBench's model.onnx and encoding.json")
    parser.add_argument("--pools", type=Path, help="the folder of taskset.npz and algoperf.npz")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=[side for side in SIDES if side not in _SLOW])
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--results", type=Path, help="a file of runs: those in it are taken as they are")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task is not None:
        work(options)
        return
    families = curves.names(options.tasks, options.lcbench, options.pools)
    families = {family: names for family, names in families.items() if family in options.families}
    runs = gather([name for names in families.values() for name in names], options)
    print(machine("kerastune-lite", "optuna"))
    for family, names in families.items():
        print(f"\n{family}: {len(names)} tasks ({options.tasks}), {options.seeds} seeds\n")
        print(f"{summary(runs, options.sides, names)}\n\n{by_task(runs, names)}")


if __name__ == "__main__":
    sys.exit(main())
