"""KerasTuner's import path of `MultiExecutionTuner`, which is `Tuner`."""

from kerastune_lite.tuner import Tuner

MultiExecutionTuner = Tuner

__all__ = ["MultiExecutionTuner"]
