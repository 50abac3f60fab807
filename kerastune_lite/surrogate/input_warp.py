"""Numbers bent, so that the objective changes about as fast at one end of a range as at the other.

Few objectives do so on the scale that a space was written in: a learning rate has its cliff, a weight decay that is
sampled linearly all its effect near 0. Snoek et al., "Input Warping for Bayesian Optimization of Non-Stationary
Functions" (arXiv:1402.0929), learn a monotone map of each coordinate with the rest of the model. As in HEBO
(arXiv:2012.03826), it is Kumaraswamy's distribution function, w(x) = 1 - (1 - x^a)^b, which a = b = 1 leaves straight.
"""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# The slope may be infinite at the very ends.
_END = 1e-6


def bent(x: Array, a: Array, b: Array) -> Array:
    """w(x), in the unit interval as x is; x of shape (n, columns), a and b of shape (columns,)."""
    inner: Array = 1 - np.clip(x, _END, 1 - _END) ** a
    return np.asarray(1 - inner**b)


def slopes(x: Array, a: Array, b: Array) -> tuple[Array, Array, Array]:
    """The derivatives of w with respect to x, log(a) and log(b), each of x's shape."""
    x = np.clip(x, _END, 1 - _END)
    power = x**a
    inner = 1 - power
    by_power = b * inner ** (b - 1)
    return by_power * a * power / x, by_power * a * power * np.log(x), -b * inner**b * np.log(inner)
