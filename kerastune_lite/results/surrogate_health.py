"""Diagnostics from a surrogate fitted to a study: its accuracy and the importance of hyperparameters.

The fit uses only the trials: it does not depend on the strategy and has no name priors.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from kerastune_lite.analysis.training_data import imputed, training_data, vary
from kerastune_lite.study.history import History
from kerastune_lite.surrogate.covariance import Parameters
from kerastune_lite.surrogate.encoder import FeatureEncoder, SpaceEncoder
from kerastune_lite.surrogate.output_warp import Warp, output_warp
from kerastune_lite.surrogate.process import FittedProcess, Observations
from kerastune_lite.surrogate.threads import one_blas_thread

Array = np.ndarray[Any, Any]

# With fewer trials a correlation is meaningless.
_LEAST = 5

# The number of predictions for all importances together, and the minimum number of random points.
_PREDICTIONS = 4096
_POINTS = 64

# Below this fraction of the variance a hyperparameter is unimportant.
SMALL = 0.02

_FOLDS = 4
_ITERATIONS = 20

# The minimum variance of the tried values, as a fraction of that of random values.
_COVERED = 0.3


@final
@dataclass(frozen=True)
class SurrogateHealth:
    """Results of the fits.

    Attributes:
        rank_correlation: Spearman's, of leave-one-out predictions with scores; None if undefined.
        correlation: Pearson's, of the same, on warped minimized values.
        importance: Each hyperparameter's total effect by name, the largest first, as a fraction of the variance of the
            predictions; the mean over the fits.
        unimportant: Hyperparameters whose importance is small in every fit, whose ranges are sufficiently covered, and
            which do not decide what else is read.
        noise: Standard deviation of one execution's score around the best trials, in the objective's units.
    """

    rank_correlation: float | None = None
    correlation: float | None = None
    importance: Mapping[str, float] = field(default_factory=dict)
    unimportant: tuple[str, ...] = ()
    noise: float | None = None


def surrogate_health(history: History) -> SurrogateHealth:
    """Fits a surrogate to the trials and external results of a study and evaluates it.

    A fit to few trials overfits. Therefore each observation is predicted with parameters fitted without it, and a
    hyperparameter is unimportant only if all fits agree.
    """
    space_encoder = SpaceEncoder(history.space)
    coordinates, executions = training_data(history, space_encoder)
    means = np.array([sum(values) / len(values) for values in executions])
    if len(executions) < _LEAST or not len(space_encoder) or not vary(means):
        return SurrogateHealth()
    with one_blas_thread(), np.errstate(all="ignore"):
        return _health(space_encoder, coordinates, executions, means)


def _health(
    space_encoder: SpaceEncoder, coordinates: Array, executions: list[list[float]], means: Array
) -> SurrogateHealth:
    encoder = FeatureEncoder(space_encoder.dimensions, np.zeros(len(space_encoder), dtype=bool))
    rows = encoder.rows(imputed(coordinates, space_encoder))
    together = np.concatenate([np.asarray(values) for values in executions])
    warp = output_warp(together)
    known = Observations.of_replicates(rows, warp(together), np.array([len(values) for values in executions]))
    folds = np.random.default_rng(0).permutation(len(executions)) % _FOLDS
    models = [FittedProcess(encoder.features, known, _fitted(encoder, known, folds != fold)) for fold in range(_FOLDS)]
    predicted = np.choose(folds, [model.leave_one_out()[0] for model in models])
    points = _random_points(space_encoder, np.random.default_rng(0))
    active = 1 - np.isnan(coordinates).mean(axis=0)
    effects = np.array([_total_effects(model, encoder, points) * active for model in models])
    small = (effects < SMALL).all(axis=0) & _covered(encoder, rows, points) & ~_decides(coordinates)
    deviation = float(np.sqrt(np.median([model.parameters.noise for model in models])))
    importance = _importance(space_encoder, effects.mean(axis=0))
    important = {
        dimension.definition.name for dimension, one in zip(space_encoder.dimensions, small, strict=True) if not one
    }
    return SurrogateHealth(
        _correlation(_ranks(predicted), _ranks(known.targets)),
        _correlation(predicted, known.targets),
        importance,
        tuple(name for name in importance if name not in important),
        _in_units(deviation, warp, float(np.median(np.sort(means)[:_LEAST])), float(means.std())),
    )


def _fitted(encoder: FeatureEncoder, known: Observations, chosen: Array) -> Parameters:
    """Parameters fitted to the chosen observations, with their share of the within-replicate sum of squares."""
    extra, own = known.replicates - 1, (known.replicates - 1)[chosen]
    within_ss = known.within_ss * own.sum() / max(1, extra.sum())
    part = Observations(known.rows[chosen], known.targets[chosen], known.replicates[chosen], float(within_ss))
    return FittedProcess.fit(encoder.features, part, iterations=_ITERATIONS).parameters


def _in_units(deviation: float, warp: Warp, value: float, spread: float) -> float | None:
    """Converts a small deviation of a warped value to the objective's units, by the slope of the warp at `value`."""
    step = 0.01 * spread
    low, high = warp(np.array([value - step, value + step]))
    return deviation * 2 * step / float(high - low) if high > low else None


def _correlation(one: Array, other: Array) -> float | None:
    return float(np.corrcoef(one, other)[0, 1]) if one.std() > 0 and other.std() > 0 else None


def _ranks(values: Array) -> Array:
    """Ranks; ties get their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse])


def _random_points(space_encoder: SpaceEncoder, rng: np.random.Generator) -> Array:
    """Random points in two halves: the points to predict, and the values to redraw from."""
    count = max(_POINTS, _PREDICTIONS // (len(space_encoder) + 1))
    coordinates = rng.random((2 * count, len(space_encoder)))
    for dimension in space_encoder.dimensions:
        if dimension.categories is not None:
            coordinates[:, dimension.index] = np.floor(coordinates[:, dimension.index] * len(dimension.categories))
    return coordinates


def _total_effects(model: FittedProcess, encoder: FeatureEncoder, points: Array) -> Array:
    """The total effect of each coordinate, interactions included, as a fraction of the predictions' variance.

    Jansen, "Analysis of variance designs for model output" (1999): E[(f(x) - f(x with x_i redrawn))^2] / (2 Var f).
    Predictions worse than the median count as the median, as in Hutter et al., "An efficient approach for assessing
    hyperparameter importance" (2014). Otherwise differences between bad configurations would dominate.
    """
    here, there = np.split(points, 2)
    before = model.predict(encoder.rows(here))[0]
    cap = float(np.median(before))
    before = np.minimum(before, cap)
    variance = float(before.var())
    effects = np.zeros(points.shape[1])
    for index in range(points.shape[1]):
        redrawn = here.copy()
        redrawn[:, index] = there[:, index]
        after = np.minimum(model.predict(encoder.rows(redrawn))[0], cap)
        effects[index] = ((before - after) ** 2).mean() / 2
    return np.minimum(effects / variance, 1) if variance > 0 else effects


def _importance(space_encoder: SpaceEncoder, shares: Array) -> dict[str, float]:
    """Importance by name, the largest first; for a name with several kinds, the largest counts."""
    found: dict[str, float] = {}
    for index in np.argsort(-shares, kind="stable"):
        found.setdefault(space_encoder.dimensions[index].definition.name, float(shares[index]))
    return found


def _covered(encoder: FeatureEncoder, rows: Array, points: Array) -> Array:
    """Whether each coordinate varies enough in the trials, compared to random points; if not, the prior dominates."""
    groups, count = encoder.features.groups, encoder.features.count
    tried = np.bincount(groups, rows.var(axis=0), count)
    random = np.bincount(groups, encoder.rows(points).var(axis=0), count)
    return np.asarray(tried >= _COVERED * random)


def _decides(coordinates: Array) -> Array:
    """Whether other reads depend on each coordinate: imputed values may hide the effect of such a coordinate."""
    read = ~np.isnan(coordinates)
    found = np.zeros(coordinates.shape[1], dtype=bool)
    for index, active in enumerate(read.T):
        values, inverse = np.unique(coordinates[active, index], return_inverse=True)
        if 2 * len(values) > len(inverse):
            continue  # about one trial per value: no dependence can be detected
        shares = np.array([read[active][inverse == value].mean(axis=0) for value in range(len(values))])
        settled = np.isin(shares, (0, 1)).all(axis=0)
        found[index] = bool((settled & (shares.min(axis=0) < shares.max(axis=0))).any())
    return found
