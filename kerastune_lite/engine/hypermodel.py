"""KerasTuner's path to `HyperModel`."""

from kerastune_lite.training.hypermodel import HyperModel

__all__ = ["HyperModel"]
