"""Friction and known inputs: a Hamiltonian that loses energy, and is given some."""

from typing import Any, final

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from symplect._types import Scalar, State, Times
from symplect.dynamics import AbstractDynamics, AbstractHamiltonian, split
from symplect.errors import InputError
from symplect.models.description import describe


@final
class DissipativeHNN(AbstractDynamics):
    r"""$\dot z = (J - R) \nabla H(z)$ with $R = L L^T \ge 0$ acting on the momenta, so that energy can only be lost.

    $$\frac{dH}{dt} = -\frac{\partial H}{\partial p}^T L L^T \frac{\partial H}{\partial p} \le 0$$

    With inputs, `driven` adds $G u(t)$. Source: van der Schaft, Jeltsema, *Port-Hamiltonian Systems Theory* (2014),
    chapter 2; as learned dynamics: Zhong, Dey, Chakraborty 2020 (arXiv:2002.08860).

    Args:
        conservative: the learned Hamiltonian without friction, an `HNN` or a `RandomFeatureHNN`.
        damping: L, of which the lower triangle counts; a tenth of the identity unless given.
        input_matrix: G, one column per input; no inputs unless given.

    Example:
        >>> from symplect.systems import MassSpring
        >>> model = DissipativeHNN(MassSpring(k=1.0, m=1.0), damping=jnp.array([[0.5]]))
        >>> model.time_derivative(jnp.array([0.0, 1.0])).tolist()
        [1.0, -0.25]
    """

    conservative: AbstractHamiltonian
    damping: Float[Array, "degrees_of_freedom degrees_of_freedom"]
    input_matrix: Float[Array, "dimension inputs"]

    def __init__(
        self,
        conservative: AbstractHamiltonian,
        damping: Float[Array, "degrees_of_freedom degrees_of_freedom"] | None = None,
        input_matrix: Float[Array, "dimension inputs"] | None = None,
    ):
        n = conservative.degrees_of_freedom
        self.conservative = conservative
        self.damping = 0.1 * jnp.eye(n) if damping is None else damping
        self.input_matrix = jnp.zeros((2 * n, 0)) if input_matrix is None else input_matrix

    @property
    def degrees_of_freedom(self) -> int:
        return self.conservative.degrees_of_freedom

    @property
    def configuration(self) -> dict[str, Any]:
        """The parts of the model, without the numbers in its arrays."""
        return describe(self)

    @property
    def dissipation(self) -> Float[Array, "degrees_of_freedom degrees_of_freedom"]:
        """The matrix `R = L L^T`, never negative."""
        L = jnp.tril(self.damping)
        return L @ L.T

    def hamiltonian(self, z: State) -> Scalar:
        """Returns the learned energy, which the flow does not keep."""
        return self.conservative.hamiltonian(z)

    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        _, velocity = split(jax.grad(self.conservative.hamiltonian)(z))
        friction = self.dissipation @ velocity
        return self.conservative.time_derivative(z, t) - jnp.concatenate([jnp.zeros_like(friction), friction])

    def dissipated_power(self, z: State) -> Scalar:
        """Returns the energy that friction takes per unit of time at one state."""
        _, velocity = split(jax.grad(self.conservative.hamiltonian)(z))
        return velocity @ self.dissipation @ velocity

    def friction_rate(self, z: State) -> Scalar:
        r"""Returns $\gamma$ of $\dot p = \ldots - \gamma p$ at one state: the mean over the degrees of freedom."""
        n = self.degrees_of_freedom
        inverse_mass = jax.hessian(self.conservative.hamiltonian)(z)[n:, n:]
        return jnp.trace(self.dissipation @ inverse_mass) / n

    def driven(self, times: Times, inputs: ArrayLike) -> "PortHamiltonian":
        """Returns the same system under known inputs, sampled at the given times and linear between them.

        Raises:
            InputError: not one row of inputs per time, or not one column per column of G.
        """
        expected = (len(times), self.input_matrix.shape[1])
        if np.shape(inputs) != expected:
            raise InputError(
                f"driven: expected inputs of shape {expected}, times by channels, found {np.shape(inputs)}"
            )
        return PortHamiltonian(self, jnp.asarray(times), jnp.asarray(inputs))


@final
class PortHamiltonian(AbstractDynamics):
    r"""$\dot z = (J - R) \nabla H(z) + G u(t)$ for one known course of the inputs; `rollout` follows it as any other.

    Args:
        system: the learned system.
        times: increasing, at which the inputs are known; outside them the first and the last values hold.
        inputs: u at those times, one row each.

    Example:
        >>> from symplect.systems import MassSpring
        >>> spring = DissipativeHNN(MassSpring(k=1.0, m=1.0), input_matrix=jnp.array([[0.0], [1.0]]))
        >>> pushed = spring.driven(jnp.array([0.0, 1.0]), jnp.array([[0.0], [4.0]]))
        >>> pushed.time_derivative(jnp.array([0.0, 0.0]), 0.5).tolist()
        [0.0, 2.0]
    """

    system: DissipativeHNN
    times: Times
    inputs: Float[Array, "times inputs"]

    @property
    def degrees_of_freedom(self) -> int:
        return self.system.degrees_of_freedom

    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        u = jax.vmap(lambda course: jnp.interp(jnp.asarray(t), jnp.asarray(self.times), course), in_axes=1)(self.inputs)
        return self.system.time_derivative(z, t) + self.system.input_matrix @ u

    def supplied_power(self, z: State, t: Scalar | float = 0.0) -> Scalar:
        """Returns the energy that the inputs bring per unit of time at one state."""
        change = self.time_derivative(z, t) - self.system.time_derivative(z, t)
        return jax.grad(self.system.hamiltonian)(z) @ change
