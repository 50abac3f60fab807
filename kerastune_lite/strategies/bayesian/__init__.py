"""Bayesian optimization with Gaussian processes."""
