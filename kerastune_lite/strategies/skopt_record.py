"""What is on record, as scikit-optimize is told it, and what it asks for, as a proposal.

Its points are rows with a value for each hyperparameter of the space, read or not. A trial reads some of them: which,
`space` foresees. What a trial does not read stands at its default in what is told.
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
"""A `skopt.Optimizer` of dimensions and a seed."""

# How many points are compared if scikit-optimize asks for one that was tried.
_OTHERS = 256

# Larger losses overflow when they are squared.
_LARGEST = 1e100

_SEEDS = 2**31 - 1


def propose(
    history: History, rng: np.random.Generator, make: Maker, *, initial: int, generator: str
) -> Proposal | None:
    """The next point; None to draw one at random.

    Args:
        history: What is on record.
        rng: All randomness of this proposal.
        make: Makes the optimiser.
        initial: How many points of the initial design come first.
        generator: scikit-optimize's name of the design.
    """
    points = Points(history)
    known = Known.of(history, points)
    if not points.axes:
        return None
    if len(known.losses) < initial:
        return None if generator == "random" else _of_design(history, points, initial, generator)
    if not known.scored:
        return None
    optimizer = make([axis.dimension() for axis in points.axes], int(rng.integers(_SEEDS)))
    hedge = hasattr(optimizer, "gains_")
    if hedge:
        _restore_hedge(optimizer, history, points.axes)
    optimizer.tell(known.rows, known.losses)
    for values in _wanted(optimizer, points, known, rng):
        if history.tree.untried(values):
            return Proposal(values, note=_hedge(optimizer, points.axes) if hedge else None)
    return None


@final
class Points:
    """scikit-optimize's points and what trials read there.

    Attributes:
        axes: The dimensions.
    """

    def __init__(self, history: History) -> None:
        self.axes = axes_of(history.space, indexed=True)
        self._space_encoder = SpaceEncoder(history.space)  # has a coordinate for each axis, in the same order
        self._space = ConditionalSpace(history.tree, self._space_encoder, lambda owner: history[owner].reads_complete)

    def row(self, values: Mapping[str, Value]) -> Row:
        """The point of a trial that read these values."""
        return point(self.axes, values)

    def values(self, row: Sequence[Any]) -> dict[str, Value]:
        """What a trial at this point would read, as far as can be foreseen, by name."""
        wanted = [axis.value(cell) for axis, cell in zip(self.axes, row, strict=True)]
        if self._space.root is None:
            return {axis.definition.name: value for axis, value in zip(self.axes, wanted, strict=True)}
        pairs = zip(self._space_encoder.dimensions, wanted, strict=True)
        coordinates = np.array([[dimension.coordinate(value) for dimension, value in pairs]])
        place = self._space.complete(coordinates, np.zeros_like(coordinates))[0]
        return {**self._space.values(place), **self._exact(place, wanted)}

    def drawn(self, count: int, rng: np.random.Generator) -> list[dict[str, Value]]:
        """The values of points drawn from the prior; none while nothing has been read."""
        if self._space.root is None:
            return []
        shape = (count, len(self._space_encoder))
        return [self._space.values(place) for place in self._space.complete(np.full(shape, np.nan), rng.random(shape))]

    def _exact(self, place: Array, wanted: Sequence[Value]) -> dict[str, Value]:
        """Numbers of continuous ranges as they were asked for: coordinates are rounded, and stop short of an end."""
        exact = {}
        for read in self._space.walk(place):
            definition, dimension = read.axis.definition, read.axis.dimension
            if dimension is not None and isinstance(definition, Float) and definition.step is None:
                value = wanted[dimension.index]
                if value in definition:
                    exact[definition.name] = value
        return exact


@final
@dataclass(frozen=True)
class Known:
    """What scikit-optimize is told.

    Attributes:
        rows: Points.
        losses: A finite value for each.
        scored: Whether any of them is of a trial or a result, rather than made up.
    """

    rows: list[Row]
    losses: list[float]
    scored: bool

    @classmethod
    def of(cls, history: History, points: Points) -> "Known":
        """All trials but duplicates, and the results from elsewhere."""
        trials = history.trials
        known = [(trial.values, trial.minimized) for trial in trials if trial.succeeded and trial.minimized is not None]
        known += [(told.values, history.objective.minimized(told.score)) for told in history.external_results]
        known += [(trial.values, math.inf) for trial in trials if trial.status in ("failed", "infeasible")]
        finite = [loss for _, loss in known if math.isfinite(loss)]
        best, worst = (min(finite), max(finite)) if finite else (0.0, 0.0)
        losses = [loss if math.isfinite(loss) else worst for _, loss in known]
        pending = [trial.values for trial in history.unfinished if trial.values]
        return cls(
            [points.row(values) for values in (*(values for values, _ in known), *pending)],
            np.clip([*losses, *[best] * len(pending)], -_LARGEST, _LARGEST).tolist(),
            scored=bool(finite),
        )


def _of_design(history: History, points: Points, initial: int, generator: str) -> Proposal | None:
    """The point of the initial design that belongs to the next trial; None if it was tried, or the design is done."""
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
    """What the optimiser asks for, what its other acquisition functions ask for, then others, best first."""
    yield points.values(optimizer.ask())
    for row in optimizer.space.inverse_transform(np.vstack(optimizer.next_xs_)):
        yield points.values(row)
    others = points.drawn(_OTHERS, rng)
    if others:
        rows = optimizer.space.transform([points.row(values) for values in others])
        merits = _merits(optimizer, rows, min(known.losses))
        yield from (others[index] for index in np.argsort(-merits, kind="stable"))


def _merits(optimizer: Any, rows: Array, best: float) -> Array:
    """The acquisition function; of the three that "gp_hedge" has, the one that never vanishes."""
    from skopt.acquisition import gaussian_ei, gaussian_lcb, gaussian_pi  # noqa: PLC0415 - heavy: scikit-learn

    model, options = optimizer.models[-1], optimizer.acq_func_kwargs
    if optimizer.acq_func in ("EI", "PI"):
        improvement = gaussian_ei if optimizer.acq_func == "EI" else gaussian_pi
        return np.asarray(improvement(rows, model, best, options.get("xi", 0.01)))
    return np.asarray(-gaussian_lcb(rows, model, options.get("kappa", 1.96)))


def _hedge(optimizer: Any, axes: Sequence[Axis]) -> dict[str, Any]:
    """What "gp_hedge" remembers: how each acquisition function has done, and what each has asked for."""
    asked = optimizer.space.inverse_transform(np.vstack(optimizer.next_xs_))
    return {"hedge": {"gains": optimizer.gains_.tolist(), "asked": [_named(axes, row) for row in asked]}}


def _named(axes: Sequence[Axis], row: Sequence[Any]) -> dict[str, Cell]:
    """A row by hyperparameter, in Python's types."""
    return {
        _name(axis): axis.cell({axis.definition.name: axis.value(cell)}) for axis, cell in zip(axes, row, strict=True)
    }


def _name(axis: Axis) -> str:
    return f"{axis.definition.name} {axis.definition.kind}"


def _restore_hedge(optimizer: Any, history: History, axes: Sequence[Axis]) -> None:
    """Gives back what the last proposal left: the next `tell` judges by it, as if the optimiser had lived on."""
    for trial in reversed(history.trials):
        if isinstance(trial.note, Mapping) and "hedge" in trial.note:
            hedge = trial.note["hedge"]
            optimizer.gains_ = np.array(hedge["gains"])
            rows = [[_cell(axis, asked) for axis in axes] for asked in hedge["asked"]]
            optimizer.next_xs_ = list(optimizer.space.transform(rows))
            return


def _cell(axis: Axis, asked: Mapping[str, Cell]) -> Cell:
    """What was asked for; the default of a hyperparameter that is new since then."""
    cell = asked.get(_name(axis))
    return cell if cell is not None and cell in axis.dimension() else axis.cell({})
