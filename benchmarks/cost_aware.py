"""Whether counting improvement by the second finds a good point in fewer seconds of training.

`python -m benchmarks.cost_aware` runs Bayesian search with and without `cost="time"` on the small networks that judge,
in turn, each trial a real training, and prints the regret x100 after the same seconds of training on both sides: those
that the one without takes for 10, 20 and 40 trials (medians over seeds).
"""

import argparse
import sys
import time

import numpy as np

from benchmarks import tasks
from benchmarks.measure import machine, table
from benchmarks.searchers import read_with
from benchmarks.tasks import trained

COSTS = {"by trial": None, "by second": "time"}
AT = (10, 20, 40)
FLOOR = 1e-4


def search(name: str, seed: int, cost: str | None) -> tuple[list[float], list[float]]:
    """The seconds of training until the end of each trial, and the regret of the best point then."""
    import kerastune_lite as kt

    task, recipe = tasks.task(name), trained.recipe(name)
    losses, seconds = [], []

    def train(hp: object) -> float:
        values = task.read(lambda parameter: read_with(hp, parameter))
        began = time.perf_counter()
        losses.append(recipe.loss(values))
        seconds.append(time.perf_counter() - began)
        return losses[-1]

    strategy, objective = kt.strategies.Bayesian(cost=cost), kt.Objective("loss", "min")
    # more trials where they are cheap: what is compared are seconds
    kt.tune(train, objective=objective, strategy=strategy, max_trials=max(AT) * 2, seed=seed, verbose=0)
    return list(np.cumsum(seconds)), task.regret(losses, losses)


def after(run: tuple[list[float], list[float]], seconds: float) -> float:
    """The regret of the last trial that has ended by then; 1 before the first has."""
    ends, regrets = run
    done = int(np.searchsorted(ends, seconds, side="right"))
    return regrets[done - 1] if done else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    names = tasks.families("judge", None)["small networks"]
    print(machine("kerastune-lite", "numpy"))
    logs: dict[str, list[np.ndarray]] = {side: [] for side in COSTS}
    for name in names:
        runs: dict[str, list] = {side: [] for side in COSTS}
        for seed in range(options.seeds):
            for side, cost in COSTS.items():
                runs[side].append(search(name, seed, cost))
        budgets = [float(np.median([ends[at - 1] for ends, _ in runs["by trial"]])) for at in AT]
        for side in COSTS:
            regrets = np.array([[after(run, budget) for budget in budgets] for run in runs[side]])
            logs[side].append(np.log(np.maximum(regrets, FLOOR)).mean(axis=0))
        print(f"{name}: {', '.join(f'{budget:.1f}' for budget in budgets)} s", file=sys.stderr, flush=True)
    print(f"{len(names)} tasks, {options.seeds} seeds")
    rows = [("geometric mean of the regret x100", *(f"the seconds of {at} trials" for at in AT))]
    rows += [(side, *(f"{100 * np.exp(value):.2f}" for value in np.mean(logs[side], axis=0))) for side in COSTS]
    print(table(rows))


if __name__ == "__main__":
    sys.exit(main())
