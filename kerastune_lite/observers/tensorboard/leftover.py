"""Deletes runs that a study has left, in a directory that others may write to as well."""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from kerastune_lite.errors import cannot_write
from kerastune_lite.observers.tensorboard.event_file import FileName, event_files
from kerastune_lite.study.events import Event, SearchStarted
from kerastune_lite.study.layout import identity

UNFINISHED = "_unfinished"
_OURS = re.compile(rf"trial_(\d+)(?:{UNFINISHED})?|_search|_tuning|_schema_(\d+)")


def runs(directory: Path, belongs: Callable[[FileName], bool]) -> Iterator[Path]:
    """The runs with a file of ours that `belongs` accepts."""
    for run in sorted(directory.glob("*")):
        ours = _OURS.fullmatch(run.name) and run.is_dir() and not run.is_symlink()
        if ours and any(map(belongs, event_files(run).values())):
            yield run


def delete_empty(directory: Path) -> None:
    """Deletes runs of which only the directory was left when their process died."""
    for run in directory.glob("*"):
        ours = _OURS.fullmatch(run.name) and run.is_dir() and not run.is_symlink()
        if ours and not any(run.iterdir()):
            run.rmdir()


def trial_of(run: Path) -> int | None:
    """The number of the trial that a run of ours shows; None for a run of the search."""
    match = _OURS.fullmatch(run.name)
    return int(match[1]) if match and match[1] else None


def schema_number(run: Path) -> int:
    """The number of a run that declares the columns; 0 for others."""
    match = _OURS.fullmatch(run.name)
    return int(match[2]) if match and match[2] else 0


def delete(run: Path) -> None:
    """Deletes a run with everything in it.

    Raises:
        StudyWriteError: It cannot be deleted.
    """
    try:
        shutil.rmtree(run)
    except OSError as error:
        raise cannot_write(run, error) from error


def delete_runs(directory: Path, events: Iterable[Event]) -> None:
    """Deletes the runs that were written from `events`; whatever else lies there stays.

    A run's file carries the identity of its study. Files of earlier versions carry only the second of the event that
    began them.

    Raises:
        StudyWriteError: A run cannot be deleted.
    """
    events = list(events)
    studies = {identity(event.stamp.wall) for event in events if isinstance(event, SearchStarted)}
    seconds = {int(event.stamp.wall) for event in events}
    for run in runs(directory, lambda name: name.study in studies or (name.study is None and name.second in seconds)):
        delete(run)
