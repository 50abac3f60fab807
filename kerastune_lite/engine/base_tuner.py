"""KerasTuner's path to the base of all tuners."""

from kerastune_lite.tuner import Tuner

BaseTuner = Tuner

__all__ = ["BaseTuner"]
