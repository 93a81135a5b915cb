"""A pole that hangs from a cart, or stands on it."""

from typing import final

import equinox as eqx
import jax.numpy as jnp

from symplect._types import Half, Scalar
from symplect.mechanics import AbstractMechanical, Matrix
from symplect.precision import on_device


@final
class CartPole(AbstractMechanical):
    r"""A point mass on a rod that turns on a cart: $q = (x, \theta)$, the angle from hanging down, in radians.

    $$M = \begin{pmatrix} m_c + m & m l \cos\theta \\ m l \cos\theta & m l^2 \end{pmatrix}, \qquad
    V = m g l (1 - \cos\theta)$$

    Args:
        cart, pole: the two masses.
        l: length of the rod.
        g: gravitational acceleration.

    Example:
        >>> CartPole(cart=2.0).mass_matrix(jnp.zeros(2)).tolist()
        [[3.0, 1.0], [1.0, 1.0]]
    """

    cart: Scalar = eqx.field(converter=on_device, default=1.0)
    pole: Scalar = eqx.field(converter=on_device, default=1.0)
    l: Scalar = eqx.field(converter=on_device, default=1.0)  # noqa: E741 (the physicist's letter)
    g: Scalar = eqx.field(converter=on_device, default=9.81)

    @property
    def degrees_of_freedom(self) -> int:
        return 2

    def mass_matrix(self, q: Half) -> Matrix:
        along = self.pole * self.l * jnp.cos(q[1])
        whole, turning = self.cart + self.pole, self.pole * self.l**2
        return jnp.stack([jnp.stack([whole, along]), jnp.stack([along, turning])])

    def potential(self, q: Half) -> Scalar:
        return self.pole * self.g * self.l * (1 - jnp.cos(q[1]))
