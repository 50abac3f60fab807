"""Sends the files of a trial between a study and a worker that does not reach it.

One side watches its files and tells what has changed, the other one does the same to its own. A file is known by its
place on the disk of whoever wrote it, so a second name of a file (a hard link) is not sent twice.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from kerastune_lite.errors import changing
from kerastune_lite.study.layout import BOARD, CHECKPOINTS, FILES, trial_name

_PART = ".part_of_trial"


@final
@dataclass(frozen=True, slots=True)
class FileVersion:
    """What identifies the content of a file on the machine that has written it."""

    device: int
    inode: int
    size: int
    modified: int


@final
@dataclass(frozen=True)
class Changes:
    """The files of a trial, and the contents of those that are new.

    Attributes:
        files: All files, by their path below the study's directory.
        contents: The contents that the other side does not have.
        common: The files that both sides had at first; none if that has been told.
    """

    files: Mapping[str, FileVersion] = field(default_factory=dict)
    contents: Mapping[FileVersion, bytes] = field(default_factory=dict)
    common: Mapping[str, FileVersion] = field(default_factory=dict)


def places(trial: int, *, written: bool) -> tuple[str, ...]:
    """The directories of a trial in a study: those that an attempt reads, and if `written` what it may write, too."""
    name = trial_name(trial)
    return (f"{CHECKPOINTS}/{name}", f"{FILES}/{name}", *([f"{BOARD}/{name}"] if written else []))


@final
class WatchedFiles:
    """Tells how the files in some directories change.

    Args:
        root: The study's directory, or one that takes its place.
        directories: The directories, below `root`.
        common: Whether the other side has all files that are there now.
    """

    def __init__(self, root: Path, directories: Iterable[str], *, common: bool) -> None:
        self._root = root
        self._directories = tuple(directories)
        self._files: dict[str, FileVersion] = {}
        self._common = dict(self._found()) if common else {}

    def changes(self) -> Changes | None:
        """The files and the contents that are new since the last call; None if nothing has changed."""
        now = dict(self._found())
        if now == self._files:
            return None
        known, contents = {*self._files.values(), *self._common.values()}, {}
        for name, version in now.items():
            if version not in known and version not in contents:
                contents[version] = (self._root / name).read_bytes()
        common, self._common, self._files = self._common, {}, now
        return Changes(now, contents, common)

    def _found(self) -> Iterator[tuple[str, FileVersion]]:
        for directory in self._directories:
            for path in sorted((self._root / directory).rglob("*")):
                if path.is_file() and not path.is_symlink():
                    state = path.stat()
                    version = FileVersion(state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
                    yield path.relative_to(self._root).as_posix(), version


@final
class CopiedFiles:
    """Does to some directories what has been done to others.

    Args:
        root: The study's directory, or one that takes its place.
        directories: The directories, below `root`; nothing is written elsewhere.
    """

    def __init__(self, root: Path, directories: Iterable[str]) -> None:
        self._root = root
        self._directories = tuple(directories)
        self._files: dict[str, FileVersion] = {}

    def apply(self, changes: Changes) -> None:
        """Writes new files, each one at once, and deletes those that are gone.

        Raises:
            StudyWriteError: A file cannot be written.
        """
        before = {**changes.common, **self._files}
        sources = {version: self._root / name for name, version in before.items()}
        new = [name for name, version in changes.files.items() if before.get(name) != version]
        replaced = []
        for name in filter(self._mine, new):
            version, target = changes.files[name], self._root / name
            part = target.with_name(target.name + _PART)
            with changing(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                if version in sources:
                    _second_name(sources[version], part)
                else:
                    part.write_bytes(changes.contents[version])
                    sources[version] = part
            replaced.append((part, target))
        for part, target in replaced:
            with changing(target):
                os.replace(part, target)
                part.unlink(missing_ok=True)  # to rename one name of a file to another one of it does nothing
        for name in filter(self._mine, before.keys() - changes.files.keys()):
            with suppress(OSError):
                (self._root / name).unlink()
        self._files = dict(changes.files)

    def _mine(self, name: str) -> bool:
        """Whether a path is in one of the directories."""
        return ".." not in name.split("/") and any(name.startswith(f"{place}/") for place in self._directories)


def _second_name(source: Path, target: Path) -> None:
    """Gives a file, which is replaced but never modified, a second name."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
