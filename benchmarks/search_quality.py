"""How good a point each search has found after so many trials, on searches whose answers are known.

`python -m benchmarks.search_quality --lcbench FOLDER` prints the normalised regret (0 the best known point, 1 the
median random one) at 15, 20, 30 and 50 trials, as geometric mean (floor 0.0001) and arithmetic mean, for all tasks and
for each half of them, and who wins against whom. `--tasks develop` are those on which choices were made; the others
judge.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks import tasks
from benchmarks.measure import machine, table
from benchmarks.searchers import SEARCHERS, run

AT = (15, 20, 30, 50)
FLOOR = 1e-4
# Those that take a minute and more for a run.
SLOW = ("scikit-optimize", "KerasTuner")


def chosen(which: str, lcbench: Path | None) -> list[str]:
    names = {"develop": tasks.DEVELOP, "judge": tasks.judging(lcbench), "conditional": tasks.CONDITIONAL}[which]
    return [name for name in names if lcbench is not None or not name.startswith("lcbench")]


def work(options: argparse.Namespace) -> None:
    """Runs one searcher on some tasks, in a process of its own, and prints a line of JSON for each run."""
    lcbench = None if options.lcbench is None else Path(options.lcbench)
    for name in options.only:
        task = tasks.task(name, lcbench)
        for seed in range(options.seeds):
            began = time.process_time()
            watch = run(options.side, task, max(AT), seed)
            seconds = time.process_time() - began
            regret = task.regret(watch.losses[: max(AT)])
            line = {"task": name, "seed": seed, "regret": [regret[min(at, len(regret)) - 1] for at in AT]}
            print(json.dumps({**line, "seconds": seconds, "repeats": watch.repeats}), flush=True)


def gather(sides: Iterable[str], names: Sequence[str], seeds: int, lcbench: str | None, workers: int) -> dict:
    """Every searcher's runs: a process for each searcher and task, a few at a time, in an order that mixes them."""
    jobs = [(side, name) for name in names for side in sides]

    def process(job: tuple[str, str]) -> list[dict]:
        side, name = job
        count = 1 if side in SLOW else seeds
        command = ["-m", "benchmarks.search_quality", "--side", side, "--seeds", str(count), "--only", name]
        command += [] if lcbench is None else ["--lcbench", lcbench]
        one = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
        environment = {**os.environ, **one, **quiet}
        done = subprocess.run(
            [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, env=environment
        )
        print(f"{name}: {side}", file=sys.stderr, flush=True)
        return [{**json.loads(line), "side": side} for line in done.stdout.decode().splitlines() if line[:1] == "{"]

    with ThreadPoolExecutor(workers) as pool:
        lines = [line for part in pool.map(process, jobs) for line in part]
    return {side: [line for line in lines if line["side"] == side] for side in sides}


def halves(names: Sequence[str]) -> tuple[set[str], set[str]]:
    """The tasks split once, at random; the split stays."""
    mixed = sorted(names)
    random.Random(2026).shuffle(mixed)
    return set(mixed[::2]), set(mixed[1::2])


def summary(runs: dict, names: set[str]) -> str:
    rows = [("x100", *(f"geo @{at}" for at in AT), *(f"mean @{at}" for at in AT), "s a run", "repeats", "runs")]
    for side, lines in runs.items():
        mine = [line for line in lines if line["task"] in names]
        regret = 100 * np.array([line["regret"] for line in mine])
        geometric = np.exp(np.log(np.maximum(regret, 100 * FLOOR)).mean(axis=0))
        rows.append(
            (
                side,
                *(f"{value:.2f}" for value in geometric),
                *(f"{value:.1f}" for value in regret.mean(axis=0)),
                f"{np.median([line['seconds'] for line in mine]):.1f}",
                str(sum(line["repeats"] for line in mine)),
                str(len(mine)),
            )
        )
    return table(rows)


def duels(runs: dict, names: set[str]) -> str:
    """Ours against each: wins, ties and losses over tasks and seeds at each number of trials."""
    mine = {(line["task"], line["seed"]): line["regret"] for line in runs["kerastune_lite"] if line["task"] in names}
    rows = [("wins-ties-losses of kerastune_lite", *(f"@{at}" for at in AT))]
    for side, lines in runs.items():
        if side == "kerastune_lite":
            continue
        cells = []
        for place in range(len(AT)):
            pairs = [
                (mine[line["task"], line["seed"]][place], line["regret"][place])
                for line in lines
                if line["task"] in names
            ]
            signs = [np.sign(round(theirs - own, 6)) for own, theirs in pairs]
            cells.append("-".join(str(signs.count(sign)) for sign in (1, 0, -1)))
        rows.append((f"against {side}", *cells))
    return table(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", choices=["develop", "judge", "conditional"], default="judge")
    parser.add_argument("--lcbench", help="the folder of LCBench's model.onnx and encoding.json")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sides", nargs="+", choices=SEARCHERS, default=list(SEARCHERS))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--side", choices=SEARCHERS, help=argparse.SUPPRESS)
    parser.add_argument("--only", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side is not None:
        work(options)
        return
    names = chosen(options.tasks, None if options.lcbench is None else Path(options.lcbench))
    sides = options.sides
    if options.tasks == "conditional":  # the others must know all hyperparameters beforehand
        sides = [side for side in sides if side not in ("scikit-optimize", "KerasTuner")]
    print(machine("kerastune-lite", "optuna", "scikit-optimize", "keras-tuner"))
    print(f"{len(names)} tasks ({options.tasks}), {options.seeds} seeds, 1 seed for {' and '.join(SLOW)}")
    runs = gather(sides, names, options.seeds, options.lcbench, options.workers)
    for title, part in zip(("all", "half A", "half B"), (set(names), *halves(names)), strict=True):
        print(f"\n{title}: {len(part)} tasks\n\n{summary(runs, part)}")
    if "kerastune_lite" in runs:
        print(f"\n{duels(runs, set(names))}")


if __name__ == "__main__":
    sys.exit(main())
