"""KerasTuner's import path of hyperparameters."""

from kerastune_lite.kerastuner.replaced import Replaced
from kerastune_lite.space.hp import HyperParameters
from kerastune_lite.space.kinds import Boolean, Choice, Fixed, Float, Hyperparameter, Int

HyperParameter = Hyperparameter
deserialize = Replaced("deserialize")
serialize = Replaced("serialize")

__all__ = [
    "Boolean",
    "Choice",
    "Fixed",
    "Float",
    "HyperParameter",
    "HyperParameters",
    "Int",
    "deserialize",
    "serialize",
]
