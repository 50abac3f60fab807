"""What is expected of the objective before any trial, and how far that is doubted.

Explicit basis functions with a Gaussian prior on their coefficients, Rasmussen and Williams, "Gaussian Processes for
Machine Learning" (2006), section 2.7: m(x) = sum_k beta_k h_k(x), beta ~ N(1, I). So an expectation counts in full
before the first trial, and trials that contradict it switch it off, or turn it round.

A basis function is a sum over columns, each a parabola: h_k(x) = sum_j (a_kj x_j^2 + b_kj x_j) + c_k.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

Array = np.ndarray[Any, Any]


@final
@dataclass(frozen=True)
class PriorMean:
    """Basis functions of rows of the unit cube.

    Attributes:
        quadratic: The coefficients a, shape (functions, columns).
        linear: The coefficients b, of the same shape.
        constant: The coefficients c, shape (functions,).
    """

    quadratic: Array
    linear: Array
    constant: Array

    @classmethod
    def zero(cls, columns: int) -> "PriorMean":
        """Nothing is expected."""
        return cls(np.zeros((0, columns)), np.zeros((0, columns)), np.zeros(0))

    @classmethod
    def slope(cls, rises: Array) -> "PriorMean":
        """A rise along each column by so much, from one end of it to the other; shape (columns,)."""
        return cls(np.zeros((1, len(rises))), rises[None, :], np.array([-rises.sum() / 2]))

    @classmethod
    def valley(cls, depths: Array, centers: Array) -> "PriorMean":
        """A valley along each column: lower at its center than at the farther end by so much; shapes (columns,)."""
        a = depths / np.maximum(centers, 1 - centers) ** 2
        mean = 1 / 12 + (centers - 0.5) ** 2  # of (x - center)^2 over the unit interval
        return cls(a[None, :], -2 * (a * centers)[None, :], np.array([(a * (centers**2 - mean)).sum()]))

    @classmethod
    def all_of(cls, several: Iterable["PriorMean"]) -> "PriorMean":
        """The basis functions of several, each with a coefficient of its own."""
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
        """h(x)'b at each row with b = 1, shape (n,). R&W (2.38)."""
        return np.asarray(self.basis(rows).sum(axis=1))

    def covariance(self, left: Array, right: Array) -> Array:
        """h(x)'B h(x') with B = I, shape (m, n). R&W (2.39)."""
        return np.asarray(self.basis(left) @ self.basis(right).T)
