"""How the score depends on one hyperparameter or on two: the trials, and a model fitted to them."""

import math
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

from kerastune_lite.analysis.columns import Column, columns
from kerastune_lite.errors import SearchError, UsageError, nearest
from kerastune_lite.results.plots import drawing
from kerastune_lite.results.plots.drawing import BLUE, GREY, ORANGE
from kerastune_lite.space.kinds import Value
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kerastune_lite.analysis.surface import Contour, ScoreModel, Slice

# Levels of a contour, and values along each side.
_LEVELS = 12
_CELLS = 30

# Points of one category are spread over so much of its width.
_SPREAD = 0.3


def plot_slice(history: History, name: str | None = None, ax: "Axes | None" = None) -> "Axes":
    """The score of each trial by one hyperparameter, and the model's mean and band."""
    ax = drawing.axes(ax)
    known = _by_importance(history)
    column = _chosen(name, known)
    read = [trial for trial in history.ranked() if column is not None and column.name in trial.values]
    if column is None or not read:
        return drawing.message(ax, drawing.nothing_scored(history))
    drawing.limit_scores(ax, history, [trial.score for trial in read if trial.score is not None])
    _scale(ax, "x", column)
    model = _model(history)
    found = None if model is None else model.slice(column.name)
    if found is not None:
        _draw_model(ax, column, found)
    points = [(_spread(column, trial), trial.score) for trial in read if trial.score is not None]
    ax.plot(*zip(*points, strict=True), "o", color=GREY, alpha=0.6, markersize=4, markeredgewidth=0, label="trials")
    ring: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": BLUE, "markeredgewidth": 1.8}
    ax.plot(*points[0], "o", markersize=8, label=f"best (trial {read[0].number})", **ring)
    drawing.mark_beyond(ax, history, points)
    failed = [trial for trial in history.trials if trial.status == "failed" and column.name in trial.values]
    drawing.mark_failed(ax, history, [_spread(column, trial) for trial in failed])
    ax.set(xlabel=drawing.text(column.name), ylabel=drawing.text(history.objective.name))
    drawing.legend(ax)
    return ax


def _draw_model(ax: "Axes", column: Column, found: "Slice") -> None:
    x = [column.coordinate(value) for value in found.x]
    if column.scale is None:
        apart = [
            [abs(mean - end) for mean, end in zip(found.mean, ends, strict=True)] for ends in (found.low, found.high)
        ]
        style: dict[str, Any] = {
            "fmt": "_",
            "color": BLUE,
            "markersize": 30,
            "markeredgewidth": 2,
            "elinewidth": 6,
            "alpha": 0.5,
        }
        ax.errorbar(x, found.mean, apart, label="model", **style)
    else:
        ax.fill_between(x, found.low, found.high, color=BLUE, alpha=0.2, linewidth=0)
        ax.plot(x, found.mean, color=BLUE, linewidth=1.8, label="model")


def plot_contour(history: History, x: str | None = None, y: str | None = None, ax: "Axes | None" = None) -> "Axes":
    """The model's score over two hyperparameters, and the trials that read both."""
    ax = drawing.axes(ax, size=(6.4, 4.6))
    known = _by_importance(history)
    given = [column for column in (_chosen(name, known) for name in (x, y) if name is not None) if column is not None]
    if len(known) < 2 or not history.scored:
        few = "a contour needs two hyperparameters that are tuned"
        return drawing.message(ax, few if history.scored else drawing.nothing_scored(history))
    ordered = [*given, *(column for column in known if column not in given)]
    pairs = [pair for pair in combinations(ordered, 2) if set(given) <= set(pair)]
    across, along = next((pair for pair in pairs if _read_both(history, *pair)), pairs[0])
    trials, model = _read_both(history, across, along), _model(history)
    if not trials:
        return drawing.message(ax, f"no scored trial has read both {across.name} and {along.name}")
    for which, column in (("x", across), ("y", along)):
        _scale(ax, which, column)
        if column.scale is not None:
            ax.set(**{f"{which}lim": (column.scale.low, column.scale.high)})
    found = None if model is None else model.contour(across.name, along.name, _CELLS)
    if found is not None:
        _draw_contour(ax, history, across, along, found)
    points = [(_spread(across, trial), _spread(along, trial)) for trial in trials]
    dots: dict[str, Any] = {
        "markerfacecolor": "white",
        "markeredgecolor": "black",
        "markeredgewidth": 0.6,
        "alpha": 0.7,
    }
    ax.plot(*zip(*points, strict=True), "o", markersize=3.5, label="trials", **dots)
    best = f"best (trial {trials[0].number})"
    ax.plot(*points[0], "*", markersize=14, color=ORANGE, markeredgecolor="black", markeredgewidth=0.8, label=best)
    ax.set(xlabel=drawing.text(across.name), ylabel=drawing.text(along.name))
    ax.grid(visible=False)
    drawing.legend(ax)
    return ax


def _read_both(history: History, one: Column, other: Column) -> list[Trial]:
    return [trial for trial in history.ranked() if one.name in trial.values and other.name in trial.values]


def _draw_contour(ax: "Axes", history: History, across: Column, along: Column, found: "Contour") -> None:
    """Contours between two numbers; with a category, a cell for each pair of values."""
    known = [score for row in found.mean for score in row if math.isfinite(score)]
    low, high = min(known), max(known)
    colours = drawing.score_colours(history, low, high)
    if across.scale is not None and along.scale is not None and low < high:
        xs = [across.coordinate(value) for value in found.xs]
        ys = [along.coordinate(value) for value in found.ys]
        ax.contourf(xs, ys, found.mean, levels=_LEVELS, cmap=colours.get_cmap())
    else:
        edges = (_edges(across, found.xs), _edges(along, found.ys))
        ax.pcolormesh(*edges, found.mean, cmap=colours.get_cmap(), norm=colours.norm)
    bar = ax.figure.colorbar(colours, ax=ax, pad=0.02)
    bar.outline.set_visible(False)
    bar.set_label(f"{drawing.text(history.objective.name)} (model)")


def _edges(column: Column, values: Sequence[Value]) -> list[float]:
    """The edges of cells around values, halfway on the column's scale."""
    if column.scale is None:
        return [index - 0.5 for index in range(len(values) + 1)]
    middles = [(low + high) / 2 for low, high in pairwise(map(column.position, values))]
    return [column.scale.at(place) for place in (0.0, *middles, 1.0)]


def _by_importance(history: History) -> list[Column]:
    """The hyperparameters, the most important one first; as first read, if importance is not known."""
    from kerastune_lite.analysis.importance import importance  # noqa: PLC0415 - heavy: scipy

    known = columns(history)
    try:
        found = importance(history)
    except SearchError:
        return known
    return sorted(known, key=lambda column: -found.get(column.name, 0.0))


def _chosen(name: str | None, known: Sequence[Column]) -> Column | None:
    """The column of a name, the first one without a name; None where no hyperparameter is known yet.

    Raises:
        UsageError: There is no such hyperparameter.
    """
    found = {column.name: column for column in known}
    if not known or name is None:
        return known[0] if known else None
    if name not in found:
        tuned = ", ".join(found)
        raise UsageError(f"no hyperparameter {name!r} is tuned in this study ({tuned} are){nearest(name, found)}")
    return found[name]


def _model(history: History) -> "ScoreModel | None":
    from kerastune_lite.analysis.surface import ScoreModel  # noqa: PLC0415 - heavy: scipy

    try:
        return ScoreModel(history)
    except SearchError:
        return None


def _scale(ax: "Axes", which: str, column: Column) -> None:
    """Gives an axis the scale of a hyperparameter: logarithms, or a tick for each level of a choice."""
    axis = ax.xaxis if which == "x" else ax.yaxis
    if column.scale is None:
        labels = [drawing.text(level, 14) for level in column.levels]
        step = -(-len(labels) // 12)
        axis.set_ticks(range(0, len(labels), step), labels[::step])
        (ax.set_xlim if which == "x" else ax.set_ylim)(-0.5, len(labels) - 0.5)
        return
    set_scale = ax.set_xscale if which == "x" else ax.set_yscale
    if column.sampling == "log":
        set_scale("log")
        drawing.log_ticks(axis, column.scale.low, column.scale.high)
    elif column.sampling == "reverse_log":
        set_scale("function", functions=_mirrored(column.scale.low + column.scale.high))


def _mirrored(total: float) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """The reverse-log scale, -log(total - value), and its inverse."""
    import numpy as np  # noqa: PLC0415 - heavy

    return (lambda value: -np.log(np.maximum(total - value, 1e-300))), (lambda place: total - np.exp(-place))


def _spread(column: Column, trial: Trial) -> float:
    """The coordinate of a trial; within a category, trials are spread by their number, so that each is seen."""
    at = column.coordinate(trial.values[column.name])
    golden = 0.618034  # multiples of it are spread evenly over the unit interval
    return at if column.scale is not None else at + _SPREAD * ((trial.number * golden) % 1 - 0.5)
