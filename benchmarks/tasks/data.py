"""Small data sets, each split once into what is learned from and what is held out."""

import functools
from typing import Any

import numpy as np

from benchmarks.tasks.network import Data

_TABLES = ("digits", "breast_cancer", "wine", "iris", "diabetes")


@functools.cache
def split(name: str, count: int, held: int, *, wrong: float = 0.0, scaled: bool = True) -> Data:
    """The first `count` and the next `held` rows, in an order that stays.

    Args:
        name: A table of scikit-learn's, or "spiral", "friedman", "sparse", "clusters".
        count: How many rows to learn from.
        held: How many rows to hold out.
        wrong: The share of the learned rows whose class is drawn anew.
        scaled: Whether inputs get mean 0 and variance 1, as do the targets of a regression.
    """
    rng = np.random.default_rng(len(name))
    inputs, targets = _rows(name, rng)
    order = rng.permutation(len(inputs))[: count + held]
    inputs, targets = np.asarray(inputs)[order], np.asarray(targets)[order]
    classes = len(np.unique(targets)) if targets.dtype.kind == "i" else 0
    if scaled:
        inputs = (inputs - inputs[:count].mean(axis=0)) / (inputs[:count].std(axis=0) + 1e-6)
        inputs = np.clip(inputs, -5, 5)
    if classes == 0:
        targets = ((targets - targets[:count].mean()) / targets[:count].std()).astype("float32")
    learned = targets[:count].copy()
    redrawn = rng.random(count) < wrong
    learned[redrawn] = rng.integers(max(classes, 1), size=redrawn.sum())
    inputs = inputs.astype("float32")
    return Data(inputs[:count], learned, inputs[count:], targets[count:], classes)


def _rows(name: str, rng: np.random.Generator) -> Any:
    from sklearn import datasets

    if name in _TABLES:
        return getattr(datasets, f"load_{name}")(return_X_y=True)
    if name == "spiral":
        return _spiral(rng)
    makers = {
        "friedman": lambda: datasets.make_friedman1(1000, n_features=8, noise=1.0, random_state=0),
        "sparse": lambda: datasets.make_regression(1000, 60, n_informative=8, noise=40.0, random_state=0),
        "clusters": lambda: datasets.make_classification(
            1000, 20, n_informative=6, n_redundant=4, n_clusters_per_class=4, flip_y=0.05, random_state=0
        ),
    }
    return makers[name]()


def _spiral(rng: np.random.Generator) -> tuple[Any, Any]:
    """Three arms wound around each other."""
    classes = rng.integers(3, size=1500)
    radius = np.sqrt(rng.random(1500))
    angle = 4.5 * radius + classes * 2 * np.pi / 3
    points = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return points + 0.05 * rng.standard_normal(points.shape), classes.astype(int)
