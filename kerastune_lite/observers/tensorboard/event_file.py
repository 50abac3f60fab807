"""The event file of one run, written with tensorboard's own record format; 2 ms a trial, and no TensorFlow."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, types_pb2
from tensorboard.plugins.hparams import metadata, plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

# Part of every file's name, so that ours are known among those of other writers.
_MARK = "kerastune_lite"


@final
class EventFile:
    """A new event file in a run's directory; files that we wrote there earlier are replaced.

    Args:
        run: The run's directory, made if need be.
        wall: Seconds since the epoch: when the run began.
    """

    def __init__(self, run: Path, wall: float) -> None:
        run.mkdir(parents=True, exist_ok=True)
        earlier = event_files(run)
        # another name than before, so that a running TensorBoard does not take the new file for a longer old one
        number = max((int(path.suffix[1:]) for path in earlier), default=-1) + 1
        for path in earlier:
            path.unlink()
        self._file = (run / f"events.out.tfevents.{int(wall):010d}.{_MARK}.{number}").open("wb")
        self._records = RecordWriter(self._file)
        self._write(event_pb2.Event(wall_time=wall, file_version="brain.Event:2"))

    def scalars(self, values: Mapping[str, float], step: int, wall: float) -> None:
        """One step's values by tag; what is not finite is shown as NaN, since infinities break the plots."""
        summary = summary_pb2.Summary(
            value=[
                summary_pb2.Summary.Value(tag=tag, simple_value=value if math.isfinite(value) else math.nan)
                for tag, value in values.items()
            ]
        )
        self._write(event_pb2.Event(wall_time=wall, step=step, summary=summary))

    def text(self, tag: str, markdown: str, step: int, wall: float) -> None:
        """A text for the Text tab."""
        tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=[markdown.encode()])
        plugin = summary_pb2.SummaryMetadata.PluginData(plugin_name="text")
        value = summary_pb2.Summary.Value(
            tag=tag, tensor=tensor, metadata=summary_pb2.SummaryMetadata(plugin_data=plugin)
        )
        self._write(event_pb2.Event(wall_time=wall, step=step, summary=summary_pb2.Summary(value=[value])))

    def hparams(self, tag: str, wall: float, **content: Any) -> None:
        """A message of the HParams plugin: the experiment, or a session's start or end."""
        data = plugin_data_pb2.HParamsPluginData(**content)
        value = summary_pb2.Summary.Value(
            tag=tag, metadata=metadata.create_summary_metadata(data), tensor=metadata.NULL_TENSOR
        )
        self._write(event_pb2.Event(wall_time=wall, summary=summary_pb2.Summary(value=[value])))

    def flush(self) -> None:
        """Lets a running TensorBoard see what was written."""
        self._file.flush()

    def close(self) -> None:
        """Nothing more will be written."""
        self._file.close()

    def _write(self, event: event_pb2.Event) -> None:
        self._records.write(event.SerializeToString())


def event_files(run: Path) -> list[Path]:
    """The files that we wrote in a run's directory."""
    return sorted(run.glob(f"events.out.tfevents.*.{_MARK}.*"))


def begun_at(file: Path) -> int:
    """When the run of one of our files began, in whole seconds since the epoch."""
    return int(file.name.split(".")[3])


def has_ended(run: Path) -> bool:
    """Whether the run's file holds a session's end, which is the last thing written."""
    files = event_files(run)
    if not files:
        return False
    with files[-1].open("rb") as file:
        file.seek(max(0, files[-1].stat().st_size - 256))
        return metadata.SESSION_END_INFO_TAG.encode() in file.read()
