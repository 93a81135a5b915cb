"""A robot arm of two rigid links in a vertical plane."""

from typing import final

import equinox as eqx
import jax.numpy as jnp

from symplect._types import Half, Scalar
from symplect.mechanics import AbstractMechanical, Matrix
from symplect.precision import on_device


@final
class TwoLinkArm(AbstractMechanical):
    r"""The planar arm, $q_1$ from the horizontal and $q_2$ from the first link, in radians.

    $$M = \begin{pmatrix} a + 2 b \cos q_2 & c + b \cos q_2 \\ c + b \cos q_2 & c \end{pmatrix}, \qquad
    V = g\, (m_1 r_1 + m_2 l_1) \sin q_1 + g\, m_2 r_2 \sin(q_1 + q_2)$$

    with $a = I_1 + I_2 + m_1 r_1^2 + m_2 (l_1^2 + r_2^2)$, $b = m_2 l_1 r_2$ and $c = I_2 + m_2 r_2^2$.
    Source: Murray, Li, Sastry, *A Mathematical Introduction to Robotic Manipulation* (1994), 4.2.3.

    Args:
        m1, m2: masses of the links.
        l1: length of the first link.
        r1, r2: distances of the centres of mass from the joints.
        I1, I2: moments of inertia about the centres of mass.
        g: gravitational acceleration.

    Example:
        >>> TwoLinkArm(I1=0.0, I2=0.0).mass_matrix(jnp.zeros(2)).tolist()
        [[2.5, 0.75], [0.75, 0.25]]
    """

    m1: Scalar = eqx.field(converter=on_device, default=1.0)
    m2: Scalar = eqx.field(converter=on_device, default=1.0)
    l1: Scalar = eqx.field(converter=on_device, default=1.0)
    r1: Scalar = eqx.field(converter=on_device, default=0.5)
    r2: Scalar = eqx.field(converter=on_device, default=0.5)
    I1: Scalar = eqx.field(converter=on_device, default=1 / 12)
    I2: Scalar = eqx.field(converter=on_device, default=1 / 12)
    g: Scalar = eqx.field(converter=on_device, default=9.81)

    @property
    def degrees_of_freedom(self) -> int:
        return 2

    def mass_matrix(self, q: Half) -> Matrix:
        own = self.m1 * self.r1**2 + self.m2 * (self.l1**2 + self.r2**2)
        a, b, c = self.I1 + self.I2 + own, self.m2 * self.l1 * self.r2, self.I2 + self.m2 * self.r2**2
        bent = b * jnp.cos(q[1])
        return jnp.stack([jnp.stack([a + 2 * bent, c + bent]), jnp.stack([c + bent, c])])

    def potential(self, q: Half) -> Scalar:
        first, second = self.m1 * self.r1 + self.m2 * self.l1, self.m2 * self.r2
        return self.g * (first * jnp.sin(q[0]) + second * jnp.sin(q[0] + q[1]))
