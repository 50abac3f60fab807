"""Each trial as a line or a bar: learning curves, timeline, parallel coordinates."""

import time
from typing import TYPE_CHECKING, Any

from kerastune_lite.analysis.columns import Column, columns
from kerastune_lite.analysis.curves import mean_curve, timeline
from kerastune_lite.analysis.progress import CURVE_FENCE, score_range
from kerastune_lite.results.plots import drawing
from kerastune_lite.results.plots.drawing import BLUE
from kerastune_lite.results.plots.history import time_unit, whole_ticks
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# With more bars than this, there is no room for an edge between them.
_MANY = 80

# Where parallel coordinates show that a hyperparameter was not read.
_INACTIVE = -0.13

# The greatest width of a figure, in inches.
_WIDEST = 24.0

# A choice with more levels has ticks at some of them only.
_MOST_TICKS = 12


def plot_curves(history: History, ax: "Axes | None" = None) -> "Axes":
    """The objective by epoch, the mean over executions; the best trial in front."""
    ax = drawing.axes(ax)
    drawn = {trial: curve for trial in history.trials if (curve := mean_curve(trial))}
    if not drawn:
        return drawing.message(ax, "no epoch has been reported" if len(history) else drawing.nothing_scored(history))
    drawing.limit_scores(ax, history, [point.mean for curve in drawn.values() for point in curve], CURVE_FENCE)
    best = history.best
    by_status: dict[str, list[list[tuple[int, float]]]] = {}
    for trial, curve in drawn.items():
        if trial is not best:
            by_status.setdefault(trial.status, []).append([(point.epoch, point.mean) for point in curve])
    for status, lines in by_status.items():
        _draw_lines(ax, status, lines)
    if best in drawn:
        _draw_best_curve(ax, best)
    longest = max(curve[-1].epoch for curve in drawn.values())
    ax.set(xlabel="epoch", ylabel=drawing.text(history.objective.name), xlim=(1 - 0.03 * longest, 1.03 * longest))
    whole_ticks(ax)
    drawing.legend(ax, least=1)
    return ax


def _draw_lines(ax: "Axes", status: str, lines: list[list[tuple[int, float]]]) -> None:
    """Thin lines; a dot where a trial was ended, or where there is no line."""
    from matplotlib.collections import LineCollection  # noqa: PLC0415 - heavy, and an extra

    colour, ended = drawing.STATUS[status], status in ("stopped", "failed")
    ax.add_collection(LineCollection(lines, colors=colour, linewidths=0.9, alpha=0.6))
    dots = [line[-1] for line in lines if ended or len(line) == 1]
    ax.plot(*zip(*dots, strict=True) if dots else ((), ()), "o", color=colour, markersize=3.5, alpha=0.6)
    ax.plot((), (), color=colour, linewidth=0.9, marker="o" if dots else None, markersize=3.5, label=status)


def _draw_best_curve(ax: "Axes", trial: Trial) -> None:
    """A thick line, and a band of one standard deviation if there are several executions."""
    curve = mean_curve(trial)
    x, y = [point.epoch for point in curve], [point.mean for point in curve]
    if any(point.deviation for point in curve):
        low, high = ([point.mean + sign * point.deviation for point in curve] for sign in (-1, 1))
        ax.fill_between(x, low, high, color=BLUE, alpha=0.2, linewidth=0)
    marker = "o" if len(curve) == 1 else None
    ax.plot(x, y, color=BLUE, linewidth=2.2, marker=marker, label=f"best (trial {trial.number})")


def plot_timeline(history: History, ax: "Axes | None" = None) -> "Axes":
    """A bar for each attempt, a lane for each worker."""
    ax = drawing.axes(ax)
    lanes, bars = timeline(history)
    if not bars:
        return drawing.message(ax, drawing.nothing_scored(history))
    now = time.time() - history.created
    ends = [now if bar.end is None else bar.end for bar in bars]
    divisor, unit = time_unit(max(ends))
    drawn: dict[tuple[str, int], list[tuple[float, float]]] = {}  # by status and lane
    for bar, end in zip(bars, ends, strict=True):
        drawn.setdefault((bar.status, bar.lane), []).append((bar.start / divisor, (end - bar.start) / divisor))
    edge: dict[str, Any] = {"edgecolor": ax.get_facecolor(), "linewidth": 0.6 if len(bars) <= _MANY else 0}
    for (status, lane), spans in drawn.items():
        new = status not in ax.get_legend_handles_labels()[1]
        style = edge | {"facecolor": drawing.STATUS[status], "label": status if new else None}
        ax.broken_barh(spans, (lane - 0.3, 0.6), **style)
    if history.best is not None:
        number = history.best.number
        bar, end = [pair for pair in zip(bars, ends, strict=True) if pair[0].trial == number][-1]
        ax.annotate(
            f"best (trial {number})", ((bar.start + end) / 2 / divisor, bar.lane - 0.3), (0, 14), ha="center",
            textcoords="offset points", fontsize="small", color=BLUE, arrowprops={"arrowstyle": "-|>", "color": BLUE},
        )  # fmt: skip
    room = max(0.0, (3 - len(lanes)) / 3)
    ax.set(xlabel=f"time since the start ({unit})", ylim=(len(lanes) - 0.5 + room, -0.6 - room), xlim=(0, None))
    ax.set_yticks(range(len(lanes)), [drawing.text(worker) if len(lanes) > 1 else "" for worker in lanes])
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    drawing.legend(ax, least=1)
    return ax


def plot_parallel_coordinates(history: History, ax: "Axes | None" = None) -> "Axes":
    """A line for each scored trial through its values, coloured by its score, which is the last column."""
    found = columns(history)
    ax = drawing.axes(ax, size=(min(max(6.4, 1.25 * (len(found) + 1)), _WIDEST), 4.2))
    scored = list(history.ranked())
    scores = [trial.score for trial in scored if trial.score is not None]
    shown = score_range(scores, history.objective) if scores else None
    if shown is None:
        return drawing.message(ax, drawing.nothing_scored(history))
    from matplotlib.collections import LineCollection  # noqa: PLC0415 - heavy, and an extra

    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    low, high = shown
    colours = drawing.score_colours(ax, history, low, high)
    alpha = min(0.6, max(0.15, 30 / len(scored)))
    lines, shades = [], []
    for trial in scored:
        score = min(max(trial.score or 0.0, low), high)
        y = [c.position(trial.values[c.name]) if c.name in trial.values else _INACTIVE for c in found]
        lines.append([*enumerate(y), (len(y), (score - low) / (high - low) if high > low else 0.5)])
        shades.append(colours.to_rgba(score))
    ax.add_collection(
        LineCollection(lines[:0:-1], colors=shades[:0:-1], linewidths=1, alpha=alpha)
    )  # good ones in front
    ax.plot(*zip(*lines[0], strict=True), color=shades[0], linewidth=2.4)
    inactive = any(column.name not in trial.values for column in found for trial in scored)
    for at, column in enumerate(found):
        _draw_column(ax, at, _ticks(column), inactive=any(column.name not in trial.values for trial in scored))
    beyond = any(trial.score is not None and not low <= trial.score <= high for trial in scored)
    _draw_column(ax, len(found), _score_ticks(history, low, high, beyond=beyond), inactive=False)
    names = [*(column.name for column in found), history.objective.name]
    ax.set_xticks(range(len(names)), [drawing.text(name, 18) for name in names], fontsize="small")
    ax.tick_params(length=0)
    ax.xaxis.tick_top()
    ax.set(yticks=[], ylim=(_INACTIVE - 0.05 if inactive else -0.05, 1.05), xlim=(-0.25, len(found) + 0.5))
    return ax


def _draw_column(ax: "Axes", at: int, ticks: list[tuple[float, str]], *, inactive: bool) -> None:
    colour = ax.xaxis.label.get_color()  # that of the user's style
    ax.plot([at, at], [0, 1], color=colour, linewidth=0.8)
    if inactive:
        ticks = [*ticks, (_INACTIVE, "n/a")]
    for y, label in ticks:
        ax.plot([at, at + 0.03], [y, y], color=colour, linewidth=0.8)
        box = {"facecolor": ax.get_facecolor(), "alpha": 0.8, "edgecolor": "none", "pad": 0.8}
        ax.text(at + 0.05, y, label, va="center", fontsize="x-small", bbox=box)


def _ticks(column: Column) -> list[tuple[float, str]]:
    """Positions and labels."""
    if column.scale is None:
        step = -(-len(column.levels) // _MOST_TICKS)
        return [(column.position(level), drawing.text(level, 14)) for level in column.levels[::step]]
    low, high = column.scale.low, column.scale.high
    values = drawing.nice_numbers(low, high, log=column.sampling == "log", whole=column.whole)
    return [(column.position(value), drawing.number(value)) for value in values]


def _score_ticks(history: History, low: float, high: float, *, beyond: bool) -> list[tuple[float, str]]:
    """Positions and labels; that of the bad end says whether there are scores beyond it."""
    if not high > low:
        return [(0.5, drawing.number(low))]
    ticks = [((value - low) / (high - low), drawing.number(value)) for value in drawing.nice_numbers(low, high)]
    if beyond:
        worst, sign = (0, "≤") if history.objective.direction == "max" else (-1, "≥")
        ticks[worst] = (ticks[worst][0], f"{sign} {ticks[worst][1]}")
    return ticks
