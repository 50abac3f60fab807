"""Deletes the runs of a study that is overwritten, in a directory that others may write to as well."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from kerastune_lite.errors import cannot_write
from kerastune_lite.observers.tensorboard.event_file import begun_at, event_files
from kerastune_lite.study.events import Event

_OURS = re.compile(r"trial_\d+|_search|_schema_\d+")


def delete_runs(directory: Path, events: Iterable[Event]) -> None:
    """Deletes the runs that were written from `events`; whatever else lies there stays.

    A run's file carries the second of the event that began it, so that the runs of another study in the same directory
    are known from this one's.

    Raises:
        StudyWriteError: A run cannot be deleted.
    """
    seconds = {int(event.stamp.wall) for event in events}
    runs = [path for path in directory.glob("*") if _OURS.fullmatch(path.name) and path.is_dir()]
    for run in runs:
        if any(begun_at(file) in seconds for file in event_files(run)):
            try:
                shutil.rmtree(run)
            except OSError as error:
                raise cannot_write(run, error) from error
