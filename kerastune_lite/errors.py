"""The exceptions of the package.

KerastuneError
├── UsageError (also a ValueError)   an argument or the user's code is invalid; ends the search at once
│   ├── SpaceError                   a hyperparameter's definition or use
│   ├── ObjectiveError               the objective is unknown, has no direction, or is not reported
│   ├── ModelError                   `build_model` did not return a compiled Keras model
│   └── DataError                    an argument of `fit` is invalid, or cannot be used by more than one trial
├── StudyError                       the study on disk
│   ├── StudyLocked                  another process is writing this study
│   ├── StudyChanged                 space, objective, seed or strategy differ from the record
│   ├── StudyForeign                 the file is not a study, or was written by a newer version
│   └── StudyWriteError              the study cannot be written: no permission, no space
├── SearchError                      the search cannot continue, or has nothing to return
├── Infeasible                       raised by the user: the configuration cannot be tried; it uses no budget
├── FailedTrialError                 raised by the user: the trial has failed, and is not retried
└── FatalError                       raised by the user: ends the search at once
    ├── FatalValueError              (also a ValueError)
    ├── FatalTypeError               (also a TypeError)
    └── FatalRuntimeError            (also a RuntimeError)
"""

import difflib
import errno
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kerastune_lite.printable import printable


class KerastuneError(Exception):
    """Base class of all exceptions of kerastune_lite. Text of users in a message is shown printable."""

    def __str__(self) -> str:
        return printable(super().__str__(), lines=True)


class UsageError(KerastuneError, ValueError):
    """An argument or the user's code is invalid. Raised inside a trial, it ends the search."""


class SpaceError(UsageError):
    """A hyperparameter's definition or use is invalid."""


class ObjectiveError(UsageError):
    """The objective is unknown, has no direction, or is not among the reported metrics."""


class ModelError(UsageError):
    """`build_model` did not return a compiled Keras model."""


class DataError(UsageError):
    """An argument of `fit` is invalid, or cannot be used by more than one trial."""


class StudyError(KerastuneError):
    """The study on disk cannot be used."""


class StudyLocked(StudyError):
    """Another process is writing this study."""


class StudyChanged(StudyError):
    """Space, objective, seed or strategy differ from the record."""


class StudyForeign(StudyError):
    """The file is not a study of kerastune_lite, or was written by a newer version."""


class StudyWriteError(StudyError):
    """The study cannot be written."""


class SearchError(KerastuneError):
    """The search cannot continue, or has nothing to return."""


class Infeasible(KerastuneError):
    """Raise this in `build_model` or a tuned function if a configuration cannot be tried.

    The trial is recorded as infeasible and uses no budget.
    """


class FailedTrialError(KerastuneError):
    """Raise this in a trial that has failed and should not be retried."""


class FatalError(KerastuneError):
    """Raise this in a trial to end the search at once. The next search resumes the trial."""


class FatalValueError(FatalError, ValueError):
    """A `FatalError` about a value."""


class FatalTypeError(FatalError, TypeError):
    """A `FatalError` about a type."""


class FatalRuntimeError(FatalError, RuntimeError):
    """A `FatalError` about anything else."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint to append to a message: the known name closest to `name`, or an empty string."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def warn(message: str, category: type[Warning], *, stacklevel: int) -> None:
    """Issues a warning; where it cannot be issued, or warnings are errors, prints it to standard error instead.

    Args:
        message: The text, which may contain text of users.
        category: The warning's class.
        stacklevel: As for `warnings.warn`, called in place of this function.
    """
    text = printable(message, lines=True)
    try:
        warnings.warn(text, category, stacklevel=stacklevel + 1)
    except Exception:  # noqa: BLE001 - raised by a filter or a broken stream; it must not cost a trial
        if sys.stderr is not None:
            with suppress(Exception):
                print(f"{category.__name__}: {text}", file=sys.stderr, flush=True)


def cannot_write(path: Path, error: OSError) -> StudyWriteError:
    """The exception for an OSError raised while writing `path`, with a fix."""
    remedy = {
        errno.ENOSPC: "the disk is full; free some space and rerun to resume",
        errno.EDQUOT: "the disk quota is exceeded; free some space and rerun to resume",
        errno.EFBIG: "a limit on the size of files is reached; raise it and rerun to resume",
        errno.EACCES: "no permission; choose another `directory`",
        errno.EROFS: "the file system is read-only; choose another `directory`",
        errno.ENOTDIR: "part of the path is a file; choose another `directory` or `project_name`",
        errno.ENOENT: "its directory was deleted or moved; put it back and rerun to resume, or rerun to start over",
        errno.EEXIST: "a file of that name exists; choose another `directory` or `project_name`",
    }.get(error.errno or 0, "choose another `directory`, or fix the problem and rerun to resume")
    return StudyWriteError(f"cannot write {path}: {error.strerror}: {remedy}")


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Within it, an OSError becomes the StudyWriteError that names `path`."""
    try:
        yield
    except OSError as error:
        raise cannot_write(path, error) from error
