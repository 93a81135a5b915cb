"""The structures that a system may have, as models to choose from."""

import jax
import numpy as np

from symplect.auto.bodies import Order
from symplect.auto.problem import Problem
from symplect.errors import InputError
from symplect.fitting import smooth_hamiltonians
from symplect.fitting.candidates import Structure
from symplect.models import FeatureField, FeatureHamiltonian
from symplect.models.features import (
    AbstractFeatures,
    CentreDistance,
    OfMomenta,
    OfPositions,
    PairDistances,
    Polynomial,
    Projected,
    RandomTanh,
)

_SMOOTH = 30  # features for noisy data
_GAINS = (0.3, 0.5, 0.8)
_ANHARMONIC = (1, 2)  # positions whose potential has terms of the fourth degree: more would have too many
_SPACE = (2, 3)  # dimensions in which one body may move about a centre
_TERMS = 12  # functions of the distance of a pair


def structured(problem: Problem, states: np.ndarray) -> list[AbstractFeatures]:
    """Return features of the structures that a system may have, the simplest first, before those that know of none.

    Bodies act on one another in pairs; a single body in a plane or in space, about the origin of its coordinates.
    """
    n = states.shape[1] // 2
    kinetic = OfMomenta(Polynomial(n, 2))
    positions = states[:, :n]
    if problem.angles or n == 1:
        return []
    try:
        if problem.bodies:
            return [kinetic + OfPositions(_pairs(positions, problem.bodies))]
        return [kinetic + OfPositions(CentreDistance.over_data(positions))] if n in _SPACE else []
    except InputError:  # a path through the centre, or bodies that keep their distance
        return []


def _pairs(positions: np.ndarray, bodies: Order) -> AbstractFeatures:
    """Return functions of the distances of pairs, for positions in the order of the table."""
    order = np.ravel(bodies)
    moved = np.eye(len(order))[order]
    known = PairDistances.over_data(positions @ moved.T, len(bodies[0]), terms=_TERMS, dimensions=len(bodies))
    with jax.enable_x64(True):
        return Projected(known, moved, np.zeros(len(order)))


def hamiltonians(problem: Problem, states: np.ndarray) -> list[FeatureHamiltonian]:
    """Return the Hamiltonians to choose from where no more is known than how the momenta were measured."""
    n = states.shape[1] // 2
    degree = 4 if n in _ANHARMONIC else 2
    known = smooth_hamiltonians(states, structure=_structure(problem), seed=problem.seed, degree=degree)
    if problem.velocities and n == 1 and not problem.angles:  # a velocity sensor may be off by a factor
        known += smooth_hamiltonians(states, structure="separable", seed=problem.seed, degree=degree)
    return known


def plain_fields(problem: Problem, states: np.ndarray) -> list[FeatureField]:
    """Return plain fields to choose from, whose features see positions and momenta alike."""
    n = states.shape[1] // 2
    if (problem.angles and n == 1) or not all(problem.observed):
        return []
    general = smooth_hamiltonians(states, seed=problem.seed)[: 3 if n == 1 else 1]
    return [FeatureField(model.features, degrees_of_freedom=n) for model in general]


def smooth_features(states: np.ndarray, seed: int) -> list[AbstractFeatures]:
    """Return features without a structure, at several gains, for few and noisy data."""
    rng = np.random.default_rng(seed)
    size = states.shape[1]
    return [Polynomial(size, 2) + RandomTanh.isotropic(states, _SMOOTH, rng, gain=gain) for gain in _GAINS]


def _structure(problem: Problem) -> Structure:
    if not all(problem.observed):
        return "newtonian angles" if problem.angles else "newtonian"
    if problem.angles:
        return "angles"
    return "newtonian" if problem.velocities else "unknown"
