"""What features are: a fixed map from a state to many numbers, none of them constant."""

import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import ClassVar, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from symplect._types import State
from symplect.precision import on_device

Values = Float[Array, " features"]
Penalties = Float[np.ndarray, " features"]
Couples = Bool[np.ndarray, " features"]
States = Float[np.ndarray, "dimension samples"]
Weights = Float[np.ndarray, "features ..."]
Hessian = Float[np.ndarray, "dimension dimension samples"]


@dataclass(frozen=True, eq=False)
class Derivatives:
    """Features of many states with their derivatives, in NumPy, so that small fits have nothing to compile.

    Attributes:
        values: of the features.
        gradients: of the features, by the state.
        hessian: gives the second derivatives of the sum of features for its weights, one of each feature or one of
            each feature in every state.
    """

    values: Float[np.ndarray, "features samples"]
    gradients: Float[np.ndarray, "features dimension samples"]
    hessian: Callable[[Weights], Hessian]


Differentiated = Callable[[States], Derivatives]


class AbstractFeatures(eqx.Module):
    """A fixed map from a state (or a part of one) to `size` numbers; `a + b` lays two such maps end to end.

    Attributes:
        formula: the map in words, for readers of an exported file.
    """

    formula: ClassVar[str]

    @property
    @abc.abstractmethod
    def size(self) -> int:
        """The number of features."""

    @abc.abstractmethod
    def __call__(self, z: State) -> Values:
        """Return the features of one state."""

    @property
    def couples(self) -> Couples:
        """Whether each feature, of a state, may depend on positions and momenta both: all, unless known better."""
        return np.ones(self.size, bool)

    @property
    def penalties(self) -> Penalties:
        """How strongly a ridge holds down the weight of each feature: 1 unless the feature is known to be harmless."""
        return np.ones(self.size)

    def derivatives(self) -> Differentiated:
        """Return a function of many states, one per column, that gives the features and their derivatives there.

        In double precision; compiled, unless a class of features has it in closed form.
        """
        return partial(_compiled, self)

    def __add__(self, other: "AbstractFeatures") -> "Concatenated":
        return Concatenated((self, other))


class AbstractMapped(AbstractFeatures):
    """As many features of what a state is mapped to, of which a ridge thinks the same."""

    inner: eqx.AbstractVar[AbstractFeatures]

    @property
    def size(self) -> int:
        return self.inner.size

    @property
    def penalties(self) -> Penalties:
        return self.inner.penalties


@final
class Concatenated(AbstractFeatures):
    """Features laid end to end.

    Args:
        parts: features of the same state.

    Example:
        >>> from symplect.models.features import Polynomial
        >>> (Polynomial(2, degree=1) + Polynomial(2, degree=2))(jnp.array([2.0, 3.0])).tolist()
        [2.0, 3.0, 2.0, 3.0, 4.0, 6.0, 9.0]
    """

    formula: ClassVar[str] = "the features of all parts, laid end to end"

    parts: tuple[AbstractFeatures, ...]

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)

    def __call__(self, z: State) -> Values:
        return jnp.concatenate([part(z) for part in self.parts])

    def derivatives(self) -> Differentiated:
        return end_to_end([part.derivatives() for part in self.parts])

    @property
    def couples(self) -> Couples:
        return np.concatenate([part.couples for part in self.parts])

    @property
    def penalties(self) -> Penalties:
        return np.concatenate([part.penalties for part in self.parts])


def end_to_end(parts: Sequence[Differentiated]) -> Differentiated:
    """Return features laid end to end, with their derivatives."""

    def at(states: States) -> Derivatives:
        found = [part(states) for part in parts]
        values = np.concatenate([part.values for part in found])
        return Derivatives(values, np.concatenate([part.gradients for part in found]), partial(_summed, found))

    return at


def _summed(found: Sequence[Derivatives], weights: Weights) -> Hessian:
    ends = np.cumsum([len(part.values) for part in found])[:-1]
    return reduce(np.add, (part.hessian(own) for part, own in zip(found, np.split(weights, ends), strict=True)))


def _compiled(features: AbstractFeatures, states: States) -> Derivatives:
    """Return what JAX makes of the features; the number of states is filled up to one of few."""
    count = states.shape[1]
    filled = np.pad(states.T, ((0, (1 << (count - 1).bit_length()) - count), (0, 0)), mode="edge")
    with jax.enable_x64(True):
        values, gradients = _values_and_gradients(features, on_device(filled))
    hessian = partial(_compiled_hessian, features, filled, count)
    return Derivatives(np.asarray(values)[:count].T, np.moveaxis(np.asarray(gradients)[:count], 0, -1), hessian)


def _compiled_hessian(
    features: AbstractFeatures, states: Float[np.ndarray, "filled dimension"], count: int, weights: Weights
) -> Hessian:
    rows = np.broadcast_to(weights.reshape(len(weights), -1), (len(weights), count)).T
    with jax.enable_x64(True):
        found = _hessians(features, on_device(states), on_device(np.resize(rows, (len(states), rows.shape[1]))))
    return np.moveaxis(np.asarray(found)[:count], 0, -1)


@eqx.filter_jit
def _values_and_gradients(features: AbstractFeatures, states: Float[Array, "samples dimension"]) -> tuple[Array, Array]:
    return jax.vmap(features)(states), jax.vmap(jax.jacfwd(features))(states)


@eqx.filter_jit
def _hessians(
    features: AbstractFeatures, states: Float[Array, "samples dimension"], weights: Float[Array, "samples features"]
) -> Float[Array, "samples dimension dimension"]:
    return jax.vmap(jax.hessian(lambda z, w: features(z) @ w))(states, weights)


def along_lines(
    directions: Float[np.ndarray, "features dimension"],
    curvatures: Float[np.ndarray, "features samples"],
    weights: Weights,
) -> Hessian:
    """Return the second derivatives of a weighted sum of functions, each of the state along one direction."""
    dimension = directions.shape[1]
    squares = directions[:, :, None] * directions[:, None, :]
    return (squares.reshape(len(directions), -1).T @ (weights.reshape(len(directions), -1) * curvatures)).reshape(
        dimension, dimension, -1
    )
