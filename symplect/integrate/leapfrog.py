"""Explicit symplectic methods for separable Hamiltonians."""

from typing import ClassVar, final

import equinox as eqx
import jax.numpy as jnp

from symplect._types import Scalar, State
from symplect.dynamics import AbstractDynamics, AbstractHamiltonian, split
from symplect.errors import InputError
from symplect.integrate._solver import AbstractFixedStep


@final
class Leapfrog(AbstractFixedStep):
    """Kick, drift, kick (Verlet 1967): symplectic, time-reversible, order 2, for `H = T(p) + V(q)`.

    Args:
        substeps: steps between two neighbouring output times.

    Raises:
        InputError: on dynamics that are not separable, where the method would be neither symplectic nor of order 2.
    """

    order: ClassVar[int] = 2
    substeps: int = eqx.field(static=True, default=1)

    def step(self, dynamics: AbstractDynamics, z: State, t: Scalar, h: Scalar) -> State:
        _require_separable(self, dynamics)
        return _kick_drift_kick(dynamics, z, h)


@final
class Yoshida4(AbstractFixedStep):
    """Three leapfrog steps composed to order 4 (Yoshida 1990, Phys. Lett. A 150, 262): symplectic, time-reversible.

    Args:
        substeps: steps between two neighbouring output times.

    Raises:
        InputError: on dynamics that are not separable.
    """

    order: ClassVar[int] = 4
    substeps: int = eqx.field(static=True, default=1)

    def step(self, dynamics: AbstractDynamics, z: State, t: Scalar, h: Scalar) -> State:
        _require_separable(self, dynamics)
        outer = 1 / (2 - 2 ** (1 / 3))
        for weight in (outer, 1 - 2 * outer, outer):
            z = _kick_drift_kick(dynamics, z, weight * h)
        return z


def _kick_drift_kick(dynamics: AbstractDynamics, z: State, h: Scalar) -> State:
    return _kick(dynamics, _drift(dynamics, _kick(dynamics, z, h / 2), h), h / 2)


def _kick(dynamics: AbstractDynamics, z: State, h: Scalar) -> State:
    """Move the momenta alone; of a separable system's field this half depends on q only."""
    (q, p), (_, force) = split(z), split(dynamics.time_derivative(z))
    return jnp.concatenate([q, p + h * force])


def _drift(dynamics: AbstractDynamics, z: State, h: Scalar) -> State:
    """Move the positions alone; of a separable system's field this half depends on p only."""
    (q, p), (velocity, _) = split(z), split(dynamics.time_derivative(z))
    return jnp.concatenate([q + h * velocity, p])


def _require_separable(solver: AbstractFixedStep, dynamics: AbstractDynamics) -> None:
    if not (isinstance(dynamics, AbstractHamiltonian) and dynamics.separable):
        raise InputError(
            f"{type(solver).__name__}: expected a separable Hamiltonian H = T(p) + V(q), "
            f"found {type(dynamics).__name__}: use ImplicitMidpoint, which is symplectic for any Hamiltonian"
        )
