"""The symplectic method for any Hamiltonian."""

from typing import ClassVar, final

import equinox as eqx
import jax.numpy as jnp

from symplect._types import Scalar, State
from symplect.dynamics import AbstractDynamics
from symplect.integrate._solver import AbstractFixedStep


@final
class ImplicitMidpoint(AbstractFixedStep):
    r"""$z_1 = z_0 + h f\left(\frac{z_0 + z_1}{2}\right)$: symplectic for any Hamiltonian, time-reversible, order 2.

    Source: Hairer, Lubich, Wanner, *Geometric Numerical Integration* (2006), II.1.7 and VI.4.2.
    Each step is solved by Newton's method to round-off; one that does not converge turns the state into NaN, which the
    rollout reports as `Status.NOT_FINITE`.

    Args:
        substeps: steps between two neighbouring output times.
    """

    order: ClassVar[int] = 2
    substeps: int = eqx.field(static=True, default=1)

    def step(self, dynamics: AbstractDynamics, z: State, t: Scalar, h: Scalar) -> State:
        import optimistix as optx  # takes longer to import than the package

        def residual(slope: State, _: None) -> State:
            return slope - dynamics.time_derivative(z + h / 2 * slope, t + h / 2)

        tolerance = 100 * float(jnp.finfo(z.dtype).eps)
        newton = optx.Newton(rtol=tolerance, atol=tolerance)
        guess = dynamics.time_derivative(z, t)
        solution = optx.root_find(residual, newton, guess, max_steps=20, throw=False)
        return z + h * jnp.where(solution.result == optx.RESULTS.successful, solution.value, jnp.nan)
