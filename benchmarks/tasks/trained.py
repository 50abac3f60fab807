"""Searches over real trainings that take a few hundredths of a second: scikit-learn's models and small networks.

A point's loss is always the same: its values make the seed. The best and the median loss of a task are found by some
hundred trainings, once on each machine. `python -m benchmarks.tasks.trained` does so for all tasks and prints them.
"""

import functools
import json
import multiprocessing
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from benchmarks.measure import table
from benchmarks.tasks import models, networks
from benchmarks.tasks.landmarks import landmarks
from benchmarks.tasks.recipe import Recipe
from benchmarks.tasks.task import Task

FAMILIES = {
    "scikit-learn models": [f"models/{name}" for name in models.NAMES],
    "small networks": [f"networks/{name}" for name in networks.NAMES],
}


@functools.cache
def task(name: str) -> Task:
    """A task by its name; the first time on a machine, after many trainings."""
    made = recipe(name)
    known = landmarks(name, made)
    landmark = {key: known[key] for key in ("best", "median", "point")}
    return Task(name, made.read, made.parameters, _Remembered(made), **landmark)


def recipe(name: str) -> Recipe:
    """How a task is made."""
    family, _, short = name.partition("/")
    return models.recipe(short) if family == "models" else networks.recipe(short)


class _Remembered:
    """The losses of a recipe; a point is trained once."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.losses: dict[str, float] = {}

    def __call__(self, values: Mapping[str, Any]) -> float:
        key = repr(sorted(values.items()))
        if key not in self.losses:
            self.losses[key] = self.recipe.loss(values)
        return self.losses[key]


def _row(name: str) -> tuple[str, ...]:
    known = landmarks(name, recipe(name))
    figures = (f"{known[key]:.4f}" for key in ("seconds", "best", "low", "median"))
    point = {key: round(value, 6) if isinstance(value, float) else value for key, value in known["point"].items()}
    return name, str(known["dimensions"]), *figures, json.dumps(point)


def _rows(names: Iterable[str]) -> list[tuple[str, ...]]:
    os.environ.update({f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")})
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(_row, names))


def main() -> None:
    names = [name for family in FAMILIES.values() for name in family]
    print(table([("task", "dimensions", "seconds", "best", "5%", "median", "best point"), *_rows(names)]))


if __name__ == "__main__":
    main()
