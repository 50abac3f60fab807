"""KerasTuner's import path of grid search."""

from kerastune_lite.kerastuner.oracle_settings import GridSearchOracle
from kerastune_lite.tuners import GridSearch

__all__ = ["GridSearch", "GridSearchOracle"]
