"""The model of the objective: a Gaussian process on encoded configurations and warped minimized values."""
