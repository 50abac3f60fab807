"""KerasTuner's import path of Bayesian search."""

from kerastune_lite.kerastuner.oracle_settings import BayesianOptimizationOracle
from kerastune_lite.tuners import BayesianOptimization

__all__ = ["BayesianOptimization", "BayesianOptimizationOracle"]
