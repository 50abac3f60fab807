"""The metadata of a kept model: which epoch it is of, how to build it, and a digest of its file."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import keras

from kerastune_lite.study.layout import METADATA

_LONGEST = 1 << 20  # bytes; what is longer is no metadata


class KeptModel(NamedTuple):
    """The metadata of a kept model.

    Attributes:
        execution: The execution, from 0.
        epoch: The epoch, from 1; 0 if it is not known.
        score: The score of the execution; None if it is not known.
        build: The build config of the model as Keras serializes it: shapes by name.
        digest: The digest of its file; None if version 0.1 wrote it.
    """

    execution: int
    epoch: int
    score: float | None
    build: Any
    digest: str | None


def write_metadata(directory: Path, file: str, model: keras.Model, **others: Any) -> None:
    """Writes the metadata of the model that is saved as `file`, atomically."""
    build = keras.saving.serialize_keras_object(model.get_build_config())
    part = (directory / METADATA).with_suffix(".part")
    part.write_text(json.dumps({**others, "build": build, "digest": digest_of(directory / file)}))
    os.replace(part, directory / METADATA)


def read_metadata(directory: Path) -> KeptModel | None:
    """The metadata in a directory; None if there is none, or it is damaged."""
    path = directory / METADATA
    try:
        if not path.is_file() or path.stat().st_size > _LONGEST:
            return None
        data = json.loads(path.read_text())
        score = data.get("score")
        return KeptModel(
            int(data.get("execution", 0)),
            int(data.get("epoch", 0)),
            None if score is None else float(score),
            data.get("build"),
            data.get("digest"),
        )
    except (OSError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def digest_of(path: Path) -> str:
    """The digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
