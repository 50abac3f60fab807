"""KerasTuner's path to Hyperband, which is not here."""

from kerastune_lite.kerastuner.replaced import Replaced

Hyperband = Replaced("Hyperband")
HyperbandOracle = Replaced("HyperbandOracle")
