"""Why trials failed: failures that differ in numbers and in the names of layers alone have one cause."""

import re
from collections import Counter
from collections.abc import Sequence

from kerastune_lite.errors import SearchError
from kerastune_lite.printable import printable
from kerastune_lite.results.user_frames import from_user_code
from kerastune_lite.study.history import History
from kerastune_lite.study.trial import Trial

# What differs between two trials with one mistake: colours and addresses, `dense_3`, sizes, and shapes of them.
_VARIES = ((r"\x1b\[[0-9;]*m", ""), (r"0x[0-9a-f]+", "0x"), (r"_\d+\b", ""), (r"\d+(\.\d+)?(e[+-]?\d+)?", "#"))
_SEVERAL = r"(#|None)(, ?(#|None))+"


def causes(trials: Sequence[Trial]) -> Counter[str]:
    """How many trials failed, by cause: in the words of the first one, on one line."""
    first: dict[str, str] = {}
    counted: Counter[str] = Counter()
    for trial in sorted(trials, key=lambda trial: trial.number):
        if trial.status == "failed":
            words = on_one_line(trial.reason or "unknown")
            counted[first.setdefault(_pattern(words), words)] += 1
    return counted


def check_any_success(history: History, *, traceback: bool = False) -> None:
    """Ends a search of failures alone; everything is recorded by then.

    Args:
        history: The history after the search.
        traceback: Whether to add the traceback of the first failure, since nobody can look it up.

    Raises:
        SearchError: Trials failed and none succeeded; the causes are counted.
    """
    failed = [trial for trial in history.trials if trial.status == "failed"]
    if not failed or any(trial.succeeded for trial in history.trials):
        return
    counted = "".join(f"\n  {count} failed with: {cause}" for cause, count in causes(failed).most_common(5))
    shown = printable(from_user_code(failed[0].error or failed[0].reason or ""), lines=True)
    error = SearchError(
        f"none of the {len(history)} trials finished with a score:{counted}\n"
        "Fix the problem and rerun: failed trials are retried. results() has each trial's traceback as its `error`"
    )
    if traceback:
        error.add_note(f"trial {failed[0].number}:\n{shown}")
    raise error


def _pattern(words: str) -> str:
    for varies, constant in _VARIES:
        words = re.sub(varies, constant, words)
    return re.sub(_SEVERAL, "#", words)


def on_one_line(reason: str) -> str:
    """Without the arguments that Keras lists after what it has to say."""
    message, _, _ = reason.partition("\n\nArguments received by")
    return printable(" ".join(re.sub(_VARIES[0][0], "", message).split()))
