"""What workers print: line by line with the number of the trial, or in a file for each trial."""

import re
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import final

from kerastune_lite.printable import printable
from kerastune_lite.study.layout import trial_name

_LAST = 20
_LONGEST = 10_000
_LINE_ENDS = re.compile(rb"[\r\n]+")


@final
class WorkerOutput:
    """Prints or keeps the output of trials.

    Args:
        directory: Where each trial gets a file, `trial_0003.log`; None to print the lines.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._begun: dict[int | None, bytes] = {}
        self._last: deque[str] = deque(maxlen=_LAST)

    def add(self, content: bytes, trial: int | None) -> None:
        """Takes bytes that the worker of a trial has printed; None for a worker without a trial so far."""
        if not content:
            return
        *lines, rest = _LINE_ENDS.split(self._begun.pop(trial, b"") + content)
        if len(rest) > _LONGEST:
            lines, rest = [*lines, rest], b""
        if rest:
            self._begun[trial] = rest
        for line in filter(None, lines):
            self._tell(line, trial)

    def end_line(self, trial: int | None) -> None:
        """Tells the line of a trial that has not ended: its worker prints no more."""
        if rest := self._begun.pop(trial, b""):
            self._tell(rest, trial)

    def close(self) -> None:
        """Tells all lines that have not ended."""
        for trial in list(self._begun):
            self.end_line(trial)

    def last_lines(self) -> str:
        """The latest lines."""
        return "\n".join(self._last)

    def _tell(self, line: bytes, trial: int | None) -> None:
        text = printable(line.decode(errors="replace"))
        self._last.append(text)
        if trial is None:  # what libraries print when they are imported is told if the worker does not start
            return
        with suppress(OSError, ValueError):  # a full disk or a closed terminal is no reason to end a search
            if self._directory is None:
                print(f"trial {trial} | {text}", flush=True)
                return
            self._directory.mkdir(parents=True, exist_ok=True)
            with (self._directory / f"{trial_name(trial)}.log").open("a", encoding="utf-8") as file:
                file.write(text + "\n")
