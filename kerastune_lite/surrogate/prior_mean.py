"""The prior mean: what is expected of the objective before any trial, and how much that is doubted.

Explicit basis functions with a Gaussian prior on their coefficients: Rasmussen and Williams, "Gaussian Processes for
Machine Learning" (2006), section 2.7. m(x) = sum_k beta_k h_k(x), beta ~ N(1, I): an expectation counts in full before
the first trial; trials that contradict it reduce its coefficient, or change its sign.

Each basis function is a sum of parabolas: h_k(x) = sum_j (a_kj x_j^2 + b_kj x_j) + c_k, over the columns j.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

Array = np.ndarray[Any, Any]


@final
@dataclass(frozen=True)
class PriorMean:
    """Basis functions on the unit cube.

    Attributes:
        quadratic: The coefficients a, shape (functions, columns).
        linear: The coefficients b, shape (functions, columns).
        constant: The coefficients c, shape (functions,).
    """

    quadratic: Array
    linear: Array
    constant: Array

    @classmethod
    def zero(cls, columns: int) -> "PriorMean":
        """No expectation."""
        return cls(np.zeros((0, columns)), np.zeros((0, columns)), np.zeros(0))

    @classmethod
    def slope(cls, rises: Array) -> "PriorMean":
        """A rise along each column, from 0 to 1, by `rises`, shape (columns,); its mean over the cube is 0."""
        return cls(np.zeros((1, len(rises))), rises[None, :], np.array([-rises.sum() / 2]))

    @classmethod
    def valley(cls, depths: Array, centers: Array) -> "PriorMean":
        """A parabola along each column, lower at its center than at the farther end by `depths`, shape (columns,).

        Its mean over the cube is 0.
        """
        a = depths / np.maximum(centers, 1 - centers) ** 2
        mean = 1 / 12 + (centers - 0.5) ** 2  # of (x - center)^2 over the unit interval
        return cls(a[None, :], -2 * (a * centers)[None, :], np.array([(a * (centers**2 - mean)).sum()]))

    @classmethod
    def all_of(cls, several: Iterable["PriorMean"]) -> "PriorMean":
        """The basis functions of several, each with its own coefficient."""
        quadratic, linear, constant = zip(*((one.quadratic, one.linear, one.constant) for one in several), strict=True)
        return cls(np.vstack(quadratic), np.vstack(linear), np.concatenate(constant))

    def basis(self, rows: Array) -> Array:
        """h(x) at each row, shape (n, functions)."""
        return np.asarray(rows**2 @ self.quadratic.T + rows @ self.linear.T + self.constant)

    def basis_gradients(self, rows: Array, columns: Array) -> Array:
        """The derivatives of h with respect to some columns, shape (n, len(columns), functions)."""
        quadratic, linear = self.quadratic.T[columns], self.linear.T[columns]
        return np.asarray(2 * rows[:, columns, None] * quadratic + linear)

    def mean(self, rows: Array) -> Array:
        """h(x)'b at each row with b = 1, shape (n,). R&W (2.40)."""
        return np.asarray(self.basis(rows).sum(axis=1))

    def covariance(self, left: Array, right: Array) -> Array:
        """h(x)'B h(x') with B = I, shape (m, n). R&W (2.40)."""
        return np.asarray(self.basis(left) @ self.basis(right).T)
