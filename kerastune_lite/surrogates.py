"""Surrogate models as scikit-learn regressors, for `kt.strategies.Skopt`, for `skopt.Optimizer`, or for use alone.

Importing this loads scikit-learn.
"""

from kerastune_lite.surrogate.regressor import GaussianProcess

__all__ = ["GaussianProcess"]
