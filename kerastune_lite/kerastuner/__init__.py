"""Support for scripts written for KerasTuner: its trials, oracles and hooks, under its names."""
