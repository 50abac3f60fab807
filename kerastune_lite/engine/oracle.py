"""KerasTuner's path to the base of all oracles, which is not here."""

from kerastune_lite.kerastuner.replaced import Replaced
from kerastune_lite.study.objective import Objective

Oracle = Replaced("Oracle")
synchronized = Replaced("synchronized")

__all__ = ["Objective", "Oracle", "synchronized"]
