"""The state files of a training in its directory: those of the last epoch, of the one before, and of the best one.

`resume.npz` is written first; what it replaces becomes `resume_before.npz`. Then `best_epoch.npz` becomes a second name
of `resume.npz` if the epoch is the best so far. A process that dies in between leaves a `resume.npz` whose own epoch is
the best one.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from kerastune_lite.callbacks.resume_state import ResumeState
from kerastune_lite.callbacks.state_file import StateDamaged
from kerastune_lite.errors import StudyWriteError, changing, warn
from kerastune_lite.study.layout import BEST_EPOCH, FORMER_BEST_EPOCH, PREVIOUS, RESUME


def last_state(directory: Path) -> tuple[ResumeState | None, str | None]:
    """The state to resume from, and a notice if the file is damaged.

    A damaged file is replaced by the one before it, else by that of the best epoch, or deleted.
    """
    with changing(directory), suppress(FileNotFoundError):
        os.replace(directory / FORMER_BEST_EPOCH, directory / BEST_EPOCH)
    state, damage = _read(directory / RESUME)
    if damage is None:
        return state, None
    found = ((name, _read(directory / name)[0]) for name in (PREVIOUS, BEST_EPOCH))
    name, state = next((pair for pair in found if pair[1] is not None), (RESUME, None))
    if state is None:
        with suppress(StudyWriteError):
            delete_states(directory)
        then = "the training starts over"
    else:
        link(directory / name, directory / RESUME)
        then = f"the training resumes after epoch {state.progress.epoch}"
    warn(f"{directory / RESUME} {damage}: {then}", RuntimeWarning, stacklevel=2)
    return state, f"{RESUME} {damage}: {then}"


def replace_last(state: ResumeState, directory: Path) -> None:
    """Writes the state to resume from; the one that it replaces is kept until the next.

    Raises:
        StudyWriteError: A file cannot be written.
    """
    if (directory / RESUME).exists():
        link(directory / RESUME, directory / PREVIOUS)
    state.write(directory / RESUME)


def best_state(directory: Path, execution: int, epoch: int) -> ResumeState | None:
    """The state of the best epoch; None if it is not there, or the file is of another epoch or damaged."""
    for name in (BEST_EPOCH, RESUME):
        state, _ = _read(directory / name)
        if state is not None and (state.progress.execution, state.progress.epoch) == (execution, epoch):
            return state
    return None


def delete_states(directory: Path) -> None:
    """Deletes the states, so that the training starts from scratch."""
    with changing(directory):
        for name in (RESUME, PREVIOUS, BEST_EPOCH, FORMER_BEST_EPOCH):
            (directory / name).unlink(missing_ok=True)


def link(source: Path, target: Path) -> None:
    """Gives the file a second name (a hard link): files here are replaced, never modified."""
    part = target.with_suffix(".link")
    with changing(target):
        part.unlink(missing_ok=True)
        with suppress(OSError):
            os.link(source, part)
        if not part.exists():
            shutil.copyfile(source, part)
        os.replace(part, target)
        part.unlink(missing_ok=True)  # to rename one name of a file to another one of it does nothing


def _read(path: Path) -> tuple[ResumeState | None, str | None]:
    """The state, and what is wrong with the file."""
    try:
        state = ResumeState.read(path)
        if state is not None:
            _ = state.progress
    except StateDamaged as error:
        return None, str(error)
    return state, None
