"""The field of any model: in closed form where it is one of features, else by a program that JAX compiles."""

from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect.dynamics import AbstractDynamics, AbstractEnergyDynamics, energies, vector_field
from symplect.fitting.fields import AbstractField, Inputs, Linearised, Parameters, PlainField, States
from symplect.fitting.hamiltonian_field import HamiltonianField
from symplect.fitting.mechanical_field import MechanicalField, inverse_positive
from symplect.fitting.parametrised import Parametrised
from symplect.mechanics import places
from symplect.models import (
    AbstractOpenSystem,
    EulerLagrange,
    FeatureField,
    FeatureHamiltonian,
    FeatureMechanical,
    PortHamiltonian,
    channels_of,
)
from symplect.precision import cast

_BLOCK = 2**12  # states at once, which bounds the memory


def field_of(model: AbstractDynamics) -> AbstractField:
    """Return the field of a model, in closed form where it is one of features."""
    inner = model.conservative if isinstance(model, PortHamiltonian) else model
    if isinstance(inner, FeatureHamiltonian):
        assert isinstance(model, FeatureHamiltonian | PortHamiltonian)
        return HamiltonianField(model)
    if isinstance(model, EulerLagrange) and isinstance(model.mechanical, FeatureMechanical):
        return MechanicalField(model)
    return PlainField(model) if isinstance(model, FeatureField) else TracedField(model)


def field_at(model: AbstractDynamics, states: Float[np.ndarray, "samples dimension"]) -> Linearised:
    """Return the field of a model without inputs at some states, and its derivatives."""
    with jax.enable_x64(True):
        field = field_of(cast(model, jnp.float64))
        return field(field.start, np.asarray(states, float).T, np.zeros((channels_of(model), len(states))))


def velocities_at(
    model: AbstractDynamics, states: Float[np.ndarray, "samples dimension"]
) -> Float[np.ndarray, "samples dimension"]:
    """Return the time derivatives of a model without inputs, compiled only where it is not one of features."""
    with jax.enable_x64(True):
        exact = cast(model, jnp.float64)
        if isinstance(field_of(exact), TracedField):
            return np.asarray(vector_field(exact, np.asarray(states, float)))
        return field_at(model, states).velocity.T


def energies_at(
    system: AbstractEnergyDynamics, states: Float[np.ndarray, "*batch dimension"]
) -> Float[np.ndarray, "*batch"]:
    """Return H of a true or learned system at many states, compiled only where it is not one of features."""
    inner = system.conservative if isinstance(system, PortHamiltonian) else system
    if isinstance(inner, FeatureHamiltonian):
        flat = np.asarray(states, float).reshape(-1, states.shape[-1])
        return energies_and_speeds(system, flat)[0].reshape(states.shape[:-1])
    with jax.enable_x64(True):
        return np.asarray(energies(cast(system, jnp.float64).hamiltonian, np.asarray(states, float)))


def energies_and_speeds(
    model: AbstractEnergyDynamics, states: Float[np.ndarray, "samples dimension"]
) -> tuple[Float[np.ndarray, " samples"], Float[np.ndarray, "samples half"]]:
    """Return H and the velocities `dH/dp` at many states, compiled only where H is not one of features."""
    n = states.shape[1] // 2
    if isinstance(model, EulerLagrange) and isinstance(inner := model.mechanical, FeatureMechanical):
        of_q, weights = inner.potential_features.derivatives()(states.T[:n]), np.asarray(inner.potential_weights, float)
        kinetic = np.sum(momenta_at(model, states) * states[:, n:], axis=1) / 2
        return kinetic + weights @ of_q.values, states[:, n:]
    inner = model.conservative if isinstance(model, PortHamiltonian) else model
    if not isinstance(inner, FeatureHamiltonian):
        with jax.enable_x64(True):
            exact: Any = cast(model, jnp.float64)
            energies, gradients = _energies_and_gradients(exact, jnp.asarray(states, jnp.float64))
        speeds = states[:, n:] if isinstance(model, EulerLagrange) else np.asarray(gradients)[:, n:]
        return np.asarray(energies), speeds
    differentiated, weights = inner.features.derivatives(), np.asarray(inner.weights, float)
    energies, speeds = np.empty(len(states)), np.empty((len(states), n))
    for first in range(0, len(states), _BLOCK):
        part = slice(first, first + _BLOCK)
        found = differentiated(states[part].T)
        energies[part] = weights @ found.values
        speeds[part] = np.einsum("k,kis->si", weights, found.gradients[:, n:])
    if inner.newtonian:
        energies, speeds = energies + np.sum(states[:, n:] ** 2, axis=1) / 2, speeds + states[:, n:]
    return energies, speeds


def momenta_at(
    model: AbstractDynamics, states: Float[np.ndarray, "samples dimension"]
) -> Float[np.ndarray, "samples half"]:
    """Return the momenta at many states, which are those of the states unless these hold velocities."""
    if not isinstance(model, EulerLagrange):
        return np.split(states, 2, axis=1)[1]
    if not isinstance(model.mechanical, FeatureMechanical):
        with jax.enable_x64(True):
            return np.split(np.asarray(_canonical(cast(model, jnp.float64), jnp.asarray(states))), 2, axis=1)[1]
    q, v = np.split(states.T, 2)
    return np.einsum("ijs,js->si", mass_matrices(model.mechanical, q), v)


@eqx.filter_jit
def _canonical(model: EulerLagrange, states: Float[Array, "samples dimension"]) -> Float[Array, "samples dimension"]:
    return jax.vmap(model.canonical)(states)


def inverse_masses(
    model: AbstractDynamics, states: Float[np.ndarray, "samples dimension"]
) -> Float[np.ndarray, "half half samples"]:
    """Return the derivatives of the velocities by the momenta at many states."""
    n = states.shape[1] // 2
    if isinstance(model, EulerLagrange):
        assert isinstance(model.mechanical, FeatureMechanical)
        return inverse_positive(mass_matrices(model.mechanical, states.T[:n]))
    return field_at(model, states).by_state[:n, n:]


def mass_matrices(
    model: FeatureMechanical, q: Float[np.ndarray, "degrees_of_freedom samples"]
) -> Float[np.ndarray, "degrees_of_freedom degrees_of_freedom samples"]:
    """Return M at many positions."""
    constant, *weights = np.asarray(model.mass_weights, float)
    lower = np.repeat(constant[:, None], q.shape[1], axis=1)
    if model.mass_features:
        lower = lower + np.transpose(weights) @ model.mass_features.derivatives()(q).values
    return lower[places(len(q))]


@eqx.filter_jit
def _energies_and_gradients(
    model: AbstractEnergyDynamics, states: Float[Array, "samples dimension"]
) -> tuple[Array, Array]:
    return jax.vmap(jax.value_and_grad(model.hamiltonian))(states)


@final
class TracedField(AbstractField):
    """Any other model, by a program that JAX compiles once for a number of states."""

    linear = False

    def __init__(self, model: AbstractDynamics):
        self._function, vector = Parametrised.split(model)
        self.start = np.asarray(vector, float)

    def __call__(self, parameters: Parameters, states: States, inputs: Inputs) -> Linearised:
        samples = states.shape[1]
        more = (1 << (samples - 1).bit_length()) - samples
        rows = (np.pad(part.T, ((0, more), (0, 0)), mode="edge") for part in (states, inputs))
        found = _traced(self._function, jnp.asarray(parameters, jnp.float64), *map(jnp.asarray, rows))
        velocity, by_parameters, by_state = (np.moveaxis(np.asarray(part)[:samples], 0, -1) for part in found)
        return Linearised(velocity, by_state, by_parameters)

    def model(self, parameters: Parameters) -> Any:
        return self._function(parameters)

    def ridge(self, states: States) -> Parameters:
        return np.zeros(len(self.start))


@eqx.filter_jit
def _traced(
    model: Parametrised, parameters: Array, states: Float[Array, "samples _"], inputs: Float[Array, "samples _"]
) -> tuple[Array, Array, Array]:
    def one(z: Array, u: Array) -> tuple[Array, Array, Array]:
        def field(parameters: Array, z: Array) -> Array:
            moving = model(parameters)
            pushed = moving.pushed(z, u) if isinstance(moving, AbstractOpenSystem) and len(u) else 0.0
            return moving.time_derivative(z) + pushed

        velocity, pull = jax.vjp(field, parameters, z)
        return velocity, *jax.vmap(pull)(jnp.eye(len(z), dtype=z.dtype))

    return jax.vmap(one)(states, inputs)
