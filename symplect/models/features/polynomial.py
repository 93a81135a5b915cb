"""Monomials."""

import math
from itertools import combinations_with_replacement
from typing import ClassVar, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from symplect._types import State
from symplect.errors import InputError
from symplect.models.features._features import AbstractFeatures, Couples, Penalties, Values

_MOST = 1_000_000


@final
class Polynomial(AbstractFeatures):
    """All monomials of degree 1 to `degree` in the entries of a state, the constant left out.

    Up to the second degree they are the flow of a linear system, and no ridge holds them down.

    Args:
        dimension: length of the input.
        degree: the highest total degree.

    Example:
        >>> Polynomial(2, degree=2)(jnp.array([2.0, 3.0])).tolist()  # q, p, q q, q p, p p
        [2.0, 3.0, 4.0, 6.0, 9.0]
    """

    formula: ClassVar[str] = (
        "all monomials of degree 1, then 2, up to degree, each degree in lexicographic order of its entries: z0, "
        "z1, ..., z0 z0, z0 z1, ..., z1 z1, ..."
    )

    dimension: int = eqx.field(static=True)
    degree: int = eqx.field(static=True)

    @property
    def factors(self) -> list[tuple[int, ...]]:
        """The entries that each monomial multiplies."""
        fewer = min(self.dimension, self.degree)
        if fewer > _MOST.bit_length() or math.comb(self.dimension + self.degree, fewer) > _MOST:
            found = f"degree {self.degree} of {self.dimension}"
            raise InputError(
                f"Polynomial: expected at most {_MOST} monomials, found more for {found}: lower the degree"
            )
        degrees = range(1, self.degree + 1)
        return [pick for degree in degrees for pick in combinations_with_replacement(range(self.dimension), degree)]

    @property
    def size(self) -> int:
        return len(self.factors)

    def __call__(self, z: State) -> Values:
        if len(z) != self.dimension:
            raise InputError(f"Polynomial: expected an input of {self.dimension} entries, found {len(z)}")
        found: list[Values] = []
        for degree in range(1, self.degree + 1):
            picks = np.array([pick for pick in self.factors if len(pick) == degree])
            product = z[picks[:, 0]]
            for column in picks.T[1:]:
                product = product * z[column]
            found.append(product)
        return jnp.concatenate(found)

    @property
    def couples(self) -> Couples:
        half = self.dimension // 2
        return np.array([min(pick) < half <= max(pick) for pick in self.factors])

    @property
    def penalties(self) -> Penalties:
        return np.array([float(len(pick) > 2) for pick in self.factors])
