"""Monomials."""

import math
from collections.abc import Sequence
from functools import partial, reduce
from itertools import combinations, combinations_with_replacement
from typing import ClassVar, NamedTuple, final

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
        entries = jnp.append(z, 1.0)
        return reduce(jnp.multiply, [entries[column] for column in self._picks.T])

    @property
    def _picks(self) -> Picks:
        """The factors of each monomial, filled up to the degree by the place of a 1 behind the state."""
        return np.array([(*pick, *[self.dimension] * (self.degree - len(pick))) for pick in self.factors])

    def derivatives(self) -> Differentiated:
        one, picks = self.dimension, self._picks
        pairs = [_Pair.of(picks, one + 1, *columns) for columns in combinations(range(self.degree), 2)]
        places, columns = np.arange(len(picks)), range(self.degree)

        def at(states: States) -> Derivatives:
            if len(states) != one:
                raise InputError(f"Polynomial: expected an input of {one} entries, found {len(states)}")
            entries = np.concatenate([states, np.ones((1, states.shape[1]))])[picks.T]
            gradients = np.zeros((len(picks), one + 1, states.shape[1]))
            for column in columns:
                gradients[places, picks[:, column]] += _product(entries, [c for c in columns if c != column])
            return Derivatives(_product(entries, columns), gradients[:, :one], partial(_hessian, pairs, entries, one))

        return at

    @property
    def couples(self) -> Couples:
        half = self.dimension // 2
        return np.array([min(pick) < half <= max(pick) for pick in self.factors])

    @property
    def penalties(self) -> Penalties:
        return np.array([float(len(pick) > 2) for pick in self.factors])


def _product(entries: Entries, columns: Sequence[int]) -> Float[np.ndarray, "..."]:
    """Return the product of some of the entries of every monomial."""
    return reduce(np.multiply, [entries[column] for column in columns]) if columns else np.ones((entries.shape[1], 1))


class _Pair(NamedTuple):
    """Two entries of every monomial, by which it is differentiated.

    Attributes:
        left: the other entries, whose product remains.
        places: for every entry of the Hessian, the monomials that have a part in it.
    """

    left: list[int]
    places: Float[np.ndarray, "squared monomials"]

    @classmethod
    def of(cls, picks: Picks, side: int, first: int, second: int) -> "_Pair":
        places = np.equal.outer(np.arange(side**2), picks[:, first] * side + picks[:, second])
        return cls([column for column in range(picks.shape[1]) if column not in (first, second)], places.astype(float))


def _hessian(pairs: list[_Pair], entries: Entries, dimension: int, weights: Weights) -> Hessian:
    side, own = dimension + 1, weights.reshape(len(weights), -1)
    found = np.zeros((side**2, entries.shape[2]))
    for pair in pairs:
        found += pair.places @ (own * _product(entries, pair.left))
    whole = found.reshape(side, side, -1)[:dimension, :dimension]
    return whole + whole.swapaxes(0, 1)
