"""Functions of the unit cube whose shapes are known, on which the made tasks stand. Each maps (d,) to a number.

Surjanovic and Bingham, "Virtual Library of Simulation Experiments", has the classical ones; their domains are scaled to
the unit cube and the optimum is moved, so that no method profits from looking at the middle first.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Function = Callable[[Array], float]


def _scaled(function: Function, low: float, high: float, seed: int = 0, shift: float = 0.35) -> Function:
    """`function` on [low, high] in each dimension, its optimum moved by up to `shift` of the range."""
    rng = np.random.default_rng(seed)
    offset = rng.uniform(-shift, shift, 64)
    return lambda u: function(low + (high - low) * (u - offset[: len(u)]))


def sphere(x: Array) -> float:
    return float((x**2).sum())


def ellipsoid(x: Array) -> float:
    return float((10 ** np.linspace(0, 3, len(x)) * x**2).sum())


def rosenbrock(x: Array) -> float:
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def ackley(x: Array) -> float:
    return float(20 + np.e - 20 * np.exp(-0.2 * np.sqrt((x**2).mean())) - np.exp(np.cos(2 * np.pi * x).mean()))


def levy(x: Array) -> float:
    w = 1 + (x - 1) / 4
    inner = ((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)).sum()
    return float(np.sin(np.pi * w[0]) ** 2 + inner + (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2))


def griewank(x: Array) -> float:
    return float((x**2).sum() / 4000 - np.prod(np.cos(x / np.sqrt(np.arange(1, len(x) + 1)))) + 1)


def rastrigin(x: Array) -> float:
    return float((x**2 - 10 * np.cos(2 * np.pi * x) + 10).sum())


def styblinski_tang(x: Array) -> float:
    return float((x**4 - 16 * x**2 + 5 * x).sum() / 2 + 39.16617 * len(x))


def michalewicz(x: Array) -> float:
    return float(-(np.sin(x) * np.sin(np.arange(1, len(x) + 1) * x**2 / np.pi) ** 20).sum())


def branin(u: Array) -> float:
    a, b = 15 * u[0] - 5, 15 * u[1]
    return float(
        (b - 5.1 / (4 * np.pi**2) * a**2 + 5 / np.pi * a - 6) ** 2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(a) + 10
    )


_HARTMANN_A = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
_HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann(u: Array) -> float:
    return float(-np.array([1, 1.2, 3, 3.2]) @ np.exp(-(_HARTMANN_A * (u - _HARTMANN_P) ** 2).sum(axis=1)))


def corner(u: Array) -> float:
    """Falls towards one corner, in each dimension at another rate."""
    goal = np.arange(len(u)) % 2
    return float((np.abs(u - goal) * np.linspace(0.3, 1.7, len(u))).sum())


def edges_and_middle(u: Array) -> float:
    """Every second dimension has its optimum inside, the others at an end."""
    inside, edge = u[::2], u[1::2]
    return float(((inside - 0.4) ** 2 * 4).sum() + (1 - edge).sum() * 0.5 + 0.3 * abs(inside[0] - 0.4) * edge[0])


def _goal(dimensions: int) -> Array:
    """A place between 0.1 and 0.9 in each dimension."""
    return 0.5 + 0.4 * np.cos(2.4 * np.arange(dimensions) + 1)


def bowl(u: Array) -> float:
    return float((np.linspace(0.3, 2, len(u)) * (u - _goal(len(u))) ** 2).sum())


def training(u: Array) -> float:
    """Like a training: a narrow good range of the first (a learning rate), a cliff above it, weak effects of others."""
    rate = u[0]
    loss = 0.3 + 3 * (rate - 0.6) ** 2 + 0.3 * ((u[1:] - _goal(len(u))[1:]) ** 2).sum()
    return float(min(loss, 1.2) if rate < 0.8 else 2.3 + 2 * (rate - 0.8))


def plateau(u: Array) -> float:
    """About log(10) nearly everywhere, as a network of ten classes that learns nothing; better in one region."""
    inside = max(0.0, 1 - ((u[0] - 0.62) / 0.22) ** 2) * max(0.0, 1 - ((u[1] - 0.35) / 0.45) ** 2)
    ripple = 0.01 * np.sin(40 * u).sum() / len(u)
    return float(
        np.log(10)
        + ripple
        - 1.8 * inside * (1 - 0.3 * ((u[2:] - _goal(len(u))[2:]) ** 2).sum())
        + 3 * max(0.0, u[0] - 0.9)
    )


def rough(u: Array) -> float:
    """A bowl with ripples that no small number of trials can follow."""
    return bowl(u) + 0.1 * float(np.sin(37 * u).sum() / len(u))


def cliffs(u: Array) -> float:
    """Steps of a tenth along each dimension."""
    return bowl(np.floor(u * 6) / 6 + 1 / 12)


FUNCTIONS: dict[str, tuple[Function, int]] = {
    "branin": (branin, 2),
    "hartmann_3": (lambda u: hartmann(np.concatenate([u, [0.3, 0.3, 0.65]])), 3),
    "hartmann_6": (hartmann, 6),
    "sphere_4": (_scaled(sphere, -1, 1, 1), 4),
    "sphere_12": (_scaled(sphere, -1, 1, 2), 12),
    "ellipsoid_6": (_scaled(ellipsoid, -1, 1, 3), 6),
    "rosenbrock_4": (_scaled(rosenbrock, -2, 2, 4, 0.2), 4),
    "ackley_5": (_scaled(ackley, -8, 8, 5), 5),
    "levy_4": (_scaled(levy, -6, 6, 6), 4),
    "griewank_3": (_scaled(griewank, -20, 20, 7), 3),
    "rastrigin_2": (_scaled(rastrigin, -2, 2, 8), 2),
    "styblinski_tang_5": (_scaled(styblinski_tang, -5, 5, 9, 0.15), 5),
    "michalewicz_4": (lambda u: michalewicz(np.pi * u), 4),
    "corner_7": (corner, 7),
    "corner_15": (corner, 15),
    "edges_and_middle_6": (edges_and_middle, 6),
    "training_5": (training, 5),
    "three_of_thirty": (lambda u: bowl(u[[3, 11, 20]]), 30),
    "four_of_sixteen": (lambda u: hartmann(np.concatenate([u[[1, 5, 9, 13]], [0.3, 0.65]])), 16),
    "bowl_20": (bowl, 20),
    "rough_4": (rough, 4),
    "ridge_8": (lambda u: abs(float(u.sum()) - 3.1) + 0.2 * bowl(u), 8),
}
