"""A body that a fixed centre attracts, in polar coordinates."""

from typing import final

import equinox as eqx
import jax.numpy as jnp

from symplect._types import Half, Scalar
from symplect.mechanics import AbstractMechanical, Matrix
from symplect.precision import on_device


@final
class Kepler(AbstractMechanical):
    r"""The Kepler problem: $q = (r, \phi)$, $M = m\, \mathrm{diag}(1, r^2)$ and $V = -k / r$.

    Args:
        m: mass of the body.
        k: strength of the attraction, such as G times both masses.

    Example:
        >>> Kepler().hamiltonian(jnp.array([1.0, 0.0, 0.0, 1.0])).item()  # a circle
        -0.5
    """

    m: Scalar = eqx.field(converter=on_device, default=1.0)
    k: Scalar = eqx.field(converter=on_device, default=1.0)

    @property
    def degrees_of_freedom(self) -> int:
        return 2

    def mass_matrix(self, q: Half) -> Matrix:
        return self.m * jnp.diag(jnp.stack([jnp.ones_like(q[0]), q[0] ** 2]))

    def potential(self, q: Half) -> Scalar:
        return -self.k / q[0]
