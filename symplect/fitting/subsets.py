"""The few unknowns of a linear problem that explain it: backward elimination with exchanges."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from symplect.fitting.least_squares import Reduced, merge, ridge_path

_DEPENDENT = 1e-7  # of a column, at most, for it to be a combination of earlier ones
_ROUND_OFF = 1e-10  # of the right-hand side: what explains less explains nothing
_GAIN = 0.999  # of the misfit, at most, for an exchange to be worth it

Subset = tuple[int, ...]
Columns = Float[np.ndarray, "rows unknowns"]
Right = Float[np.ndarray, " rows"]
Basis = Float[np.ndarray, "rows chosen"]


def sparsest(parts: Sequence[Reduced]) -> Subset:
    r"""Return the unknowns that explain what is held out, and no more.

    The unknown that is missed least is left out, again and again; after each time kept and left ones are exchanged
    while that helps, as columns that resemble each other mislead the first choice. Of the subsets found on the way, one
    of each size, the one with the least $N \ln(E / N) + k \ln N$ is taken, where E is the sum of N squared residuals on
    parts left out one by one and k the size. Columns that depend on earlier ones, on these rows, are never kept.

    Source: Schwarz 1978, Ann. Statist. 6, 461, for the price of an unknown; Miller 2002, *Subset Selection in
    Regression*, 3.6, for exchanges.

    Args:
        parts: the rows, in parts that are left out one by one.

    Example:
        >>> from symplect.fitting.least_squares import reduce
        >>> rng = np.random.default_rng(0)
        >>> A = rng.standard_normal((60, 5))
        >>> y = A @ np.array([0.0, 2.0, 0.0, -1.0, 0.0]) + 0.1 * rng.standard_normal(60)
        >>> sparsest([reduce(A[rows::3], y[rows::3]) for rows in range(3)])
        (1, 3)
    """
    whole = merge(parts)
    chosen = pool = _determined(whole.triangle)
    sizes = np.linalg.norm(whole.triangle, axis=0)
    A, y = whole.triangle / np.where(sizes > 0, sizes, 1.0), whole.target
    found: list[Subset] = []
    while chosen:
        found.append(tuple(sorted(chosen)))
        chosen = _exchanged(A, y, _without_weakest(A, y, chosen), pool)
    return min(found, key=lambda subset: _criterion(parts, subset))


def restricted(reduced: Reduced, chosen: Subset) -> Reduced:
    """Return the same rows with some of their unknowns."""
    return replace(reduced, triangle=reduced.triangle[:, list(chosen)])


def held_out_square(parts: Sequence[Reduced], chosen: Subset) -> float:
    """Return the mean squared residual on parts left out one by one."""
    some = [restricted(part, chosen) for part in parts]
    total = 0.0
    for number, part in enumerate(some):
        others = merge(some[:number] + some[number + 1 :])
        total += part.rows * float(part.errors(ridge_path(others, np.ones(len(chosen)), np.zeros(1)).coefficients)[0])
    return total / sum(part.rows for part in parts)


def _criterion(parts: Sequence[Reduced], chosen: Subset) -> float:
    rows = sum(part.rows for part in parts)
    size = sum(part.residual + float(np.sum(part.target**2)) for part in parts) / rows
    return rows * np.log(held_out_square(parts, chosen) + _ROUND_OFF**2 * size) + len(chosen) * np.log(rows)


def _determined(triangle: Columns) -> Subset:
    """Return the columns that are no combination of those before them: the diagonal is what is left of each."""
    left = np.zeros(triangle.shape[1])
    left[: len(triangle)] = np.abs(np.diag(triangle))
    return tuple(np.flatnonzero(left > _DEPENDENT * np.linalg.norm(triangle, axis=0)).tolist())


def _without_weakest(A: Columns, y: Right, chosen: Subset) -> Subset:
    """Leave out the column without which the misfit rises least."""
    others = [tuple(k for k in chosen if k != out) for out in chosen]
    return min(others, key=lambda subset: float(np.sum(_explained(A, y, subset)[1] ** 2)))


def _exchanged(A: Columns, y: Right, chosen: Subset, pool: Subset) -> Subset:
    """Exchange one column for another, the best pair first, while the misfit falls."""
    while chosen:
        now = float(np.sum(_explained(A, y, chosen)[1] ** 2))
        if now <= _ROUND_OFF**2 * np.sum(y**2):
            break
        best, better = min((_best_exchange(A, y, chosen, out, pool) for out in chosen), key=lambda pair: pair[0])
        if best > _GAIN * now:
            break
        chosen = better
    return chosen


def _best_exchange(A: Columns, y: Right, chosen: Subset, out: int, pool: Subset) -> tuple[float, Subset]:
    """Return the misfit with the best column of the pool in place of one, and the columns."""
    others = tuple(k for k in chosen if k != out)
    basis, left = _explained(A, y, others)
    new = A - basis @ (basis.T @ A)
    squares = np.sum(new**2, axis=0)
    gains = np.full(A.shape[1], -np.inf)
    left_out = [k for k in pool if k not in chosen and squares[k] > _DEPENDENT**2]
    gains[left_out] = (left @ new[:, left_out]) ** 2 / squares[left_out]
    best = int(np.argmax(gains))
    return float(np.sum(left**2) - gains[best]), (*others, best)


def _explained(A: Columns, y: Right, chosen: Subset) -> tuple[Basis, Right]:
    """Return an orthonormal basis of some columns, and what it leaves of the right-hand side."""
    basis = np.linalg.qr(A[:, list(chosen)])[0]
    return basis, y - basis @ (basis.T @ y)
