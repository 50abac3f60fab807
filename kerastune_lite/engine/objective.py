"""KerasTuner's import path of `Objective`."""

from kerastune_lite.study.objective import Objective

__all__ = ["Objective"]
