"""A mass on a spring."""

from typing import final

import equinox as eqx
import jax.numpy as jnp

from symplect._types import Half, Scalar
from symplect.dynamics import AbstractSeparableHamiltonian
from symplect.precision import on_device


@final
class MassSpring(AbstractSeparableHamiltonian):
    r"""$H = \frac{p^2}{2m} + \frac{k q^2}{2}$, angular frequency $\sqrt{k/m}$.

    Args:
        k: stiffness of the spring.
        m: mass.

    Example:
        >>> MassSpring(k=4.0, m=1.0).hamiltonian(jnp.array([1.0, 0.0])).item()
        2.0
    """

    k: Scalar = eqx.field(converter=on_device)
    m: Scalar = eqx.field(converter=on_device)

    @classmethod
    def reference(cls) -> "MassSpring":
        """`H = q^2 + p^2`, the convention of the paper's code (its text has half of that)."""
        return cls(k=2.0, m=0.5)

    @property
    def degrees_of_freedom(self) -> int:
        return 1

    def kinetic(self, p: Half) -> Scalar:
        return jnp.sum(p**2) / (2 * self.m)

    def potential(self, q: Half) -> Scalar:
        return self.k * jnp.sum(q**2) / 2
