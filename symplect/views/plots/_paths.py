"""Paths, energies and fields of true and learned systems, in float64 as plain arrays."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from symplect._types import Scalar, State
from symplect.dynamics import (
    AbstractDynamics,
    AbstractEnergyDynamics,
    AbstractSeparableHamiltonian,
    energies,
    split,
    vector_field,
)
from symplect.integrate import RK4, rollout
from symplect.precision import cast

_SOLVER = RK4(substeps=10)
"""Exact to the width of a line, and compiled in a fraction of the time that an adaptive solver takes."""


def follow(
    dynamics: AbstractDynamics, start: Float[np.ndarray, " dimension"], times: Float[np.ndarray, " times"]
) -> Float[np.ndarray, "times dimension"]:
    """Return the path from one start; NaN from where it leaves the finite numbers."""
    with jax.enable_x64(True):
        path = rollout(cast(dynamics, jnp.float64), np.asarray(start, np.float64), times, solver=_SOLVER)
        return np.asarray(path.states)


def energy(
    system: AbstractEnergyDynamics, states: Float[np.ndarray, "*batch dimension"]
) -> Float[np.ndarray, "*batch"]:
    """Return the Hamiltonian of a true or learned system at many states."""
    with jax.enable_x64(True):
        return np.asarray(energies(cast(system, jnp.float64).hamiltonian, jnp.asarray(states, jnp.float64)))


def field(
    dynamics: AbstractDynamics, states: Float[np.ndarray, "*batch dimension"]
) -> Float[np.ndarray, "*batch dimension"]:
    """Return the time derivatives at many states."""
    with jax.enable_x64(True):
        return np.asarray(vector_field(cast(dynamics, jnp.float64), jnp.asarray(states, jnp.float64)))


def energy_parts(
    system: AbstractSeparableHamiltonian, states: Float[np.ndarray, "*batch dimension"]
) -> dict[str, Float[np.ndarray, "*batch"]]:
    """Return the total, kinetic and potential energy of a true system at many states."""

    def kinetic(z: State) -> Scalar:
        return system.kinetic(split(z)[1])

    with jax.enable_x64(True):
        total, moving = energy(system, states), np.asarray(energies(kinetic, jnp.asarray(states, jnp.float64)))
    return {"total energy": total, "kinetic": moving, "potential": total - moving}
