"""Functions that watch the events of a search: console, model files, TensorBoard."""
