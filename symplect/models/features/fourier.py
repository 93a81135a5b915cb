"""Waves in the angles."""

from functools import partial
from typing import ClassVar, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from symplect._types import Half
from symplect.models.features._features import (
    AbstractFeatures,
    Derivatives,
    Differentiated,
    Penalties,
    States,
    Values,
    along_lines,
)

Frequencies = tuple[tuple[int, ...], ...]


@final
class Fourier(AbstractFeatures):
    r"""$\cos(k \cdot q)$ and $\sin(k \cdot q)$ for the given integer vectors $k$: periodic in every angle.

    Args:
        frequencies: one vector $k$ per pair of features; the zero vector is left out, for it is constant.

    Example:
        >>> Fourier(((1,), (2,)))(jnp.array([0.0])).tolist()  # cos q, cos 2q, sin q, sin 2q
        [1.0, 1.0, 0.0, 0.0]
    """

    formula: ClassVar[str] = "cos(k . q) for all rows k of frequencies, then sin(k . q) for all of them"

    frequencies: Frequencies = eqx.field(static=True)

    @classmethod
    def up_to(cls, dimension: int, highest: int) -> "Fourier":
        """Return all frequencies with entries of at most `highest`, one of each pair k and -k."""
        grid = np.stack(np.meshgrid(*[np.arange(-highest, highest + 1)] * dimension, indexing="ij"), axis=-1)
        return cls(tuple(k for k in map(tuple, grid.reshape(-1, dimension).tolist()) if k > (0,) * dimension))

    @property
    def size(self) -> int:
        return 2 * len(self.frequencies)

    def __call__(self, z: Half) -> Values:
        phases = jnp.asarray(self.frequencies, z.dtype) @ z
        return jnp.concatenate([jnp.cos(phases), jnp.sin(phases)])

    def derivatives(self) -> Differentiated:
        k = np.asarray(self.frequencies, float)
        twice = np.tile(k, (2, 1))

        def at(states: States) -> Derivatives:
            cosine, sine = np.cos(k @ states), np.sin(k @ states)
            values, slopes = np.concatenate([cosine, sine]), np.concatenate([-sine, cosine])
            return Derivatives(values, twice[:, :, None] * slopes[:, None, :], partial(along_lines, twice, -values))

        return at

    @property
    def penalties(self) -> Penalties:
        return np.tile(np.sum(np.square(self.frequencies), axis=1, dtype=float), 2)
