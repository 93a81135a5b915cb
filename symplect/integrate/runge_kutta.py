"""The classical Runge-Kutta method."""

from typing import ClassVar, final

import equinox as eqx

from symplect._types import Scalar, State
from symplect.dynamics import AbstractDynamics
from symplect.integrate._solver import AbstractFixedStep


@final
class RK4(AbstractFixedStep):
    """The classical explicit Runge-Kutta method of order 4 (Kutta 1901), the paper's integrator; not symplectic.

    Args:
        substeps: steps between two neighbouring output times.
    """

    order: ClassVar[int] = 4
    substeps: int = eqx.field(static=True, default=1)

    def step(self, dynamics: AbstractDynamics, z: State, t: Scalar, h: Scalar) -> State:
        f = dynamics.time_derivative
        k1 = f(z, t)
        k2 = f(z + h / 2 * k1, t + h / 2)
        k3 = f(z + h / 2 * k2, t + h / 2)
        k4 = f(z + h * k3, t + h)
        return z + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
