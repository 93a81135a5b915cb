"""Every system with a start that stays clear of singularities: a new one is tested by one line here."""

import jax.numpy as jnp
import numpy as np
import pytest

from symplect import Trajectories
from symplect.systems import (
    CartPole,
    ChainPendulum,
    DoublePendulum,
    HenonHeiles,
    Kepler,
    MassSpring,
    NBody,
    Pendulum,
    SphericalPendulum,
    TwoLinkArm,
)

_EIGHT_POSITIONS = [0.97000436, -0.97000436, 0.0, -0.24308753, 0.24308753, 0.0]
_EIGHT_MOMENTA = [0.466203685, 0.466203685, -0.93240737, 0.43236573, 0.43236573, -0.86473146]
FIGURE_EIGHT = [*_EIGHT_POSITIONS, *_EIGHT_MOMENTA]  # Chenciner and Montgomery 2000

SYSTEMS = {
    "mass-spring": (lambda: MassSpring(k=3.0, m=2.0), [1.0, 0.3]),
    "mass-spring, as published": (MassSpring.reference, [1.0, 0.3]),
    "pendulum": (lambda: Pendulum(m=1.5, l=0.7, g=9.81), [1.0, 0.3]),
    "pendulum, as published": (Pendulum.reference, [1.0, 0.3]),
    "two bodies": (lambda: NBody([1.0, 2.0], G=1.3), [-1.0, 0.8, 0.1, -0.2, 0.3, -0.2, -0.6, 0.7]),
    "three bodies": (lambda: NBody.reference(bodies=3), FIGURE_EIGHT),
    "two bodies in space": (
        lambda: NBody([1.0, 2.0], G=1.0, dimensions=3),
        [-1.0, 0.8, 0.1, -0.2, 0.4, -0.3, 0.3, -0.2, -0.6, 0.7, 0.1, 0.3],
    ),
    "double pendulum": (lambda: DoublePendulum(m1=1.2, m2=0.8, l1=0.9, l2=1.1, g=2.0), [1.0, 0.5, 0.2, 0.1]),
    "Henon-Heiles": (HenonHeiles, [0.1, 0.2, 0.15, 0.1]),
    "triple pendulum": (
        lambda: ChainPendulum([1.2, 0.8, 0.5], [0.9, 1.1, 0.7], g=2.0),
        [1.0, 0.5, -0.3, 0.2, 0.1, 0.3],
    ),
    "two-link arm": (lambda: TwoLinkArm(m1=1.2, m2=0.8, l1=0.9, g=2.0), [0.4, 0.5, 0.2, 0.1]),
    "cart-pole": (lambda: CartPole(cart=1.5, pole=0.5, l=0.8, g=2.0), [0.2, 1.0, 0.3, 0.1]),
    "spherical pendulum": (lambda: SphericalPendulum(m=1.2, l=0.9, g=2.0), [1.0, 0.2, 0.1, 0.8]),
    "Kepler": (lambda: Kepler(m=1.2, k=1.5), [1.0, 0.3, 0.2, 1.1]),
}

NBODIES = [name for name in SYSTEMS if "bodies" in name]


QUICK = ("mass-spring, as published", "pendulum")
"""Those that laws which take long to compile are tested on at once; the others follow with the slow tests."""


def quick(names):
    """Marks all but a few systems as slow."""
    return [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in names]


def circles(starts, times, omega=1.0):
    """Returns what a spring of `H = omega (q^2 + p^2) / 2` does from the starts: exact, and nothing to compile."""
    states = np.outer(starts @ [1.0, 1.0j], np.ones(len(times))) * np.exp(-1j * omega * times)
    states, derivatives = (np.stack([z.real, z.imag], axis=-1) for z in (states, -1j * omega * states))
    return Trajectories.stack(times, states, derivatives)


def member(name: str):
    """Returns a system and its start."""
    make, start = SYSTEMS[name]
    return make(), jnp.asarray(np.asarray(start, np.float64))
