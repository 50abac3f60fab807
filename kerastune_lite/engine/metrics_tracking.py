"""KerasTuner's path to its records of metrics, which are not here."""

from kerastune_lite.kerastuner.replaced import Replaced

MetricHistory = Replaced("MetricHistory")
MetricObservation = Replaced("MetricObservation")
MetricsTracker = Replaced("MetricsTracker")
infer_metric_direction = Replaced("infer_metric_direction")
