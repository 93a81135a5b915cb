"""The fit of bodies that act on each other in pairs, when that is all one knows of them."""

import time
from collections.abc import Sequence
from dataclasses import replace

import jax
import numpy as np

from symplect.data import Trajectories
from symplect.errors import InputError
from symplect.fitting.closed_form import ClosedFormFit, fit_closed_form
from symplect.models.features import (
    OfMomenta,
    OfPositions,
    PairDistances,
    Polynomial,
    Projected,
    data_subspace,
    pair_distances,
)

TERMS = (16, 20)


def fit_pair_distances(
    data: Trajectories,
    bodies: int,
    *,
    dimensions: int = 2,
    terms: Sequence[int] = TERMS,
    samples: int = 800,
    seed: int = 0,
    progress: str | None = None,
) -> ClosedFormFit:
    r"""Fit $H = T(p) + \sum_{i<j} V(|q_i - q_j|)$ with a quadratic T and any smooth V, for bodies of one kind.

    No law of force is given: V is a sum of Chebyshev functions of the logarithm of the distance, over the distances
    that the data have seen; outside them it means nothing. A few trajectories are enough, if they are those in which
    bodies come closest and part furthest.

    Args:
        data: states with derivatives, coordinates listed as in `NBody`.
        bodies: number of bodies.
        dimensions: number of dimensions of space.
        terms: numbers of functions, to choose from on held-out trajectories.
        samples: about so many are used.
        seed: decides which trajectories are held out together.
        progress: label of a progress bar; none unless given.

    Raises:
        InputError: data that cannot be fitted, or that are not of so many bodies.

    Example:
        >>> from symplect import simulate
        >>> from symplect.systems import NBody
        >>> starts = np.random.default_rng(0).uniform(0.5, 1.5, (20, 8)) * np.array([1, -1, 1, -1, -1, 1, 1, -1])
        >>> data = simulate(NBody.reference(bodies=2), starts, np.linspace(0.0, 1.0, 20))
        >>> fit_pair_distances(data, bodies=2).held_out_error < 1e-6
        True
    """
    began = time.perf_counter()
    degrees = data.dimension // 2
    if degrees != bodies * dimensions:
        raise InputError(
            f"fit_pair_distances: expected {bodies * dimensions} positions of {bodies} bodies in {dimensions} "
            f"dimensions, found {degrees}: give bodies and dimensions"
        )
    some = extreme_trials(data, bodies, dimensions, samples)
    momenta = data.states[:, degrees:]
    seen = data_subspace(momenta)  # mirrored bodies have half of the directions
    with jax.enable_x64(True):
        kinetic = OfMomenta(Projected(Polynomial(len(seen), 2), seen, np.mean(momenta, axis=0)))
    candidates = [
        kinetic
        + OfPositions(PairDistances.over_data(data.states[:, :degrees], bodies, terms=count, dimensions=dimensions))
        for count in terms
    ]
    fitted = fit_closed_form(candidates, some, seed=seed, progress=progress)
    return replace(fitted, seconds=time.perf_counter() - began)


def extreme_trials(data: Trajectories, bodies: int, dimensions: int, samples: int) -> Trajectories:
    """Return the trials with the shortest and those with the longest distances, about so many samples of each half."""
    r = pair_distances(data.states[:, : data.dimension // 2], bodies, dimensions)
    first = np.concatenate([[0], np.cumsum(data.lengths)[:-1]])
    shortest = np.argsort(np.minimum.reduceat(np.min(r, axis=1), first))
    longest = np.argsort(-np.maximum.reduceat(np.max(r, axis=1), first))
    alternating = np.stack([shortest, longest], axis=1).ravel().tolist()
    count = max(2, round(samples / np.mean(data.lengths)))
    return data.select(list(dict.fromkeys(alternating))[:count])
