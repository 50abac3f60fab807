"""The event file of a run, written with tensorboard's record format, without TensorFlow."""

import io
import json
import math
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self, final

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, types_pb2
from tensorboard.plugins.hparams import metadata, plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

# Part of each file name, to distinguish our files from those of other writers.
_MARK = "kerastune_lite"
_PREFIX = "events.out.tfevents."
_OPEN = "open"

TUNING_PLUGIN = "kerastune_lite"
"""The name of the plugin that reads the records of the Tuning tab."""


def utf8(text: str) -> str:
    """`text` as protobuf accepts it: lone surrogates are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


class Records:
    """Writes events to a stream.

    Args:
        stream: Where to write.
        wall: When the run began, in seconds since the epoch.
    """

    def __init__(self, stream: BinaryIO, wall: float) -> None:
        self._records = RecordWriter(stream)
        self._write(event_pb2.Event(wall_time=wall, file_version="brain.Event:2"))

    def scalars(self, values: Mapping[str, float], step: int, wall: float) -> None:
        """Writes the values of one step by tag; infinities are written as NaN, because they break the plots."""
        summary = summary_pb2.Summary(
            value=[
                summary_pb2.Summary.Value(tag=utf8(tag), simple_value=value if math.isfinite(value) else math.nan)
                for tag, value in values.items()
            ]
        )
        self._write(event_pb2.Event(wall_time=wall, step=step, summary=summary))

    def text(self, tag: str, markdown: str, step: int, wall: float) -> None:
        """Writes Markdown for the Text tab."""
        tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=[utf8(markdown).encode()])
        plugin = summary_pb2.SummaryMetadata.PluginData(plugin_name="text")
        value = summary_pb2.Summary.Value(
            tag=tag, tensor=tensor, metadata=summary_pb2.SummaryMetadata(plugin_data=plugin)
        )
        self._write(event_pb2.Event(wall_time=wall, step=step, summary=summary_pb2.Summary(value=[value])))

    def record(self, tag: str, data: Mapping[str, Any], step: int, wall: float) -> None:
        """Writes JSON for the Tuning tab; the last record of a tag is the valid one."""
        tensor = tensor_pb2.TensorProto(
            dtype=types_pb2.DT_STRING, string_val=[json.dumps(data, allow_nan=False).encode()]
        )
        described = summary_pb2.SummaryMetadata(
            plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name=TUNING_PLUGIN),
            data_class=summary_pb2.DATA_CLASS_TENSOR,
        )
        value = summary_pb2.Summary.Value(tag=tag, tensor=tensor, metadata=described)
        self._write(event_pb2.Event(wall_time=wall, step=step, summary=summary_pb2.Summary(value=[value])))

    def hparams(self, tag: str, wall: float, **content: Any) -> None:
        """Writes a message of the HParams plugin: the experiment, or the start or end of a session."""
        data = plugin_data_pb2.HParamsPluginData(**content)
        value = summary_pb2.Summary.Value(
            tag=tag, metadata=metadata.create_summary_metadata(data), tensor=metadata.NULL_TENSOR
        )
        self._write(event_pb2.Event(wall_time=wall, summary=summary_pb2.Summary(value=[value])))

    def _write(self, event: event_pb2.Event) -> None:
        self._records.write(event.SerializeToString())


@final
class EventFile(Records):
    """A new event file that grows in a run's directory; replaces files that this module wrote there earlier.

    Args:
        run: The run's directory, created if necessary.
        wall: When the run began, in seconds since the epoch.
        study: The identity of the study that the run belongs to.
    """

    def __init__(self, run: Path, wall: float, study: str = "") -> None:
        self._file = _new(run, wall, study).open("wb")
        try:
            super().__init__(self._file, wall)
        except BaseException:  # Ctrl-C as well
            self._file.close()
            raise

    def flush(self) -> None:
        """Makes written data visible to a running TensorBoard."""
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


@final
class WholeFile(Records):
    """An event file that appears in a run's directory at once, under a name with its checksum.

    Args:
        wall: When the run began, in seconds since the epoch.
    """

    def __init__(self, wall: float) -> None:
        self._wall = wall
        self._bytes = io.BytesIO()
        super().__init__(self._bytes, wall)

    def save(self, run: Path, study: str, form: int = 0) -> None:
        """Writes the file; replaces files that this module wrote there earlier.

        Args:
            run: The run's directory, created if necessary.
            study: The identity of the study that the run belongs to.
            form: A number that changes with the format of the content, to know an outdated file.
        """
        content = self._bytes.getvalue()
        path = _new(run, self._wall, study, f"{zlib.crc32(content, form):08x}")
        # TensorBoard reads files with "tfevents" in their names
        hidden = run / ".unfinished"
        hidden.write_bytes(content)
        os.replace(hidden, path)


@dataclass(frozen=True)
class FileName:
    """What the name of one of our event files tells.

    Attributes:
        second: When its run began, in whole seconds since the epoch.
        number: How many files were in its place before.
        study: The identity of its study; None in files of earlier versions.
        checksum: The CRC-32 of a whole file, begun with the number of its format; "open" for one that grows.
    """

    second: int
    number: int
    study: str | None = None
    checksum: str = _OPEN

    @classmethod
    def of(cls, file: Path) -> Self | None:
        """The name of a file; None if it is not one of ours."""
        second, _, rest = file.name.removeprefix(_PREFIX).partition(f".{_MARK}.")
        number, *more = rest.split(".")
        if not (file.name.startswith(_PREFIX) and second.isdecimal() and number.isdecimal() and len(more) in (0, 2)):
            return None
        return cls(int(second), int(number), *more)

    def __str__(self) -> str:
        return f"{_PREFIX}{self.second:010d}.{_MARK}.{self.number:03d}.{self.study}.{self.checksum}"


def event_files(run: Path) -> dict[Path, FileName]:
    """The files that this module wrote in a run's directory."""
    names = {file: FileName.of(file) for file in run.glob(f"{_PREFIX}*.{_MARK}.*")}
    return {file: name for file, name in names.items() if name is not None and file.is_file()}


def is_whole(run: Path, study: str, form: int = 0) -> bool:
    """Whether the run has one file, of this study and format, that is complete and undamaged."""
    match list(event_files(run).items()):
        case [(file, name)]:
            return name.study == study and name.checksum == f"{zlib.crc32(file.read_bytes(), form):08x}"
    return False


def delete_files(run: Path) -> None:
    """Deletes our files in a run's directory, and the directory if nothing else is in it."""
    files = event_files(run)
    for file in files:
        file.unlink()
    if files and not any(run.iterdir()):
        run.rmdir()


def _new(run: Path, wall: float, study: str, checksum: str = _OPEN) -> Path:
    run.mkdir(parents=True, exist_ok=True)
    earlier = event_files(run)
    # a new name, so that a running TensorBoard does not take the file for a longer version of the old one
    number = max((name.number for name in earlier.values()), default=-1) + 1
    for path in earlier:
        path.unlink()
    return run / str(FileName(int(wall), number, study, checksum))
