"""What takes a fit to compute, as a record for TensorBoard and the command line."""

import math
import time
from collections.abc import Callable
from itertools import combinations
from typing import TYPE_CHECKING, Any

from kerastune_lite.analysis.records import VERSION, bounded, scalar
from kerastune_lite.errors import SearchError
from kerastune_lite.study.history import History

if TYPE_CHECKING:
    from kerastune_lite.analysis.surface import ScoreModel

# Hyperparameters that have a slice, and those of which each pair has a contour: the most important ones.
_SLICES = 10
_PAIRED = 4


def analysis_record(
    history: History, seconds: float = 1.0, *, clock: Callable[[], float] = time.monotonic
) -> dict[str, Any]:
    """Importance, slices and contours of a study as JSON; for any strategy.

    Args:
        history: The study.
        seconds: The time budget. No slice and no contour is begun after it; `note` says how many are left out. The fit
            before them is of 120 trials at most.
        clock: The time in seconds.
    """
    began, late, notes = clock(), 0, list[str]()

    def in_time() -> bool:
        nonlocal late
        over = clock() - began > seconds
        late += over
        return not over

    importance = _importance(history, notes)
    model = _model(history, notes)
    names = [name for name, _ in importance["all"]] or history.space.names
    slices, contours = {}, []
    if model is not None:
        slices = {bounded(name): found for name in names[:_SLICES] if in_time() and (found := _slice(model, name))}
        pairs = combinations(names[:_PAIRED], 2)
        contours = [found for x, y in pairs if in_time() and (found := _contour(model, x, y))]
    if late:
        notes.append(f"{late} slices and contours did not fit into {seconds:g} s")
    return {
        "v": VERSION,
        "trials": history.scored,
        "importance": _shown(importance) if importance["all"] else None,
        "slices": slices,
        "contours": contours,
        "seconds": clock() - began,
        "note": "; ".join(notes) or None,
    }


def _importance(history: History, notes: list[str]) -> dict[str, Any]:
    from kerastune_lite.analysis.importance import importance  # noqa: PLC0415 - heavy: numpy, scipy

    found: dict[str, Any] = {"method": "PED-ANOVA", "all": [], "top_quarter": []}
    for part in ("all", "top_quarter"):  # the second needs more trials
        try:
            shares = importance(history, top_quarter=part == "top_quarter")
        except SearchError as error:
            notes.append(str(error))
            break
        else:
            found[part] = [[name, short(share)] for name, share in shares.items()]
    return found


def _shown(importance: dict[str, Any]) -> dict[str, Any]:
    """The importance with bounded names."""
    parts = {part: [[bounded(name), share] for name, share in importance[part]] for part in ("all", "top_quarter")}
    return {**importance, **parts}


def _model(history: History, notes: list[str]) -> "ScoreModel | None":
    from kerastune_lite.analysis.surface import ScoreModel  # noqa: PLC0415 - heavy: numpy, scipy

    try:
        return ScoreModel(history)
    except SearchError as error:
        notes.append(str(error))
        return None


def _slice(model: "ScoreModel", name: str) -> dict[str, Any] | None:
    found = model.slice(name)
    if found is None:
        return None
    lines = {"mean": found.mean, "low": found.low, "high": found.high}
    return {"x": list(map(scalar, found.x))} | {key: list(map(short, line)) for key, line in lines.items()}


def _contour(model: "ScoreModel", x: str, y: str) -> dict[str, Any] | None:
    found = model.contour(x, y)
    if found is None:
        return None
    mean = [list(map(short, row)) for row in found.mean]
    axes = {"xs": list(map(scalar, found.xs)), "ys": list(map(scalar, found.ys))}
    return {"x": bounded(x), "y": bounded(y), **axes, "mean": mean}


def short(number: float) -> float | str:
    """A number with five significant digits, which a plot cannot tell from the number; NaN and infinities as texts."""
    return float(f"{number:.5g}") if math.isfinite(number) else str(float(number))
