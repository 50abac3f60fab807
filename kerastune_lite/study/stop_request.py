"""A request that a running search end: a small file in the study's directory, which names who asks."""

import os
from contextlib import closing, suppress
from pathlib import Path

from kerastune_lite.errors import StudyError, changing
from kerastune_lite.printable import printable
from kerastune_lite.study.files import OwnedFile
from kerastune_lite.study.layout import STOP_REQUEST

_LONGEST = 100  # characters of a name


def request_stop(study: Path, who: str) -> None:
    """Asks the search of `study` to end.

    Raises:
        StudyError: The request cannot be written.
    """
    path = study / STOP_REQUEST
    with changing(path), closing(OwnedFile(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)) as file:
        os.write(file.number, f"{who}\n".encode())


def stop_requested(study: Path) -> str | None:
    """Who asks the search of `study` to end; None if nobody does. What is no regular file asks nothing."""
    path = study / STOP_REQUEST
    if not os.path.lexists(path):  # the usual case, after each epoch
        return None
    with suppress(OSError, StudyError), closing(OwnedFile(path, os.O_RDONLY)) as file:
        return printable(os.read(file.number, _LONGEST).decode(errors="replace").strip()) or "somebody"
    return None


def forget_stop_request(study: Path) -> None:
    """Deletes a request, so that it concerns one search only."""
    with suppress(OSError):
        (study / STOP_REQUEST).unlink()
