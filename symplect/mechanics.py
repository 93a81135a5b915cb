"""Mechanical systems: a mass matrix and a potential, both of the positions alone."""

import abc
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect._types import Half, Scalar, State
from symplect.dynamics import AbstractHamiltonian, rotate, split

_UNROLLED = 6  # degrees of freedom, up to which systems of equations are written out entry by entry

Matrix = Float[Array, "degrees_of_freedom degrees_of_freedom"]


class AbstractMechanical(AbstractHamiltonian):
    r"""A Hamiltonian of kinetic and potential energy, $H(q, p) = p^T M(q)^{-1} p / 2 + V(q)$.

    Arms, linkages and vehicles are such; where M changes with the position, momenta $p = M(q) \dot q$ are not
    velocities times a constant. Source: Goldstein, *Classical Mechanics* (2002), 8.1.
    """

    @abc.abstractmethod
    def mass_matrix(self, q: Half) -> Matrix:
        """Return `M(q)`, symmetric and positive definite."""

    @abc.abstractmethod
    def potential(self, q: Half) -> Scalar:
        """Return the potential energy `V(q)`."""

    def momenta(self, q: Half, v: Half) -> Half:
        """Return the momenta `M(q) v` of positions and velocities."""
        return jnp.sum(self.mass_matrix(q) * v[None], axis=1)  # ONNX knows no product of many matrices

    def velocities(self, q: Half, p: Half) -> Half:
        """Return the velocities `M(q)^-1 p` of positions and momenta."""
        return solve_positive(self.mass_matrix(q), p)

    def hamiltonian(self, z: State) -> Scalar:
        """Return the kinetic and the potential energy."""
        q, p = split(z)
        return jnp.sum(p * self.velocities(q, p)) / 2 + self.potential(q)

    def lagrangian(self, q: Half, v: Half) -> Scalar:
        """Return the kinetic less the potential energy."""
        return jnp.sum(v * self.momenta(q, v)) / 2 - self.potential(q)

    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        """Return the symplectic gradient, by `dH/dq = -dL/dq`: no derivative of a solution of equations is needed."""
        q, p = split(z)
        v = self.velocities(q, p)
        return rotate(jnp.concatenate([-jax.grad(self.lagrangian)(q, v), v]))


def solve_positive(matrix: Matrix, right: Half) -> Half:
    """Return the solution of equations with a symmetric positive definite matrix, by Cholesky's factors.

    For few degrees of freedom it is plain arithmetic, which every export and the pages can take; NaN where the matrix
    is not positive definite.

    Args:
        matrix: positive definite; its lower triangle counts.
        right: right-hand side.

    Example:
        >>> solve_positive(jnp.array([[4.0, 2.0], [2.0, 2.0]]), jnp.array([6.0, 4.0])).tolist()
        [1.0, 1.0]
    """
    n = right.shape[0]
    if n > _UNROLLED:
        return jax.scipy.linalg.cho_solve((jnp.linalg.cholesky(matrix), True), right)
    L = _cholesky(matrix)
    y: list[Any] = []
    for i in range(n):
        y.append((right[i] - sum(L[i, k] * y[k] for k in range(i))) / L[i, i])
    x = list(y)
    for i in reversed(range(n)):
        x[i] = (y[i] - sum(L[k, i] * x[k] for k in range(i + 1, n))) / L[i, i]
    return jnp.stack(x)


def determinant(matrix: Matrix) -> Scalar:
    """Return the determinant of a symmetric positive definite matrix.

    Example:
        >>> determinant(jnp.array([[4.0, 2.0], [2.0, 2.0]])).item()
        4.0
    """
    if len(matrix) > _UNROLLED:
        return jnp.prod(jnp.diagonal(jnp.linalg.cholesky(matrix)) ** 2)
    L = _cholesky(matrix)
    return jnp.asarray(math.prod(L[i, i] ** 2 for i in range(len(matrix))))


def _cholesky(matrix: Matrix) -> dict[tuple[int, int], Any]:
    """Return the entries of Cholesky's factor, written out."""
    L: dict[tuple[int, int], Any] = {}
    for i in range(len(matrix)):
        for j in range(i):
            L[i, j] = (matrix[i, j] - sum(L[i, k] * L[j, k] for k in range(j))) / L[j, j]
        L[i, i] = jnp.sqrt(matrix[i, i] - sum(L[i, k] ** 2 for k in range(i)))
    return L


def symmetric(lower: Float[Array | np.ndarray, " entries"], degrees_of_freedom: int) -> Matrix:
    """Return the symmetric matrix with a given lower triangle, row by row.

    Example:
        >>> symmetric(jnp.array([1.0, 2.0, 3.0]), 2).tolist()
        [[1.0, 2.0], [2.0, 3.0]]
    """
    n = degrees_of_freedom
    return jnp.asarray(lower)[places(n).ravel()].reshape(n, n)


def places(degrees_of_freedom: int) -> np.ndarray:
    """Return which entry of a lower triangle, row by row, stands at each place of a symmetric matrix.

    Example:
        >>> places(2).tolist()
        [[0, 1], [1, 2]]
    """
    n = degrees_of_freedom
    found = np.zeros((n, n), int)
    rows, columns = np.tril_indices(n)
    found[rows, columns] = found[columns, rows] = np.arange(len(rows))
    return found
