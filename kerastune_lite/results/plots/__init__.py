"""Plots of a study with matplotlib: each draws into an `Axes` and returns it."""
