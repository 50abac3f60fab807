"""From a history to the next point: what was learnt, the model of it, and the point that promises most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from scipy.stats import qmc

from kerastune_lite.history import History
from kerastune_lite.strategies.acquisition import Acquisition, Maximiser
from kerastune_lite.strategies.by_name import usual_rise
from kerastune_lite.strategies.protocol import Proposal
from kerastune_lite.strategies.shapes import Shapes
from kerastune_lite.surrogate.covariance import Features, Parameters
from kerastune_lite.surrogate.embedding import Columns, Embedding
from kerastune_lite.surrogate.output_warp import output_warp
from kerastune_lite.surrogate.process import Observations, Surrogate
from kerastune_lite.trial import Trial

Array = np.ndarray[Any, Any]

# A study of more trials is learnt from by this many of them: docs/bayesian.md tells what that costs.
MOST_LEARNT_FROM = 400

# Up to here a fit begins at the default too, and goes on until it converges; later the last fit is a good start.
_FEW_TRIALS = 60

_FAILED = ("failed", "infeasible")


def propose(
    history: History, initial: int, candidates: int, rng: np.random.Generator, *, name_priors: bool
) -> Proposal | None:
    """The next point; None if nothing is known of the space, or no untried point was found."""
    number = history.next_number
    embedding = Embedding(history.space)
    shapes = Shapes(history.tree, embedding, lambda owner: history[owner].path_complete)
    if number < initial or shapes.root is None:
        return _of_design(history, embedding, shapes, number)
    learnt = Learnt.of(history, embedding, shapes)
    if len(learnt.losses) < 2:
        proposal = _of_design(history, embedding, shapes, number)
        because = "no trial has given a score yet: points are spread over the space"
        return None if proposal is None else Proposal(proposal.values, note={"because": because})
    model, acquisition = _models(history, embedding, learnt, name_priors=name_priors)
    promising = Maximiser(shapes, acquisition, rng)(_candidates(shapes, embedding, learnt, candidates, rng))
    for point in promising:
        values = shapes.values(point)
        if history.tree.untried(values):
            return Proposal(values, note=_note(model.parameters, acquisition.columns))
    return None


def _of_design(history: History, embedding: Embedding, shapes: Shapes, number: int) -> Proposal | None:
    """Point `number` of a scrambled Sobol sequence; the very first is the user's own defaults, if there are any."""
    settings = history.settings
    definitions = list(settings.space or ()) if settings is not None else []
    if number == 0 and any(definition.default != definition.level(0) for definition in definitions):
        return Proposal({d.name: d.default if d.default != d.level(0) else d.from_unit(0.5) for d in definitions})
    seed = 0 if settings is None else settings.seed
    uniform = _sobol(len(embedding), 1, np.random.default_rng([seed, 0x50B01]), skip=number)
    if shapes.root is None:
        units = {d.definition.name: float(uniform[0, d.index]) for d in embedding.dimensions}
        values = {d.name: d.from_unit(units[d.name]) for d in definitions if d.name in units}
        return Proposal(values) if values else None
    values = shapes.values(shapes.grow(np.full((1, len(embedding)), np.nan), uniform)[0])
    return Proposal(values) if history.tree.untried(values) else None


def _sobol(width: int, count: int, rng: np.random.Generator, skip: int = 0) -> Array:
    """`count` points of a scrambled Sobol sequence in `width` dimensions, after `skip` others."""
    if width == 0:
        return np.zeros((count, 0))
    sequence = qmc.Sobol(width, scramble=True, rng=rng)
    if skip:
        sequence.fast_forward(skip)
    return np.asarray(sequence.random(1 << (count - 1).bit_length())[:count])  # whole powers of 2 are balanced


@final
@dataclass(frozen=True)
class Learnt:
    """What the trials say.

    Attributes:
        places: Coordinates of the trials that gave a loss, shape (n, dimensions).
        losses: Their losses, the mean over executions, shape (n,).
        executions: The losses of each execution of each of them.
        failed: Coordinates of those that failed or were infeasible.
        pending: Coordinates of those under way, as far as they can be foreseen.
    """

    places: Array
    losses: Array
    executions: Sequence[Sequence[float]]
    failed: Array
    pending: Array

    @classmethod
    def of(cls, history: History, embedding: Embedding, shapes: Shapes) -> "Learnt":
        """Sorts the trials, and leaves some of them out if they are too many."""
        scored = [trial for trial in history.trials if trial.finished and trial.loss is not None]
        scored = _most_telling(scored, MOST_LEARNT_FROM)
        rows = [embedding.places(trial.definitions, trial.values) for trial in scored]
        losses = [[history.objective.loss(best.score) for e in t.executions if (best := e.best)] for t in scored]
        for told in history.told:
            rows.append(embedding.places_of_values(told.values))
            losses.append([history.objective.loss(told.score)])
        losses = _what_is_lacking(losses)
        failed = [trial for trial in history.trials if trial.status in _FAILED][-MOST_LEARNT_FROM:]
        pending = [trial for trial in history.unfinished if trial.values or trial.path_known]
        width = len(embedding)
        return cls(
            np.array(rows).reshape(-1, width),
            np.array([sum(values) / len(values) for values in losses]),
            losses,
            _foreseen(failed, embedding, shapes),
            _foreseen(pending, embedding, shapes),
        )


def _most_telling(trials: list[Trial], most: int) -> list[Trial]:
    """The best half of `most`, and as many of the others, evenly over time."""
    if len(trials) <= most:
        return trials
    best = sorted(trials, key=lambda trial: trial.rank())[: most // 2]
    chosen = {trial.number for trial in best}
    others = [trial for trial in trials if trial.number not in chosen]
    kept = np.linspace(0, len(others) - 1, most - len(best)).round().astype(int)
    return best + [others[index] for index in kept]


def _what_is_lacking(losses: list[list[float]]) -> list[list[float]]:
    """Shares to be maximised (accuracies, say) are turned into what they lack of 1.

    From 0.98 to 0.99 is half of the errors gone; only in this form can the output warp see that.
    """
    flat = [loss for values in losses for loss in values]
    if flat and min(flat) >= -1 and max(flat) <= 0 and min(flat) < 0:
        return [[1 + loss for loss in values] for values in losses]
    return losses


def _foreseen(trials: Sequence[Trial], embedding: Embedding, shapes: Shapes) -> Array:
    """Coordinates of trials that may not have read, or not be known to have read, all that they will read."""
    if not trials:
        return np.zeros((0, len(embedding)))
    known = np.array([embedding.places_of_values(trial.values) for trial in trials]).reshape(-1, len(embedding))
    return shapes.grow(known, np.full(known.shape, 0.5))


def _models(
    history: History, embedding: Embedding, learnt: Learnt, *, name_priors: bool
) -> tuple[Surrogate, Acquisition]:
    columns = embedding.columns(np.vstack([learnt.places, learnt.failed, learnt.pending]))
    known = _observations(learnt, columns)
    rows = columns.rows(learnt.places)
    last = _last_fit(history, columns)
    many = len(learnt.losses) > _FEW_TRIALS and last is not None
    starts = [start for start in (last, None if many else Parameters.default(len(columns.names))) if start is not None]
    features = _with_name_priors(columns) if name_priors else columns.features
    model = Surrogate.fit(features, known, starts, iterations=12 if many else 30)
    feasibility = None
    if len(learnt.failed):
        labels = np.concatenate([np.ones(len(learnt.places)), -np.ones(len(learnt.failed))])
        observed = Observations(known.rows, labels, np.ones(len(labels)))
        feasibility = Surrogate.fit(columns.features, observed, iterations=20)
    incumbent = float(model.predict(rows)[0].min())
    believing = model.believing(columns.rows(learnt.pending))
    return model, Acquisition(columns, believing, incumbent, feasibility)


def _with_name_priors(columns: Columns) -> Features:
    """What the names of numbers let one expect; the targets' standard deviation is 1."""
    expected = np.zeros_like(columns.features.expected)
    for index, column in columns.numeric.items():
        expected[column] = usual_rise(columns.definition(index).name)
    return replace(columns.features, expected=expected)


def _observations(learnt: Learnt, columns: Columns) -> Observations:
    """Transformed losses; failures come after them, at the worst loss seen."""
    warp = output_warp(learnt.losses)
    counts = np.array([len(values) for values in learnt.executions])
    warped = warp(np.concatenate([np.asarray(values) for values in learnt.executions]))
    means = np.add.reduceat(warped, np.cumsum(counts) - counts) / counts
    scatter = float(((warped - np.repeat(means, counts)) ** 2).sum())
    targets = np.concatenate([means, np.full(len(learnt.failed), means.max())])
    repeats = np.concatenate([counts, np.ones(len(learnt.failed))])
    rows = np.vstack([columns.rows(learnt.places), columns.rows(learnt.failed)])
    return Observations(rows, targets, repeats, scatter)


def _candidates(shapes: Shapes, embedding: Embedding, learnt: Learnt, count: int, rng: np.random.Generator) -> Array:
    """Points all over the space, and a tenth as many around the best trials."""
    width = learnt.places.shape[1]
    spread = shapes.grow(np.full((count, width), np.nan), _sobol(width, count, rng))
    best = learnt.places[np.argsort(learnt.losses, kind="stable")[:5]]
    near = best[rng.integers(len(best), size=count // 10)]
    sigma = rng.choice([0.03, 0.1, 0.3], size=(len(near), 1))
    changed = rng.random(near.shape) < max(0.25, 2 / max(width, 1))
    moved = near + np.where(changed, sigma * rng.standard_normal(near.shape), 0.0)
    categorical = np.array([d.categories is not None for d in embedding.dimensions], dtype=bool)
    moved[:, categorical] = np.where(changed, np.nan, near)[:, categorical]
    return np.vstack([spread, shapes.grow(moved, rng.random(moved.shape))])


def _last_fit(history: History, columns: Columns) -> Parameters | None:
    """What the last proposal's fit found; hyperparameters that are new since then begin at the default."""
    for trial in reversed(history.trials):
        note = trial.note
        if isinstance(note, Mapping) and "trend" in note:
            relevance = np.array([note["relevance"].get(name, 1.0) for name in columns.names])
            bends = np.array([note["bends"].get(name, [1.0, 1.0]) for name in columns.names]).reshape(-1, 2).T
            return Parameters(relevance, note["amplitude"], note["noise"], note["trend"], bends)
    return None


def _note(parameters: Parameters, columns: Columns) -> dict[str, Any]:
    short = np.vectorize(lambda value: float(f"{value:.4g}"), otypes=[float])
    return {
        "relevance": dict(zip(columns.names, short(parameters.relevance).tolist(), strict=True)),
        "bends": dict(zip(columns.names, short(parameters.bends.T).tolist(), strict=True)),
        "amplitude": float(short(parameters.amplitude)),
        "noise": float(short(parameters.noise)),
        "trend": float(short(parameters.trend)),
    }
