"""Proposes the point with the highest acquisition value under a model fitted to the study."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerastune_lite.strategies.bayesian.acquisition import Acquisition, AcquisitionOptimizer, expected_improvement
from kerastune_lite.strategies.bayesian.conditional_space import ConditionalSpace
from kerastune_lite.strategies.bayesian.design import sobol, spread_point
from kerastune_lite.strategies.bayesian.expectations import expected_features
from kerastune_lite.strategies.bayesian.model_choice import sample_model
from kerastune_lite.strategies.bayesian.prior import Prior
from kerastune_lite.strategies.bayesian.shared_fit import digest, shared_fit
from kerastune_lite.strategies.bayesian.training_data import TrainingData, log_durations, observations
from kerastune_lite.strategies.protocol import Proposal
from kerastune_lite.study.history import History
from kerastune_lite.surrogate.covariance import Features, Parameters
from kerastune_lite.surrogate.encoder import FeatureEncoder, SpaceEncoder
from kerastune_lite.surrogate.output_warp import output_warp
from kerastune_lite.surrogate.process import FittedProcess, Observations

Array = np.ndarray[Any, Any]

# With at most so many trials, a fit also starts from the default parameters and runs until it converges; with more, the
# parameters of the last fit are a good start.
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
    """The next point; None if nothing is known about the space, or no untried point was found.

    Args:
        history: The study.
        rng: The source of all randomness.
        initial: Size of the initial design.
        candidates: Number of points spread over the space that compete to start local searches.
        name_priors: Whether names of hyperparameters determine the prior mean.
        priors: The user's priors, by name.
        by_time: Whether expected improvement is divided by expected duration.
    """
    space_encoder = SpaceEncoder(history.space)
    space = ConditionalSpace(history.tree, space_encoder, lambda owner: history[owner].reads_complete)
    if history.next_number < initial or space.root is None:
        return spread_point(history, space_encoder, space, priors)
    data = TrainingData.of(history, space_encoder, space)
    if len(data.minimized) < 2:
        return spread_point(history, space_encoder, space, priors, {"because": "no trial has given a score yet"})
    encoder = space_encoder.feature_encoder(np.vstack([data.coordinates, data.failed, data.pending]))
    features = expected_features(encoder, priors, name_priors=name_priors)
    known = observations(data, encoder)
    fitted_to = digest([known.rows, known.targets])[:8]
    model = sample_model(_fitted(history, encoder, features, known, fitted_to), rng)
    if model is None:
        return spread_point(history, space_encoder, space, priors, {"model": "none"})
    acquisition = _acquisition(model, encoder, data, by_time=by_time)
    maximize = AcquisitionOptimizer(space, acquisition, rng)
    for point in maximize(_candidates(space, space_encoder, data, candidates, rng)):
        values = space.values(point)
        if history.tree.untried(values):
            expected = _expected_improvement(acquisition, encoder.rows(point[None]), data)
            return Proposal(values, note=_note(model.parameters, encoder, fitted_to), expected_improvement=expected)
    return None


def _expected_improvement(acquisition: Acquisition, row: Array, data: TrainingData) -> float:
    """By how much the trial at a row is expected to improve on the best score."""
    (mean,), (deviation,) = acquisition.model.predict(row)
    return expected_improvement(mean, deviation, output_warp(data.minimized), data.minimized)


def _fitted(
    history: History, encoder: FeatureEncoder, features: Features, known: Observations, fitted_to: str
) -> list[FittedProcess]:
    """A process with a linear function and one without, each fitted from the parameters of the last fit."""
    models = []
    for linear in (True, False):
        last = _last_fit(history, encoder, fitted_to, linear=linear)
        many = len(known.targets) > _FEW_TRIALS and last is not None
        default = None if many else Parameters.default(len(encoder.names))
        starts = [start for start in (last, default) if start is not None]
        models.append(shared_fit(features, known, starts, 12 if many else 30, linear=linear))
    return models


def _acquisition(model: FittedProcess, encoder: FeatureEncoder, data: TrainingData, *, by_time: bool) -> Acquisition:
    """The acquisition function, conditioned on the predictions for running trials."""
    feasibility = duration = None
    if len(data.failed):
        labels = np.concatenate([np.ones(len(data.coordinates)), -np.ones(len(data.failed))])
        observed = Observations(model.known.rows, labels, np.ones(len(labels)))
        feasibility = shared_fit(encoder.features, observed, iterations=20)
    if by_time:
        duration = shared_fit(encoder.features, log_durations(data, encoder), iterations=20)
    best = float(model.predict(encoder.rows(data.coordinates))[0].min())
    return Acquisition(encoder, model.condition_on_fantasies(encoder.rows(data.pending)), best, feasibility, duration)


def _candidates(
    space: ConditionalSpace, space_encoder: SpaceEncoder, data: TrainingData, count: int, rng: np.random.Generator
) -> Array:
    """`count` points spread over the space, and a tenth as many near the five best trials."""
    width = data.coordinates.shape[1]
    spread = space.complete(np.full((count, width), np.nan), sobol(width, count, rng))
    best = data.coordinates[np.argsort(data.minimized, kind="stable")[:5]]
    near = best[rng.integers(len(best), size=count // 10)]
    sigma = rng.choice([0.03, 0.1, 0.3], size=(len(near), 1))
    changed = rng.random(near.shape) < max(0.25, 2 / max(width, 1))
    moved = near + np.where(changed, sigma * rng.standard_normal(near.shape), 0.0)
    categorical = np.array([d.categories is not None for d in space_encoder.dimensions], dtype=bool)
    moved[:, categorical] = np.where(changed, np.nan, near)[:, categorical]
    return np.vstack([spread, space.complete(moved, rng.random(moved.shape))])


def _last_fit(history: History, encoder: FeatureEncoder, fitted_to: str, *, linear: bool) -> Parameters | None:
    """The parameters of the last fit with (or without) a linear function, of the other kind if there is none.

    Fits to the same observations are left out, so that all proposals made from the same trials start alike and share
    one fit. New hyperparameters get default parameters. The keys of notes are those of the first version, so that
    recorded studies resume.
    """
    notes = [trial.note for trial in history.trials if isinstance(trial.note, Mapping) and "trend" in trial.note]
    notes = [note for note in notes if note.get("fitted to") != fitted_to]
    alike = [note for note in notes if (note["trend"] is not None) == linear]
    if not notes:
        return None
    note, default = (alike or notes)[-1], Parameters.default(len(encoder.names))
    return Parameters(
        inverse_squared_length_scales=np.array([note["relevance"].get(name, 1.0) for name in encoder.names]),
        output_scale=note["amplitude"],
        noise=note["noise"],
        linear_variance=note["trend"] or default.linear_variance,
        concentrations=np.array([note["bends"].get(name, [1.0, 1.0]) for name in encoder.names]).reshape(-1, 2).T,
    )


def _note(parameters: Parameters, encoder: FeatureEncoder, fitted_to: str) -> dict[str, Any]:
    """The parameters, rounded, and a digest of what they were fitted to, as JSON to keep with the trial."""
    short = np.vectorize(lambda value: float(f"{value:.4g}"), otypes=[float])
    scales, concentrations = parameters.inverse_squared_length_scales, parameters.concentrations.T
    return {
        "relevance": dict(zip(encoder.names, short(scales).tolist(), strict=True)),
        "bends": dict(zip(encoder.names, short(concentrations).tolist(), strict=True)),
        "amplitude": float(short(parameters.output_scale)),
        "noise": float(short(parameters.noise)),
        "trend": float(short(parameters.linear_variance)) if parameters.is_linear else None,
        "fitted to": fitted_to,
    }
