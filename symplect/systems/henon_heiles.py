"""A star in a galactic potential."""

from typing import final

import equinox as eqx
import jax.numpy as jnp

from symplect._types import Half, Scalar
from symplect.dynamics import AbstractSeparableHamiltonian
from symplect.precision import on_device


@final
class HenonHeiles(AbstractSeparableHamiltonian):
    r"""$H = \frac{p_x^2 + p_y^2}{2} + \frac{x^2 + y^2}{2} + \lambda \left(x^2 y - \frac{y^3}{3}\right)$.

    Orbits with $\lambda = 1$ stay bounded below the energy 1/6 (Henon and Heiles 1964, Astron. J. 69, 73).

    Args:
        coupling: the strength $\lambda$ of the cubic term.

    Example:
        >>> HenonHeiles().hamiltonian(jnp.zeros(4)).item()
        0.0
    """

    coupling: Scalar = eqx.field(converter=on_device, default=1.0)

    @property
    def degrees_of_freedom(self) -> int:
        return 2

    def kinetic(self, p: Half) -> Scalar:
        return jnp.sum(p**2) / 2

    def potential(self, q: Half) -> Scalar:
        x, y = q
        return (x**2 + y**2) / 2 + self.coupling * (x**2 * y - y**3 / 3)
