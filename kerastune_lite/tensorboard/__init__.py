"""Event files for TensorBoard, written from events, without TensorFlow."""

from kerastune_lite.tensorboard.board import SearchBoard
from kerastune_lite.tensorboard.event_file import EventFile

__all__ = ["EventFile", "SearchBoard"]
