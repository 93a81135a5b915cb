"""Noisy states with exact derivatives: every path is known but for a constant, which is found along with H."""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from symplect.data import Trajectories, clean_by_derivatives
from symplect.fitting.closed_form import ClosedFormFit, fit_closed_form
from symplect.fitting.field_of import field_at
from symplect.models.features import AbstractFeatures

_ROUNDS = 8


def fit_with_offsets(
    features: AbstractFeatures | Sequence[AbstractFeatures], data: Trajectories, *, seed: int = 0
) -> ClosedFormFit:
    r"""Fit a closed form to paths that are integrals of their derivatives, each but for an offset that is fitted too.

    The mean of n noisy samples places a path to $\sigma / \sqrt n$. The field at the path must also be the measured
    derivative, which places it far better once H is roughly known: offsets $b_i$ minimise
    $\sum_k |f(z_k + b_i) - \dot z_k|^2 / s^2 + n |b_i|^2 / \sigma^2$ with the residuals' own s, then H is fitted again.

    Args:
        features: basis of H, or several to choose from.
        data: trials of two samples or more, noisy states with derivatives that are much better known.
        seed: decides which trajectory is in which fold.

    Raises:
        InputError: as `fit_closed_form`, or trials of one sample.

    Example:
        >>> from symplect import add_noise, simulate
        >>> from symplect.models.features import Polynomial
        >>> from symplect.systems import MassSpring
        >>> starts = np.random.default_rng(0).uniform(-1, 1, (10, 2))
        >>> clean = simulate(MassSpring.reference(), starts, np.linspace(0.0, 3.0, 30))
        >>> found = fit_with_offsets(Polynomial(2, degree=2), add_noise(clean, 0.1, np.random.default_rng(1)))
        >>> bool(abs(found.model.weights[2] - 1) < 0.01)  # H = q^2 + p^2
        True
    """
    began = time.perf_counter()
    paths = clean_by_derivatives(data)
    noise = np.sqrt(np.mean((data.states - paths.states) ** 2, axis=0))
    spread = np.std(paths.states, axis=0)
    numbers = np.repeat(np.arange(len(data)), data.lengths)
    offsets = np.zeros((len(data), data.dimension))
    found = fit_closed_form(features, paths, seed=seed)
    for _ in range(_ROUNDS):
        field = field_at(found.model, paths.states + offsets[numbers])
        missed, slopes = field.velocity.T - paths.derivatives, np.moveaxis(field.by_state, 2, 0)
        moved = _moved(offsets / spread, missed, slopes * spread, numbers, noise / spread)
        offsets = spread * moved
        found = fit_closed_form(found.model.features, replace(paths, states=paths.states + offsets[numbers]), seed=seed)
    return replace(found, seconds=time.perf_counter() - began)


def _moved(
    offsets: Float[np.ndarray, "trials dimension"],
    missed: Float[np.ndarray, "samples dimension"],
    slopes: Float[np.ndarray, "samples dimension dimension"],
    numbers: Int[np.ndarray, " samples"],
    noise: Float[np.ndarray, " dimension"],
) -> Float[np.ndarray, "trials dimension"]:
    """Make one step of Gauss and Newton for the offset of every trial."""
    spread = np.mean(missed**2, axis=0)
    counts = np.bincount(numbers)
    normal = np.zeros((len(counts), *slopes.shape[1:]))
    gradient = np.zeros(offsets.shape)
    np.add.at(normal, numbers, np.einsum("kai,a,kaj->kij", slopes, 1 / spread, slopes))
    np.add.at(gradient, numbers, np.einsum("kai,a,ka->ki", slopes, 1 / spread, missed))
    prior = counts[:, None] / noise**2
    normal += prior[:, :, None] * np.eye(len(noise))
    gradient += prior * offsets
    return offsets - np.linalg.solve(normal, gradient[:, :, None])[:, :, 0]
