"""Bars of importance."""

from typing import TYPE_CHECKING

from kerastune_lite.errors import SearchError
from kerastune_lite.results.plots import drawing
from kerastune_lite.results.plots.drawing import BLUE
from kerastune_lite.study.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# So many bars; the others are summed up in one.
_BARS = 15


def plot_importance(history: History, ax: "Axes | None" = None, *, top_quarter: bool = False) -> "Axes":
    """A bar for each hyperparameter, the most important one at the top."""
    from kerastune_lite.analysis.importance import importance  # noqa: PLC0415 - heavy: numpy, scipy

    ax = drawing.axes(ax)
    try:
        found = importance(history, top_quarter=top_quarter)
    except SearchError as error:
        return drawing.message(ax, str(error))
    bars = [(drawing.text(name), share) for name, share in found.items()]
    if len(bars) > _BARS:
        rest = bars[_BARS - 1 :]
        bars = [*bars[: _BARS - 1], (f"{len(rest)} others", sum(share for _, share in rest))]
    at = range(len(bars))
    ax.barh(at, [share for _, share in bars], color=BLUE, height=0.62)
    for y, (_, share) in zip(at, bars, strict=True):
        ax.annotate(f"{share:.0%}", (share, y), (4, 0), textcoords="offset points", va="center", fontsize="small")
    ax.set_yticks(at, [name for name, _ in bars])
    ax.tick_params(axis="y", length=0)
    ax.set(ylim=(len(bars) - 0.4, -0.6), xlim=(0, max(share for _, share in bars) * 1.12 or 1), xticks=[])
    ax.grid(visible=False)
    ax.spines[["bottom"]].set_visible(False)
    ax.set_title("Importance" + (" within the best quarter" if top_quarter else ""), loc="left", fontsize="medium")
    return ax
