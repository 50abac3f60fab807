"""How good a point each search has found after so many trials, on searches whose answers are known.

`python -m benchmarks.search_quality --lcbench FOLDER` prints, family by family, the normalised regret (0 the best known
point, 1 the median random one) of the point that looks best, by its true value: geometric mean (floor 0.0001) and
arithmetic mean; ours as a share of the best peer's, with a bootstrap interval over tasks; who wins against whom; and
every task where ours is worse than random. `--tasks develop` are those on which choices were made; the others judge.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks import tasks
from benchmarks.measure import machine, table
from benchmarks.searchers import ELSEWHERE, FIXED_SPACE, OURS, SEARCHERS, WITH_PRIORS, run

AT = (10, 15, 20, 30, 50)
FLOOR = 1e-4
# Random search costs nothing and is what every task is held against: so many times the runs. A run of the others here
# takes half a minute: a fifth of them.
RUNS = {"random": 4.0, "scikit-optimize": 0.2, "engine skopt": 0.2, "KerasTuner": 0.2}
# Tasks for one process, so that loading its libraries is a small part of its time.
AT_ONCE = 6


# KerasTuner takes half a minute a run, priors are given to some tasks only, some peers want their own environment.
DEFAULT = [side for side in SEARCHERS if side not in ("KerasTuner", *WITH_PRIORS, *ELSEWHERE)]


def work(options: argparse.Namespace) -> None:
    """Runs one searcher on some tasks, in a process of its own, and prints a line of JSON for each run."""
    lcbench = None if options.lcbench is None else Path(options.lcbench)
    for name in options.only:
        task = tasks.task(name, lcbench)
        if options.side in FIXED_SPACE and task.parameters is None:
            continue
        if options.side in WITH_PRIORS and task.point is None:
            continue
        for seed in range(runs_of(options.side, options.seeds)):
            began = time.process_time()
            watch = run(options.side, task, max(AT), seed)
            seconds = time.process_time() - began
            regret = task.regret(watch.losses[: max(AT)], watch.observed[: max(AT)])
            line = {"side": options.side, "task": name, "seed": seed, "seconds": seconds, "repeats": watch.repeats}
            line["regret"] = [regret[min(at, len(regret)) - 1] for at in AT]
            print(json.dumps(line), flush=True)


def runs_of(side: str, seeds: int) -> int:
    """How often a side runs each task."""
    return max(1, round(seeds * RUNS.get(side, 1.0)))


def gather(sides: Iterable[str], names: Sequence[str], options: argparse.Namespace) -> list[dict]:
    """Every searcher's runs: some tasks a process, a few processes at a time, in an order that mixes the sides.

    Runs that `options.results` holds are taken from there; whatever is run is added to it.
    """
    kept = _recorded(options.results)
    enough = {side: runs_of(side, options.seeds) for side in sides}
    known = {(line["side"], line["task"]) for line in kept if line["seed"] >= enough.get(line["side"], 0) - 1}
    jobs = []
    for at in range(0, len(names), AT_ONCE):
        for side in sides:
            only = [name for name in names[at : at + AT_ONCE] if (side, name) not in known]
            jobs += [(side, only)] if only else []

    def process(job: tuple[str, list[str]]) -> list[dict]:
        side, only = job
        command = ["-m", "benchmarks.search_quality", "--side", side, "--seeds", str(options.seeds), "--only", *only]
        command += [] if options.lcbench is None else ["--lcbench", options.lcbench]
        one = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
        done = subprocess.run(
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
            env={**os.environ, **one, **quiet},
        )
        lines = [line for line in done.stdout.decode().splitlines() if line[:1] == "{"]
        if options.results is not None:
            with Path(options.results).open("a") as file:
                file.write("".join(f"{line}\n" for line in lines))
        print(f"{side}: {' '.join(only)}", file=sys.stderr, flush=True)
        return [json.loads(line) for line in lines]

    with ThreadPoolExecutor(options.workers) as pool:
        fresh = [line for part in pool.map(process, jobs) for line in part]
    wanted = set(names)
    runs = {(line["side"], line["task"], line["seed"]): line for line in [*kept, *fresh]}
    return [
        line for (side, name, seed), line in runs.items() if name in wanted and side in enough and seed < enough[side]
    ]


def _recorded(path: str | None) -> list[dict]:
    if path is None or not Path(path).exists():
        return []
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def _regrets(runs: Sequence[dict], side: str, names: Iterable[str]) -> dict[str, np.ndarray]:
    """The regrets of a side's runs by task, shape (runs, len(AT)); tasks that it cannot do are left out."""
    found = {name: [line["regret"] for line in runs if (line["side"], line["task"]) == (side, name)] for name in names}
    return {name: np.array(regrets) for name, regrets in found.items() if regrets}


def _geometric(regrets: dict[str, np.ndarray]) -> np.ndarray:
    """The geometric mean over tasks of each task's geometric mean over runs."""
    return np.exp(np.mean([np.log(np.maximum(r, FLOOR)).mean(axis=0) for r in regrets.values()], axis=0))


def summary(runs: Sequence[dict], sides: Sequence[str], names: Sequence[str]) -> str:
    """One family: geometric and arithmetic means of the regret, time and repeats."""
    rows = [("x100", *(f"geo @{at}" for at in AT), *(f"mean @{at}" for at in AT), "s a run", "repeats", "runs")]
    for side in sides:
        regrets = _regrets(runs, side, names)
        if len(regrets) < len(names):
            continue
        lines = [line for line in runs if line["side"] == side and line["task"] in regrets]
        rows.append(
            (
                side,
                *(f"{100 * value:.2f}" for value in _geometric(regrets)),
                *(f"{100 * value:.1f}" for value in np.mean([r.mean(axis=0) for r in regrets.values()], axis=0)),
                f"{np.median([line['seconds'] for line in lines]):.1f}",
                str(sum(line["repeats"] for line in lines)),
                str(len(lines)),
            )
        )
    return table(rows)


def shares(runs: Sequence[dict], own: str, peers: Sequence[str], families: dict[str, list[str]]) -> str:
    """Of the best peer's regret, how much ours has (geometric means), with an interval of 95 % over tasks."""
    rows = [(f"{own} / best peer", *(f"@{at}" for at in AT))]
    everything = [name for members in families.values() for name in members]
    for family, names in {**families, "all": everything}.items():
        mine = _regrets(runs, own, names)
        sides = {peer: _regrets(runs, peer, names) for peer in peers}
        sides = {peer: regrets for peer, regrets in sides.items() if len(regrets) == len(mine)}
        cells = []
        for place in range(len(AT)):
            logs = {
                peer: np.array([np.log(np.maximum(regrets[name][:, place], FLOOR)).mean() for name in mine])
                for peer, regrets in {own: mine, **sides}.items()
            }
            best = min(sides, key=lambda peer: logs[peer].mean())
            ratios = logs[own] - logs[best]
            rng = np.random.default_rng(0)
            means = ratios[rng.integers(len(ratios), size=(2000, len(ratios)))].mean(axis=1)
            low, high = np.exp(np.quantile(means, [0.025, 0.975]))
            cells.append(f"{np.exp(ratios.mean()):.2f} ({low:.2f}-{high:.2f}) {best}")
        rows.append((f"{family}, {len(names)}", *cells))
    return table(rows)


def duels(runs: Sequence[dict], own: str, sides: Sequence[str], names: Sequence[str]) -> str:
    """Ours against each: wins, ties and losses over tasks and seeds at each number of trials."""
    regrets = {(line["side"], line["task"], line["seed"]): line["regret"] for line in runs if line["task"] in names}
    rows = [(f"wins-ties-losses of {own}", *(f"@{at}" for at in AT))]
    for side in sides:
        pairs = [
            (regret, regrets[side, name, seed])
            for (who, name, seed), regret in regrets.items()
            if who == own and (side, name, seed) in regrets
        ]
        signs = np.sign(np.round([np.subtract(theirs, mine) for mine, theirs in pairs], 6)).reshape(-1, len(AT))
        cells = ["-".join(str(int((column == sign).sum())) for sign in (1, 0, -1)) for column in signs.T]
        rows.append((f"against {side}", *cells))
    return table(rows)


def worse_than_random(runs: Sequence[dict], own: str, names: Sequence[str]) -> str:
    """The tasks where the mean regret of ours is above random's by more than a quarter, at 10, 20 or 30 trials."""
    mine, random = _regrets(runs, own, names), _regrets(runs, "random", names)
    rows = [(f"worse than random: {own} / random", *(f"@{at}" for at in AT))]
    watched = [AT.index(at) for at in (10, 20, 30)]
    for name in names:
        ratios = mine[name].mean(axis=0) / np.maximum(random[name].mean(axis=0), FLOOR)
        if (ratios[watched] > 1.25).any():
            rows.append((name, *(f"{ratio:.2f}" for ratio in ratios)))
    return table(rows) if len(rows) > 1 else f"{own}: no task of {len(names)} is worse than random by a quarter"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", choices=["develop", "judge"], default="judge")
    parser.add_argument("--families", nargs="+", help="some of the families only")
    parser.add_argument("--lcbench", help="the folder of LCBench's model.onnx and encoding.json")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sides", nargs="+", choices=SEARCHERS, default=DEFAULT)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--results", help="a file of runs: those in it are taken as they are, others added to it")
    parser.add_argument("--side", choices=SEARCHERS, help=argparse.SUPPRESS)
    parser.add_argument("--only", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side is not None:
        work(options)
        return
    families = tasks.families(options.tasks, None if options.lcbench is None else Path(options.lcbench))
    families = {family: names for family, names in families.items() if family in (options.families or families)}
    names = [name for members in families.values() for name in members]
    print(machine("kerastune-lite", "optuna", "scikit-optimize", "keras-tuner"))
    counts = ", ".join(f"{runs_of(side, options.seeds)} of {side}" for side in options.sides)
    print(f"{len(names)} tasks ({options.tasks}); runs of each: {counts}")
    runs = gather(options.sides, names, options)
    for family, members in {**families, "all": names}.items():
        print(f"\n{family}: {len(members)} tasks\n\n{summary(runs, options.sides, members)}")
    peers = [side for side in options.sides if side not in OURS]
    for own in [side for side in options.sides if side in OURS and peers]:
        print(f"\n{shares(runs, own, peers, families)}\n\n{duels(runs, own, peers, names)}")
        if "random" in options.sides:
            print(f"\n{worse_than_random(runs, own, names)}")


if __name__ == "__main__":
    sys.exit(main())
