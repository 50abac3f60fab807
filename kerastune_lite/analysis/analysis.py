"""What takes a fit to compute, as a record for TensorBoard and the command line."""

import math
import time
from collections.abc import Callable
from itertools import combinations
from typing import TYPE_CHECKING, Any

from kerastune_lite.errors import SearchError
from kerastune_lite.space.kinds import to_json
from kerastune_lite.study.history import History

if TYPE_CHECKING:
    from kerastune_lite.analysis.surface import ScoreModel

VERSION = 1

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
        slices = {name: found for name in names[:_SLICES] if in_time() and (found := _slice(model, name))}
        pairs = combinations(names[:_PAIRED], 2)
        contours = [found for x, y in pairs if in_time() and (found := _contour(model, x, y))]
    if late:
        notes.append(f"{late} slices and contours did not fit into {seconds:g} s")
    return {
        "v": VERSION,
        "trials": history.scored,
        "importance": importance if importance["all"] else None,
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
    return {"x": list(map(to_json, found.x))} | {key: list(map(short, line)) for key, line in lines.items()}


def _contour(model: "ScoreModel", x: str, y: str) -> dict[str, Any] | None:
    found = model.contour(x, y)
    if found is None:
        return None
    mean = [[short(score) if math.isfinite(score) else "nan" for score in row] for row in found.mean]
    return {"x": x, "y": y, "xs": list(map(to_json, found.xs)), "ys": list(map(to_json, found.ys)), "mean": mean}


def short(number: float) -> float:
    """A number with five significant digits, which a plot cannot tell from the number."""
    return float(f"{number:.5g}")
