"""What all plots share: colours, texts, axes, empty states."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kerastune_lite.analysis.progress import FENCE, score_range
from kerastune_lite.printable import printable
from kerastune_lite.space.scale import Scale
from kerastune_lite.study.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

# Okabe and Ito, "Color Universal Design" (2008): colours that colour-blind people tell apart.
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
GREY = "#8C8C8C"
SERIES = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY)

STATUS = {
    "completed": GREEN,
    "stopped": GREY,
    "failed": VERMILION,
    "infeasible": VERMILION,
    "running": SKY,
    "interrupted": ORANGE,
    "paused": PURPLE,
    "duplicate": GREY,
}

SIZE = (6.4, 3.8)

_LONGEST = 28
_PADDING = 0.06

# Logarithmic axes up to this ratio have ticks at 1, 2 and 5 times powers of ten, written out.
_DECADES = 200


def axes(ax: "Axes | None", size: tuple[float, float] = SIZE) -> "Axes":
    """The axes to draw into: those given, or those of a new figure; without a frame above and at the right.

    Raises:
        ImportError: matplotlib is not installed.
    """
    if ax is None:
        try:
            from matplotlib import pyplot as plt  # noqa: PLC0415 - heavy, and an extra
        except ImportError as error:
            raise ImportError("plots need matplotlib: pip install 'kerastune-lite[plots]'") from error
        ax = plt.subplots(figsize=size, layout="constrained")[1]
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)
    ax.grid(visible=True, color=GREY, alpha=0.25, linewidth=0.6)
    return ax


def text(value: object, longest: int = _LONGEST) -> str:
    """A name or a value as a short text, literally: matplotlib reads formulas between dollar signs."""
    shown = f"{value:.5g}" if isinstance(value, float) else printable(value)
    shown = shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
    return shown.replace("$", r"\$")


def message(ax: "Axes", words: str) -> "Axes":
    """Shows a sentence in place of data."""
    ax.grid(visible=False)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.text(0.5, 0.5, words, transform=ax.transAxes, ha="center", va="center", color=GREY, wrap=True)
    return ax


def nothing_scored(history: History) -> str:
    """Why there is nothing to plot."""
    trials = len(history)
    if not trials:
        return "no trial yet"
    return "the trial has no score" if trials == 1 else f"none of the {trials} trials has a score"


def limit_scores(
    ax: "Axes", history: History, scores: Sequence[float], fence: float = FENCE
) -> tuple[float, float] | None:
    """Sets the range of the vertical axis to that of `score_range`, with some padding; None without a score."""
    found = score_range(scores, history.objective, fence)
    if found is None:
        return None
    low, high = found
    pad = _PADDING * (high - low) or 0.05 * abs(high) or 1.0
    ax.set_ylim(low - pad, high + pad)
    return found


def bad_edge(history: History) -> float:
    """The edge of the worst scores, as a fraction of the height of the axes."""
    return 0.0 if history.objective.direction == "max" else 1.0


def mark_beyond(ax: "Axes", history: History, points: Sequence[tuple[float, float]]) -> None:
    """Triangles at the edge for points whose scores the axes do not show."""
    low, high = ax.get_ylim()
    at = [x for x, score in points if not low <= score <= high]
    if at:
        edge = bad_edge(history)
        ax.plot(
            at,
            [abs(edge - 0.025)] * len(at),
            "^" if edge else "v",
            color=GREY,
            markersize=5,
            transform=ax.get_xaxis_transform(),
            label=f"beyond the axis ({len(at)})",
            clip_on=False,
        )


def mark_best(ax: "Axes", x: float, y: float, label: str) -> None:
    """A ring around the best trial."""
    style: dict[str, Any] = {"markerfacecolor": ax.get_facecolor(), "markeredgecolor": BLUE, "markeredgewidth": 1.8}
    ax.plot(x, y, "o", markersize=8, label=label, **style)


def mark_failed(ax: "Axes", history: History, at: Sequence[float]) -> None:
    """Crosses at the edge of the worst scores."""
    if at:
        y = [abs(bad_edge(history) - 0.025)] * len(at)
        ax.plot(
            at, y, "x", color=VERMILION, markersize=5, clip_on=False, transform=ax.get_xaxis_transform(),
            label=f"failed ({len(at)})",
        )  # fmt: skip


def legend(ax: "Axes", *, least: int = 2) -> None:
    """A legend above the axes, if there are so many entries at least."""
    handles, labels = ax.get_legend_handles_labels()
    if len(labels) >= least:
        ax.legend(
            handles,
            labels,
            loc="lower right",
            bbox_to_anchor=(1, 1),
            ncols=min(len(labels), 4),
            frameon=False,
            fontsize="small",
            borderaxespad=0.2,
            handlelength=1.4,
            columnspacing=1.2,
        )


def score_colours(ax: "Axes", history: History, low: float, high: float) -> Any:
    """A `ScalarMappable` with colours of scores: the better, the farther from the background's.

    Their lightness is even, and none differ by red and green alone.
    """
    from matplotlib import cm, colormaps, colors  # noqa: PLC0415 - heavy, and an extra

    best = history.objective.direction == "max"
    low, high = (low, high) if high > low else (low - 1, high) if best else (low, high + 1)
    light = sum(colors.to_rgb(ax.get_facecolor())) > 1.5
    shades = colormaps["viridis_r" if light else "viridis"]([0.08, 0.3, 0.5, 0.75, 1.0])
    coloured = colors.LinearSegmentedColormap.from_list("score", shades)
    return cm.ScalarMappable(colors.Normalize(low, high), coloured if best else coloured.reversed())


def nice_numbers(low: float, high: float, *, log: bool = False, whole: bool = False) -> list[float]:
    """Some round numbers in a range, and its ends; evenly spaced on a linear or logarithmic scale."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - heavy, and an extra

    narrow = log and high < _DECADES * low
    locator = _log_locator(narrow=narrow) if log else MaxNLocator(5, steps=[1, 2, 2.5, 5, 10], integer=whole)
    inner = [float(value) for value in locator.tick_values(low, high) if low < value < high]
    scale = Scale(low, high, None, "log" if log else "linear", whole=False)
    return [low, *(value for value in inner if 0.07 < scale.unit(value) < 0.93), high]


def number(value: float) -> str:
    """A number as a short text."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.4g}"


def _log_locator(*, narrow: bool) -> Any:
    from matplotlib.ticker import LogLocator  # noqa: PLC0415 - heavy, and an extra

    return LogLocator(subs=(1.0, 2.0, 5.0) if narrow else (1.0,), numticks=8)


def log_ticks(axis: "Axis", low: float, high: float) -> None:
    """Plain numbers as the ticks of a logarithmic axis, unless it has many decades."""
    from matplotlib.ticker import NullFormatter, NullLocator  # noqa: PLC0415 - heavy, and an extra

    if high < _DECADES * low:
        axis.set_major_locator(_log_locator(narrow=True))
        axis.set_major_formatter(lambda value, _: number(value))
        axis.set_minor_locator(NullLocator())
        axis.set_minor_formatter(NullFormatter())
