"""KerasTuner's ready-made hypermodels, which this package does not have."""

from kerastune_lite.kerastuner.replaced import Replaced

HyperEfficientNet = Replaced("HyperEfficientNet")
HyperImageAugment = Replaced("HyperImageAugment")
HyperResNet = Replaced("HyperResNet")
HyperXception = Replaced("HyperXception")
