r"""The physics: states, the symplectic gradient, and what it means to be a dynamical system.

A state is one flat vector `z = [q..., p...]` of positions and momenta, without a batch axis: `jax.vmap` is
the caller's.
The true systems and the learned models are both of the types below, so everything that simulates, scores or draws one
does the same for the other.
"""

import abc
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect._types import Half, Scalar, State, States
from symplect.precision import as_precise_as


def split(z: State) -> tuple[Half, Half]:
    """Return the positions `q` and the momenta `p` of the state `z`."""
    middle = z.shape[-1] // 2
    return z[:middle], z[middle:]


class AbstractDynamics(eqx.Module):
    """Something with a vector field on phase space: one state in, its time derivative out."""

    @property
    @abc.abstractmethod
    def degrees_of_freedom(self) -> int:
        """The number of (q, p) pairs; a state has twice as many entries."""

    @abc.abstractmethod
    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        """Return `dz/dt` at the state `z` and the time `t` (which autonomous dynamics ignore)."""


class AbstractEnergyDynamics(AbstractDynamics):
    """Dynamics that have an energy `H(q, p)`, whether or not their flow keeps it: it may be lost or supplied."""

    @abc.abstractmethod
    def hamiltonian(self, z: State) -> Scalar:
        """Return the energy `H(z)`."""


class AbstractHamiltonian(AbstractEnergyDynamics):
    """Dynamics that follow from one scalar function of the state, `H(q, p)`, and keep it."""

    @property
    def separable(self) -> bool:
        """Whether the parts of H say that it is `T(p) + V(q)`, which explicit symplectic integrators need."""
        return False

    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        """Return the symplectic gradient of `hamiltonian` at `z`."""
        return symplectic_gradient(self, z)


class AbstractSeparableHamiltonian(AbstractHamiltonian):
    """A Hamiltonian of the form `H(q, p) = T(p) + V(q)`."""

    @property
    def separable(self) -> bool:
        return True

    @abc.abstractmethod
    def kinetic(self, p: Half) -> Scalar:
        """Return the kinetic energy `T(p)`."""

    @abc.abstractmethod
    def potential(self, q: Half) -> Scalar:
        """Return the potential energy `V(q)`."""

    def hamiltonian(self, z: State) -> Scalar:
        """Return `T(p) + V(q)`."""
        q, p = split(z)
        return self.kinetic(p) + self.potential(q)


def symplectic_gradient(system: AbstractHamiltonian, z: State) -> State:
    r"""Return Hamilton's equations for one state.

    $$\frac{dq}{dt} = \frac{\partial H}{\partial p}, \qquad \frac{dp}{dt} = -\frac{\partial H}{\partial q}$$

    (Greydanus et al. 2019, arXiv:1906.01563, equation 1.)

    Args:
        system: anything with a `hamiltonian(z)`.
        z: one state, shape `(2 * degrees_of_freedom,)`.

    Returns:
        `dz/dt`, of the shape of `z`.

    Example:
        >>> from symplect.systems import MassSpring
        >>> symplectic_gradient(MassSpring(k=1.0, m=1.0), jnp.array([1.0, 0.0])).tolist()
        [0.0, -1.0]
    """
    return rotate(jax.grad(system.hamiltonian)(z))


def rotate(gradient: State) -> State:
    """Return `J dH/dz = (dH/dp, -dH/dq)`: the sign is written here and in `rotated` alone."""
    dH_dq, dH_dp = split(gradient)
    return jnp.concatenate([dH_dp, -dH_dq])


def rotated(gradients: Float[np.ndarray, "dimension ..."]) -> Float[np.ndarray, "dimension ..."]:
    """Return `J dH/dz` of many gradients in NumPy, one per column."""
    dH_dq, dH_dp = np.split(gradients, 2)
    return np.concatenate([dH_dp, -dH_dq])


def vector_field(dynamics: AbstractDynamics, states: Float[Array | np.ndarray, "*batch dimension"]) -> States:
    """Return the time derivatives at many states, shape `(*batch, dimension)`, in one compiled call."""
    with as_precise_as(dynamics):
        return _vector_field(dynamics, jnp.asarray(states))


@eqx.filter_jit
def _vector_field(dynamics: AbstractDynamics, states: States) -> States:
    flat = states.reshape(-1, states.shape[-1])
    return jax.vmap(dynamics.time_derivative)(flat).reshape(states.shape)


def default_names(degrees_of_freedom: int) -> tuple[str, ...]:
    """Return the names of coordinates that have none of their own.

    Example:
        >>> default_names(1), default_names(2)
        (('q', 'p'), ('q1', 'q2', 'p1', 'p2'))
    """
    n = degrees_of_freedom
    return tuple(f"{letter}{i + 1}" if n > 1 else letter for letter in "qp" for i in range(n))


def energies(
    hamiltonian: Callable[[State], Scalar], states: Float[Array | np.ndarray, "*batch dimension"]
) -> Float[Array, "*batch"]:
    """Return a function of one state, such as `system.hamiltonian`, at many states in one compiled call."""
    with as_precise_as(hamiltonian):
        return _energies(hamiltonian, jnp.asarray(states))


@eqx.filter_jit
def _energies(hamiltonian: Callable[[State], Scalar], states: States) -> Float[Array, "*batch"]:
    flat = states.reshape(-1, states.shape[-1])
    return jax.vmap(hamiltonian)(flat).reshape(states.shape[:-1])
