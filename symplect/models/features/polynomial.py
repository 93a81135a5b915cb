"""Monomials."""

import math
from functools import partial, reduce
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
    Differentiated,
    Hessian,
    Penalties,
    States,
    Values,
    Weights,
    end_to_end,
)

_MOST = 1_000_000

Picks = Int[np.ndarray, "monomials degree"]
Entries = Float[np.ndarray, "degree monomials samples"]


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

    def derivatives(self) -> Differentiated:
        factors, degrees = self.factors, range(1, self.degree + 1)
        of_degree = [[pick for pick in factors if len(pick) == degree] for degree in degrees]
        return end_to_end([_monomials(self.dimension, np.array(picks)) for picks in of_degree])

    @property
    def couples(self) -> Couples:
        half = self.dimension // 2
        return np.array([min(pick) < half <= max(pick) for pick in self.factors])

    @property
    def penalties(self) -> Penalties:
        return np.array([float(len(pick) > 2) for pick in self.factors])


def _monomials(dimension: int, picks: Picks) -> Differentiated:
    """Return monomials of one degree, each the product of some entries of the state, with their derivatives."""
    count, degree = picks.shape

    def at(states: States) -> Derivatives:
        if len(states) != dimension:
            raise InputError(f"Polynomial: expected an input of {dimension} entries, found {len(states)}")
        entries, gradients = states[picks.T], np.zeros((count, *states.shape))
        for column in range(degree):
            gradients[np.arange(count), picks[:, column]] += _product(entries, column)
        return Derivatives(_product(entries), gradients, partial(_hessian, picks, entries, dimension))

    return at


def _product(entries: Entries, *left_out: int) -> Float[np.ndarray, "monomials samples"]:
    """Return the product of the entries of every monomial, but for some columns of them."""
    kept = [column for column in range(len(entries)) if column not in left_out]
    return reduce(np.multiply, entries[kept]) if kept else np.ones(entries.shape[1:])


def _hessian(picks: Picks, entries: Entries, dimension: int, weights: Weights) -> Hessian:
    degree, count, samples = entries.shape
    found = np.zeros((dimension**2, samples))
    for first, second in permutations(range(degree), 2):
        place = picks[:, first] * dimension + picks[:, second]
        of_place = np.equal.outer(np.arange(dimension**2), place).astype(float)
        found += of_place @ (weights.reshape(count, -1) * _product(entries, first, second))
    return found.reshape(dimension, dimension, samples)
