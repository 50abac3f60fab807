"""KerasTuner's ready-made hypermodels, which are not here."""

from kerastune_lite.kerastuner.replaced import Replaced

HyperEfficientNet = Replaced("HyperEfficientNet")
HyperImageAugment = Replaced("HyperImageAugment")
HyperResNet = Replaced("HyperResNet")
HyperXception = Replaced("HyperXception")
