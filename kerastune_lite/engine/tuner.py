"""KerasTuner's import path of `Tuner`."""

from kerastune_lite.kerastuner.replaced import Replaced
from kerastune_lite.tuner import Tuner

maybe_distribute = Replaced("maybe_distribute")

__all__ = ["Tuner", "maybe_distribute"]
