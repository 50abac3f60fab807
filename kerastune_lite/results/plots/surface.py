"""How the score depends on one hyperparameter or on two: the trials, and a model fitted to them."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from kerastune_lite.analysis.columns import Column, columns
from kerastune_lite.analysis.progress import score_range
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
    drawing.mark_best(ax, *points[0], f"best (trial {read[0].number})")
    drawing.mark_beyond(ax, history, points)
    failed = [
        trial for trial in history.trials if trial.status in ("failed", "infeasible") and column.name in trial.values
    ]
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
    across, along = _pair(history, known, x, y)
    if across is None or along is None or not history.scored:
        few = "a contour needs two hyperparameters that are tuned"
        return drawing.message(ax, few if history.scored else drawing.nothing_scored(history))
    trials, model = _read_both(history, across, along), _model(history)
    if not trials:
        both = f"{drawing.text(across.name)} and {drawing.text(along.name)}"
        return drawing.message(ax, f"no trial with a score has read both {both}")
    for which, column in (("x", across), ("y", along)):
        _scale(ax, which, column)
        if column.scale is not None:
            ax.set(**{f"{which}lim": (column.scale.low, column.scale.high)})
    found = None if model is None else model.contour(across.name, along.name, _CELLS)
    if found is not None:
        _draw_contour(ax, history, across, along, found)
    _draw_points(ax, [(_spread(across, trial), _spread(along, trial)) for trial in trials], trials[0].number)
    ax.set(xlabel=drawing.text(across.name), ylabel=drawing.text(along.name))
    ax.grid(visible=False)
    drawing.legend(ax)
    return ax


def _pair(
    history: History, known: Sequence[Column], x: str | None, y: str | None
) -> tuple[Column | None, Column | None]:
    """The hyperparameters asked for; in place of one that is not, the most important one that was read with the other.

    Raises:
        UsageError: There is no such hyperparameter, or both are the same.
    """
    if x is not None and x == y:
        raise UsageError(f"a contour needs two hyperparameters, got {x!r} twice")
    if y is not None and x is None:
        return _pair(history, known, y, None)[::-1]
    others = known if y is None else [_chosen(y, known)]
    pairs = [(one, other) for one in (known if x is None else [_chosen(x, known)]) for other in others]
    pairs = [(one, other) for one, other in pairs if one is not other]
    return next((pair for pair in pairs if _read_both(history, *pair)), pairs[0] if pairs else (None, None))


def _draw_points(ax: "Axes", points: Sequence[tuple[float, float]], best: int) -> None:
    """All trials as dots, the best one, whose number is given and which comes first, as a star."""
    edge: dict[str, Any] = {"markeredgecolor": "black", "markeredgewidth": 0.6}
    ax.plot(*zip(*points, strict=True), "o", color="white", markersize=3.5, alpha=0.7, label="trials", **edge)
    ax.plot(*points[0], "*", color=ORANGE, markersize=14, label=f"best (trial {best})", **edge)


def _read_both(history: History, one: Column | None, other: Column | None) -> list[Trial]:
    if one is None or other is None:
        return []
    return [trial for trial in history.ranked() if one.name in trial.values and other.name in trial.values]


def _draw_contour(ax: "Axes", history: History, across: Column, along: Column, found: "Contour") -> None:
    """Contours between two numbers; with a category, a cell for each pair of values."""
    known = [score for row in found.mean for score in row if math.isfinite(score)]
    low, high = score_range(known, history.objective) or (0.0, 1.0)
    beyond = "neither" if low <= min(known) and max(known) <= high else "min" if low > min(known) else "max"
    colours = drawing.score_colours(ax, history, low, high)
    if across.scale is not None and along.scale is not None and low < high:
        xs = [across.coordinate(value) for value in found.xs]
        ys = [along.coordinate(value) for value in found.ys]
        levels = [low + (high - low) * level / _LEVELS for level in range(_LEVELS + 1)]
        ax.contourf(xs, ys, found.mean, levels, cmap=colours.get_cmap(), norm=colours.norm, extend=beyond)
    else:
        edges = (_edges(across, found.xs), _edges(along, found.ys))
        ax.pcolormesh(*edges, found.mean, cmap=colours.get_cmap(), norm=colours.norm)
    bar = ax.figure.colorbar(colours, ax=ax, pad=0.02, extend=beyond)
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
