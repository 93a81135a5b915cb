"""Paths, energies and fields of true and learned systems, in float64 as plain arrays."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from symplect.dynamics import (
    AbstractDynamics,
    AbstractSeparableHamiltonian,
    energies,
    vector_field,
)
from symplect.fitting.field_of import energies_at
from symplect.precision import cast


def follow(
    dynamics: AbstractDynamics, start: Float[np.ndarray, " dimension"], times: Float[np.ndarray, " times"]
) -> Float[np.ndarray, "times dimension"]:
    """Return the path from one start; NaN from where it leaves the finite numbers.

    SciPy moves it: of one path, a compiled `rollout` takes a second to compile and its field a tenth of that.
    """
    from scipy.integrate import solve_ivp  # takes longer to import than most of the package

    path = np.full((len(times), len(start)), np.nan)
    with jax.enable_x64(True), np.errstate(all="ignore"):
        exact = cast(dynamics, jnp.float64)
        field = jax.jit(lambda z: exact.time_derivative(z))
        found = solve_ivp(lambda _, z: field(z), times[[0, -1]], start, "DOP853", times, rtol=1e-9, atol=1e-9)
    path[: found.y.shape[1]] = found.y.T
    return path


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
    total = energies_at(system, states)
    with jax.enable_x64(True):
        kinetic = np.asarray(energies(system.kinetic, states[..., system.degrees_of_freedom :]))
    return {"total energy": total, "kinetic": kinetic, "potential": total - kinetic}
