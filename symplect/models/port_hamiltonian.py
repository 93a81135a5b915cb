"""Port-Hamiltonian systems, true or learned: a Hamiltonian with friction and known inputs."""

import abc
from typing import ClassVar, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from symplect._types import Half, Scalar, State, Times
from symplect.dynamics import AbstractDynamics, AbstractEnergyDynamics, AbstractHamiltonian, split
from symplect.errors import InputError
from symplect.models._model import AbstractModelOfParts
from symplect.precision import on_device

_INSTANT = 1e-9  # of a course of inputs, within which two times are one


@final
class NonlinearFriction(eqx.Module):
    r"""Dry friction and quadratic drag of each degree of freedom: $f_i = a_i^2 \tanh(v_i / s_i) + b_i^2 |v_i| v_i$.

    Both can only take energy. Dry friction has a jump at rest, which the hyperbolic tangent rounds below the speed s.

    Args:
        dry: a, whose square is the force of dry (Coulomb) friction, one per degree of freedom.
        drag: b, whose square is the coefficient of quadratic drag.
        rest: s, in units of velocity, which is not fitted.

    Example:
        >>> friction = NonlinearFriction(jnp.array([1.0]), jnp.array([0.5]), rest=(0.01,))
        >>> friction(jnp.array([2.0])).tolist()
        [2.0]
    """

    formula: ClassVar[str] = "dry^2 * tanh(v / rest) + drag^2 * |v| * v of the velocity v = dH/dp, entry by entry"

    dry: Float[Array, " degrees_of_freedom"]
    drag: Float[Array, " degrees_of_freedom"]
    rest: tuple[float, ...] = eqx.field(static=True)

    def __call__(self, velocity: Half) -> Half:
        return self.dry_force(velocity) + self.drag_force(velocity)

    def dry_force(self, velocity: Half) -> Half:
        """Return the part that does not grow with the speed."""
        return self.dry**2 * jnp.tanh(velocity / jnp.asarray(self.rest, velocity.dtype))

    def drag_force(self, velocity: Half) -> Half:
        """Return the part that grows with the square of the speed."""
        return self.drag**2 * jnp.abs(velocity) * velocity


class AbstractOpenSystem(AbstractEnergyDynamics):
    """Dynamics whose energy friction may take and inputs may change, in canonical coordinates or in others."""

    @property
    @abc.abstractmethod
    def port(self) -> "PortHamiltonian | None":
        """Friction and inputs, with the Hamiltonian; `None` where there are none."""

    @abc.abstractmethod
    def pushed(self, z: State, u: Float[Array, " inputs"]) -> State:
        """Return what inputs add to the time derivative at one state."""

    def driven(self, times: Times, inputs: ArrayLike) -> "DrivenPortHamiltonian":
        """Return the same system under known inputs, sampled at the given times and held or linear between them.

        Raises:
            InputError: not one row of inputs per time, or not one column per column of G.
        """
        expected = (len(times), self.port.input_matrix.shape[1] if self.port else 0)
        if np.shape(inputs) != expected:
            raise InputError(
                f"driven: expected inputs of shape {expected}, times by channels, found {np.shape(inputs)}"
            )
        return DrivenPortHamiltonian(self, jnp.asarray(times), jnp.asarray(inputs))


def port_of(dynamics: AbstractDynamics) -> "PortHamiltonian | None":
    """Return the friction and the inputs of a model; `None` where it has none."""
    return dynamics.port if isinstance(dynamics, AbstractOpenSystem) else None


def channels_of(dynamics: AbstractDynamics) -> int:
    """Return the number of inputs of a model."""
    port = port_of(dynamics)
    return port.input_matrix.shape[1] if port else 0


def holds_inputs(dynamics: AbstractDynamics) -> bool:
    """Return whether the inputs of a model keep their values between samples."""
    port = port_of(dynamics)
    return port is not None and port.held


@final
class PortHamiltonian(AbstractOpenSystem, AbstractModelOfParts):
    r"""$\dot z = (J - R) \nabla H(z)$ with $R = L L^T \ge 0$ acting on the momenta, so that energy can only be lost.

    $$\frac{dH}{dt} = -\frac{\partial H}{\partial p}^T L L^T \frac{\partial H}{\partial p} \le 0$$

    Friction that is not proportional to the velocity is added to that. With inputs, `driven` adds $G u(t)$.
    Source: van der Schaft, Jeltsema, *Port-Hamiltonian Systems Theory* (2014), chapter 2;
    as learned dynamics: Zhong, Dey, Chakraborty 2020 (arXiv:2002.08860).

    Args:
        conservative: the Hamiltonian without friction, a true system or a learned one.
        damping: L, of which the lower triangle counts; a tenth of the identity unless given.
        input_matrix: G, one column per input; no inputs unless given.
        nonlinear: dry friction and quadratic drag; none unless given.
        held: whether an input keeps its value from one sample to the next (a zero-order hold) rather than going there
            on a straight line.

    Example:
        >>> from symplect.systems import MassSpring
        >>> model = PortHamiltonian(MassSpring(k=1.0, m=1.0), damping=jnp.array([[0.5]]))
        >>> model.time_derivative(jnp.array([0.0, 1.0])).tolist()
        [1.0, -0.25]
    """

    formula: ClassVar[str] = (
        "H of the part `conservative`; dq/dt = dH/dp, dp/dt = -dH/dq - L L^T dH/dp with L the lower triangle of "
        "damping; known inputs u add input_matrix @ u to dz/dt, between samples held if `held`, else linear; "
        "nonlinear, if there, is taken off dp/dt"
    )

    conservative: AbstractHamiltonian
    damping: Float[Array, "degrees_of_freedom degrees_of_freedom"]
    input_matrix: Float[Array, "dimension inputs"]
    nonlinear: NonlinearFriction | None = None
    held: bool = eqx.field(static=True, default=False)

    def __init__(
        self,
        conservative: AbstractHamiltonian,
        damping: Float[Array, "degrees_of_freedom degrees_of_freedom"] | None = None,
        input_matrix: Float[Array, "dimension inputs"] | None = None,
        *,
        nonlinear: NonlinearFriction | None = None,
        held: bool = False,
    ):
        n = conservative.degrees_of_freedom
        self.conservative = conservative
        self.damping = on_device(0.1 * np.eye(n)) if damping is None else damping
        self.input_matrix = on_device(np.zeros((2 * n, 0))) if input_matrix is None else input_matrix
        self.nonlinear = nonlinear
        self.held = held

    @property
    def port(self) -> "PortHamiltonian":
        return self

    @property
    def degrees_of_freedom(self) -> int:
        return self.conservative.degrees_of_freedom

    @property
    def dissipation(self) -> Float[Array, "degrees_of_freedom degrees_of_freedom"]:
        """The matrix `R = L L^T`, never negative."""
        L = jnp.tril(self.damping)
        return L @ L.T

    def hamiltonian(self, z: State) -> Scalar:
        """Return the learned energy, which the flow does not keep."""
        return self.conservative.hamiltonian(z)

    def friction(self, velocity: Half) -> Half:
        """Return the force that friction takes off the momenta at some velocities `dH/dp`."""
        linear = self.dissipation @ velocity
        return linear if self.nonlinear is None else linear + self.nonlinear(velocity)

    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        _, velocity = split(jax.grad(self.conservative.hamiltonian)(z))
        friction = self.friction(velocity)
        return self.conservative.time_derivative(z, t) - jnp.concatenate([jnp.zeros_like(friction), friction])

    def dissipated_power(self, z: State) -> Scalar:
        """Return the energy that friction takes per unit of time at one state."""
        _, velocity = split(jax.grad(self.conservative.hamiltonian)(z))
        return velocity @ self.friction(velocity)

    def friction_rate(self, z: State) -> Scalar:
        r"""Return $\gamma$ of $\dot p = \ldots - \gamma p$ at one state: for linear friction, the mean."""
        n = self.degrees_of_freedom
        inverse_mass = jax.hessian(self.conservative.hamiltonian)(z)[n:, n:]
        return jnp.trace(self.dissipation @ inverse_mass) / n

    def pushed(self, z: State, u: Float[Array, " inputs"]) -> State:
        return self.input_matrix @ u


@final
class DrivenPortHamiltonian(AbstractDynamics):
    r"""$\dot z = (J - R) \nabla H(z) + G u(t)$ for one known course of the inputs; `rollout` follows it as any other.

    Args:
        system: system with inputs.
        times: increasing, at which the inputs are known; outside them the first and the last values hold.
        inputs: u at those times, one row each.

    Example:
        >>> from symplect.systems import MassSpring
        >>> spring = PortHamiltonian(MassSpring(k=1.0, m=1.0), input_matrix=jnp.array([[0.0], [1.0]]))
        >>> pushed = spring.driven(jnp.array([0.0, 1.0]), jnp.array([[0.0], [4.0]]))
        >>> pushed.time_derivative(jnp.array([0.0, 0.0]), 0.5).tolist()
        [0.0, 2.0]
    """

    system: AbstractOpenSystem
    times: Times
    inputs: Float[Array, "times inputs"]

    @property
    def degrees_of_freedom(self) -> int:
        return self.system.degrees_of_freedom

    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        return self.system.time_derivative(z, t) + self.system.pushed(z, self._input(t))

    def _input(self, t: Scalar | float) -> Float[Array, " inputs"]:
        times, at = jnp.asarray(self.times), jnp.asarray(t)
        if not holds_inputs(self.system):
            return jax.vmap(lambda course: jnp.interp(at, times, course), in_axes=1)(self.inputs)
        instant = _INSTANT * (times[-1] - times[0])
        before, after = (jnp.searchsorted(times, at + side, side="right") - 1 for side in (-instant, instant))
        # at a jump the mean of both sides: a step that ends there and the next that begins there then add up
        return (self.inputs[jnp.maximum(before, 0)] + self.inputs[jnp.maximum(after, 0)]) / 2

    def supplied_power(self, z: State, t: Scalar | float = 0.0) -> Scalar:
        """Return the energy that the inputs bring per unit of time at one state."""
        return jax.grad(self.system.hamiltonian)(z) @ self.system.pushed(z, self._input(t))
