"""KerasTuner's paths: each module here names what lies elsewhere in this package."""
