"""KerasTuner's oracles, as settings of a search."""

from kerastune_lite.kerastuner.oracle_settings import (
    BayesianOptimizationOracle,
    GridSearchOracle,
    HyperbandOracle,
    RandomSearchOracle,
)

# KerasTuner's older names
BayesianOptimization = BayesianOptimizationOracle
GridSearch = GridSearchOracle
RandomSearch = RandomSearchOracle
Hyperband = HyperbandOracle

__all__ = [
    "BayesianOptimization",
    "BayesianOptimizationOracle",
    "GridSearch",
    "GridSearchOracle",
    "Hyperband",
    "HyperbandOracle",
    "RandomSearch",
    "RandomSearchOracle",
]
