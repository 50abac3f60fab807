"""Keras callbacks for trials. Each also works in a plain `model.fit`."""

from kerastune_lite.callbacks.checkpoint import Checkpoint
from kerastune_lite.callbacks.early_stopping import EarlyStopping
from kerastune_lite.callbacks.report import Report
from kerastune_lite.callbacks.tensorboard import TensorBoard

__all__ = ["Checkpoint", "EarlyStopping", "Report", "TensorBoard"]
