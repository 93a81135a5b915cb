"""The fit without gradient descent: where H is linear in its weights, so is the field, and one solve is a fit."""

import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import jax
import numpy as np
from jaxtyping import Float, Int
from tqdm import tqdm

from symplect.data import Scaling, Trajectories
from symplect.dynamics import rotated
from symplect.errors import FitWarning, InputError
from symplect.fitting.checks import require_fittable
from symplect.fitting.least_squares import Reduced, merge, reduce, ridge_path
from symplect.models.feature_models import FeatureHamiltonian
from symplect.models.features import AbstractFeatures
from symplect.precision import on_device

RIDGES = np.concatenate([[0.0], np.logspace(-22, 0, 45)])
_BLOCK_BYTES = 2**26  # of one block of rows; the triangle beside it is small


@dataclass(frozen=True, eq=False)
class ClosedFormFit:
    """What `fit_closed_form` found.

    Attributes:
        model: the Hamiltonian, in float64.
        rank: weights the data determine; below `model.weights.size` the rest was left at zero.
        condition: of the problem, on the kept directions.
        ridge: the chosen one.
        held_out_error: root mean square error of the derivative, in units of its size, on the trajectories held out for
            choosing.
        seconds: of the fit.
    """

    model: FeatureHamiltonian
    rank: int
    condition: float
    ridge: float
    held_out_error: float
    seconds: float = field(compare=False)


def fit_closed_form(
    features: AbstractFeatures | Sequence[AbstractFeatures],
    data: Trajectories,
    *,
    ridges: Float[np.ndarray, " ridges"] = RIDGES,
    folds: int = 3,
    held_out: Sequence[int] | None = None,
    tolerance: float = 1.0,
    seed: int = 0,
    progress: str | None = None,
) -> ClosedFormFit:
    r"""Fit a Hamiltonian that is linear in its weights to states and their derivatives, without gradient descent.

    Every sample gives `2 * degrees_of_freedom` linear equations $\sum_k c_k J \nabla \phi_k(z) = \dot z$. Features and
    ridge are chosen on held-out trajectories, then all data are used. Derivatives count in units of the data's own
    (`Scaling`). Rows are reduced block by block, so memory does not grow with their number.

    Source: Bertalan et al. 2019 (arXiv:1907.12715); Rahma, Datar, Dietrich 2024 (arXiv:2411.17511).

    Args:
        features: basis of H, or several to choose from.
        data: states with derivatives, trials of one system.
        ridges: ridge strengths to choose from, increasing, relative to the largest singular value squared.
        folds: parts of the trajectories, each held out once to choose by; a single trajectory is cut into pieces.
        held_out: trajectories to choose by instead, those that matter most; folds play no part then.
        tolerance: the largest ridge is taken whose error is at most so many times the least.
        seed: decides which trajectory is in which fold.
        progress: label of a progress bar; none unless given.

    Raises:
        InputError: data that cannot be fitted, fewer equations than unknowns, or nothing to hold out.

    Example:
        >>> from symplect import simulate
        >>> from symplect.models.features import Polynomial
        >>> from symplect.systems import MassSpring
        >>> data = simulate(MassSpring.reference(), np.array([[1.0, 0.0], [0.3, 0.2]]), np.linspace(0.0, 3.0, 30))
        >>> fitted = fit_closed_form(Polynomial(2, degree=2), data)
        >>> abs(fitted.model.weights).round(6).tolist(), fitted.rank  # H = q^2 + p^2
        ([0.0, 0.0, 1.0, 0.0, 1.0], 5)
    """
    began = time.perf_counter()
    require_fittable("fit_closed_form", data, derivatives=True)
    candidates = [features] if isinstance(features, AbstractFeatures) else list(features)
    if folds < 2 or not candidates:
        found = f"{folds} folds and {len(candidates)} features"
        raise InputError(f"fit_closed_form: expected two folds or more and some features, found {found}")
    if held_out is None:
        membership, first = fold_of_samples(data, folds, seed), 0
    else:
        if not 0 < len(set(held_out) & set(range(len(data)))) < len(data):
            raise InputError(f"fit_closed_form: expected some of {len(data)} trials held out, found {list(held_out)}")
        membership, first = np.repeat(np.isin(np.arange(len(data)), held_out), data.lengths).astype(int), 1
    choices: list[_Choice] = []
    for candidate in tqdm(candidates, desc=progress, disable=None if progress else True, leave=False):
        choices.append(_choose_ridge(candidate, equations(candidate, data, membership), first, ridges, tolerance))
    best = min(choices, key=lambda choice: choice.error)
    path = ridge_path(merge(best.parts), best.features.penalties, np.array([best.ridge]))
    _warn_of_rank(path.rank, best.features.size)
    with jax.enable_x64(True):
        weights = on_device(path.coefficients[:, 0])
    model = FeatureHamiltonian(best.features, weights, data.dimension // 2)
    return ClosedFormFit(model, path.rank, path.condition, best.ridge, best.error**0.5, time.perf_counter() - began)


@dataclass(frozen=True, eq=False)
class _Choice:
    """Features with the ridge that did best on the held-out folds, and the equations of every fold."""

    error: float
    ridge: float
    features: AbstractFeatures
    parts: list[Reduced]


def _choose_ridge(
    features: AbstractFeatures,
    parts: list[Reduced],
    first: int,
    ridges: Float[np.ndarray, " ridges"],
    tolerance: float,
) -> _Choice:
    """Hold out each part from the given one on."""
    errors = np.zeros(len(ridges))
    for number in range(first, len(parts)):
        others = merge(parts[:number] + parts[number + 1 :])
        path = ridge_path(others, features.penalties, ridges)
        errors += parts[number].errors(path.coefficients) / (len(parts) - first)
    chosen = int(np.flatnonzero(errors <= tolerance**2 * np.min(errors))[-1])
    return _Choice(float(errors[chosen]), float(ridges[chosen]), features, parts)


def _warn_of_rank(rank: int, unknowns: int) -> None:
    if rank < unknowns:
        warnings.warn(
            f"fit_closed_form: the data determine {rank} of {unknowns} weights, the other directions are left at zero; "
            "fewer features, or data that visit more of phase space, would determine all",
            FitWarning,
            stacklevel=3,
        )


def fold_of_samples(data: Trajectories, folds: int, seed: int) -> Int[np.ndarray, " samples"]:
    """Return the fold of every sample: trajectories go as a whole; a single one is cut into as many pieces."""
    if len(data) == 1:
        return np.arange(len(data.times)) * folds // len(data.times)
    of_trial = np.random.default_rng(seed).permutation(len(data)) % min(folds, len(data))
    return np.repeat(of_trial, data.lengths)


def equations(features: AbstractFeatures, data: Trajectories, membership: Int[np.ndarray, " samples"]) -> list[Reduced]:
    """Return the linear equations of every fold, derivatives in units of the data's own, reduced to a triangle.

    Raises:
        InputError: fewer of them than unknowns.
    """
    if data.states.size < features.size:
        raise InputError(
            f"fit_closed_form: expected at least as many equations as the {features.size} unknowns, found "
            f"{data.states.size}: take fewer features, or more data"
        )
    parts: dict[int, Reduced] = {}
    units = Scaling.of(data).rates
    for rows, A, y in _blocks(features, data):
        inside = membership[rows]
        for fold in np.unique(inside):
            found = _reduced(A[inside == fold] / units[:, None], y[inside == fold] / units)
            earlier = [parts[int(fold)]] if int(fold) in parts else []
            parts[int(fold)] = merge([*earlier, *found]) if earlier or len(found) > 1 else found[0]
    return [parts[fold] for fold in sorted(parts)]


def _reduced(
    A: Float[np.ndarray, "samples dimension features"], y: Float[np.ndarray, "samples dimension"]
) -> list[Reduced]:
    """Reduce the equations of dq/dt and of dp/dt apart: in a separable system each has only some of the unknowns."""
    half = y.shape[1] // 2
    found: list[Reduced] = []
    for side in (slice(half), slice(half, None)):
        rows, target = A[:, side].reshape(-1, A.shape[2]), y[:, side].ravel()
        present = np.any(rows != 0, axis=0)
        reduced = reduce(rows[:, present], target)
        triangle = np.zeros((len(reduced.triangle), A.shape[2]))
        triangle[:, present] = reduced.triangle
        found.append(replace(reduced, triangle=triangle))
    return found


def _blocks(features: AbstractFeatures, data: Trajectories) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Yield the equations of some samples at a time: the field of every feature, and the derivative."""
    assert data.derivatives is not None
    samples, derivatives = len(data.states), features.derivatives()
    size = min(samples, max(1, _BLOCK_BYTES // (8 * data.dimension * features.size)))
    for first in range(0, samples, size):
        rows = slice(first, min(first + size, samples))
        found = derivatives(np.asarray(data.states[rows], np.float64).T)
        A = rotated(found.gradients.swapaxes(0, 1)).transpose(2, 0, 1)
        yield rows, A, np.asarray(data.derivatives[rows], np.float64)
