"""Converts a study to scikit-optimize's points and targets, and the points that it asks for to proposals.

A point of scikit-optimize has a value for each hyperparameter of the space, read or not. Those that a trial did not
read have their default. `ConditionalSpace` predicts which values of a new point a trial would read.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from kerastune_lite.space.kinds import Float, Value
from kerastune_lite.strategies.bayesian.conditional_space import ConditionalSpace
from kerastune_lite.strategies.protocol import Proposal
from kerastune_lite.study.history import History
from kerastune_lite.surrogate.encoder import SpaceEncoder
from kerastune_lite.surrogate.skopt_space import Axis, Cell, axes_of, point

Array = np.ndarray[Any, Any]
Row = list[Cell]
Maker = Callable[[list[Any], int], Any]
"""Makes a `skopt.Optimizer`, given its dimensions and a seed."""

# How many random points compete if scikit-optimize asks for one that was tried.
_RANDOM = 256

# Targets are clipped here: the squares of larger ones overflow.
_LARGEST = 1e100

_SEEDS = 2**31 - 1


def propose(
    history: History, rng: np.random.Generator, make: Maker, *, initial: int, generator: str
) -> Proposal | None:
    """The next point; None if a random one is due instead.

    Args:
        history: The study.
        rng: The source of all randomness.
        make: Makes the optimizer.
        initial: Size of the initial design.
        generator: scikit-optimize's name of the design's generator.
    """
    points = Points(history)
    known = Known.of(history, points)
    if not points.axes:
        return None
    if len(known.targets) < initial:
        return None if generator == "random" else _initial_point(history, points, initial, generator)
    if not known.scored:
        return None
    optimizer = make([axis.dimension() for axis in points.axes], int(rng.integers(_SEEDS)))
    hedge = hasattr(optimizer, "gains_")
    if hedge:
        _restore_hedge(optimizer, history, points.axes)
    optimizer.tell(known.rows, known.targets)
    for values in _wanted(optimizer, points, known, rng):
        if history.tree.untried(values):
            return Proposal(values, note=_hedge(optimizer, points.axes) if hedge else None)
    return None


@final
class Points:
    """Converts values to points of scikit-optimize and back.

    Attributes:
        axes: The hyperparameters as dimensions.
    """

    def __init__(self, history: History) -> None:
        self.axes = axes_of(history.space, indexed=True)
        self._space_encoder = SpaceEncoder(history.space)  # has the same dimensions, in the same order
        self._space = ConditionalSpace(history.tree, self._space_encoder, lambda owner: history[owner].reads_complete)

    def row(self, values: Mapping[str, Value]) -> Row:
        """The point of a trial with these values."""
        return point(self.axes, values)

    def values(self, row: Sequence[Any]) -> dict[str, Value]:
        """The values that a trial at this point is expected to read, by name."""
        wanted = [axis.value(cell) for axis, cell in zip(self.axes, row, strict=True)]
        if self._space.root is None:
            return {axis.definition.name: value for axis, value in zip(self.axes, wanted, strict=True)}
        pairs = zip(self._space_encoder.dimensions, wanted, strict=True)
        given = np.array([[dimension.coordinate(value) for dimension, value in pairs]])
        coordinates = self._space.complete(given, np.zeros_like(given))[0]
        return {**self._space.values(coordinates), **self._exact(coordinates, wanted)}

    def sample(self, count: int, rng: np.random.Generator) -> list[dict[str, Value]]:
        """The values of points sampled from the prior; none while nothing is known about the space."""
        if self._space.root is None:
            return []
        shape = (count, len(self._space_encoder))
        sampled = self._space.complete(np.full(shape, np.nan), rng.random(shape))
        return [self._space.values(coordinates) for coordinates in sampled]

    def _exact(self, coordinates: Array, wanted: Sequence[Value]) -> dict[str, Value]:
        """The wanted values of continuous hyperparameters, free of the rounding errors of coordinates."""
        exact = {}
        for read in self._space.walk(coordinates):
            definition, dimension = read.axis.definition, read.axis.dimension
            if dimension is not None and isinstance(definition, Float) and definition.step is None:
                value = wanted[dimension.index]
                if value in definition:
                    exact[definition.name] = value
        return exact


@final
@dataclass(frozen=True)
class Known:
    """The arguments of scikit-optimize's `tell`.

    Attributes:
        rows: Points.
        targets: A finite minimized value for each.
        scored: Whether one of them was observed; the targets of failed and running trials are imputed.
    """

    rows: list[Row]
    targets: list[float]
    scored: bool

    @classmethod
    def of(cls, history: History, points: Points) -> "Known":
        """All trials except duplicates, and the external results."""
        trials = history.trials
        known = [(trial.values, trial.minimized) for trial in trials if trial.succeeded and trial.minimized is not None]
        known += [(result.values, history.objective.minimized(result.score)) for result in history.external_results]
        known += [(trial.values, math.inf) for trial in trials if trial.status in ("failed", "infeasible")]
        finite = [target for _, target in known if math.isfinite(target)]
        best, worst = (min(finite), max(finite)) if finite else (0.0, 0.0)
        targets = [target if math.isfinite(target) else worst for _, target in known]
        pending = [trial.values for trial in history.unfinished if trial.values and not trial.succeeded]
        return cls(
            [points.row(values) for values in (*(values for values, _ in known), *pending)],
            np.clip([*targets, *[best] * len(pending)], -_LARGEST, _LARGEST).tolist(),
            scored=bool(finite),
        )


def _initial_point(history: History, points: Points, initial: int, generator: str) -> Proposal | None:
    """The next trial's point of the initial design; None if it was tried, or the design is complete."""
    from skopt.utils import cook_initial_point_generator  # noqa: PLC0415 - heavy: scikit-learn

    number = history.next_number
    if number >= initial:
        return None
    seed = 0 if history.last_search is None else history.last_search.seed
    design = cook_initial_point_generator(generator).generate(
        [axis.dimension() for axis in points.axes],
        initial,
        random_state=int(np.random.default_rng([seed, 0x50B02]).integers(_SEEDS)),
    )
    values = points.values(design[number])
    return Proposal(values) if history.tree.untried(values) else None


def _wanted(optimizer: Any, points: Points, known: Known, rng: np.random.Generator) -> Iterator[dict[str, Value]]:
    """The point that the optimizer asks for, those of its other acquisition functions, then random ones, best first."""
    yield points.values(optimizer.ask())
    for row in optimizer.space.inverse_transform(np.vstack(optimizer.next_xs_)):
        yield points.values(row)
    sampled = points.sample(_RANDOM, rng)
    if sampled:
        rows = optimizer.space.transform([points.row(values) for values in sampled])
        acquisition = _acquisition_values(optimizer, rows, min(known.targets))
        yield from (sampled[index] for index in np.argsort(-acquisition, kind="stable"))


def _acquisition_values(optimizer: Any, rows: Array, best: float) -> Array:
    """The acquisition value of each row; for "gp_hedge" the lower confidence bound, which is never numerically 0."""
    from skopt.acquisition import gaussian_ei, gaussian_lcb, gaussian_pi  # noqa: PLC0415 - heavy: scikit-learn

    model, options = optimizer.models[-1], optimizer.acq_func_kwargs
    if optimizer.acq_func in ("EI", "PI"):
        improvement = gaussian_ei if optimizer.acq_func == "EI" else gaussian_pi
        return np.asarray(improvement(rows, model, best, options.get("xi", 0.01)))
    return np.asarray(-gaussian_lcb(rows, model, options.get("kappa", 1.96)))


def _hedge(optimizer: Any, axes: Sequence[Axis]) -> dict[str, Any]:
    """The state of "gp_hedge": the gain of each acquisition function, and the point that each asked for."""
    asked = optimizer.space.inverse_transform(np.vstack(optimizer.next_xs_))
    return {"hedge": {"gains": optimizer.gains_.tolist(), "asked": [_named(axes, row) for row in asked]}}


def _named(axes: Sequence[Axis], row: Sequence[Any]) -> dict[str, Cell]:
    """A row as a dict by hyperparameter, with Python's types."""
    return {
        _name(axis): axis.cell({axis.definition.name: axis.value(cell)}) for axis, cell in zip(axes, row, strict=True)
    }


def _name(axis: Axis) -> str:
    return f"{axis.definition.name} {axis.definition.kind}"


def _restore_hedge(optimizer: Any, history: History, axes: Sequence[Axis]) -> None:
    """Restores the state that the last proposal recorded; the next `tell` updates the gains from it."""
    for trial in reversed(history.trials):
        if isinstance(trial.note, Mapping) and "hedge" in trial.note:
            hedge = trial.note["hedge"]
            optimizer.gains_ = np.array(hedge["gains"])
            rows = [[_cell(axis, asked) for axis in axes] for asked in hedge["asked"]]
            optimizer.next_xs_ = list(optimizer.space.transform(rows))
            return


def _cell(axis: Axis, asked: Mapping[str, Cell]) -> Cell:
    """The recorded cell; the default if the hyperparameter is new or the cell is out of range now."""
    cell = asked.get(_name(axis))
    return cell if cell is not None and cell in axis.dimension() else axis.cell({})
