"""What a structure-preserving flow must satisfy."""

from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect._types import Scalar, State
from symplect.dynamics import AbstractDynamics
from symplect.integrate import AbstractFixedStep, AbstractSolver, rollout

Matrix = Float[Array, "dimension dimension"]


def canonical_matrix(dimension: int) -> Matrix:
    """Return `J = [[0, I], [-I, 0]]`, so that the symplectic gradient is `J grad H`."""
    half = dimension // 2
    return jnp.kron(jnp.array([[0.0, 1.0], [-1.0, 0.0]]), jnp.eye(half))


def flow_jacobian(dynamics: AbstractDynamics, z: State, duration: float, solver: AbstractSolver) -> Matrix:
    """Return `D = d Phi(z) / dz` of the flow over one duration.

    With fixed steps it is the derivative of the steps themselves; a solver that finds its own steps follows the
    variational equation beside the state.
    """
    times = jnp.array([0.0, duration])
    if isinstance(solver, AbstractFixedStep):
        return jax.jacfwd(lambda start: rollout(dynamics, start, times, solver=solver).states[-1])(z)
    start = jnp.concatenate([z, jnp.eye(len(z), dtype=z.dtype).ravel()])
    return rollout(_Variation(dynamics), start, times, solver=solver).states[-1, len(z) :].reshape(len(z), len(z))


@final
class _Variation(AbstractDynamics):
    """A state and the matrix `D` behind it, row by row: `dD/dt = f'(z) D`."""

    dynamics: AbstractDynamics

    @property
    def degrees_of_freedom(self) -> int:
        dimension = 2 * self.dynamics.degrees_of_freedom
        return (dimension + dimension**2) // 2

    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        dimension = 2 * self.dynamics.degrees_of_freedom
        state, D = z[:dimension], z[dimension:].reshape(dimension, dimension)
        change, push = jax.linearize(lambda state: self.dynamics.time_derivative(state, t), state)
        return jnp.concatenate([change, jax.vmap(push, in_axes=1, out_axes=1)(D).ravel()])


@eqx.filter_jit
def flow_jacobians(
    dynamics: AbstractDynamics, states: Float[Array, "samples dimension"], duration: float, solver: AbstractSolver
) -> Float[Array, "samples dimension dimension"]:
    """Return `flow_jacobian` at many states in one compiled call."""
    return jax.vmap(lambda z: flow_jacobian(dynamics, z, duration, solver))(states)


def symplecticity_errors(
    dynamics: AbstractDynamics, states: Float[Array, "samples dimension"], duration: float, solver: AbstractSolver
) -> Float[Array, " samples"]:
    r"""Return $|D^T J D - J|_F / |J|_F$ of the flow over one duration from each state: zero for a symplectic map.

    Source: Hairer, Lubich, Wanner, *Geometric Numerical Integration* (2006), VI.2.
    """
    return jax.vmap(symplectic_defect)(flow_jacobians(dynamics, states, duration, solver))


def symplectic_defect(D: Matrix) -> Scalar:
    """Return `|D^T J D - J|_F / |J|_F`."""
    J = canonical_matrix(len(D))
    return jnp.linalg.norm(D.T @ J @ D - J) / jnp.linalg.norm(J)


def volume_defect(D: Matrix) -> Scalar:
    """Return `|det D - 1|`, zero where phase-space volume is kept."""
    return jnp.abs(jnp.linalg.det(D) - 1)


def reversibility_errors(
    dynamics: AbstractDynamics,
    path_end: Float[Array, "samples dimension"],
    starts: Float[Array, "samples dimension"],
    times: Float[np.ndarray, " times"],
    solver: AbstractSolver,
) -> Float[Array, " samples"]:
    r"""Return $|x - \Phi_{-T}(\Phi_T(x))| / |x|$ for each start, given the forward path's end; not divided at zero.

    Every smooth flow can be run backward, a plain network's too; what it measures is how much the way back amplifies
    the solver's error.
    """
    back = rollout(dynamics, path_end, times[::-1], solver=solver).states[:, -1]
    sizes = jnp.linalg.norm(starts, axis=-1)
    return jnp.linalg.norm(back - starts, axis=-1) / jnp.where(sizes == 0, 1.0, sizes)
