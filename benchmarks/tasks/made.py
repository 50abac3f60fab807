"""Made searches, by what makes them hard: shapes, kinds, noise, steps, failures, names.

What is known of each beforehand is its shape; the lowest loss is found by many random points and steps from the best.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.tasks.functions import FUNCTIONS, Function, bowl, cliffs, hartmann, plateau, rough, training
from benchmarks.tasks.task import Parameter, Task, Values, flat, known

Reader = Callable[[Callable[[Parameter], Any]], dict[str, Any]]


def _floats(count: int, names: Sequence[str] = ()) -> list[Parameter]:
    return [Parameter(names[i] if names else f"x{i}", "float", low=0.0, high=1.0) for i in range(count)]


def _units(parameters: Sequence[Parameter], values: Values) -> np.ndarray[Any, Any]:
    """The places of values in the unit cube; a category stands at the place of its number."""
    return np.array([parameter.unit(values[parameter.name]) for parameter in parameters])


def _task(name: str, parameters: Sequence[Parameter], loss: Callable[[Values], float]) -> Task:
    found = known(flat(parameters), loss, steps=1500 * min(len(parameters), 6))
    return Task(name, flat(parameters), parameters, loss, **found)


def _of_cube(name: str, function: Function, parameters: Sequence[Parameter]) -> Task:
    return _task(name, parameters, lambda values: function(_units(parameters, values)))


def function(name: str) -> Task:
    """A function of the unit cube as it is."""
    shape, dimensions = FUNCTIONS[name.partition("/")[2]]
    return _of_cube(name, shape, _floats(dimensions))


# --- kinds of hyperparameters -------------------------------------------------------------------------------------


def _rng_of(name: str) -> np.random.Generator:
    return np.random.default_rng(list(name.encode()))


def _levels_table(name: str, categories: Sequence[int], spread: float) -> list[Any]:
    """An effect of each level of each category."""
    rng = _rng_of(name)
    return [spread * rng.permutation(np.linspace(0, 1, count)) ** 1.5 for count in categories]


def _with_categories(name: str, categories: Sequence[int], numbers: Sequence[Parameter], spread: float = 0.5) -> Task:
    choices = [
        Parameter(f"kind_{i}", "category", [f"{chr(97 + j % 26)}{j}" for j in range(n)])
        for i, n in enumerate(categories)
    ]
    effects = _levels_table(name, categories, spread)

    def loss(values: Values) -> float:
        levels = [list(c.values).index(values[c.name]) for c in choices]
        moved = 0.2 * levels[0] / len(choices[0].values)  # the best numbers depend on the first category
        total = bowl(np.clip(_units(numbers, values) - moved, 0, 1)) if numbers else 0.0
        return total + float(sum(effect[level] for effect, level in zip(effects, levels, strict=True)))

    return _task(name, [*numbers, *choices], loss)


_NETWORK = [
    Parameter("rate", "float", low=1e-5, high=1.0, log=True),
    Parameter("cells", "int", low=8, high=512, log=True),
    Parameter("depth", "int", low=1, high=6),
    Parameter("rest", "float", low=0.0, high=0.7),
]


def _three_kinds(name: str) -> Task:
    activation = Parameter("activation", "category", ["relu", "tanh", "sigmoid"])
    optimizer = Parameter("optimizer", "category", ["sgd", "adam", "rmsprop"])
    batch = Parameter("batch", "ordinal", [16, 32, 64, 128, 256])

    def loss(values: Values) -> float:
        u = _units([*_NETWORK, batch], values)
        u[0] -= {"sgd": 0.15, "adam": -0.1, "rmsprop": -0.12}[values["optimizer"]]
        cost = {"relu": 0.0, "tanh": 0.05, "sigmoid": 0.3 + 0.1 * u[2]}[values["activation"]]
        return training(np.clip(u, 0, 1)) + cost + {"sgd": 0.08, "adam": 0.0, "rmsprop": 0.03}[values["optimizer"]]

    return _task(name, [*_NETWORK, batch, activation, optimizer], loss)


KINDS: dict[str, Callable[[str], Task]] = {
    "kinds/three_kinds": _three_kinds,
    "kinds/many_categories": lambda name: _with_categories(name, [20, 20, 20], []),
    "kinds/forty_levels": lambda name: _with_categories(name, [40], _floats(2)),
    "kinds/five_categories": lambda name: _with_categories(name, [5, 4, 3, 3, 2], _floats(3)),
    "kinds/categories_alone": lambda name: _with_categories(name, [6, 5, 5, 4], []),
    "kinds/one_switch": lambda name: _with_categories(name, [2], _floats(5), 0.2),
    "kinds/integers": lambda name: _of_cube(
        name, hartmann, [Parameter(f"n{i}", "int", low=1, high=7 + 3 * i) for i in range(6)]
    ),
    "kinds/logarithms": lambda name: _of_cube(
        name, bowl, [Parameter(f"a{i}", "float", low=1e-6, high=1.0, log=True) for i in range(5)]
    ),
    "kinds/wrong_scale": lambda name: _task(
        name,
        (parameters := [Parameter(f"a{i}", "float", low=1e-4, high=1.0) for i in range(4)]),
        lambda values: float(sum((np.log10(values[p.name]) + 2) ** 2 for p in parameters)),
    ),
    "kinds/small_grid": lambda name: _of_cube(
        name,
        lambda u: hartmann(np.concatenate([u, [0.3, 0.65]])),
        [Parameter(f"l{i}", "ordinal", list(range(1, 5 + i))) for i in range(4)],
    ),
}


# --- what is read depends on what was read -------------------------------------------------------------------------


def _conditional(name: str, read: Reader, loss: Callable[[Values], float]) -> Task:
    return Task(name, read, None, loss, **known(read, loss, steps=6000))


def _tree(name: str) -> Task:
    """Three models, each with hyperparameters of its own."""
    model = Parameter("model", "category", ["linear", "forest", "network"])
    own = {"linear": _floats(1, ["alpha"]), "forest": _floats(2, ["trees", "leaf"]), "network": _NETWORK}
    cost = {"linear": 0.5, "forest": 0.3, "network": 0.0}

    def read(ask: Callable[[Parameter], Any]) -> dict[str, Any]:
        values = {"model": ask(model)}
        return values | {p.name: ask(p) for p in own[values["model"]]}

    def loss(values: Values) -> float:
        u = _units(own[values["model"]], values)
        return cost[values["model"]] + (training(u) if values["model"] == "network" else bowl(u))

    return _conditional(name, read, loss)


def _layers(name: str, *, inside: bool) -> Task:
    """One to five layers, each with its own width; the best depth is three."""

    def read(ask: Callable[[Parameter], Any]) -> dict[str, Any]:
        depth = ask(Parameter("depth", "int", low=1, high=5))
        values = {"depth": depth, "rate": ask(_NETWORK[0])}
        return values | {f"cells_{i}": ask(Parameter(f"cells_{i}", "int", low=8, high=256)) for i in range(depth)}

    def loss(values: Values) -> float:
        depth = values["depth"]
        wide = np.mean([values[f"cells_{i}"] / 256 for i in range(depth)])
        goal = 0.45 if inside else 1.0
        rate = (np.log10(values["rate"]) + 2.5 + 0.2 * depth) ** 2 / 4
        return float(0.1 * (depth - 3) ** 2 + (wide - goal) ** 2 + min(rate, 1.0))

    return _conditional(name, read, loss)


def _optimizers(name: str) -> Task:
    """Each optimizer with its own rate, and momentum for one of them."""
    optimizer = Parameter("optimizer", "category", ["sgd", "adam", "none"])

    def read(ask: Callable[[Parameter], Any]) -> dict[str, Any]:
        values = {"optimizer": ask(optimizer), "cells": ask(_NETWORK[1])}
        if values["optimizer"] != "none":
            values["rate"] = ask(_NETWORK[0])
        if values["optimizer"] == "sgd":
            values["inertia"] = ask(Parameter("inertia", "float", low=0.0, high=0.99))
        return values

    def loss(values: Values) -> float:
        cells = (np.log2(values["cells"]) - 6) ** 2 / 40
        if values["optimizer"] == "none":
            return float(0.6 + cells)
        goal = -1.2 if values["optimizer"] == "sgd" else -3.0
        rate = min(1.0, (np.log10(values["rate"]) - goal) ** 2 / 2)
        return float(cells + rate + (values["inertia"] - 0.9) ** 2 if "inertia" in values else 0.05 + cells + rate)

    return _conditional(name, read, loss)


BRANCHES: dict[str, Callable[[str], Task]] = {
    "branches/three_models": _tree,
    "branches/layers_inside": lambda name: _layers(name, inside=True),
    "branches/layers_edge": lambda name: _layers(name, inside=False),
    "branches/optimizers": _optimizers,
}


# --- noise --------------------------------------------------------------------------------------------------------


def _noisy(name: str, task: Task, share: float, kind: str) -> Task:
    """Noise of a share of the distance from the median to the best: the same everywhere, growing, or heavy-tailed."""
    scale = share * (task.median - task.best)

    def observed(values: Values, rng: np.random.Generator) -> float:
        loss = task.loss(values)
        noise = rng.standard_normal() if kind != "heavy" else rng.standard_t(2)
        growth = (loss - task.best) / (task.median - task.best) if kind == "growing" else 1.0
        return float(loss + scale * growth * noise)

    return replace(task, name=name, observed=observed)


NOISE: dict[str, Callable[[str], Task]] = {
    "noise/sphere_4_tenth": lambda name: _noisy(name, function("functions/sphere_4"), 0.1, "same"),
    "noise/hartmann_3_third": lambda name: _noisy(name, function("functions/hartmann_3"), 0.3, "same"),
    "noise/branin_tenth": lambda name: _noisy(name, function("functions/branin"), 0.1, "same"),
    "noise/training_5_third": lambda name: _noisy(name, function("functions/training_5"), 0.3, "same"),
    "noise/hartmann_6_growing": lambda name: _noisy(name, function("functions/hartmann_6"), 0.5, "growing"),
    "noise/edges_growing": lambda name: _noisy(name, function("functions/edges_and_middle_6"), 0.5, "growing"),
    "noise/corner_7_tenth": lambda name: _noisy(name, function("functions/corner_7"), 0.1, "same"),
    "noise/ackley_5_heavy": lambda name: _noisy(name, function("functions/ackley_5"), 0.05, "heavy"),
    "noise/three_kinds_tenth": lambda name: _noisy(name, _three_kinds("kinds/three_kinds"), 0.1, "same"),
}


# --- steps, plateaus, failures, outliers -----------------------------------------------------------------------------


def _stepped(function: Function, steps: float) -> Function:
    """An error on a few examples takes few values."""
    return lambda u: float(np.floor(function(u) * steps) / steps)


def _outliers(u: np.ndarray[Any, Any]) -> float:
    """A bowl in which every tenth point is absurd."""
    return 1e4 if (1e4 * u.sum()) % 1 < 0.1 else bowl(u)


def _cliff(u: np.ndarray[Any, Any]) -> float:
    """Good next to an absurd loss."""
    return 1e3 * (u[0] + u[1]) if u[0] + 0.5 * u[1] > 0.9 else 1 - u[0] + bowl(u)


def _fails(name: str, function: Function, dimensions: int, where: Callable[[Any], bool]) -> Task:
    return _of_cube(name, lambda u: float("nan") if where(u) else function(u), _floats(dimensions))


ROUGH: dict[str, Callable[[str], Task]] = {
    "rough/plateau_3": lambda name: _of_cube(name, plateau, _floats(3)),
    "rough/plateau_6": lambda name: _of_cube(name, plateau, _floats(6)),
    "rough/plateau_9": lambda name: _of_cube(name, plateau, _floats(9)),
    "rough/stepped_bowl_4": lambda name: _of_cube(name, _stepped(bowl, 20), _floats(4)),
    "rough/stepped_hartmann_6": lambda name: _of_cube(name, _stepped(hartmann, 8), _floats(6)),
    "rough/stepped_training_5": lambda name: _of_cube(name, _stepped(training, 30), _floats(5)),
    "rough/cliffs_4": lambda name: _of_cube(name, cliffs, _floats(4)),
    "rough/ripples_6": lambda name: _of_cube(name, rough, _floats(6)),
    "rough/needle_3": lambda name: _of_cube(
        name, lambda u: 1 - float(np.exp(-60 * ((u - 0.63) ** 2).sum())), _floats(3)
    ),
    "rough/outliers_4": lambda name: _of_cube(name, _outliers, _floats(4)),
    "rough/cliff_4": lambda name: _of_cube(name, _cliff, _floats(4)),
    "rough/nothing_to_find": lambda name: _of_cube(
        name, lambda u: float(np.random.default_rng((1e9 * u).astype(np.int64)).random()), _floats(4)
    ),
}
FAILURES: dict[str, Callable[[str], Task]] = {
    "failures/half": lambda name: _fails(name, bowl, 4, lambda u: u[0] > 0.5),
    "failures/large_rate": lambda name: _fails(name, training, 5, lambda u: u[0] > 0.75),
    "failures/corner": lambda name: _fails(name, hartmann, 6, lambda u: u[0] + u[1] > 1.2),
    "failures/at_random": lambda name: _fails(name, bowl, 4, lambda u: (1e4 * u.sum()) % 1 < 0.15),
    "failures/memory": lambda name: _fails(
        name, lambda u: float(2 - u[0] - u[1] + bowl(u[2:])), 5, lambda u: u[0] * u[1] > 0.5
    ),
    "failures/optimum_near": lambda name: _fails(name, lambda u: float(bowl(u) + 1 - u[0]), 3, lambda u: u[0] > 0.7),
}


# --- names ---------------------------------------------------------------------------------------------------------


_NAMES = ("units", "dropout", "momentum", "weight_decay", "filters", "l2")
_AS_NAMED = np.array([1, 0, 1, 0, 1, 0])  # where the optimum lies by the names


def _named(name: str, goal: Any, weights: Any = (1.0, 0.6, 0.4, 0.5, 0.8, 0.3)) -> Task:
    goal, weights = np.asarray(goal, dtype=float), np.asarray(weights)
    return _of_cube(
        name, lambda u: float((weights * np.abs(u - goal)).sum() + 0.5 * ((u - goal) ** 2).sum()), _floats(6, _NAMES)
    )


NAMES: dict[str, Callable[[str], Task]] = {
    "names/right": lambda name: _named(name, 0.05 + 0.9 * _AS_NAMED),
    "names/wrong": lambda name: _named(name, 0.95 - 0.9 * _AS_NAMED),
    "names/half_wrong": lambda name: _named(name, [0.9, 0.9, 0.9, 0.1, 0.1, 0.8]),
    "names/inside": lambda name: _named(name, [0.4, 0.3, 0.6, 0.4, 0.5, 0.6]),
    "names/wrong_of_no_matter": lambda name: _named(
        name, [0.6, 0.9, 0.2, 0.9, 0.1, 0.9], [1.5, 0.1, 0.1, 0.1, 0.1, 0.1]
    ),
    "names/small_is_better": lambda name: _named(name, [0.0, 0.7, 0.3, 0.8, 0.05, 0.5]),
}

MADE = {**KINDS, **BRANCHES, **NOISE, **ROUGH, **FAILURES, **NAMES}
