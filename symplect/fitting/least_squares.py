"""Linear least squares for many rows: reduced block by block, solved for many ridges at once, the rank reported."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from threadpoolctl import ThreadpoolController

Matrix = Float[np.ndarray, "rows unknowns"]
Vector = Float[np.ndarray, " rows"]
Triangle = Float[np.ndarray, "kept unknowns"]  # kept are all unknowns, unless there were fewer rows
Unknowns = Float[np.ndarray, " unknowns"]

_BLAS = ThreadpoolController()
_limited = ContextVar("limited", default=False)

_HELD = 1e-12  # of the diagonal: what holds directions that no rows determine
_NOTHING = 1e-28  # of the largest diagonal element: round-off of a column that is zero


@contextmanager
def one_thread() -> Generator[None]:
    """Hold BLAS to one thread, whose setting takes milliseconds, so that an outer call spares the inner ones.

    Two threads are 1.2 times as fast on an idle machine, and 20 to 200 times as slow on a busy one, where they spin
    while they wait for each other.
    """
    if _limited.get():
        yield
        return
    token = _limited.set(True)
    try:
        with _BLAS.limit(limits=1):
            yield
    finally:
        _limited.reset(token)


@dataclass(frozen=True, eq=False)
class Reduced:
    """Rows of `A c = y` reduced to a triangle, which holds all that a fit needs to know of them.

    Attributes:
        triangle: R of `A = Q R`.
        target: `Q^T y`.
        residual: the sum of squares that no c can explain.
        rows: how many there were.
    """

    triangle: Triangle
    target: Float[np.ndarray, " kept"]
    residual: float
    rows: int

    def errors(self, coefficients: Float[np.ndarray, "unknowns candidates"]) -> Float[np.ndarray, " candidates"]:
        """Return the mean squared residual of each column of coefficients on these rows."""
        misses = self.triangle @ coefficients - self.target[:, None]
        return (np.sum(misses**2, axis=0) + self.residual) / self.rows


def reduce(A: Matrix, y: Vector) -> Reduced:
    """Reduce rows with Householder reflections, which unlike normal equations do not square the condition number."""
    return _triangle(np.column_stack([A, y]), 0.0, len(y))


def merge(parts: Sequence[Reduced]) -> Reduced:
    """Return the rows of all parts together, so that many rows can be reduced block by block in little memory.

    Source: Demmel, Grigori, Hoemmen, Langou 2012, SIAM J. Sci. Comput. 34, A206.
    """
    stacked = np.vstack([np.column_stack([part.triangle, part.target]) for part in parts])
    return _triangle(stacked, sum(part.residual for part in parts), sum(part.rows for part in parts))


def _triangle(stacked: Matrix, residual: float, rows: int) -> Reduced:
    unknowns = stacked.shape[1] - 1
    with one_thread():
        triangle: np.ndarray = np.asarray(np.linalg.qr(stacked, mode="r"))
    residual += float(np.sum(triangle[unknowns:, -1] ** 2))
    return Reduced(triangle[:unknowns, :-1], triangle[:unknowns, -1], residual, rows)


@dataclass(frozen=True, eq=False)
class RidgePath:
    """Solutions for several ridges.

    Attributes:
        coefficients: one column per ridge.
        rank: directions that the rows determine beyond round-off; the others are left at zero.
        condition: largest over smallest singular value of those directions.
    """

    coefficients: Float[np.ndarray, "unknowns ridges"]
    rank: int
    condition: float


def ridge_path(reduced: Reduced, penalties: Unknowns, ridges: Float[np.ndarray, " ridges"]) -> RidgePath:
    r"""Solve $\min_c |A c - y|^2 + \lambda \sum_k P_k |A_k|^2 c_k^2$ for every ridge by one decomposition.

    A ridge is relative to the largest singular value squared, and columns are scaled to unit length first, so neither
    units nor the number of rows matter. Directions below round-off are dropped.

    Args:
        reduced: the rows.
        penalties: P; unpenalised columns are held down a hundred times less than the others.
        ridges: the values of lambda.
    """
    sizes = np.linalg.norm(reduced.triangle, axis=0)
    weights = np.where(sizes > 0, sizes, 1.0) * np.sqrt(np.maximum(penalties, 1e-2))
    with one_thread():
        left, values, right = np.linalg.svd(reduced.triangle / weights, full_matrices=False)
    kept = values > len(values) * np.finfo(float).eps * values[0]
    left, values, right = left[:, kept], values[kept], right[kept]
    along = left.T @ reduced.target
    filtered = (values / (values**2 + ridges[:, None] * values[0] ** 2)) * along
    condition = float(values[0] / values[-1]) if values.size else np.inf
    return RidgePath((filtered @ right).T / weights[:, None], int(np.sum(kept)), condition)


def solve_symmetric(matrix: Matrix, right: Vector, *, damping: float = 0.0, rcond: float = 1e-12) -> Unknowns:
    """Solve normal equations of very uneven scales; an unknown that does nothing at all is left at zero.

    All are NaN where the equations are not finite.

    Args:
        matrix: symmetric and not negative.
        right: the right-hand side.
        damping: added to the diagonal, relative to it.
        rcond: directions with relatively smaller singular values are left at zero, too.

    Example:
        >>> solve_symmetric(np.diag([1e12, 2.0, 0.0]), np.array([3e12, 2.0, 1e-20]))
        array([3., 1., 0.])
    """
    diagonal = np.diag(matrix)
    scale = np.sqrt(np.where(diagonal > _NOTHING * np.max(diagonal, initial=0.0), diagonal, np.inf))
    scaled = matrix / np.outer(scale, scale) + damping * np.eye(len(matrix))
    if not (np.all(np.isfinite(scaled)) and np.all(np.isfinite(right))):
        return np.full(len(matrix), np.nan)
    with one_thread():
        return np.linalg.lstsq(scaled, right / scale, rcond=rcond)[0] / scale


def solve_alike(
    matrices: Float[np.ndarray, "systems unknowns unknowns"], right: Float[np.ndarray, "systems unknowns"]
) -> Float[np.ndarray, "systems unknowns"]:
    """Solve several normal equations that differ little from one another; what none determines stays near zero."""
    diagonal = np.max(np.einsum("sii->si", matrices), axis=0, initial=0.0)
    scale = np.sqrt(np.where(diagonal > _NOTHING * np.max(diagonal, initial=0.0), diagonal, np.inf))
    scaled = matrices / np.outer(scale, scale) + _HELD * np.eye(len(scale))
    with one_thread():
        return np.linalg.solve(scaled, (right / scale)[..., None])[..., 0] / scale
