"""KerasTuner's import path of Hyperband, which this package does not have."""

from kerastune_lite.kerastuner.replaced import Replaced

Hyperband = Replaced("Hyperband")
HyperbandOracle = Replaced("HyperbandOracle")
