"""Control out of a learned mechanical system: gravity compensation, energy shaping and damping injection."""

from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect._types import Half, Scalar, State
from symplect.dynamics import AbstractDynamics, split
from symplect.errors import InputError
from symplect.models import EulerLagrange
from symplect.precision import on_device


@final
class Controller(eqx.Module):
    r"""Inputs that give a mechanical system another potential energy, least at a target, and more friction.

    $$G u = \frac{\partial V}{\partial q} - K (q - q^*) - D v, \qquad
    H_d = \tfrac12 v^T M v + \tfrac12 (q - q^*)^T K (q - q^*), \qquad \dot H_d = -v^T D v \le 0$$

    Source: Takegaki, Arimoto 1981, J. Dyn. Syst. Meas. Control 103, 119; Ortega et al. 2001, *Putting energy back in
    control*, IEEE Control Systems 21, 18.

    Args:
        model: mechanical system with as many inputs as positions, true or learned.
        target: positions to hold, where the new energy is least.
        stiffness: K, symmetric and positive definite.
        damping: D, the same.
    """

    model: EulerLagrange
    target: Half
    stiffness: Float[Array, "degrees_of_freedom degrees_of_freedom"]
    damping: Float[Array, "degrees_of_freedom degrees_of_freedom"]

    def __call__(self, state: State) -> Float[Array, " inputs"]:
        """Return the inputs at one state `[q, v]`."""
        q, v = split(state)
        force = jax.grad(self.model.mechanical.potential)(q) - self.stiffness @ (q - self.target) - self.damping @ v
        return jnp.linalg.solve(_input_matrix(self.model), force)

    def energy(self, state: State) -> Scalar:
        """Return the energy that the system has under control, which can only fall."""
        q, v = split(state)
        off = q - self.target
        return v @ self.model.mechanical.momenta(q, v) / 2 + off @ self.stiffness @ off / 2


@final
class ClosedLoop(AbstractDynamics):
    """A system that a controller moves; `rollout` follows it as any other.

    Args:
        plant: system that is moved, a true one or the model.
        controller: mover of it.
    """

    plant: EulerLagrange
    controller: Controller

    @property
    def degrees_of_freedom(self) -> int:
        return self.plant.degrees_of_freedom

    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        return self.plant.time_derivative(z, t) + self.plant.pushed(z, self.controller(z))


def controller(model: EulerLagrange, target: Float[np.ndarray, " positions"], *, rate: float) -> Controller:
    """Return inputs that bring a mechanical system to rest at a target and hold it there.

    Stiffness and damping are those of the mass matrix at the target, critically damped. What the model says wrong of V
    is an error of the force, so the place that is held is off by that error over the stiffness: a higher rate makes
    less of it.

    Args:
        model: `model` of a fit with an input for each position, or a true system of that kind.
        target: positions to hold.
        rate: how fast the target is approached, per unit of time.

    Raises:
        InputError: fewer inputs than positions, or inputs that cannot push every position.

    Example:
        >>> from symplect import rollout
        >>> from symplect.models import PortHamiltonian
        >>> from symplect.systems import ChainPendulum
        >>> torque = jnp.array([[0.0], [1.0]])
        >>> plant = EulerLagrange(PortHamiltonian(ChainPendulum([1.0], [1.0]), jnp.zeros((1, 1)), torque))
        >>> upright = controller(plant, np.array([np.pi]), rate=3.0)
        >>> path = rollout(ClosedLoop(plant, upright), np.array([0.1, 0.0]), np.linspace(0.0, 5.0, 50))
        >>> bool(abs(path.states[-1, 0] - np.pi) < 1e-3)
        True
    """
    n = model.degrees_of_freedom
    if np.shape(target) != (n,):
        raise InputError(f"controller: expected a target of {n} positions, found shape {np.shape(target)}")
    if rate <= 0:
        raise InputError(f"controller: expected a rate above 0, found {rate}")
    inputs = 0 if model.port is None else model.port.input_matrix.shape[1]
    matrix = np.asarray(_input_matrix(model), float) if inputs == n else np.zeros((n, inputs))
    if inputs != n or np.linalg.matrix_rank(matrix) < n:
        raise InputError(
            f"controller: expected an input for each of {n} positions, found {inputs}: energy is shaped only where "
            "every position can be pushed"
        )
    goal = on_device(np.asarray(target, float))
    mass = model.mechanical.mass_matrix(goal)
    return Controller(model, goal, rate**2 * mass, 2 * rate * mass)


def _input_matrix(model: EulerLagrange) -> Float[Array, "degrees_of_freedom inputs"]:
    assert model.port is not None
    return model.port.input_matrix[model.degrees_of_freedom :]
