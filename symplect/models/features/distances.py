"""What bodies know of each other: the distances of their pairs, or that from a fixed centre."""

import abc
from functools import partial
from typing import ClassVar, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect._types import Half, Scalar
from symplect.errors import InputError
from symplect.models.features._features import (
    AbstractFeatures,
    Derivatives,
    Differentiated,
    Hessian,
    States,
    Values,
    Weights,
)

Distances = Float[Array, " pairs"]
Functions = Float[np.ndarray, "functions ..."]
Slopes = tuple[Functions, Functions, Functions]

_NARROWEST, _WIDEST = 1.01, 100.0  # longest over shortest distance, for a potential to be told
_BEYOND = 1.02  # factor by which a potential goes on beyond the distances seen


class AbstractRadial(eqx.Module):
    """Functions of a distance, and their formula in words."""

    formula: ClassVar[str]

    @property
    @abc.abstractmethod
    def size(self) -> int:
        """The number of functions."""

    @abc.abstractmethod
    def __call__(self, r: Scalar | Distances) -> Float[Array, "functions *pairs"]:
        """Return the functions of one distance, or of many."""

    def derivatives(self, r: Float[np.ndarray, "..."]) -> Slopes:
        """Return the functions with their first and second derivatives, in NumPy; compiled unless a class has them."""
        with jax.enable_x64(True):
            found = _radial(self, jnp.asarray(r.ravel()))
        first, second, third = (np.asarray(part).T.reshape(self.size, *r.shape) for part in found)
        return first, second, third


@final
class ChebyshevLog(AbstractRadial):
    r"""$T_1(x), \ldots, T_n(x)$ with $x$ the logarithm of the distance, mapped to [-1, 1] over the range of the data.

    They know no law of force: any smooth one is approximated over the range, and nothing is promised outside it.

    Args:
        terms: the highest order n.
        shortest, longest: the range of distances.

    Example:
        >>> ChebyshevLog(3, shortest=0.5, longest=2.0)(jnp.array(2.0)).round(6).tolist()
        [1.0, 1.0, 1.0]
    """

    formula: ClassVar[str] = (
        "Chebyshev polynomials T_1(x), ..., T_terms(x), x = (2 ln r - ln shortest - ln longest) / (ln longest - "
        "ln shortest)"
    )

    terms: int = eqx.field(static=True)
    shortest: float = eqx.field(static=True)
    longest: float = eqx.field(static=True)

    @property
    def size(self) -> int:
        return self.terms

    def __call__(self, r: Scalar | Distances) -> Float[Array, "functions *pairs"]:
        low, high = np.log(self.shortest), np.log(self.longest)
        x = (2 * jnp.log(r) - (low + high)) / (high - low)
        found = [jnp.ones_like(x), x]
        for _ in range(self.terms - 1):
            found.append(2 * x * found[-1] - found[-2])
        return jnp.stack(found[1 : self.terms + 1])

    def derivatives(self, r: Float[np.ndarray, "..."]) -> Slopes:
        low, high = np.log(self.shortest), np.log(self.longest)
        slope = 2 / (high - low)
        x = slope * np.log(r) - (low + high) / (high - low)
        T, by_x, twice = [np.ones_like(x), x], [np.zeros_like(x), np.ones_like(x)], [np.zeros_like(x)] * 2
        for _ in range(self.terms - 1):
            twice.append(4 * by_x[-1] + 2 * x * twice[-1] - twice[-2])
            by_x.append(2 * T[-1] + 2 * x * by_x[-1] - by_x[-2])
            T.append(2 * x * T[-1] - T[-2])
        values, first, second = (np.stack(part[1 : self.terms + 1]) for part in (T, by_x, twice))
        return values, first * slope / r, (second * slope**2 - first * slope) / r**2


@final
class InversePowers(AbstractRadial):
    """`r^-n` for the given n, which may be negative; for finding formulas.

    Args:
        exponents: the numbers n, none of them 0.

    Example:
        >>> InversePowers((1, 2))(jnp.array(2.0)).tolist()
        [0.5, 0.25]
    """

    formula: ClassVar[str] = "r^-n for all n of exponents"

    exponents: tuple[int, ...] = eqx.field(static=True)

    @property
    def size(self) -> int:
        return len(self.exponents)

    def __call__(self, r: Scalar | Distances) -> Float[Array, "functions *pairs"]:
        return jnp.stack([r ** float(-n) for n in self.exponents])

    def derivatives(self, r: Float[np.ndarray, "..."]) -> Slopes:
        n = np.array(self.exponents, float).reshape(-1, *[1] * np.ndim(r))
        values = r**-n
        return values, -n * values / r, n * (n + 1) * values / r**2


@eqx.filter_jit
def _radial(radial: AbstractRadial, r: Distances) -> tuple[Array, Array, Array]:
    slope = jax.jacfwd(radial)
    return jax.vmap(radial)(r), jax.vmap(slope)(r), jax.vmap(jax.jacfwd(slope))(r)


@final
class PairDistances(AbstractFeatures):
    """Sums over all pairs of bodies of functions of their distance: invariant under shifts, rotations and exchange.

    Args:
        radial: functions of one distance.
        bodies: number of bodies.
        dimensions: number of dimensions of space; positions are listed as in `NBody`, one coordinate of all bodies
            after the other.

    Example:
        >>> gravity = PairDistances(InversePowers((1,)), bodies=2)
        >>> gravity(jnp.array([-1.0, 1.0, 0.0, 0.0])).tolist()
        [0.5]
    """

    formula: ClassVar[str] = (
        "sum over all pairs i < j of bodies of radial(r_ij), r_ij their Euclidean distance; the input lists one "
        "coordinate of all bodies after the other: x1, x2, ..., y1, y2, ..."
    )

    radial: AbstractRadial
    bodies: int = eqx.field(static=True)
    dimensions: int = eqx.field(static=True, default=2)

    @property
    def size(self) -> int:
        return self.radial.size

    def __call__(self, z: Half) -> Values:
        return jnp.sum(self.radial(self.distances(z)), axis=-1)

    def derivatives(self) -> Differentiated:
        first, second = np.triu_indices(self.bodies, k=1)
        incidence = np.eye(self.bodies)[first] - np.eye(self.bodies)[second]
        radial, dimensions = self.radial, self.dimensions

        def at(states: States) -> Derivatives:
            apart = np.einsum("cbs,pb->cps", states.reshape(dimensions, incidence.shape[1], -1), incidence)
            r = np.sqrt(np.sum(apart**2, axis=0))
            values, slopes, curvatures = radial.derivatives(r)
            along = apart / r
            gradients = np.einsum("kps,cps,pb->kcbs", slopes, along, incidence, optimize=True)
            hessian = partial(_of_pairs, incidence, along, r, slopes, curvatures)
            return Derivatives(np.sum(values, axis=1), gradients.reshape(len(values), *states.shape), hessian)

        return at

    def distances(self, q: Half) -> Distances:
        """Return the distance of every pair."""
        positions = q.reshape(self.dimensions, -1)
        first, second = np.triu_indices(self.bodies, k=1)
        return jnp.sqrt(jnp.sum((positions[:, first] - positions[:, second]) ** 2, axis=0))

    @classmethod
    def over_data(
        cls, positions: Float[np.ndarray, "samples degrees"], bodies: int, *, terms: int = 20, dimensions: int = 2
    ) -> "PairDistances":
        """Return Chebyshev functions of the logarithm of the distances that the data have seen."""
        r = pair_distances(positions, bodies, dimensions)
        return cls(ChebyshevLog(terms, float(np.min(r)), float(np.max(r))), bodies, dimensions)


@final
class CentreDistance(AbstractFeatures):
    """Functions of the distance of one body from the origin, as those of a central potential.

    Args:
        radial: functions of the distance.

    Example:
        >>> CentreDistance(InversePowers((1,)))(jnp.array([3.0, 4.0])).tolist()
        [0.2]
    """

    formula: ClassVar[str] = "radial(|q|)"

    radial: AbstractRadial

    @property
    def size(self) -> int:
        return self.radial.size

    def __call__(self, z: Half) -> Values:
        return self.radial(jnp.sqrt(jnp.sum(z**2)))

    def derivatives(self) -> Differentiated:
        radial = self.radial

        def at(states: States) -> Derivatives:
            r = np.sqrt(np.sum(states**2, axis=0))
            values, slopes, curvatures = radial.derivatives(r)
            along = states / r
            return Derivatives(values, slopes[:, None] * along, partial(_by_position, along, r, slopes, curvatures))

        return at

    @classmethod
    def over_data(cls, positions: Float[np.ndarray, "samples degrees"], *, terms: int = 8) -> "CentreDistance":
        """Return Chebyshev functions of the logarithm of the distances that the data have seen, and a little beyond.

        Raises:
            InputError: a path through the centre, or all on one circle, of which no potential can be told.
        """
        r = np.linalg.norm(positions, axis=1)
        shortest, longest = float(np.min(r)), float(np.max(r))
        if not 0 < _NARROWEST * shortest < longest < _WIDEST * shortest:
            raise InputError(
                f"CentreDistance: expected distances from the centre that vary, found {shortest:.3g} to {longest:.3g}"
            )
        return cls(ChebyshevLog(terms, shortest / _BEYOND, longest * _BEYOND))


def _of_pairs(
    incidence: Float[np.ndarray, "pairs bodies"],
    along: Float[np.ndarray, "dimensions pairs samples"],
    r: Float[np.ndarray, "pairs samples"],
    slopes: Functions,
    curvatures: Functions,
    weights: Weights,
) -> Hessian:
    by_pair = _by_position(along, r, slopes, curvatures, weights)
    found = np.einsum("cdps,pa,pb->cadbs", by_pair, incidence, incidence, optimize=True)
    return found.reshape(along.shape[0] * incidence.shape[1], -1, r.shape[1])


def _by_position(
    along: Float[np.ndarray, "..."],
    r: Float[np.ndarray, "..."],
    slopes: Functions,
    curvatures: Functions,
    weights: Weights,
) -> Float[np.ndarray, "..."]:
    """Return the second derivatives of a weighted sum of functions of a distance by the position."""
    own = weights.reshape(len(weights), *[1] * (r.ndim - 1), -1)
    slope, curvature = np.sum(own * slopes, axis=0), np.sum(own * curvatures, axis=0)
    identity = np.eye(len(along)).reshape(len(along), len(along), *[1] * r.ndim)
    return (curvature - slope / r) * along[:, None] * along + slope / r * identity


def pair_distances(
    positions: Float[np.ndarray, "samples degrees"], bodies: int, dimensions: int = 2
) -> Float[np.ndarray, "samples pairs"]:
    """Return the distance of every pair of bodies in every sample."""
    per_body = positions.reshape(len(positions), dimensions, -1)
    first, second = np.triu_indices(bodies, k=1)
    return np.linalg.norm(per_body[:, :, first] - per_body[:, :, second], axis=1)
