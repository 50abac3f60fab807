"""The terminal to print on: what it cannot show is shown otherwise, and when it breaks, nothing is raised."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO, cast, final

from rich.console import Console


def screen() -> Console:
    """Standard output, for rich; what is written after it has broken is lost."""
    return Console(file=cast("TextIO", _Tolerant(sys.stdout)), soft_wrap=True, highlight=False)


@final
class _Tolerant:
    """A text stream that never raises.

    Args:
        stream: Where to write; None for a process without standard output.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream: Any = getattr(stream, "rich_proxied_file", stream)  # another live line may have replaced it
        self._works = stream is not None
        self.encoding: str = getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return bool(self._try(lambda stream: stream.isatty()))

    def write(self, text: str) -> int:
        """Writes `text`, with escapes for what the encoding lacks."""
        self._try(lambda stream: stream.write(text.encode(self.encoding, "backslashreplace").decode(self.encoding)))
        return len(text)

    def flush(self) -> None:
        """Flushes the stream."""
        self._try(lambda stream: stream.flush())

    def _try(self, act: Callable[[Any], Any]) -> Any:
        if not self._works:
            return None
        try:
            return act(self._stream)
        except BrokenPipeError:
            self._works = False
            with suppress(OSError, ValueError):
                _discard(self._stream.fileno())
        except Exception:  # noqa: BLE001 - full, or closed, or whatever the user has put there
            self._works = False
        return None


def _discard(descriptor: int) -> None:
    """Lets writes to a pipe that nobody reads succeed, at exit too: they would raise in user code."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
