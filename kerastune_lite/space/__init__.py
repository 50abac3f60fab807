"""Hyperparameters, and the `hp` object that reads them. Standard library only."""
