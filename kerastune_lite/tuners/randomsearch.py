"""KerasTuner's import path of random search."""

from kerastune_lite.kerastuner.oracle_settings import RandomSearchOracle
from kerastune_lite.tuners import RandomSearch

__all__ = ["RandomSearch", "RandomSearchOracle"]
