"""Observers of the events of a search: console, model files, TensorBoard."""
