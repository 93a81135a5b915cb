"""Some of many features, in any order."""

from functools import partial
from typing import ClassVar, final

import equinox as eqx
import numpy as np
from jaxtyping import Int

from symplect._types import State
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


@final
class Selected(AbstractFeatures):
    """The features of the given numbers, in that order: what is left of a library once the terms of H are known.

    Args:
        inner: all features.
        indices: numbers of the kept features.

    Example:
        >>> import jax.numpy as jnp
        >>> from symplect.models.features import Polynomial
        >>> Selected(Polynomial(2, degree=2), (2, 4))(jnp.array([2.0, 3.0])).tolist()  # q q, p p
        [4.0, 9.0]
    """

    formula: ClassVar[str] = "inner(z)[indices], counted from 0"

    inner: AbstractFeatures
    indices: tuple[int, ...] = eqx.field(static=True)

    @property
    def size(self) -> int:
        return len(self.indices)

    def __call__(self, z: State) -> Values:
        return self.inner(z)[np.asarray(self.indices, int)]

    def derivatives(self) -> Differentiated:
        inner, kept = self.inner.derivatives(), np.asarray(self.indices, int)

        def at(states: States) -> Derivatives:
            found = inner(states)
            return Derivatives(found.values[kept], found.gradients[kept], partial(_of_selected, found, kept))

        return at

    @property
    def couples(self) -> Couples:
        return self.inner.couples[np.asarray(self.indices, int)]

    @property
    def penalties(self) -> Penalties:
        return self.inner.penalties[np.asarray(self.indices, int)]


def _of_selected(found: Derivatives, kept: Int[np.ndarray, " selected"], weights: Weights) -> Hessian:
    among_all = np.zeros((len(found.values), *weights.shape[1:]))
    among_all[kept] = weights
    return found.hessian(among_all)
