"""KerasTuner's import path of `BaseTuner`, which is `Tuner`."""

from kerastune_lite.tuner import Tuner

BaseTuner = Tuner

__all__ = ["BaseTuner"]
