"""KerasTuner's import path of its records of metrics, which this package does not have."""

from kerastune_lite.kerastuner.replaced import Replaced

MetricHistory = Replaced("MetricHistory")
MetricObservation = Replaced("MetricObservation")
MetricsTracker = Replaced("MetricsTracker")
infer_metric_direction = Replaced("infer_metric_direction")
