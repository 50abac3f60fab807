"""Every error that the package raises on purpose.

KerastuneError
├── UsageError (also a ValueError)   the caller's code asks for something impossible; ends the search at once
│   ├── SpaceError                   a hyperparameter's definition or use
│   ├── ObjectiveError               the objective is unknown, has no direction, or is not reported
│   ├── ModelError                   `build_model` gave no compiled Keras model
│   └── DataError                    the arguments of `fit`: data that is used up, callbacks that share state
├── StudyError                       the durable record
│   ├── StudyLocked                  another process is writing this study
│   ├── StudyChanged                 the record was made by another space, objective, seed or strategy
│   ├── StudyForeign                 the file is not ours, or a newer version wrote it
│   └── StudyWriteError              the record cannot be written: no permission, no space
├── SearchError                      the search as a whole cannot go on, or gave nothing to return
├── Infeasible                       raised by the user: this point cannot be tried; it costs no budget
├── FailedTrialError                 raised by the user: the trial has failed, and is not retried
└── FatalError                       raised by the user: ends the search at once
    ├── FatalValueError              (also a ValueError)
    ├── FatalTypeError               (also a TypeError)
    └── FatalRuntimeError            (also a RuntimeError)
"""

import difflib
import errno
from collections.abc import Iterable
from pathlib import Path


class KerastuneError(Exception):
    """Base of all errors raised on purpose by kerastune_lite."""


class UsageError(KerastuneError, ValueError):
    """The caller's code asks for something impossible; found inside a trial, it ends the whole search."""


class SpaceError(UsageError):
    """A hyperparameter is defined or used wrongly."""


class ObjectiveError(UsageError):
    """The objective is unknown, has no direction, or is not among the reported metrics."""


class ModelError(UsageError):
    """`build_model` did not return a compiled Keras model."""


class DataError(UsageError):
    """An argument of `fit` cannot serve more than one trial."""


class StudyError(KerastuneError):
    """The durable record cannot be used."""


class StudyLocked(StudyError):
    """Another process is writing this study."""


class StudyChanged(StudyError):
    """The record was made by another space, objective, seed or strategy."""


class StudyForeign(StudyError):
    """The file is not a study of ours, or a newer version wrote it."""


class StudyWriteError(StudyError):
    """The record cannot be written."""


class SearchError(KerastuneError):
    """The search cannot go on, or has nothing to return."""


class Infeasible(KerastuneError):
    """Raise this in `build_model` or a tuned function: the point cannot be tried; it goes on record, free of charge."""


class FailedTrialError(KerastuneError):
    """Raise this in a trial: it has failed, and no retry would help."""


class FatalError(KerastuneError):
    """Raise this in a trial: the search ends at once, and the trial is resumed by the next one."""


class FatalValueError(FatalError, ValueError):
    """A `FatalError` about a value."""


class FatalTypeError(FatalError, TypeError):
    """A `FatalError` about a type."""


class FatalRuntimeError(FatalError, RuntimeError):
    """A `FatalError` about anything else."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint to append to an error: the known spelling closest to `name`, or an empty string."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def cannot_write(path: Path, error: OSError) -> StudyWriteError:
    """What to say of an OSError met while writing `path`, with the way out."""
    remedy = {
        errno.ENOSPC: "the disk is full; make room and run the same script again to go on",
        errno.EDQUOT: "the disk quota is used up; make room and run the same script again to go on",
        errno.EFBIG: "a limit on the size of files is reached; raise it and run the same script again to go on",
        errno.EACCES: "no permission; choose another `directory`",
        errno.EROFS: "the file system is read-only; choose another `directory`",
        errno.ENOTDIR: "part of the path is a file; choose another `directory` or `project_name`",
        errno.EEXIST: "a file of that name is in the way; choose another `directory` or `project_name`",
    }.get(error.errno or 0, "choose another `directory`, or mend the cause and run the same script again to go on")
    return StudyWriteError(f"cannot write {path}: {error.strerror}: {remedy}")
