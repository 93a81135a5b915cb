"""A rigid pendulum."""

from typing import final

import equinox as eqx
import jax.numpy as jnp

from symplect._types import Half, Scalar
from symplect.dynamics import AbstractSeparableHamiltonian
from symplect.precision import on_device


@final
class Pendulum(AbstractSeparableHamiltonian):
    r"""$H = \frac{p^2}{2 m l^2} + m g l (1 - \cos q)$, with `q` the angle from the lowest point in radians.

    Args:
        m: mass of the bob.
        l: length of the rod.
        g: gravitational acceleration.

    Example:
        >>> Pendulum(m=1.0, l=1.0, g=9.81).hamiltonian(jnp.zeros(2)).item()
        0.0
    """

    m: Scalar = eqx.field(converter=on_device)
    l: Scalar = eqx.field(converter=on_device)  # noqa: E741 (the physicist's letter)
    g: Scalar = eqx.field(converter=on_device)

    @classmethod
    def reference(cls, strength: float = 3.0) -> "Pendulum":
        """`H = strength (1 - cos q) + p^2`, the convention of the paper's code: 3 for task 2, 2.4 for task 3."""
        return cls(m=0.5, l=1.0, g=2.0 * strength)

    @property
    def degrees_of_freedom(self) -> int:
        return 1

    def kinetic(self, p: Half) -> Scalar:
        return jnp.sum(p**2) / (2 * self.m * self.l**2)

    def potential(self, q: Half) -> Scalar:
        return self.m * self.g * self.l * jnp.sum(1 - jnp.cos(q))
