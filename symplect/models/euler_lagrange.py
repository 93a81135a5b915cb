"""Mechanical systems in positions and velocities, as sensors give them."""

from typing import ClassVar, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from symplect._types import Scalar, State
from symplect.dynamics import split
from symplect.mechanics import AbstractMechanical, determinant, solve_positive
from symplect.models._model import AbstractModelOfParts
from symplect.models.port_hamiltonian import AbstractOpenSystem, PortHamiltonian


@final
class EulerLagrange(AbstractOpenSystem, AbstractModelOfParts):
    r"""A mechanical system whose state is $[q, v]$ with $v = \dot q$, not $[q, p]$.

    $$M(q)\, \dot v = \frac{\partial}{\partial q}\Big(\tfrac12 v^T M(q) v - V(q)\Big) - \dot M v - f(v) + G u$$

    The motion is that of `system`; only its coordinates are others, in which the flow is not symplectic.
    Source: Goldstein, *Classical Mechanics* (2002), 1.4 and 1.5.

    Args:
        system: mechanical Hamiltonian, or one with friction and inputs.
        forces: whether inputs are the forces along the coordinates themselves: no fit then changes the input matrix,
            and H has the unit of their work.

    Example:
        >>> from symplect.systems import CartPole
        >>> moving = EulerLagrange(CartPole(g=1.0))
        >>> moving.time_derivative(jnp.array([0.0, jnp.pi / 2, 0.0, 2.0])).round(4).tolist()
        [0.0, 2.0, 2.0, -1.0]
    """

    formula: ClassVar[str] = "the state is [q, v] with v = dq/dt; it moves as `system` does in [q, p] with p = M(q) v"

    system: AbstractMechanical | PortHamiltonian
    forces: bool = eqx.field(static=True, default=False)

    @property
    def mechanical(self) -> AbstractMechanical:
        """The system without friction and inputs."""
        inner = self.system.conservative if isinstance(self.system, PortHamiltonian) else self.system
        assert isinstance(inner, AbstractMechanical)
        return inner

    @property
    def port(self) -> PortHamiltonian | None:
        return self.system if isinstance(self.system, PortHamiltonian) else None

    @property
    def degrees_of_freedom(self) -> int:
        return self.system.degrees_of_freedom

    def canonical(self, s: State) -> State:
        """Return `[q, p]` of a state `[q, v]`."""
        q, v = split(s)
        return jnp.concatenate([q, self.mechanical.momenta(q, v)])

    def measured(self, z: State) -> State:
        """Return `[q, v]` of a state `[q, p]`."""
        q, p = split(z)
        return jnp.concatenate([q, self.mechanical.velocities(q, p)])

    def hamiltonian(self, z: State) -> Scalar:
        """Return the energy at a state `[q, v]`."""
        q, v = split(z)
        return jnp.sum(v * self.mechanical.momenta(q, v)) / 2 + self.mechanical.potential(q)

    def density(self, z: State) -> Scalar:
        """Return the volume of phase space for each volume of positions and velocities, `det M(q)`."""
        return determinant(self.mechanical.mass_matrix(split(z)[0]))

    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        q, v = split(z)
        _, turned = jax.jvp(lambda at: self.mechanical.momenta(at, v), (q,), (v,))
        force = jax.grad(self.mechanical.lagrangian)(q, v) - turned
        if self.port:
            force = force - self.port.friction(v)
        return jnp.concatenate([v, solve_positive(self.mechanical.mass_matrix(q), force)])

    def pushed(self, z: State, u: Float[Array, " inputs"]) -> State:
        q, v = split(z)
        if not self.port:
            return jnp.zeros_like(z)
        _, force = split(self.port.input_matrix @ u)
        return jnp.concatenate([jnp.zeros_like(v), solve_positive(self.mechanical.mass_matrix(q), force)])
