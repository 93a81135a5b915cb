"""What if we added energy: from one state to another of a wanted energy, along the gradient of H."""

from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from symplect._types import Scalar, State
from symplect.dynamics import AbstractDynamics, AbstractHamiltonian
from symplect.errors import InputError
from symplect.integrate._solver import Status
from symplect.integrate.adaptive import Adaptive
from symplect.integrate.rollouts import rollout
from symplect.precision import cast

Path = Float[Array, "points dimension"]

_STEPS = 1000  # where more are needed the gradient vanishes, and the steps shrink to nothing


def change_energy(hamiltonian: AbstractHamiltonian, z: ArrayLike, delta: float) -> Float[np.ndarray, " dimension"]:
    r"""Move a state along the gradient of H until its energy has changed by the wanted amount.

    $$\frac{dz}{dE} = \frac{\nabla H}{|\nabla H|^2}, \qquad\text{so that}\qquad \frac{dH}{dE} = 1$$

    There is no step size to guess: H changes by `delta` to a relative 1e-8, or to the round-off of H in float64 where
    that is more. A float32 model is followed in float64; evaluated in float32 it shows its own round-off again.

    Source: Greydanus et al. 2019 (arXiv:1906.01563), section 6, which follows the gradient by small steps.

    Args:
        hamiltonian: a true system or a model that has a Hamiltonian.
        z: one state, shape `(2 * degrees_of_freedom,)`.
        delta: the wanted change of H, of either sign, in the Hamiltonian's unit.

    Returns:
        The new state in float64.

    Raises:
        InputError: a state of the wrong shape, or an energy that the gradient does not lead to: below the minimum,
            beyond a point where the gradient vanishes, above a bounded H.

    Example:
        >>> from symplect.systems import MassSpring
        >>> change_energy(MassSpring.reference(), np.array([1.0, 0.0]), 3.0).round(9).tolist()  # H = q^2 + p^2
        [2.0, 0.0]
    """
    return change_energy_path(hamiltonian, z, delta, points=2)[-1]


def change_energy_path(
    hamiltonian: AbstractHamiltonian, z: ArrayLike, delta: float, *, points: int
) -> Float[np.ndarray, "points dimension"]:
    """Return the states on the way of `change_energy`, start and end included, at equal steps of energy.

    Args:
        hamiltonian, z, delta: as for `change_energy`.
        points: number of states, at least two.

    Raises:
        InputError: as `change_energy`, and on fewer than two points.

    Example:
        >>> from symplect.systems import MassSpring
        >>> change_energy_path(MassSpring.reference(), np.array([0.0, 2.0]), -3.0, points=4).shape
        (4, 2)
    """
    if not np.isfinite(delta) or points < 2:
        raise InputError(f"change_energy: expected a finite delta and at least 2 points, found {delta} and {points}")
    start = np.asarray(z, np.float64)
    if start.ndim != 1:
        raise InputError(f"change_energy: expected one state, found shape {start.shape}: give them one by one")
    if delta == 0:
        return np.tile(start, (points, 1))
    changes = np.linspace(0.0, delta, points)
    solver = Adaptive(rtol=1e-10, atol=1e-10, max_steps=_STEPS + points)
    with jax.enable_x64(True):
        hamiltonian = cast(hamiltonian, jnp.float64)
        climb = rollout(_Climb(hamiltonian), start, changes, solver=solver)
        path, arrived = _corrected(hamiltonian, climb.states, jnp.asarray(changes))
        if climb.status != Status.SUCCESS or not np.all(arrived):
            energy = float(hamiltonian.hamiltonian(jnp.asarray(start)))
            raise InputError(
                f"change_energy: expected an energy that the gradient of H leads to, found no way from {energy:.6g} to "
                f"{energy + delta:.6g} (it vanishes or is not finite in between): take a smaller delta or another state"
            )
        return np.asarray(path)


@final
class _Climb(AbstractDynamics):
    """Motion along the gradient of H, whose time is the energy."""

    of: AbstractHamiltonian

    @property
    def degrees_of_freedom(self) -> int:
        return self.of.degrees_of_freedom

    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        gradient = jax.grad(self.of.hamiltonian)(z)
        return gradient / jnp.sum(gradient**2)


@eqx.filter_jit
def _corrected(
    hamiltonian: AbstractHamiltonian, path: Path, changes: Float[Array, " points"]
) -> tuple[Path, Bool[Array, " points"]]:
    """Put every state exactly onto its energy by Newton's method along the gradient, and say whether it got there.

    A correction beyond the solver's error means that the solver jumped over a point without gradient.
    """
    target = hamiltonian.hamiltonian(path[0]) + changes
    value_and_gradient = jax.vmap(jax.value_and_grad(hamiltonian.hamiltonian))
    corrected = path
    for _ in range(3):
        energy, gradient = value_and_gradient(corrected)
        corrected += ((target - energy) / jnp.sum(gradient**2, axis=1))[:, None] * gradient
    energy, gradient = value_and_gradient(corrected)
    sizes = jnp.linalg.norm(corrected, axis=1)
    round_off = 100 * jnp.finfo(path.dtype).eps * (jnp.abs(energy) + sizes * jnp.linalg.norm(gradient, axis=1))
    near = jnp.linalg.norm(corrected - path, axis=1) <= 1e-6 * (1 + sizes)
    return corrected, near & (jnp.abs(energy - target) <= 1e-9 * jnp.abs(changes) + round_off)
