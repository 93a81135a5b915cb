"""Monomials."""

import math
from itertools import combinations_with_replacement, permutations
from typing import ClassVar, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from symplect._types import State
from symplect.errors import InputError
from symplect.models.features._features import (
    AbstractFeatures,
    Couples,
    Derivatives,
    Hessian,
    Penalties,
    States,
    Values,
    Weights,
)

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

    def derivatives(self, states: States) -> Derivatives:
        if len(states) != self.dimension:
            raise InputError(f"Polynomial: expected an input of {self.dimension} entries, found {len(states)}")
        of_degree = [
            _monomials(np.array([pick for pick in self.factors if len(pick) == degree]), states)
            for degree in range(1, self.degree + 1)
        ]
        ends = np.cumsum([len(part.values) for part in of_degree])[:-1]

        def hessian(weights: Weights) -> Hessian:
            own = zip(of_degree, np.split(weights, ends), strict=True)
            return np.sum([part.hessian(some) for part, some in own], axis=0)

        values = np.concatenate([part.values for part in of_degree])
        return Derivatives(values, np.concatenate([part.gradients for part in of_degree]), hessian)

    @property
    def couples(self) -> Couples:
        half = self.dimension // 2
        return np.array([min(pick) < half <= max(pick) for pick in self.factors])

    @property
    def penalties(self) -> Penalties:
        return np.array([float(len(pick) > 2) for pick in self.factors])


def _monomials(picks: Int[np.ndarray, "monomials degree"], states: States) -> Derivatives:
    """Return monomials of one degree, each the product of some entries of the state."""
    dimension, samples = states.shape
    count, degree = picks.shape

    def product(left_out: tuple[int, ...]) -> Float[np.ndarray, "monomials samples"]:
        found = np.ones((count, samples))
        for column in set(range(degree)) - set(left_out):
            found *= states[picks[:, column]]
        return found

    gradients = np.zeros((count, dimension, samples))
    for column in range(degree):
        gradients[np.arange(count), picks[:, column]] += product((column,))

    def hessian(weights: Weights) -> Hessian:
        found = np.zeros((dimension**2, samples))
        for pair in permutations(range(degree), 2):
            place = picks[:, pair[0]] * dimension + picks[:, pair[1]]
            found += np.equal.outer(np.arange(dimension**2), place) @ (weights.reshape(count, -1) * product(pair))
        return found.reshape(dimension, dimension, samples)

    return Derivatives(product(()), gradients, hessian)
