"""Point masses on rods, each hanging from the one before."""

from typing import final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect._types import Half, Scalar
from symplect.errors import InputError
from symplect.mechanics import AbstractMechanical, Matrix
from symplect.precision import on_device


@final
class ChainPendulum(AbstractMechanical):
    r"""The planar pendulum of n links, angles from the vertical in radians, not from the link before.

    $$M_{ij}(q) = \mu_{ij}\, l_i l_j \cos(q_i - q_j), \qquad \mu_{ij} = \sum_{k \ge \max(i, j)} m_k, \qquad
    V(q) = \sum_i \mu_{ii}\, g\, l_i (1 - \cos q_i)$$

    Args:
        masses: mass of each bob, from the top.
        lengths: length of each rod.
        g: gravitational acceleration.

    Raises:
        InputError: not one length for each mass.

    Example:
        >>> ChainPendulum([1.0, 1.0], [1.0, 1.0], g=1.0).hamiltonian(jnp.array([jnp.pi, 0.0, 0.0, 0.0])).item()
        4.0
    """

    masses: Float[Array, " degrees_of_freedom"] = eqx.field(converter=on_device)
    lengths: Float[Array, " degrees_of_freedom"] = eqx.field(converter=on_device)
    g: Scalar = eqx.field(converter=on_device, default=9.81)

    def __check_init__(self):
        if self.masses.ndim != 1 or self.masses.shape != self.lengths.shape or not len(self.masses):
            found = f"{self.masses.shape} and {self.lengths.shape}"
            raise InputError(f"ChainPendulum: expected a list of masses and one of as many lengths, found {found}")

    @property
    def degrees_of_freedom(self) -> int:
        return len(self.masses)

    @property
    def _carried(self) -> Float[Array, " degrees_of_freedom"]:
        """The mass at each joint and below it."""
        return jnp.cumsum(self.masses[::-1])[::-1]

    def mass_matrix(self, q: Half) -> Matrix:
        n = self.degrees_of_freedom
        lower = np.maximum.outer(np.arange(n), np.arange(n))
        across = jnp.outer(self.lengths, self.lengths) * jnp.cos(q[:, None] - q[None, :])
        return self._carried[lower] * across

    def potential(self, q: Half) -> Scalar:
        return self.g * jnp.sum(self._carried * self.lengths * (1 - jnp.cos(q)))
