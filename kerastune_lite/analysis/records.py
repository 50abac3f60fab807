"""The records of trials and of a study, as JSON, for the Tuning tab of TensorBoard.

Plain JSON: NaN and infinities are texts, values that are no scalars are written as in Python. Texts are cut after 500
characters; what is left out is counted, and a checksum keeps cut names apart.
"""

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kerastune_lite.analysis.curves import curves
from kerastune_lite.analysis.outlook import epochs_saved, recent_trials, seconds_left
from kerastune_lite.space.kinds import Boolean, Choice, Fixed, Float, Hyperparameter, Int, Value, key
from kerastune_lite.study.durations import seconds_in
from kerastune_lite.study.history import History
from kerastune_lite.study.layout import identity
from kerastune_lite.study.trial import Trial

VERSION = 1
"""The version of all records."""

LONGEST_TEXT = 500  # characters
_MOST_POINTS = 100  # of a curve
_MOST_POINTS_OF_ALL = 2000  # of a trial's curves together; each has 3 in any case
_MOST_SPANS = 100
_MOST_CHOICES = 500
_LONGEST_CODE = 10_000  # characters
_INTERRUPTED = "interrupted"  # how the reason begins that a search gives when its user interrupts it

Json = dict[str, Any]


def trial_record(trial: Trial, history: History) -> Json:
    """What the Tuning tab shows of a trial."""
    ended = None if trial.status == "running" else trial.ended_at
    spans = trial.spans
    return {
        "v": VERSION,
        "number": trial.number,
        "status": "waiting" if trial.waiting else trial.status,
        "score": _number(trial.score),
        "deviation": _number(trial.deviation),
        "best_epoch": trial.best_epoch,
        "epochs": trial.reported_epochs,
        "planned": history.known_epochs(trial),
        "values": {bounded(name): scalar(value) for name, value in trial.values.items()},
        "reason": _optional(trial.reason),
        "error": _optional(_last_line(trial.error)),
        "source": _source(trial, history),
        "started": _number(trial.started_at),
        "ended": _number(ended),
        "duration": _number(trial.duration),
        "worker": None if trial.worker is None else bounded(trial.worker),
        "attempts": trial.attempts,
        "confirmed": trial.confirmed,
        "reused": trial.reused,
        "spans": [[_number(span.start), _number(span.end), bounded(span.worker)] for span in spans[-_MOST_SPANS:]],
        "curves": _curves(trial),
    }


def study_record(
    history: History, *, name: str, diagnostics: Iterable[tuple[str, str]] = (), over: bool = False
) -> Json:
    """What the Tuning tab shows of a study besides its trials.

    Args:
        history: The study.
        name: Its name.
        diagnostics: Findings, each with its level: "ok", "hint" or "warning".
        over: Whether the search is known to be over, though it may have recorded no end.

    Raises:
        StudyError: There was no search yet.
    """
    settings, best = history.settings, history.best
    options = settings.options
    running = history.end_reason is None and not over
    return {
        "v": VERSION,
        "name": bounded(name),
        "identity": identity(history.created),
        "objective": {key: bounded(value) for key, value in settings.objective.to_json().items()},
        "strategy": _named(settings.strategy, "strategy"),
        "stopping": _named(options.get("stopping"), "strategy"),
        "seed": settings.seed,
        "max_trials": settings.max_trials,
        "max_epochs_total": _number(options.get("max_epochs_total")),
        "max_time": _number(seconds_in(options.get("max_time"))),
        "executions": settings.executions,
        "state": "running" if running else _state(history.end_reason),
        "end_reason": _optional(history.end_reason),
        "started": _number(history.created),
        "updated": _number(history.updated),
        "elapsed": _number(history.elapsed),
        "eta": _number(seconds_left(history, recent_trials(history))) if running else None,
        "budget_used": history.budget_used,
        "epochs_used": history.epochs_used,
        "epochs_saved": epochs_saved(history),
        "space": _space(history),
        "diagnostics": [{"level": level, "text": bounded(text)} for level, text in diagnostics],
        "best_values_code": None if best is None else _code(best.values),
    }


def scalar(value: Value) -> float | str | bool | None:
    """A hyperparameter's value as a JSON scalar: lists, tuples and what has no number in JavaScript are texts."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return _number(value)
    return bounded(value if isinstance(value, str) else repr(value))


def _number(value: Any) -> float | str | None:
    """A number; NaN, infinities and integers that no float can hold are texts, and what is no number is None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return value if math.isfinite(value) else str(value)
    except OverflowError:
        return "inf" if value > 0 else "-inf"


def bounded(value: str) -> str:
    """A text of bounded length, the same for equal texts."""
    if len(value) <= LONGEST_TEXT:
        return value
    checksum = zlib.crc32(value.encode("utf-8", "surrogatepass"))
    return f"{value[:LONGEST_TEXT]}... ({len(value) - LONGEST_TEXT} characters left out, {checksum:08x})"


def _code(values: Mapping[str, Value]) -> str | None:
    """The values as a dict in Python; None if it is too long."""
    code = repr(dict(values))
    return code if len(code) <= _LONGEST_CODE else None


def _optional(value: str | None) -> str | None:
    return None if value is None else bounded(value)


def _last_line(text: str | None) -> str | None:
    return None if text is None else text.rstrip().rpartition("\n")[2]


def _named(fingerprint: Any, key: str) -> str | None:
    """The name in a fingerprint, in lower case."""
    name = fingerprint.get(key) if isinstance(fingerprint, Mapping) else None
    return bounded(name.lower()) if isinstance(name, str) else None


def _state(end_reason: str | None) -> str:
    return "interrupted" if end_reason is None or end_reason.startswith(_INTERRUPTED) else "finished"


def _source(trial: Trial, history: History) -> str:
    """Where its values come from."""
    if trial.proposal is None or trial.proposal.source != "strategy":
        return "unknown" if trial.proposal is None else bounded(trial.proposal.source)
    bayesian = history.settings.strategy.get("strategy") == "Bayesian"
    of_model = isinstance(trial.note, Mapping) and "trend" in trial.note
    return "initial design" if bayesian and not of_model else "strategy"


def _curves(trial: Trial) -> list[list[list[float | str | None]]]:
    """The objective by epoch, of each execution."""
    found = curves(trial)
    most = max(3, min(_MOST_POINTS, _MOST_POINTS_OF_ALL // max(1, len(found))))
    sign = -1 if trial.objective.direction == "max" else 1
    return [[[epoch, _number(value)] for epoch, value in thinned(curve, most, sign)] for curve in found]


def thinned(curve: Sequence[tuple[int, float]], most: int, sign: int) -> Sequence[tuple[int, float]]:
    """At most so many points of a curve, from 3: the first, the last, the best, and others at equal distances.

    Args:
        curve: Epochs and values.
        most: How many points.
        sign: 1 if low values are good, -1 if high ones are.
    """
    if len(curve) <= most:
        return curve
    finite = [index for index, (_, value) in enumerate(curve) if math.isfinite(value)]
    best = min(finite, key=lambda index: sign * curve[index][1], default=0)
    last = len(curve) - 1
    spread = {round(index * last / (most - 2)) for index in range(most - 1)}
    return [curve[index] for index in sorted(spread | {best})]


def _space(history: History) -> list[Json]:
    """The hyperparameters in the order first read; a name with several kinds is a choice of the values tried."""
    kinds: dict[str, list[Hyperparameter]] = {}
    for definition in history.space:
        kinds.setdefault(definition.name, []).append(definition)
    return [
        _definition(definitions[0]) if len(definitions) == 1 else _mixed(definitions[0], history)
        for definitions in kinds.values()
    ]


def _definition(definition: Hyperparameter) -> Json:
    data = _described(definition, definition.kind.lower())
    match definition:
        case Float() | Int():
            low, high = _number(definition.min_value), _number(definition.max_value)
            data |= {"low": low, "high": high, "step": _number(definition.step), "scale": definition.sampling}
            data["ordered"] = True
        case Choice():
            data |= {"choices": _choices(definition.values), "ordered": bool(definition.ordered)}
        case Boolean():
            data["choices"] = [False, True]
        case Fixed():
            data["choices"] = [scalar(definition.value)]
    return data


def _mixed(definition: Hyperparameter, history: History) -> Json:
    tried = {key(trial.values[definition.name]): trial.values[definition.name]
             for trial in history.trials if definition.name in trial.values}  # fmt: skip
    return _described(definition, "choice") | {"choices": _choices(list(tried.values()))}


def _described(definition: Hyperparameter, kind: str) -> Json:
    return {
        "name": bounded(definition.name),
        "kind": kind,
        "low": None,
        "high": None,
        "step": None,
        "scale": None,
        "choices": None,
        "ordered": False,
        "default": scalar(definition.default),
    }


def _choices(values: Sequence[Value]) -> list[float | str | bool | None]:
    return [scalar(value) for value in values[:_MOST_CHOICES]]
