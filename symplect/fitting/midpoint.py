"""Where shooting begins: a residual of one step that is symmetric in time, so it has no first-order bias."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect.fitting.least_squares import solve_symmetric
from symplect.fitting.parametrised import Parameters, Parametrised, under_inputs
from symplect.fitting.segments import Segments
from symplect.models.features import AbstractFeatures
from symplect.models.random_feature import RandomFeatureField, RandomFeatureHNN

_ITERATIONS = 3  # one is exact where the field is linear in the parameters; friction is not


def midpoint_parameters(
    model: Parametrised,
    parameters: Parameters,
    segments: Segments,
    noise: Float[np.ndarray, " dimension"],
    penalty: Float[np.ndarray, " parameters"],
) -> np.ndarray:
    """Minimises `|(z1 - z0) / h - f((z0 + z1) / 2)|^2` over neighbouring samples, by Gauss-Newton steps.

    Args:
        model, parameters: where to begin.
        segments: what was observed.
        noise: standard deviation of every coordinate.
        penalty: of every parameter squared.
    """
    for _ in range(_ITERATIONS):
        matrix, gradient = map(np.asarray, _normal_equations(model, parameters, segments, jnp.asarray(noise)))
        matrix, gradient = matrix + np.diag(penalty), gradient - penalty * np.asarray(parameters)
        parameters = parameters + jnp.asarray(solve_symmetric(matrix, gradient, rcond=1e-10))
    return np.asarray(parameters)


@eqx.filter_jit
def _normal_equations(
    model: Parametrised, parameters: Parameters, segments: Segments, noise: Array
) -> tuple[Array, Array]:
    def one(times: Array, states: Array, weights: Array, inputs: Array) -> tuple[Array, Array]:
        h = jnp.diff(times)[:, None]
        middle, slopes = (states[1:] + states[:-1]) / 2, jnp.diff(states, axis=0) / h
        at = (times[1:] + times[:-1]) / 2

        def field(parameters: Parameters) -> Array:
            moving = under_inputs(model(parameters), times, inputs)
            return jax.vmap(moving.time_derivative)(middle, at)

        def row(z: Array, t: Array) -> Array:
            def derivative(parameters: Parameters) -> Array:
                return under_inputs(model(parameters), times, inputs).time_derivative(z, t)

            return jax.jacrev(derivative)(parameters)

        present = jnp.any(weights[1:] > 0, axis=1)[:, None] * h / noise[None, :]
        A = (jax.vmap(row)(middle, at) * present[..., None]).reshape(-1, len(parameters))
        residual = ((slopes - field(parameters)) * present).ravel()
        return A.T @ A, A.T @ residual

    parts = jax.vmap(one)(*map(jnp.asarray, (segments.times, segments.states, segments.weights, segments.inputs)))
    return jnp.sum(parts[0], axis=0), jnp.sum(parts[1], axis=0)


def penalty_weights(model: eqx.Module, states: Float[np.ndarray, "samples dimension"]) -> eqx.Module:
    """Returns the model with, in place of every number, how strongly a ridge holds it down.

    The weight of a feature counts by the root mean square of the field that it makes over the data, so a ridge does
    not depend on how a feature is scaled; what is not the weight of a feature is left free.
    """

    def is_linear(node: object) -> bool:
        return isinstance(node, RandomFeatureHNN | RandomFeatureField)

    def weigh(node: Any) -> Any:
        free = jax.tree.map(lambda leaf: jnp.zeros_like(leaf) if eqx.is_inexact_array(leaf) else leaf, node)
        if not is_linear(node):
            return free
        weights = jnp.asarray(node.features.penalties) * _field_squares(node, jnp.asarray(states))
        columns = weights.reshape(-1, *[1] * (node.weights.ndim - 1))
        return eqx.tree_at(lambda part: part.weights, free, jnp.broadcast_to(columns, node.weights.shape))

    return jax.tree.map(weigh, model, is_leaf=is_linear)


@eqx.filter_jit
def _field_squares(model: RandomFeatureHNN | RandomFeatureField, states: Array) -> Array:
    """Returns the mean square of the field of every feature, or of the feature itself where it is the field."""
    features: AbstractFeatures = model.features
    if isinstance(model, RandomFeatureField):
        return jnp.mean(jax.vmap(features)(states) ** 2, axis=0)
    return jnp.mean(jnp.sum(jax.vmap(jax.jacfwd(features))(states) ** 2, axis=2), axis=0)
