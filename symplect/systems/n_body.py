"""Point masses under Newtonian gravity."""

from typing import final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect._types import Half, Scalar, State
from symplect.dynamics import AbstractSeparableHamiltonian, split
from symplect.errors import InputError
from symplect.precision import on_device


@final
class NBody(AbstractSeparableHamiltonian):
    r"""$H = \sum_i \frac{|p_i|^2}{2 m_i} - \sum_{i<j} \frac{G m_i m_j}{|q_i - q_j|}$ in 2 or 3 dimensions.

    The state lists one coordinate of all bodies after the other: `[x1, x2, ..., y1, y2, ..., px1, px2, ...]`.

    Args:
        masses: one positive number per body, at least two.
        G: gravitational constant.
        dimensions: number of dimensions of space, 2 or 3.

    Raises:
        InputError: fewer than two bodies, or another number of dimensions.

    Example:
        >>> two_bodies = NBody(masses=[1.0, 1.0], G=1.0)
        >>> two_bodies.potential(jnp.array([-1.0, 1.0, 0.0, 0.0])).item()
        -0.5
    """

    masses: Float[Array, " bodies"] = eqx.field(converter=on_device)
    G: Scalar = eqx.field(converter=on_device, default=1.0)
    dimensions: int = eqx.field(static=True, default=2)

    def __check_init__(self):
        if self.masses.ndim != 1 or self.masses.shape[0] < 2:
            raise InputError(f"NBody: expected a list of at least two masses, found shape {self.masses.shape}")
        if self.dimensions not in (2, 3):
            raise InputError(
                f"NBody: expected 2 or 3 dimensions, found {self.dimensions}: give dimensions=2 or dimensions=3"
            )

    @classmethod
    def reference(cls, bodies: int) -> "NBody":
        """Unit masses and `G = 1` in the plane, the convention of the paper's code (tasks 4 and 4b)."""
        return cls(masses=on_device(np.ones(bodies)), G=1.0, dimensions=2)

    @property
    def degrees_of_freedom(self) -> int:
        return self.dimensions * self.masses.shape[0]

    def per_body(self, half: Half) -> Float[Array, "dimensions bodies"]:
        """Return positions or momenta with one column per body."""
        return half.reshape(self.dimensions, -1)

    def kinetic(self, p: Half) -> Scalar:
        return jnp.sum(jnp.sum(self.per_body(p) ** 2, axis=0) / (2 * self.masses))

    def potential(self, q: Half) -> Scalar:
        positions = self.per_body(q)
        first, second = np.triu_indices(positions.shape[1], k=1)
        distances = jnp.linalg.norm(positions[:, first] - positions[:, second], axis=0)
        return -jnp.sum(self.G * self.masses[first] * self.masses[second] / distances)

    def momentum(self, z: State) -> Float[Array, " dimensions"]:
        """Return the total momentum, which the flow conserves."""
        _, p = split(z)
        return jnp.sum(self.per_body(p), axis=1)

    def angular_momentum(self, z: State) -> Scalar | Float[Array, " dimensions"]:
        """Return the conserved angular momentum about the origin: a number in the plane, a vector in space."""
        q, p = map(self.per_body, split(z))
        return jnp.sum(jnp.cross(q, p, axis=0), axis=-1)
