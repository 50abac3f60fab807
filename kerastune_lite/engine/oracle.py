"""KerasTuner's import path of `Oracle`, which this package does not have."""

from kerastune_lite.kerastuner.replaced import Replaced
from kerastune_lite.study.objective import Objective

Oracle = Replaced("Oracle")
synchronized = Replaced("synchronized")

__all__ = ["Objective", "Oracle", "synchronized"]
