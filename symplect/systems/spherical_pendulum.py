"""A point mass on a rod that swings in space."""

from typing import final

import equinox as eqx
import jax.numpy as jnp

from symplect._types import Half, Scalar
from symplect.mechanics import AbstractMechanical, Matrix
from symplect.precision import on_device


@final
class SphericalPendulum(AbstractMechanical):
    r"""The pendulum in angles: $q = (\theta, \phi)$, from the vertical and about it, in radians.

    $$M = m l^2\, \mathrm{diag}(1, \sin^2\theta), \qquad V = m g l (1 - \cos\theta)$$

    M has no inverse where the rod is vertical: the momentum about the vertical keeps a path away from there.

    Args:
        m: mass of the bob.
        l: length of the rod.
        g: gravitational acceleration.

    Example:
        >>> SphericalPendulum(m=2.0).mass_matrix(jnp.array([jnp.pi / 2, 0.0])).round(6).tolist()
        [[2.0, 0.0], [0.0, 2.0]]
    """

    m: Scalar = eqx.field(converter=on_device, default=1.0)
    l: Scalar = eqx.field(converter=on_device, default=1.0)  # noqa: E741 (the physicist's letter)
    g: Scalar = eqx.field(converter=on_device, default=9.81)

    @property
    def degrees_of_freedom(self) -> int:
        return 2

    def mass_matrix(self, q: Half) -> Matrix:
        return self.m * self.l**2 * jnp.diag(jnp.stack([jnp.ones_like(q[0]), jnp.sin(q[0]) ** 2]))

    def potential(self, q: Half) -> Scalar:
        return self.m * self.g * self.l * (1 - jnp.cos(q[0]))
