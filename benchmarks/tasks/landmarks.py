"""The lowest and the median loss of a task, found by many trainings once and kept in the user's cache folder."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tasks.recipe import Recipe
from benchmarks.tasks.task import Parameter

VERSION = 1
_STEPS = (0.2, 0.1, 0.05, 0.02, 0.01)
_BEST = 10
_CHILDREN = 8


def landmarks(name: str, recipe: Recipe) -> dict[str, Any]:
    """What is known of a task's losses.

    Returns:
        `best` and `median`, `low` (the 5% quantile of random points), `seconds` (processor time of a training),
        `dimensions` (how many hyperparameters there are) and `point` (where the best lies).
    """
    folder = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "kerastune_lite_benchmarks"
    path = folder / f"{name.replace('/', '-')}-{VERSION}.json"
    if path.exists():
        return dict(json.loads(path.read_text()))
    found = _explore(recipe)
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_text(json.dumps(found))
    partial.replace(path)
    return found


class _Draw:
    """Answers at random, near a known point where there is one; `units` holds the answers as numbers from 0 to 1."""

    def __init__(self, rng: np.random.Generator, near: Mapping[str, float], sigma: float) -> None:
        self.rng, self.near, self.sigma = rng, near, sigma
        self.units: dict[str, float] = {}

    def __call__(self, parameter: Parameter) -> Any:
        unit = self.near.get(parameter.name)
        if unit is None or (parameter.kind == "category" and self.rng.random() < self.sigma):
            unit = self.rng.random()
        elif parameter.kind != "category" and self.rng.random() < 0.6:
            unit = float(np.clip(unit + self.sigma * self.rng.standard_normal(), 0, 1))
        self.units[parameter.name] = unit
        return parameter.at(unit)


def _explore(recipe: Recipe) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    tried: list[tuple[float, dict[str, float], dict[str, Any]]] = []

    def attempt(near: Mapping[str, float], sigma: float) -> None:
        draw = _Draw(rng, near, sigma)
        values = recipe.read(draw)
        tried.append((recipe.loss(values), draw.units, values))

    began = time.process_time()
    for _ in range(recipe.draws):
        attempt({}, 0)
    seconds = (time.process_time() - began) / recipe.draws
    losses = [loss for loss, _, _ in tried]
    for sigma in _STEPS:
        tried.sort(key=lambda trial: trial[0])
        for _, units, _ in tried[:_BEST]:
            for _ in range(_CHILDREN):
                attempt(units, sigma)
    best, _, point = min(tried, key=lambda trial: trial[0])
    median, low = float(np.median(losses)), float(np.quantile(losses, 0.05))
    dimensions = len({name for _, units, _ in tried for name in units})
    return {"best": best, "median": median, "low": low, "seconds": seconds, "dimensions": dimensions, "point": point}
