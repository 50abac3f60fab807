"""Warped inputs: the objective should change about as fast at one end of a range as at the other.

Few objectives do on the scale that a search space was written in: a learning rate has its cliff, a weight decay that is
sampled linearly has all its effect near 0. Snoek et al., "Input Warping for Bayesian Optimization of Non-Stationary
Functions" (arXiv:1402.0929), learn a monotone map of each coordinate with the rest of the model. As in HEBO
(arXiv:2012.03826), the map is the Kumaraswamy distribution function with concentrations a and b,
w(x) = 1 - (1 - x^a)^b, which is the identity for a = b = 1.
"""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# The derivatives may be infinite at 0 and 1.
_END = 1e-6


def kumaraswamy(x: Array, a: Array, b: Array) -> Array:
    """w(x) in the unit interval; x of shape (n, columns) in the unit interval, a and b of shape (columns,).

    Example:
        >>> kumaraswamy(np.array([[0.25, 0.25]]), np.array([1.0, 0.5]), np.array([1.0, 1.0])).round(6).tolist()
        [[0.25, 0.5]]
    """
    inner: Array = 1 - np.clip(x, _END, 1 - _END) ** a
    return np.asarray(1 - inner**b)


def kumaraswamy_gradients(x: Array, a: Array, b: Array) -> tuple[Array, Array, Array]:
    """The derivatives of w with respect to x, log(a) and log(b), each of x's shape."""
    x = np.clip(x, _END, 1 - _END)
    power = x**a
    inner = 1 - power
    by_power = b * inner ** (b - 1)  # dw / d(x^a)
    by_x = by_power * a * power / x
    by_log_a = by_power * a * power * np.log(x)
    by_log_b = -b * inner**b * np.log(inner)
    return by_x, by_log_a, by_log_b
