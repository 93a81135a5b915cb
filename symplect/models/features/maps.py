"""Features of a part of the state, of a projection of it, and with a symmetry."""

from functools import partial
from typing import ClassVar, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect._types import State
from symplect.dynamics import split
from symplect.models.features._features import (
    AbstractFeatures,
    AbstractMapped,
    Concatenated,
    Couples,
    Derivatives,
    Differentiated,
    Hessian,
    Penalties,
    States,
    Values,
    Weights,
)
from symplect.precision import on_device


@final
class OfPositions(AbstractMapped):
    """Features that see the positions alone, such as those of a potential energy."""

    formula: ClassVar[str] = "inner(q)"

    inner: AbstractFeatures

    def __call__(self, z: State) -> Values:
        return self.inner(split(z)[0])

    def derivatives(self) -> Differentiated:
        return _of_half(self.inner, 0)

    @property
    def couples(self) -> Couples:
        return np.zeros(self.size, bool)


@final
class OfMomenta(AbstractMapped):
    """Features that see the momenta alone, such as those of a kinetic energy."""

    formula: ClassVar[str] = "inner(p)"

    inner: AbstractFeatures

    def __call__(self, z: State) -> Values:
        return self.inner(split(z)[1])

    def derivatives(self) -> Differentiated:
        return _of_half(self.inner, 1)

    @property
    def couples(self) -> Couples:
        return np.zeros(self.size, bool)


def _of_half(inner: AbstractFeatures, half: int) -> Differentiated:
    """Return features of the positions (0) or momenta (1), which do not change with the others."""
    derivatives, size = inner.derivatives(), inner.size

    def at(states: States) -> Derivatives:
        dimension, samples = states.shape
        part = slice(dimension // 2) if half == 0 else slice(dimension // 2, None)
        found, gradients = derivatives(states[part]), np.zeros((size, dimension, samples))
        gradients[:, part] = found.gradients
        return Derivatives(found.values, gradients, partial(_within, found, part))

    return at


def _within(found: Derivatives, part: slice, weights: Weights) -> Hessian:
    """Return second derivatives that are zero but for some of the coordinates."""
    inner = found.hessian(weights)
    whole = np.zeros((2 * len(inner), 2 * len(inner), inner.shape[2]))
    whole[part, part] = inner
    return whole


def separable(kinetic: AbstractFeatures, potential: AbstractFeatures) -> Concatenated:
    """Return the features of `H = T(p) + V(q)`."""
    return Concatenated((OfMomenta(kinetic), OfPositions(potential)))


@final
class Product(AbstractFeatures):
    """Every feature of the positions, and 1, times every feature of the momenta, and 1, but for 1 times 1.

    Args:
        of_positions, of_momenta: the two factors.

    Example:
        >>> from symplect.models.features import Fourier, Polynomial
        >>> Product(Fourier(((1,),)), Polynomial(1, degree=2)).size
        8
    """

    formula: ClassVar[str] = (
        "the outer product of [1, of_positions(q)...] and [1, of_momenta(p)...], row by row, its first entry 1 left out"
    )

    of_positions: AbstractFeatures
    of_momenta: AbstractFeatures

    @property
    def size(self) -> int:
        return (1 + self.of_positions.size) * (1 + self.of_momenta.size) - 1

    def __call__(self, z: State) -> Values:
        q, p = split(z)
        one = jnp.ones(1, z.dtype)
        left = jnp.concatenate([one, self.of_positions(q)])
        right = jnp.concatenate([one, self.of_momenta(p)])
        return (left[:, None] * right[None, :]).ravel()[1:]

    def derivatives(self) -> Differentiated:
        of_positions, of_momenta = self.of_positions.derivatives(), self.of_momenta.derivatives()

        def at(states: States) -> Derivatives:
            half, samples = len(states) // 2, states.shape[1]
            of_q, of_p = of_positions(states[:half]), of_momenta(states[half:])
            left, right = (np.concatenate([np.ones((1, samples)), part.values]) for part in (of_q, of_p))
            nothing = np.zeros((1, half, samples))
            by_q, by_p = (np.concatenate([nothing, part.gradients]) for part in (of_q, of_p))
            gradients = np.concatenate([by_q[:, None] * right[:, None], left[:, None, None] * by_p], axis=2)
            values = (left[:, None] * right).reshape(-1, samples)[1:]
            hessian = partial(_of_product, of_q, of_p, left, right)
            return Derivatives(values, gradients.reshape(-1, 2 * half, samples)[1:], hessian)

        return at

    @property
    def couples(self) -> Couples:
        left, right = np.arange(1 + self.of_positions.size), np.arange(1 + self.of_momenta.size)
        return ((left[:, None] > 0) & (right > 0)).ravel()[1:]

    @property
    def penalties(self) -> Penalties:
        left, right = (np.concatenate([[0.0], part.penalties]) for part in (self.of_positions, self.of_momenta))
        return (left[:, None] + right[None, :]).ravel()[1:]


def _of_product(
    of_q: Derivatives,
    of_p: Derivatives,
    left: Float[np.ndarray, "left samples"],
    right: Float[np.ndarray, "right samples"],
    weights: Weights,
) -> Hessian:
    table = np.concatenate([np.zeros((1, *weights.shape[1:])), weights]).reshape(len(left), len(right), -1)
    table = np.broadcast_to(table, (len(left), len(right), left.shape[1]))
    mixed = np.einsum("ais,abs,bjs->ijs", of_q.gradients, table[1:, 1:], of_p.gradients, optimize=True)
    of_left = of_q.hessian(np.einsum("abs,bs->as", table[1:], right))
    of_right = of_p.hessian(np.einsum("abs,as->bs", table[:, 1:], left))
    upper = np.concatenate([of_left, mixed], axis=1)
    return np.concatenate([upper, np.concatenate([mixed.swapaxes(0, 1), of_right], axis=1)])


@final
class Projected(AbstractMapped):
    """Features of `matrix @ (z - centre)`.

    Args:
        inner: features of the projected state.
        matrix: one row per coordinate that is kept.
        centre: origin, which is subtracted first.
    """

    formula: ClassVar[str] = "inner(matrix @ (z - centre))"

    inner: AbstractFeatures
    matrix: Float[Array, "kept dimension"] = eqx.field(converter=on_device)
    centre: Float[Array, " dimension"] = eqx.field(converter=on_device)

    def __call__(self, z: State) -> Values:
        return self.inner(self.matrix @ (z - self.centre))

    def derivatives(self) -> Differentiated:
        inner, matrix = self.inner.derivatives(), np.asarray(self.matrix, float)
        centre = np.asarray(self.centre, float)[:, None]

        def at(states: States) -> Derivatives:
            found = inner(matrix @ (states - centre))
            gradients = np.einsum("kas,ai->kis", found.gradients, matrix, optimize=True)
            return Derivatives(found.values, gradients, partial(_of_projected, found, matrix))

        return at


def _of_projected(found: Derivatives, matrix: Float[np.ndarray, "kept dimension"], weights: Weights) -> Hessian:
    return np.einsum("ai,abs,bj->ijs", matrix, found.hessian(weights), matrix, optimize=True)


def data_subspace(rows: Float[np.ndarray, "samples dimension"]) -> Float[np.ndarray, "kept dimension"]:
    """Return an orthonormal basis of the directions in which centred rows vary, one per row.

    A direction that no data have seen can have any weight, so it is better not to have one. Mirrored bodies, for
    example, leave half of phase space empty.
    """
    _, sizes, directions = np.linalg.svd(rows - np.mean(rows, axis=0), full_matrices=False)
    return directions[sizes > 1e-9 * sizes[0]]


@final
class Symmetric(AbstractMapped):
    """Features averaged over sign changes of the state, so that H has those symmetries.

    Args:
        inner: features without the symmetry.
        signs: one vector of +1 and -1 per member of the symmetry group, the identity included.

    Example:
        >>> from symplect.models.features import Polynomial
        >>> even = Symmetric.reversal_and_parity(Polynomial(2, degree=2))  # q, p, q p average to zero
        >>> even(jnp.array([2.0, 3.0])).tolist()
        [0.0, 0.0, 4.0, 0.0, 9.0]
    """

    formula: ClassVar[str] = "the mean over all rows s of signs of inner(s * z), entry by entry"

    inner: AbstractFeatures
    signs: tuple[tuple[float, ...], ...] = eqx.field(static=True)

    @classmethod
    def reversal(cls, inner: AbstractFeatures, degrees_of_freedom: int = 1) -> "Symmetric":
        """Time reversal: `H(q, -p) = H(q, p)`."""
        n = degrees_of_freedom
        return cls(inner, ((1.0,) * 2 * n, (1.0,) * n + (-1.0,) * n))

    @classmethod
    def reversal_and_parity(cls, inner: AbstractFeatures, degrees_of_freedom: int = 1) -> "Symmetric":
        """Time reversal and mirror symmetry: `H(q, -p) = H(-q, p) = H(q, p)`."""
        n = degrees_of_freedom
        pairs = [(a, b) for a in (1.0, -1.0) for b in (1.0, -1.0)]
        return cls(inner, tuple((a,) * n + (b,) * n for a, b in pairs))

    def __call__(self, z: State) -> Values:
        images = jnp.asarray(self.signs, z.dtype) * z[None, :]
        return jnp.mean(jax.vmap(self.inner)(images), axis=0)

    def derivatives(self) -> Differentiated:
        inner, signs = self.inner.derivatives(), np.asarray(self.signs)[:, :, None]

        def at(states: States) -> Derivatives:
            images = [(sign, inner(sign * states)) for sign in signs]
            values = np.mean([image.values for _, image in images], axis=0)
            gradients = np.mean([sign * image.gradients for sign, image in images], axis=0)
            return Derivatives(values, gradients, partial(_of_images, images))

        return at

    @property
    def couples(self) -> Couples:
        return self.inner.couples


def _of_images(images: list[tuple[np.ndarray, Derivatives]], weights: Weights) -> Hessian:
    return np.mean([sign[:, None] * sign * image.hessian(weights) for sign, image in images], axis=0)
