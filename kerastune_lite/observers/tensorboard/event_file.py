"""The event file of a run, written with tensorboard's record format; 2 ms per trial, no TensorFlow."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, types_pb2
from tensorboard.plugins.hparams import metadata, plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

# Part of each file name, to distinguish our files from those of other writers.
_MARK = "kerastune_lite"


@final
class EventFile:
    """A new event file in a run's directory; replaces files that this class wrote there earlier.

    Args:
        run: The run's directory, created if necessary.
        wall: When the run began, in seconds since the epoch.
    """

    def __init__(self, run: Path, wall: float) -> None:
        run.mkdir(parents=True, exist_ok=True)
        earlier = event_files(run)
        # a new name, so that a running TensorBoard does not take the file for a longer version of the old one
        number = max((int(path.suffix[1:]) for path in earlier), default=-1) + 1
        for path in earlier:
            path.unlink()
        self._file = (run / f"events.out.tfevents.{int(wall):010d}.{_MARK}.{number}").open("wb")
        self._records = RecordWriter(self._file)
        self._write(event_pb2.Event(wall_time=wall, file_version="brain.Event:2"))

    def scalars(self, values: Mapping[str, float], step: int, wall: float) -> None:
        """Writes the values of one step by tag; infinities are written as NaN, because they break the plots."""
        summary = summary_pb2.Summary(
            value=[
                summary_pb2.Summary.Value(tag=tag, simple_value=value if math.isfinite(value) else math.nan)
                for tag, value in values.items()
            ]
        )
        self._write(event_pb2.Event(wall_time=wall, step=step, summary=summary))

    def text(self, tag: str, markdown: str, step: int, wall: float) -> None:
        """Writes Markdown for the Text tab."""
        tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=[markdown.encode()])
        plugin = summary_pb2.SummaryMetadata.PluginData(plugin_name="text")
        value = summary_pb2.Summary.Value(
            tag=tag, tensor=tensor, metadata=summary_pb2.SummaryMetadata(plugin_data=plugin)
        )
        self._write(event_pb2.Event(wall_time=wall, step=step, summary=summary_pb2.Summary(value=[value])))

    def hparams(self, tag: str, wall: float, **content: Any) -> None:
        """Writes a message of the HParams plugin: the experiment, or the start or end of a session."""
        data = plugin_data_pb2.HParamsPluginData(**content)
        value = summary_pb2.Summary.Value(
            tag=tag, metadata=metadata.create_summary_metadata(data), tensor=metadata.NULL_TENSOR
        )
        self._write(event_pb2.Event(wall_time=wall, summary=summary_pb2.Summary(value=[value])))

    def flush(self) -> None:
        """Makes written data visible to a running TensorBoard."""
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _write(self, event: event_pb2.Event) -> None:
        self._records.write(event.SerializeToString())


def event_files(run: Path) -> list[Path]:
    """The files that `EventFile` wrote in a run's directory."""
    return sorted(run.glob(f"events.out.tfevents.*.{_MARK}.*"))


def begun_at(file: Path) -> int:
    """When the run of one of our files began, in whole seconds since the epoch."""
    return int(file.name.split(".")[3])


def has_ended(run: Path) -> bool:
    """Whether the run's file is whole and contains the end of the session, which is written last."""
    files = event_files(run)
    return bool(files) and metadata.SESSION_END_INFO_TAG.encode() in _last_record(files[-1].read_bytes())


def _last_record(content: bytes) -> bytes:
    """The last record of an event file; empty if the file is cut.

    Each record is the length of its data, a checksum of the length, the data, and a checksum of the data.
    """
    start, last = 0, b""
    while start < len(content):
        length = int.from_bytes(content[start : start + 8], "little")
        last = content[start + 12 : start + 12 + length]
        start += 8 + 4 + length + 4
    return last if start == len(content) else b""
