"""Smooth Hamiltonians to choose from, for data that are noisy and few."""

from typing import Literal

import jax
import numpy as np
from jaxtyping import Float

from symplect.models.feature_models import FeatureHamiltonian
from symplect.models.features import (
    AbstractFeatures,
    Fourier,
    OfPositions,
    Polynomial,
    Product,
    RandomTanh,
    Symmetric,
    separable,
)

States = Float[np.ndarray, "samples dimension"]
Structure = Literal["unknown", "separable", "separable and even", "newtonian", "angles", "newtonian angles"]

_GAINS = {"general": (0.3, 0.5, 0.8), "potential": (0.5, 0.8, 1.2)}  # from smooth to rough
_FEATURES = {"general": 60, "potential": 20}
_HIGHEST = (1, 2, 3)  # frequency of a wave


def smooth_hamiltonians(
    states: States, *, structure: Structure = "unknown", seed: int = 0, degree: int = 2
) -> list[FeatureHamiltonian]:
    """Return models with polynomial and random smooth features at several gains.

    Args:
        states: states of the data, which set scale and centres of the features.
        structure: knowledge of H. With "unknown" both general models and separable ones are returned, for a fit to
            choose from; "separable" is `H = T(p) + V(q)` with quadratic T; "separable and even" has time reversal and
            mirror symmetry too; "newtonian" is `H = |p|^2 / 2 + V(q)`, so that `p = dq/dt`; "angles" is separable with
            waves in q, which are angles in radians, and with several angles also has a kinetic energy that depends on
            them; "newtonian angles" is newtonian with waves.
        seed: random seed of the features.
        degree: highest power in the potential of separable and newtonian models. With 4, anharmonic forces (a
            hardening spring, a double well) are several times as accurate: what random functions alone leave out is
            below the noise, but above the standard error of a frequency.

    Example:
        >>> len(smooth_hamiltonians(np.eye(2))), len(smooth_hamiltonians(np.eye(2), structure="separable"))
        (6, 3)
    """
    with jax.enable_x64(True):  # features in other units are the same only if none of their digits are lost
        return _models(states, structure, seed, degree)


def _models(states: States, structure: Structure, seed: int, degree: int) -> list[FeatureHamiltonian]:
    n = states.shape[1] // 2
    if structure == "unknown":
        general = [_general(states, gain, seed) for gain in _GAINS["general"]]
        return [FeatureHamiltonian(features, None, n) for features in general] + _models(
            states, "separable", seed, degree
        )
    waves = [Fourier.up_to(n, highest) for highest in _HIGHEST]
    if structure == "angles":
        turning: list[AbstractFeatures] = [separable(Polynomial(n, 2), V) for V in waves]
        turning += [Product(waves[0], Polynomial(n, 2))] if n > 1 else []
        return [FeatureHamiltonian(features, None, n) for features in turning]
    if structure == "newtonian angles":
        return [FeatureHamiltonian(OfPositions(V), None, n, newtonian=True) for V in waves]
    potentials = [_potential(states[:, :n], degree, gain, seed) for gain in _GAINS["potential"]]
    if structure == "newtonian":
        return [FeatureHamiltonian(OfPositions(V), None, n, newtonian=True) for V in potentials]
    both: list[AbstractFeatures] = [separable(Polynomial(n, 2), V) for V in potentials]
    if structure == "separable and even":
        both = [Symmetric.reversal_and_parity(features, n) for features in both]
    return [FeatureHamiltonian(features, None, n) for features in both]


def _general(states: States, gain: float, seed: int) -> AbstractFeatures:
    rng = np.random.default_rng(seed)
    return Polynomial(states.shape[1], 2) + RandomTanh.isotropic(states, _FEATURES["general"], rng, gain=gain)


def _potential(positions: Float[np.ndarray, "samples half"], degree: int, gain: float, seed: int) -> AbstractFeatures:
    rng = np.random.default_rng(seed)
    return Polynomial(positions.shape[1], degree) + RandomTanh.isotropic(
        positions, _FEATURES["potential"], rng, gain=gain
    )
