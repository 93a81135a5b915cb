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
from symplect.models.feature_models import FeatureField, FeatureHamiltonian
from symplect.models.features import AbstractFeatures

_ITERATIONS = 3  # of Gauss-Newton, where the field is not linear in the parameters, as friction is not


class OneStep:
    """The sum over neighbouring samples of `|(z1 - z0) / h - f((z0 + z1) / 2)|^2`, for one noise and any ridge.

    Args:
        model, parameters: where to begin.
        segments: measured pieces.
        noise: standard deviation of every coordinate.
        linear: whether the field is linear in the parameters, so that one step leads to the minimum.
    """

    def __init__(
        self,
        model: Parametrised,
        parameters: Float[np.ndarray, " parameters"],
        segments: Segments,
        noise: Float[np.ndarray, " dimension"],
        *,
        linear: bool,
    ):
        self._model, self._parameters, self._noise, self._linear = model, parameters, noise, linear
        self._rows = tuple(
            jnp.asarray(part) for part in (segments.times, segments.states, segments.weights, segments.inputs)
        )
        self._first = self._equations(parameters)

    def parameters(self, penalty: Float[np.ndarray, " parameters"]) -> np.ndarray:
        """Minimise the sum and a ridge by Gauss-Newton steps.

        Args:
            penalty: ridge strength of every parameter squared.
        """
        parameters, (matrix, gradient) = self._parameters, self._first
        for left in reversed(range(1 if self._linear else _ITERATIONS)):
            change = solve_symmetric(matrix + np.diag(penalty), gradient - penalty * parameters, rcond=1e-10)
            parameters = parameters + change
            if left:
                matrix, gradient = self._equations(parameters)
        return parameters

    def _equations(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = _normal_equations(self._model, jnp.asarray(parameters), self._rows, jnp.asarray(self._noise))
        return np.asarray(found[0]), np.asarray(found[1])


@eqx.filter_jit
def _normal_equations(
    model: Parametrised, parameters: Parameters, rows: tuple[Array, ...], noise: Array
) -> tuple[Array, Array]:
    def one(times: Array, states: Array, weights: Array, inputs: Array) -> tuple[Array, Array]:
        h = jnp.diff(times)[:, None]
        middle, slopes = (states[1:] + states[:-1]) / 2, jnp.diff(states, axis=0) / h
        at = (times[1:] + times[:-1]) / 2

        def row(z: Array, t: Array) -> tuple[Array, Array]:
            def derivative(parameters: Parameters) -> Array:
                return under_inputs(model(parameters), times, inputs).time_derivative(z, t)

            field, pull = jax.vjp(derivative, parameters)
            return field, jax.vmap(pull)(jnp.eye(len(z), dtype=z.dtype))[0]

        field, by_parameters = jax.vmap(row)(middle, at)
        present = jnp.any(weights[1:] > 0, axis=1)[:, None] * h / noise[None, :]
        A = (by_parameters * present[..., None]).reshape(-1, len(parameters))
        residual = ((slopes - field) * present).ravel()
        return A.T @ A, A.T @ residual

    parts = jax.vmap(one)(*rows)
    return jnp.sum(parts[0], axis=0), jnp.sum(parts[1], axis=0)


def penalty_weights(model: eqx.Module, states: Float[np.ndarray, "samples dimension"]) -> eqx.Module:
    """Return the model with, in place of every number, how strongly a ridge holds it down.

    The weight of a feature counts by the root mean square of the field that it makes over the data, so a ridge does
    not depend on how a feature is scaled; what is not the weight of a feature is left free.
    """

    def is_linear(node: object) -> bool:
        return isinstance(node, FeatureHamiltonian | FeatureField)

    def weigh(node: Any) -> Any:
        free = jax.tree.map(lambda leaf: jnp.zeros_like(leaf) if eqx.is_inexact_array(leaf) else leaf, node)
        if not is_linear(node):
            return free
        weights = jnp.asarray(node.features.penalties) * _field_squares(node, jnp.asarray(states))
        columns = weights.reshape(-1, *[1] * (node.weights.ndim - 1))
        return eqx.tree_at(lambda part: part.weights, free, jnp.broadcast_to(columns, node.weights.shape))

    return jax.tree.map(weigh, model, is_leaf=is_linear)


@eqx.filter_jit
def _field_squares(model: FeatureHamiltonian | FeatureField, states: Array) -> Array:
    """Return the mean square of the field of every feature, or of the feature itself where it is the field."""
    features: AbstractFeatures = model.features
    if isinstance(model, FeatureField):
        return jnp.mean(jax.vmap(features)(states) ** 2, axis=0)
    return jnp.mean(jnp.sum(jax.vmap(jax.jacfwd(features))(states) ** 2, axis=2), axis=0)
