"""Which hyperparameters decide whether a trial is among the best: conditional PED-ANOVA.

Watanabe et al., "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces"
(arXiv:2304.10255), and Baba et al., "Conditional PED-ANOVA" (arXiv:2601.20800), below [C].

Let R be a region, the best trials up to a quantile (or all), and T the target, the best of those. A hyperparameter has
regimes: it is inactive, or read with one of several ranges. Regime i holds the share b_i of R and a_i of T. Within a
regime, the probability to be in T given the value x is |T|/|R| a_i/b_i p_T(x)/p_R(x), where p_T and p_R are the
densities of x in T and R. The importance is the variance of this probability within regimes, [C] theorem 4.2:

    (|T|/|R|)^2 sum_i a_i^2/b_i D(p_T || p_R),  D(p || q) = sum_x q(x) (p(x)/q(x) - 1)^2, the Pearson divergence.

What the choice between regimes explains is the importance of the hyperparameter that chooses; an inactive regime adds
nothing. Densities are kernel estimates on the hyperparameter's own scale, with Scott's bandwidth and one uniform
pseudo-observation, so that a few trials are no certainty.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
from scipy import special

from kerastune_lite.errors import SearchError
from kerastune_lite.space.kinds import Boolean, Choice, Hyperparameter, Value, key
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

Array = np.ndarray[Any, Any]

# The target: the best tenth, but so many trials at least.
_TARGET = 0.1
_LEAST_TARGET = 5

# The region holds so many times the target at least.
_LEAST_RATIO = 2

TOP_QUARTER = 0.25

# Cells of the grid that a range is divided into.
_CELLS = 50

# Ranges with fewer trials are taken together.
_LEAST_IN_REGIME = 5

# The least bandwidth, in cells: 90 % of a kernel are in its own cell.
_LEAST_BANDWIDTH = 0.5 / 1.64


def importance(history: History, *, top_quarter: bool = False) -> dict[str, float]:
    """The importance of each tuned hyperparameter by name, the largest first; shares that sum to 1.

    Args:
        history: The study.
        top_quarter: Compare the best trials with the best quarter of all, instead of with all: what matters among good
            configurations.

    Raises:
        SearchError: There are too few trials with a score, or their scores are too equal.
    """
    trials = [trial for trial in history.ranked() if math.isfinite(trial.minimized or 0.0)]
    quantile = TOP_QUARTER if top_quarter else 1.0
    least = math.ceil(_LEAST_RATIO * _LEAST_TARGET / quantile)
    if len(trials) < least:
        what = "importance within the top quarter" if top_quarter else "importance"
        raise SearchError(
            f"{what} needs {least} trials with a score, there are {len(trials)}; search on with a larger budget"
        )
    region = _best(trials, math.ceil(quantile * len(trials)))
    target = {trial.number for trial in _best(trials, max(_LEAST_TARGET, math.ceil(_TARGET * len(trials))))}
    if len(target) >= len(region):
        raise SearchError(
            f"importance needs different scores: the best {len(region)} trials cannot be told apart "
            f"({history.objective.name} {region[0].score:.6g})"
        )
    read = [(trial, {definition.name: definition for definition in trial.definitions}) for trial in region]
    found = {}
    for name in _tuned(trials):
        members = [(trial, definitions[name]) for trial, definitions in read if name in definitions]
        found[name] = _within_regimes(name, members, target, len(region))
    total = sum(found.values())
    ordered = sorted(found, key=lambda name: -found[name])
    return {name: found[name] / total if total > 0 else 0.0 for name in ordered}


def _best(trials: Sequence[Trial], count: int) -> list[Trial]:
    """The best `count` trials by score, and those that are as good as the last of them."""
    values = sorted(trial.minimized or 0.0 for trial in trials)
    worst = values[min(count, len(values)) - 1]
    return [trial for trial in trials if (trial.minimized or 0.0) <= worst]


def _tuned(trials: Sequence[Trial]) -> list[str]:
    """The hyperparameters that have more than one value in one of the trials, in the order first read."""
    definitions = {id(definition): definition for trial in trials for definition in trial.definitions}
    return list(dict.fromkeys(definition.name for definition in definitions.values() if definition.count() != 1))


def _within_regimes(name: str, members: Sequence[tuple[Trial, Hyperparameter]], target: set[int], region: int) -> float:
    """[C] theorem 4.2, without the factor (|T|/|R|)^2 that all hyperparameters share.

    Args:
        name: The hyperparameter.
        members: The trials of the region that read it, and what they read.
        target: The numbers of the trials of the target.
        region: How many trials the region has.
    """
    found = 0.0
    for definition, trials in _regimes(members):
        chosen = [trial.number in target for trial in trials]
        if definition.count() == 1 or not any(chosen):
            continue
        cells, count = _cells(definition, [trial.values[name] for trial in trials])
        counts = np.bincount(cells, minlength=count)
        counts_of_target = np.bincount(cells[chosen], minlength=count)
        ordered = not _is_category(definition)
        p, q = _density(counts_of_target, ordered=ordered), _density(counts, ordered=ordered)
        a, b = sum(chosen) / len(target), len(trials) / region
        found += a**2 / b * float((q * (p / q - 1) ** 2).sum())
    return found


def _regimes(members: Sequence[tuple[Trial, Hyperparameter]]) -> list[tuple[Hyperparameter, list[Trial]]]:
    """The trials that read a hyperparameter, by its range; by its kind where a range has too few of them."""
    by_kind: dict[str, dict[str, tuple[Hyperparameter, list[Trial]]]] = defaultdict(dict)
    ranges: dict[int, str] = {}  # trials share definitions: each range is written out once
    for trial, definition in members:
        if id(definition) not in ranges:
            ranges[id(definition)] = definition.union(definition).identity  # without conditions
        by_kind[definition.kind].setdefault(ranges[id(definition)], (definition, []))[1].append(trial)
    found = []
    for regimes in by_kind.values():
        parts = list(regimes.values())
        if len(parts) > 1 and min(len(trials) for _, trials in parts) < _LEAST_IN_REGIME:
            union = reduce(lambda one, other: one.union(other), (definition for definition, _ in parts))
            parts = [(union, [trial for _, trials in parts for trial in trials])]
        found += parts
    return found


def _is_category(definition: Hyperparameter) -> bool:
    return isinstance(definition, Boolean) or (isinstance(definition, Choice) and not definition.ordered)


def _cells(definition: Hyperparameter, values: Sequence[Value]) -> tuple[Array, int]:
    """The cell of each value, and the number of cells: one for each level if there are few, or if they are listed."""
    if isinstance(definition, (Choice, Boolean)):
        count = definition.count() or 1
        index = {key(definition.level(level)): level for level in range(count)}
        return np.array([index[key(value)] for value in values]), count
    levels = definition.count()
    count = _CELLS if levels is None else min(levels, _CELLS)
    units = np.array([definition.to_unit(value) for value in values])
    return np.minimum((units * count).astype(int), count - 1), count


def _density(counts: Array, *, ordered: bool) -> Array:
    """The density over cells from the number of trials in each, shape (cells,); positive, with sum 1."""
    cells, total = len(counts), counts.sum()
    smooth = _kernel(counts) @ counts if ordered else counts
    return np.asarray((smooth + 1 / cells) / (total + 1))


def _kernel(counts: Array) -> Array:
    """Normal kernels between cells, truncated to the range, columns with sum 1; shape (cells, cells).

    The bandwidth is 1.059 min(standard deviation, interquartile range / 1.34) n^(-1/5): Scott, "Multivariate Density
    Estimation" (1992).
    """
    at = np.repeat(np.arange(len(counts)), counts)
    quartiles = np.quantile(at, [0.25, 0.75])
    spread = min(float(at.std(ddof=1)) if len(at) > 1 else 0.0, float(quartiles[1] - quartiles[0]) / 1.34)
    bandwidth = max(1.059 * spread * len(at) ** -0.2, _LEAST_BANDWIDTH)
    apart = np.arange(len(counts))[:, None] - np.arange(len(counts))[None, :]
    kernel = special.ndtr((apart + 0.5) / bandwidth) - special.ndtr((apart - 0.5) / bandwidth)
    return np.asarray(kernel / kernel.sum(axis=0))
