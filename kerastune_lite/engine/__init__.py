"""KerasTuner's import paths: each module here re-exports names from elsewhere in this package."""
