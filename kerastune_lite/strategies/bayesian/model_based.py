"""From a history to the next point: a model of what was learnt, and the point that promises most."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerastune_lite.strategies.bayesian.acquisition import Acquisition, Maximiser
from kerastune_lite.strategies.bayesian.conditional_space import Shapes
from kerastune_lite.strategies.bayesian.design import sobol, spread_point
from kerastune_lite.strategies.bayesian.expectations import expected_features
from kerastune_lite.strategies.bayesian.model_choice import drawn_model
from kerastune_lite.strategies.bayesian.prior import Prior
from kerastune_lite.strategies.bayesian.training_data import TrainingData, log_durations, observations
from kerastune_lite.strategies.protocol import Proposal
from kerastune_lite.study.history import History
from kerastune_lite.surrogate.covariance import Features, Parameters
from kerastune_lite.surrogate.encoder import Columns, Embedding
from kerastune_lite.surrogate.process import Observations, Surrogate

Array = np.ndarray[Any, Any]

# Up to here a fit begins at the default too, and goes on until it converges; later the last fit is a good start.
_FEW_TRIALS = 60


def propose(
    history: History,
    rng: np.random.Generator,
    *,
    initial: int,
    candidates: int,
    name_priors: bool,
    priors: Mapping[str, Prior],
    by_time: bool,
) -> Proposal | None:
    """The next point; None if nothing is known of the space, or no untried point was found.

    `by_time` divides what a trial promises by the seconds that it is expected to take; the rest is as in `Bayesian`.
    """
    embedding = Embedding(history.space)
    shapes = Shapes(history.tree, embedding, lambda owner: history[owner].reads_complete)
    if history.next_number < initial or shapes.root is None:
        return spread_point(history, embedding, shapes, priors)
    data = TrainingData.of(history, embedding, shapes)
    if len(data.losses) < 2:
        return spread_point(history, embedding, shapes, priors, {"because": "no trial has given a score yet"})
    columns = embedding.columns(np.vstack([data.places, data.failed, data.pending]))
    features = expected_features(columns, priors, name_priors=name_priors)
    model = drawn_model(_fitted(history, columns, features, observations(data, columns)), rng)
    if model is None:
        return spread_point(history, embedding, shapes, priors, {"model": "none"})
    acquisition = _acquisition(model, columns, data, by_time=by_time)
    promising = Maximiser(shapes, acquisition, rng)(_candidates(shapes, embedding, data, candidates, rng))
    for point in promising:
        values = shapes.values(point)
        if history.tree.untried(values):
            return Proposal(values, note=_note(model.parameters, columns))
    return None


def _fitted(history: History, columns: Columns, features: Features, known: Observations) -> list[Surrogate]:
    """A model with a linear trend and one without, each fitted from where the last fit ended."""
    models = []
    for trend in (True, False):
        last = _last_fit(history, columns, trend=trend)
        many = len(known.targets) > _FEW_TRIALS and last is not None
        default = None if many else Parameters.default(len(columns.names))
        starts = [start for start in (last, default) if start is not None]
        models.append(Surrogate.fit(features, known, starts, 12 if many else 30, trend=trend))
    return models


def _acquisition(model: Surrogate, columns: Columns, data: TrainingData, *, by_time: bool) -> Acquisition:
    """What to maximise, given that trials under way come out as predicted."""
    feasibility = duration = None
    if len(data.failed):
        labels = np.concatenate([np.ones(len(data.places)), -np.ones(len(data.failed))])
        observed = Observations(model.known.rows, labels, np.ones(len(labels)))
        feasibility = Surrogate.fit(columns.features, observed, iterations=20)
    if by_time:
        duration = Surrogate.fit(columns.features, log_durations(data, columns), iterations=20)
    best = float(model.predict(columns.rows(data.places))[0].min())
    return Acquisition(columns, model.believing(columns.rows(data.pending)), best, feasibility, duration)


def _candidates(
    shapes: Shapes, embedding: Embedding, data: TrainingData, count: int, rng: np.random.Generator
) -> Array:
    """Points all over the space, and a tenth as many around the best trials."""
    width = data.places.shape[1]
    spread = shapes.grow(np.full((count, width), np.nan), sobol(width, count, rng))
    best = data.places[np.argsort(data.losses, kind="stable")[:5]]
    near = best[rng.integers(len(best), size=count // 10)]
    sigma = rng.choice([0.03, 0.1, 0.3], size=(len(near), 1))
    changed = rng.random(near.shape) < max(0.25, 2 / max(width, 1))
    moved = near + np.where(changed, sigma * rng.standard_normal(near.shape), 0.0)
    categorical = np.array([d.categories is not None for d in embedding.dimensions], dtype=bool)
    moved[:, categorical] = np.where(changed, np.nan, near)[:, categorical]
    return np.vstack([spread, shapes.grow(moved, rng.random(moved.shape))])


def _last_fit(history: History, columns: Columns, *, trend: bool) -> Parameters | None:
    """Where the last fit ended, one of the same kind if there is any; what is new since then begins at the default."""
    notes = [trial.note for trial in history.trials if isinstance(trial.note, Mapping) and "trend" in trial.note]
    alike = [note for note in notes if (note["trend"] is not None) == trend]
    if not notes:
        return None
    note, default = (alike or notes)[-1], Parameters.default(len(columns.names))
    relevance = np.array([note["relevance"].get(name, 1.0) for name in columns.names])
    bends = np.array([note["bends"].get(name, [1.0, 1.0]) for name in columns.names]).reshape(-1, 2).T
    return Parameters(relevance, note["amplitude"], note["noise"], note["trend"] or default.trend, bends)


def _note(parameters: Parameters, columns: Columns) -> dict[str, Any]:
    short = np.vectorize(lambda value: float(f"{value:.4g}"), otypes=[float])
    return {
        "relevance": dict(zip(columns.names, short(parameters.relevance).tolist(), strict=True)),
        "bends": dict(zip(columns.names, short(parameters.bends.T).tolist(), strict=True)),
        "amplitude": float(short(parameters.amplitude)),
        "noise": float(short(parameters.noise)),
        "trend": float(short(parameters.trend)) if parameters.has_trend else None,
    }
