"""The files of `keras.callbacks.CSVLogger` in a training that resumes."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path

import keras


def keep_logged_epochs(callbacks: Sequence[keras.callbacks.Callback], epochs: int) -> None:
    """Makes the loggers among `callbacks` append to their files, which keep the rows of the first `epochs` epochs."""
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.CSVLogger):
            callback.append = True
            _truncate(Path(callback.filename), callback.sep, epochs)


def _truncate(path: Path, separator: str, epochs: int) -> None:
    """Removes the rows of later epochs, which the training repeats, and a torn last row."""
    if not path.is_file():
        return
    with path.open(newline="") as file:
        rows = list(csv.reader(file, delimiter=separator))
    done = [str(epoch) for epoch in range(epochs)]
    kept = rows[:1] + [row for row in rows[1:] if len(row) == len(rows[0]) and row[0] in done]
    part = path.with_name(f"{path.name}.part")
    with part.open("w", newline="") as file:
        csv.writer(file, delimiter=separator).writerows(kept)
    os.replace(part, path)
