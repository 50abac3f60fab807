"""Searches with many workers in simulated time: the real strategies, policies and loop on LCBench's learning curves.

`python -m benchmarks.simulated_cluster --lcbench FOLDER` runs each search on an executor that trains nothing: an epoch
takes the seconds that its network would, a worker may die in any epoch, and its trial resumes from there. What the
deciding thread takes is measured and passes in simulated time too, while workers wait. It prints the regret x100 (0 is
the best known score, 100 the median training's) after equal numbers of trials, its ratio to one worker, the simulated
hours, and how busy the workers were: in all, and while there were trials left to start.
"""

import argparse
import heapq
import itertools
import json
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import machine, table
from benchmarks.searchers import read_with
from benchmarks.tasks import curves, tables

EPOCH_SECONDS = 60 / tables.LAST_EPOCH  # a training takes a minute, on average
DEATHS = 0.0005  # of a worker, in an epoch: about one in forty trainings


@dataclass(order=True)
class _Due:
    """An event at its time; equal times in the order of their making."""

    at: float
    number: int
    event: Any = field(compare=False)


class Cluster:
    """An executor whose workers train in simulated time; makes itself from a trial function, which it does not call.

    Args:
        task: Its learning curves.
        workers: How many.
        seed: For how long epochs take, and for deaths.
    """

    def __init__(self, task, workers, seed):
        self._task, self._workers = task, workers
        self._rng = np.random.default_rng([seed, workers])
        self._due: list[_Due] = []
        self._numbers = itertools.count()
        self._done: dict[int, int] = {}
        self._running: set[int] = set()
        self._asked = time.process_time()
        self.now, self.busy, self.deciding = 0.0, 0.0, 0.0
        self.share_at_last_start = 0.0
        self.best: list[float] = []
        self.scores: dict[int, float] = {}

    def __call__(self, function):
        return self

    def free(self):
        return self._workers - len(self._running)

    def start(self, task):
        from kerastune_lite.observers import ReadsRecorded

        self._think()
        hp = task.hyperparameters()
        values = {parameter.name: read_with(hp, parameter) for parameter in self._task.parameters}
        self._running.add(task.trial)
        self.share_at_last_start = self.busy / (self._workers * self.now)
        self._later(0.0, ReadsRecorded.of(task.trial, hp, complete=True))
        speed = EPOCH_SECONDS * self._rng.lognormal(-0.125, 0.5)
        first = self._done.get(task.trial, 0) + 1 if task.resume else 1
        self._epoch(task.trial, first, self._task.curve(values), speed)
        self._asked = time.process_time()

    def wait(self, handle, timeout):
        self._think()
        self.now = max(self.now, self._due[0].at)
        self._asked = time.process_time()
        until = self.now  # like the pool, it delivers all that has happened while the loop was busy
        while self._due and self._due[0].at <= until:
            due = heapq.heappop(self._due)
            due.event(handle) if callable(due.event) else handle(due.event)

    def cancel(self, trial):
        raise NotImplementedError

    def close(self):
        self._due.clear()

    def _think(self):
        """Lets the time pass that the loop has taken since it was last left alone."""
        taken = time.process_time() - self._asked
        self.now += taken
        self.deciding += taken

    def _later(self, seconds, event):
        heapq.heappush(self._due, _Due(self.now + seconds, next(self._numbers), event))

    def _epoch(self, trial, epoch, curve, speed):
        """Trains an epoch; what it is answered decides on the next one."""
        from kerastune_lite.executors import Ended
        from kerastune_lite.observers import Reported

        def end(handle):
            self.busy += speed
            if self._rng.random() < DEATHS:
                self._running.discard(trial)
                handle(Ended(trial=trial, outcome="interrupted", reason="its worker died", died=True))
                return
            self._done[trial] = epoch
            score = float(curve[epoch - 1])
            self.scores[trial] = max(score, self.scores.get(trial, -np.inf))
            decision = handle(Reported(trial=trial, execution=0, epoch=epoch, metrics={"score": score}))
            if decision.stop is None and epoch < len(curve):
                self._epoch(trial, epoch + 1, curve, speed)
                return
            self._running.discard(trial)
            self.best.append(max(self.scores[trial], self.best[-1] if self.best else -np.inf))
            handle(
                Ended(trial=trial, outcome="completed" if decision.stop is None else "stopped", reason=decision.stop)
            )

        self._later(speed, end)


def search(task, workers, strategy, policy, trials, seed):
    """The figures of one search."""
    import kerastune_lite as kt

    cluster = Cluster(task, workers, seed)
    kt.tune(
        lambda hp, report: None,  # noqa: ARG005 - the cluster knows the curves
        objective=kt.Objective("score", "max"),
        max_trials=trials,
        strategy=STRATEGIES[strategy](kt),
        seed=seed,
        stopping=policy,
        workers=cluster,
        verbose=0,
        max_crashes=None,
    )
    return {
        "regret": [task.regret(cluster.best[min(count, len(cluster.best)) - 1]) for count in AT],
        "hours": cluster.now / 3600,
        "busy": cluster.busy / (workers * cluster.now),
        "before": cluster.share_at_last_start,
        "deciding": cluster.deciding / cluster.now,
        "ms": 1000 * cluster.deciding / trials,
    }


STRATEGIES = {"random": lambda kt: kt.strategies.Random(), "Bayesian": lambda kt: kt.strategies.Bayesian()}
AT = (25, 50, 100)
FLEETS = (1, 8, 32, 100)


def work(options):
    """Searches on one task, a line of JSON for each."""
    warnings.simplefilter("ignore")
    task = curves.task(options.task, options.lcbench, None)
    for seed, strategy, workers in itertools.product(range(options.seeds), options.strategies, options.fleets):
        trials = options.each * workers if options.each else options.trials
        found = search(task, workers, strategy, None, trials, seed)
        keys = {"task": task.name, "seed": seed, "strategy": strategy, "workers": workers}
        print(json.dumps({**keys, **found}), flush=True)


def gather(names, options):
    """The lines of all tasks."""
    for name in names:
        words = ["--task", name, "--lcbench", str(options.lcbench), "--seeds", str(options.seeds)]
        words += ["--trials", str(options.trials), "--fleets", *map(str, options.fleets)]
        words += ["--each", str(options.each), "--strategies", *options.strategies]
        print(name, file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "benchmarks.simulated_cluster", *words]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        yield from map(json.loads, done.stdout.splitlines())


def summary(runs: list[Mapping[str, Any]]) -> str:
    """A row for each strategy and fleet: means over tasks of the means over seeds."""
    heads = ("to one worker, at 100", "hours", "busy", "before the last start", "deciding, ms a trial")
    rows = [("", *(f"regret at {at}" for at in AT), *heads)]
    one: dict[str, float] = {}
    for strategy, workers in dict.fromkeys((run["strategy"], run["workers"]) for run in runs):
        found = [run for run in runs if (run["strategy"], run["workers"]) == (strategy, workers)]
        regrets = np.mean([run["regret"] for run in found], axis=0)
        if workers == 1:
            one[strategy] = float(regrets[-1])
        ratio = f"{regrets[-1] / one[strategy]:.2f}" if one.get(strategy) else ""
        mean = {name: statistics.mean(run[name] for run in found) for name in ("hours", "busy", "before", "ms")}
        shares = (f"{mean['busy']:.0%}", f"{mean['before']:.0%}")
        cells = (*(f"{100 * regret:.1f}" for regret in regrets), ratio, f"{mean['hours']:.2f}", *shares)
        rows.append((f"{strategy}, {workers} workers", *cells, f"{mean['ms']:.0f}"))
    return table(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lcbench", type=Path, required=True, help="the folder with model.onnx and encoding.json")
    parser.add_argument("--tasks", choices=["develop", "judge"], default="judge")
    parser.add_argument("--most", type=int, help="of the tasks")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--each", type=int, default=0, help="trials for each worker, in place of --trials")
    parser.add_argument("--fleets", type=int, nargs="+", default=list(FLEETS))
    parser.add_argument("--strategies", nargs="+", choices=STRATEGIES, default=list(STRATEGIES))
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task is not None:
        work(options)
        return
    names = curves.names(options.tasks, options.lcbench, None)["LCBench"][: options.most]
    runs = list(gather(names, options))
    print(machine("kerastune-lite"))
    trials = f"{options.each} trials for each worker" if options.each else f"{options.trials} trials"
    print(f"{len(names)} tasks, {options.seeds} seeds, {trials}, of about a minute each\n\n{summary(runs)}")


if __name__ == "__main__":
    sys.exit(main())
