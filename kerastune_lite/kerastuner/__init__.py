"""What scripts written for KerasTuner need beside the tuners: its trials, oracles and hooks, in its words."""
