"""KerasTuner's path to `Objective`."""

from kerastune_lite.study.objective import Objective

__all__ = ["Objective"]
