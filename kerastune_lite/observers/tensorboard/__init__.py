"""Event files for TensorBoard, written from events, without TensorFlow."""

from kerastune_lite.observers.tensorboard.board import SearchBoard
from kerastune_lite.observers.tensorboard.event_file import EventFile

__all__ = ["EventFile", "SearchBoard"]
