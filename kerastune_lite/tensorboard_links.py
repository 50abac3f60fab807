"""Links that open in TensorBoard what matters in a search."""

import importlib.util
import json
from collections.abc import Iterable
from urllib.parse import quote

ADDRESS = "http://localhost:6006/"
"""Where TensorBoard is, unless something else is using its port."""

PAGE = "search"
"""The page of our own server (`launcher`) that opens Time Series with outliers shown."""

ALONE = "tuning"
"""The page of our own server that shows what the Tuning tab shows, without the rest of TensorBoard."""

_PLUGIN = "kerastune_lite"

TAB = f"data/plugin/{_PLUGIN}/"
"""Where TensorBoard serves the Tuning tab's modules and data."""


def tag(metric: str, execution: int = 0) -> str:
    """The tag of a metric: `train/loss`, `validation/loss`; later executions have a prefix."""
    group = "" if execution == 0 else f"execution_{execution + 1}/"
    side = "validation" if metric.startswith("val_") else "train"
    return f"{group}{side}/{metric.removeprefix('val_')}"


def tuning_link(address: str) -> str | None:
    """The Tuning tab of the TensorBoard at `address`, which ends with a slash; None if it is not installed."""
    installed = importlib.util.find_spec(f"{_PLUGIN}_tensorboard") is not None
    return f"{address}#{_PLUGIN}" if installed else None


def links(address: str) -> dict[str, str]:
    """The pages of our own server at `address` that show a search, by what they show; the one to open comes first."""
    tuning = tuning_link(address)
    ours = {} if tuning is None else {"the search": tuning, "the search alone, which opens sooner": f"{address}{ALONE}"}
    return {**ours, "scores by trial, curves": f"{address}{PAGE}"}


def time_series(objectives: Iterable[str] = ()) -> str:
    """What follows the address of any TensorBoard: Time Series, unsmoothed.

    Pinned are the best score by trial and, by epoch, the objectives; if none is known, the best score of each trial.
    """
    tags = dict.fromkeys(["search/best", *(map(tag, objectives))])
    if len(tags) == 1:
        tags["objective/best"] = None
    cards = json.dumps([{"plugin": "scalars", "tag": name} for name in tags], separators=(",", ":"))
    return f"?pinnedCards={quote(cards, safe='')}&smoothing=0#timeseries"
