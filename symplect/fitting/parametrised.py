"""Models as functions of one vector, their trainable numbers, and how their paths depend on it."""

import math
from collections.abc import Callable
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int

from symplect._types import Scalar, State
from symplect.dynamics import AbstractDynamics
from symplect.models.feature_models import FeatureHamiltonian
from symplect.models.features import AbstractFeatures
from symplect.models.port_hamiltonian import PortHamiltonian

Parameters = Float[Array, " parameters"]


@final
class Parametrised(eqx.Module):
    """A model as a function of one vector, its trainable numbers; fixed features are not among them.

    Attributes:
        rebuild: from that vector to the trainable part of the model.
        fixed: the rest of the model.
    """

    rebuild: "_Rebuild" = eqx.field(static=True)
    fixed: Any

    @classmethod
    def split(cls, model: AbstractDynamics, *, frozen: bool = False) -> tuple["Parametrised", Parameters]:
        """Return the function, and the vector that gives the model itself, which is empty if it is frozen."""
        trainable, fixed = eqx.partition(model, False if frozen else trainable_filter(model))
        vector, rebuild = ravel_pytree(trainable)
        return cls(_Rebuild.of(rebuild, trainable), fixed), vector

    @property
    def size(self) -> int:
        """The length of the vector."""
        return self.rebuild.size

    def __call__(self, vector: Parameters) -> Any:
        return eqx.combine(self.rebuild(vector), self.fixed)


class _Rebuild:
    """The inverse of flattening, equal for models of one shape, so that a program is compiled once for all of them."""

    def __init__(self, rebuild: Callable[[Parameters], Any], key: Any):
        self._rebuild, self._key = rebuild, key

    @classmethod
    def of(cls, rebuild: Callable[[Parameters], Any], tree: Any) -> "_Rebuild":
        leaves, structure = jax.tree.flatten(tree)
        return cls(rebuild, (structure, tuple(leaf.shape for leaf in leaves)))

    @property
    def size(self) -> int:
        return sum(math.prod(shape) for shape in self._key[1])

    def __call__(self, vector: Parameters) -> Any:
        return self._rebuild(vector)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rebuild) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def with_friction(model: AbstractDynamics) -> AbstractDynamics:
    """Return a Hamiltonian of features as a dissipative model whose friction is zero, and any other as it is.

    Its paths are the same, and so is the program that follows them, which is long in compiling. The root of a friction
    that is zero has no influence, to first order, so a fit leaves it there. The weights are the first numbers.
    """
    if not isinstance(model, FeatureHamiltonian):
        return model
    n, kind = model.degrees_of_freedom, model.weights.dtype
    return PortHamiltonian(model, jnp.zeros((n, n), kind), jnp.zeros((2 * n, 0), kind))


def trainable_filter(model: AbstractDynamics) -> Any:
    """Return a tree of truth values: all real numbers of a model but those inside fixed features."""

    def is_features(node: Any) -> bool:
        return isinstance(node, AbstractFeatures)

    def mark(node: Any) -> Any:
        return jax.tree.map(lambda _: False, node) if is_features(node) else eqx.is_inexact_array(node)

    return jax.tree.map(mark, model, is_leaf=is_features)


@final
class Variational(AbstractDynamics):
    r"""A state, and behind it the derivatives of that state by the parameters and by the start.

    $$\dot S = \frac{\partial f}{\partial z} S + \frac{\partial f}{\partial \theta}$$

    Moved by the same Runge-Kutta steps as the state, S is the exact derivative of those steps.
    """

    model: Parametrised
    parameters: Parameters
    course: tuple[Float[Array, " samples"], Float[Array, "samples channels"]]
    dimension: int = eqx.field(static=True)

    @property
    def degrees_of_freedom(self) -> int:
        return self.dimension // 2

    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        d, n = self.dimension, len(self.parameters)
        state, S = z[:d], z[d:].reshape(d, n + d)

        def field(parameters: Parameters, state: State) -> State:
            return under_inputs(self.model(parameters), *self.course).time_derivative(state, t)

        velocity, pull = jax.vjp(field, self.parameters, state)
        by_parameters, by_state = jax.vmap(pull)(jnp.eye(d, dtype=z.dtype))
        source = jnp.concatenate([by_parameters, jnp.zeros((d, d), z.dtype)], axis=1)
        return jnp.concatenate([velocity, (by_state @ S + source).ravel()])


def under_inputs(
    model: AbstractDynamics, times: Float[Array, " samples"], inputs: Float[Array, "samples channels"]
) -> AbstractDynamics:
    """Return the model under the inputs of one segment, or the model itself where there are none."""
    return model.driven(times, inputs) if isinstance(model, PortHamiltonian) and inputs.shape[1] else model


def moved(
    dynamics: AbstractDynamics, z0: State, times: Float[Array, " samples"], substeps: Int[Array, ""]
) -> Float[Array, "samples dimension"]:
    """Return the states at the given times, by the steps of `RK4`.

    The four stages are one loop and the number of substeps is no constant, so that few and small programs are compiled.

    Args:
        dynamics: moves the state.
        z0: state at the first time.
        times: output times.
        substeps: steps between two neighbouring times.
    """
    shares, weights = jnp.array([0, 0.5, 0.5, 1], z0.dtype), jnp.array([1, 2, 2, 1], z0.dtype) / 6

    def step(z: State, t: Scalar, h: Scalar) -> State:
        def stage(before: tuple[State, State], part: tuple[Scalar, Scalar]) -> tuple[tuple[State, State], None]:
            (k, total), (share, weight) = before, part
            k = dynamics.time_derivative(z + share * h * k, t + share * h)
            return (k, total + weight * k), None

        (_, total), _ = jax.lax.scan(stage, (jnp.zeros_like(z), jnp.zeros_like(z)), (shares, weights))
        return z + h * total

    def interval(z: State, ends: tuple[Scalar, Scalar]) -> tuple[State, State]:
        start, end = ends
        h = ((end - start) / substeps).astype(z.dtype)
        z = jax.lax.fori_loop(0, substeps, lambda i, z: step(z, start + i * h, h), z)
        return z, z

    _, path = jax.lax.scan(interval, z0, (times[:-1], times[1:]))
    return jnp.concatenate([z0[None], path])
