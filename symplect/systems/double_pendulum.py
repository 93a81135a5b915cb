"""Two rigid pendulums, the second hanging from the first."""

from typing import final

import equinox as eqx
import jax.numpy as jnp

from symplect._types import Scalar, State
from symplect.dynamics import AbstractHamiltonian, split
from symplect.precision import on_device


@final
class DoublePendulum(AbstractHamiltonian):
    r"""The planar double pendulum with point masses, angles from the vertical in radians; not separable.

    $$H = \frac{m_2 l_2^2 p_1^2 + (m_1 + m_2) l_1^2 p_2^2 - 2 m_2 l_1 l_2 p_1 p_2 \cos(q_1 - q_2)}
               {2 m_2 l_1^2 l_2^2 [m_1 + m_2 \sin^2(q_1 - q_2)]}
          + (m_1 + m_2) g l_1 (1 - \cos q_1) + m_2 g l_2 (1 - \cos q_2)$$

    Args:
        m1, m2: masses of the bobs.
        l1, l2: lengths of the rods.
        g: gravitational acceleration.

    Example:
        >>> DoublePendulum().hamiltonian(jnp.zeros(4)).item()
        0.0
    """

    m1: Scalar = eqx.field(converter=on_device, default=1.0)
    m2: Scalar = eqx.field(converter=on_device, default=1.0)
    l1: Scalar = eqx.field(converter=on_device, default=1.0)
    l2: Scalar = eqx.field(converter=on_device, default=1.0)
    g: Scalar = eqx.field(converter=on_device, default=1.0)

    @property
    def degrees_of_freedom(self) -> int:
        return 2

    def hamiltonian(self, z: State) -> Scalar:
        (q1, q2), (p1, p2) = split(z)
        m1, m2, l1, l2, g = self.m1, self.m2, self.l1, self.l2, self.g
        cross = 2 * m2 * l1 * l2 * p1 * p2 * jnp.cos(q1 - q2)
        inertia = 2 * m2 * l1**2 * l2**2 * (m1 + m2 * jnp.sin(q1 - q2) ** 2)
        kinetic = (m2 * l2**2 * p1**2 + (m1 + m2) * l1**2 * p2**2 - cross) / inertia
        return kinetic + (m1 + m2) * g * l1 * (1 - jnp.cos(q1)) + m2 * g * l2 * (1 - jnp.cos(q2))
