"""How the search went: scores and the best so far, and their distribution."""

import io
import warnings
from typing import TYPE_CHECKING

from kerastune_lite.analysis.progress import Step, edf, progress
from kerastune_lite.results.plots import drawing
from kerastune_lite.results.plots.drawing import BLUE, GREY
from kerastune_lite.study.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_UNITS = ((3600.0, "h"), (60.0, "min"), (1.0, "s"))

# With more points than this, they are drawn smaller.
_MANY = 100


def plot_history(history: History, ax: "Axes | None" = None, *, by_time: bool = False) -> "Axes":
    """Each score as a point, and the best so far as steps."""
    ax = drawing.axes(ax)
    steps = progress(history, by_time=by_time)
    if not steps:
        return drawing.message(ax, drawing.nothing_scored(history))
    divisor, unit = time_unit(steps[-1].seconds)
    at = [step.seconds / divisor if by_time else float(step.trial) for step in steps]
    scored = [(x, step) for x, step in zip(at, steps, strict=True) if step.score is not None]
    drawing.limit_scores(ax, history, [step.score for _, step in scored if step.score is not None])
    if scored:
        _draw_scores(ax, history, scored, at[-1])
    drawing.mark_failed(ax, history, [x for x, step in zip(at, steps, strict=True) if step.score is None])
    ax.set_xlabel(f"time since the start ({unit})" if by_time else "trial")
    if not by_time:
        whole_ticks(ax)
    if not scored:
        ax.set_yticks([])
        ax.text(0.5, 0.5, drawing.nothing_scored(history), transform=ax.transAxes, ha="center", color=GREY)
    ax.set_ylabel(drawing.text(history.objective.name))
    drawing.legend(ax, least=1)
    return ax


def _draw_scores(ax: "Axes", history: History, scored: list[tuple[float, Step]], end: float) -> None:
    points = [(x, step.score) for x, step in scored if step.score is not None]
    size = 3.0 if len(points) > _MANY else 4.5
    ax.plot(*zip(*points, strict=True), "o", color=GREY, alpha=0.6, markersize=size, markeredgewidth=0, label="score")
    line = [(x, step.best) for x, step in scored if step.best is not None]
    x, y = zip(*line, (end, line[-1][1]), strict=True)
    ax.step(x, y, where="post", color=BLUE, linewidth=1.8, label="best so far")
    best = history.best  # a confirmed trial comes before luckier ones
    for place, step in scored:
        if best is not None and best.score is not None and step.trial == best.number:
            drawing.mark_best(ax, place, best.score, f"best: {drawing.text(best.score)} (trial {best.number})")
    drawing.mark_beyond(ax, history, points)


def history_svg(history: History) -> str:
    """The plot as an SVG element for HTML; an empty string without matplotlib, or without two trials."""
    if len(history) < 2:
        return ""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - heavy, and an extra
    except ImportError:
        return ""
    figure, file = Figure(figsize=drawing.SIZE, layout="constrained"), io.StringIO()
    plot_history(history, figure.subplots())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of characters that the font lacks
        figure.savefig(file, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    drawn = file.getvalue()
    return drawn[drawn.index("<svg") :].replace("\n", " ").strip()


def time_unit(seconds: float) -> tuple[float, str]:
    """The seconds of a readable unit, and its symbol."""
    return next((unit for unit in _UNITS if seconds >= 2 * unit[0]), _UNITS[-1])


def whole_ticks(ax: "Axes") -> None:
    """Ticks at whole numbers only, from 0."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - heavy, and an extra

    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def plot_edf(history: History, ax: "Axes | None" = None) -> "Axes":
    """The share of trials that are at least as good as each score."""
    ax = drawing.axes(ax)
    points = edf(history)
    if not points:
        return drawing.message(ax, drawing.nothing_scored(history))
    scores, shares = zip(*points, strict=True)
    before, number = ax.get_xlim(), len(ax.lines)  # of another study in the same axes
    drawing.limit_scores(ax, history, scores)
    low, high = ax.get_ylim()
    ax.set(xlim=(min(low, before[0]), max(high, before[1])) if number else (low, high), ylim=(0, 1.03))
    worst = max(scores, key=history.objective.minimized)
    colour = drawing.SERIES[number % len(drawing.SERIES)]
    ax.step((scores[0], *scores, worst), (0.0, *shares, shares[-1]), where="post", color=colour, linewidth=1.8)
    ax.set_xlabel(drawing.text(history.objective.name))
    ax.set_ylabel("share of trials at least as good")
    ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    return ax
