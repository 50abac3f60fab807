"""KerasTuner's import path of `HyperModel`."""

from kerastune_lite.training.hypermodel import HyperModel

__all__ = ["HyperModel"]
