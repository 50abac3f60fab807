"""Writes what commands print: text that is safe on a terminal, and JSON."""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_lite.errors import SearchError
from kerastune_lite.printable import printable

NOTHING = 3
"""The exit code of a command that has worked and found nothing, or, for `diff`, a difference."""


class NothingFinished(SearchError):
    """The study has no finished trial."""


def say(*lines: str) -> None:
    """Prints lines; what a terminal would obey is escaped."""
    for line in lines:
        print(printable(line))


def complain(text: str) -> None:
    """Prints a line on standard error."""
    print(printable(text, lines=True), file=sys.stderr)


class Screen:
    """Standard output as a file; on a terminal, what that would obey is escaped."""

    def write(self, text: str) -> int:
        """Writes `text`, lines ending as on this system."""
        text = text.replace("\r\n", "\n")
        sys.stdout.write(printable(text, lines=True) if sys.stdout.isatty() else text)
        return len(text)


def as_json(thing: Any) -> str:
    """`thing` as JSON; a number that is not finite becomes null, and what JSON lacks becomes text."""
    return json.dumps(_plain(thing), indent=2, ensure_ascii=True)


def _plain(thing: Any) -> Any:
    if isinstance(thing, Mapping):
        return {str(name): _plain(value) for name, value in thing.items()}
    if isinstance(thing, Sequence) and not isinstance(thing, str):
        return [_plain(value) for value in thing]
    if isinstance(thing, float):
        return thing if math.isfinite(thing) else None
    return thing if thing is None or isinstance(thing, (bool, int, str)) else str(thing)
