"""What a structure-preserving flow must satisfy."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect._types import State
from symplect.dynamics import AbstractDynamics
from symplect.integrate import AbstractSolver, rollout

Matrix = Float[Array, "dimension dimension"]


def canonical_matrix(dimension: int) -> Matrix:
    """Returns `J = [[0, I], [-I, 0]]`, so that the symplectic gradient is `J grad H`."""
    half = dimension // 2
    return jnp.kron(jnp.array([[0.0, 1.0], [-1.0, 0.0]]), jnp.eye(half))


def flow_jacobian(dynamics: AbstractDynamics, z: State, duration: float, solver: AbstractSolver) -> Matrix:
    """Returns `D = d Phi(z) / dz` of the flow over one duration, through the solver's own steps."""
    times = jnp.array([0.0, duration])
    return jax.jacrev(lambda start: rollout(dynamics, start, times, solver=solver).states[-1])(z)


@eqx.filter_jit
def symplecticity_errors(
    dynamics: AbstractDynamics, states: Float[Array, "samples dimension"], duration: float, solver: AbstractSolver
) -> Float[Array, " samples"]:
    r"""Returns $|D^T J D - J|_F / |J|_F$ of the flow over one duration from each state: zero for a symplectic map.

    Source: Hairer, Lubich, Wanner, *Geometric Numerical Integration* (2006), VI.2.
    """
    J = canonical_matrix(states.shape[-1])

    def error(z: State) -> Float[Array, ""]:
        D = flow_jacobian(dynamics, z, duration, solver)
        return jnp.linalg.norm(D.T @ J @ D - J) / jnp.linalg.norm(J)

    return jax.vmap(error)(states)


def reversibility_errors(
    dynamics: AbstractDynamics,
    path_end: Float[Array, "samples dimension"],
    starts: Float[Array, "samples dimension"],
    times: Float[np.ndarray, " times"],
    solver: AbstractSolver,
) -> Float[Array, " samples"]:
    r"""Returns $|x - \Phi_{-T}(\Phi_T(x))| / |x|$ for each start, given the forward path's end.

    Every smooth flow can be run backward, a plain network's too; what it measures is how much the way back amplifies
    the solver's error.
    """
    back = rollout(dynamics, path_end, times[::-1], solver=solver).states[:, -1]
    return jnp.linalg.norm(back - starts, axis=-1) / jnp.linalg.norm(starts, axis=-1)
