"""KerasTuner's older path to a tuner that trains each trial several times."""

from kerastune_lite.tuner import Tuner

MultiExecutionTuner = Tuner

__all__ = ["MultiExecutionTuner"]
