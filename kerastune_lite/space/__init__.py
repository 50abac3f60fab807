"""Hyperparameters and the `hp` object. Standard library only."""
