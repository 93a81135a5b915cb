"""Models as functions of their fitted numbers, with derivatives, at many states at once: small fits in NumPy."""

import abc
from dataclasses import dataclass
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from scipy.linalg import block_diag

from symplect.dynamics import AbstractDynamics, AbstractEnergyDynamics, rotated
from symplect.fitting.parametrised import Parametrised
from symplect.models import FeatureField, FeatureHamiltonian, PortHamiltonian
from symplect.precision import cast, on_device

_NO_FRICTION = 1e-14  # of order one in the data's own units: the root of a friction of zero must be a number

States = Float[np.ndarray, "dimension samples"]
Inputs = Float[np.ndarray, "channels samples"]
Parameters = Float[np.ndarray, " parameters"]


@dataclass(frozen=True, eq=False)
class Linearised:
    """The field at some states.

    Attributes:
        velocity: the time derivative.
        by_state, by_parameters: its derivatives.
    """

    velocity: States
    by_state: Float[np.ndarray, "dimension dimension samples"]
    by_parameters: Float[np.ndarray, "dimension parameters samples"]


class AbstractField(abc.ABC):
    """A model as a function of what is fitted in it.

    Where a model of features is linear in its weights, so is its field; friction enters by its coefficients rather
    than by the roots that a `PortHamiltonian` has of them.

    Attributes:
        start: the numbers that give the model itself.
        linear: whether the field is linear in each kind of its parameters, so that any numbers do to begin with.
    """

    start: Parameters
    linear: bool

    @abc.abstractmethod
    def __call__(self, parameters: Parameters, states: States, inputs: Inputs) -> Linearised:
        """Return the field and its derivatives at states with inputs, one of each per column."""

    @abc.abstractmethod
    def model(self, parameters: Parameters) -> Any:
        """Return the model with these parameters."""

    @abc.abstractmethod
    def ridge(self, states: States) -> Parameters:
        """Return how strongly a ridge holds down each parameter, for data at some states.

        The weight of a feature counts by the mean square of the field that it makes over the data, so a ridge does not
        depend on how a feature is scaled; what is not the weight of a feature is left free.
        """

    def feasible(self, parameters: Parameters) -> tuple[Parameters, Bool[np.ndarray, " parameters"]]:
        """Return the nearest allowed parameters, and which of them are not at a bound."""
        return parameters, np.ones(len(parameters), bool)

    def covariance(self, parameters: Parameters, covariance: np.ndarray) -> np.ndarray:
        """Return the covariance of the trainable numbers of the model, out of that of the parameters."""
        return covariance


@final
class PlainField(AbstractField):
    """A plain field of features."""

    linear = True

    def __init__(self, model: FeatureField):
        self._function, vector = Parametrised.split(model)
        self._features, self._derivatives = model.features, model.features.derivatives()
        self.start = np.asarray(vector, float)

    def __call__(self, parameters: Parameters, states: States, inputs: Inputs) -> Linearised:
        dimension, samples = states.shape
        found = self._derivatives(states)
        size = len(found.values)
        weights, constant = parameters[:-dimension].reshape(size, dimension), parameters[-dimension:]
        by_weights = np.zeros((dimension, size, dimension, samples))
        for i in range(dimension):
            by_weights[i, :, i] = found.values
        by_constant = np.broadcast_to(np.eye(dimension)[:, :, None], (dimension, dimension, samples))
        return Linearised(
            weights.T @ found.values + constant[:, None],
            np.einsum("kj,kis->jis", weights, found.gradients, optimize=True),
            np.concatenate([by_weights.reshape(dimension, -1, samples), by_constant], axis=1),
        )

    def model(self, parameters: Parameters) -> Any:
        return self._function(parameters)

    def ridge(self, states: States) -> Parameters:
        found = self._features.penalties * np.mean(self._derivatives(states).values ** 2, axis=1)
        return np.concatenate([np.repeat(found, len(states)), np.zeros(len(states))])


@final
class HamiltonianField(AbstractField):
    r"""A Hamiltonian of features: $J \nabla H$, and if it is that of a `PortHamiltonian`, friction and inputs.

    The parameters are the weights, then the lower triangle of the friction matrix, the input matrix, and the
    coefficients of dry friction and of drag.
    """

    linear = True

    def __init__(self, model: FeatureHamiltonian | PortHamiltonian):
        self._port = model if isinstance(model, PortHamiltonian) else None
        inner = self._port.conservative if self._port else model
        assert isinstance(inner, FeatureHamiltonian)
        self._inner, self._n, self._newtonian = inner, inner.degrees_of_freedom, inner.newtonian
        self._derivatives = inner.features.derivatives()
        self._lower = np.tril_indices(self._n)
        parts = [np.asarray(inner.weights, float)]
        if self._port:
            L = np.tril(np.asarray(self._port.damping, float))
            parts += [(L @ L.T)[self._lower], np.asarray(self._port.input_matrix, float).ravel()]
            if other := self._port.nonlinear:
                self._rest = other.rest
                parts += [np.asarray(other.dry, float) ** 2, np.asarray(other.drag, float) ** 2]
        self.start, self._ends = np.concatenate(parts), np.cumsum([len(part) for part in parts])[:-1]

    def __call__(self, parameters: Parameters, states: States, inputs: Inputs) -> Linearised:
        n, samples = self._n, states.shape[1]
        weights, *others = np.split(parameters, self._ends)
        found = self._derivatives(states)
        gradient, hessian = np.einsum("k,kis->is", weights, found.gradients), found.hessian(weights)
        if self._newtonian:
            gradient[n:] += states[n:]
            hessian[np.arange(n, 2 * n), np.arange(n, 2 * n)] += 1.0
        velocity, by_state, by_weights = map(rotated, (gradient, hessian, found.gradients.swapaxes(0, 1)))
        if not self._port:
            return Linearised(velocity, by_state, by_weights)
        speed = gradient[n:]
        force, by_speed, by_friction = self._friction(speed, *others)
        velocity[n:] -= force
        by_state[n:] -= np.einsum("ijs,jls->ils", by_speed, hessian[n:])
        by_weights[n:] -= np.einsum("ijs,kjs->iks", by_speed, found.gradients[:, n:])
        by_inputs = np.zeros((2 * n, 2 * n, len(inputs), samples))
        by_inputs[np.arange(2 * n), np.arange(2 * n)] = inputs
        if len(inputs):
            velocity += others[1].reshape(2 * n, -1) @ inputs
        linear = n * (n + 1) // 2
        by_others = np.zeros((2 * n, by_friction.shape[1], samples))
        by_others[n:] = -by_friction
        by_inputs = by_inputs.reshape(2 * n, -1, samples)
        return Linearised(
            velocity,
            by_state,
            np.concatenate([by_weights, by_others[:, :linear], by_inputs, by_others[:, linear:]], axis=1),
        )

    def _friction(
        self, speed: np.ndarray, lower: np.ndarray, matrix: np.ndarray, *nonlinear: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the force of friction, and its derivatives by the speed and by the coefficients."""
        n, samples = speed.shape
        R = self._symmetric(lower)
        rows, columns = self._lower
        by_lower = np.zeros((n, len(rows), samples))
        entries = np.arange(len(rows))
        by_lower[rows, entries] = speed[columns]
        by_lower[columns, entries] = np.where((rows == columns)[:, None], by_lower[columns, entries], speed[rows])
        force, by_speed = R @ speed, np.repeat(R[:, :, None], samples, axis=2)
        if not nonlinear:
            return force, by_speed, by_lower
        (dry, drag), rest = nonlinear, np.array(self._rest)[:, None]
        steep = np.tanh(speed / rest)
        force += dry[:, None] * steep + drag[:, None] * np.abs(speed) * speed
        each = np.arange(n)
        by_speed[each, each] += dry[:, None] * (1 - steep**2) / rest + 2 * drag[:, None] * np.abs(speed)
        by_nonlinear = np.zeros((n, 2, n, samples))
        by_nonlinear[each, 0, each], by_nonlinear[each, 1, each] = steep, np.abs(speed) * speed
        return force, by_speed, np.concatenate([by_lower, by_nonlinear.reshape(n, -1, samples)], axis=1)

    def _symmetric(self, lower: np.ndarray) -> np.ndarray:
        R = np.zeros((self._n, self._n))
        R[self._lower] = lower
        return R + np.tril(R, -1).T

    def model(self, parameters: Parameters) -> Any:
        weights, *others = np.split(parameters, self._ends)
        inner = eqx.tree_at(lambda own: own.weights, self._inner, on_device(weights))
        if not self._port:
            return inner
        L, matrix = on_device(self._root(others[0])), on_device(others[1].reshape(2 * self._n, -1))
        found = eqx.tree_at(
            lambda own: (own.conservative, own.damping, own.input_matrix), self._port, (inner, L, matrix)
        )
        if len(others) < 3:
            return found
        roots = tuple(on_device(np.sqrt(np.maximum(part, _NO_FRICTION))) for part in others[2:])
        return eqx.tree_at(lambda own: (own.nonlinear.dry, own.nonlinear.drag), found, roots)

    def _root(self, lower: np.ndarray) -> np.ndarray:
        return np.linalg.cholesky(self._symmetric(lower) + _NO_FRICTION * np.eye(self._n))

    def ridge(self, states: States) -> Parameters:
        squares = np.mean(np.sum(self._derivatives(states).gradients ** 2, axis=1), axis=1)
        found = np.zeros(len(self.start))
        found[: len(squares)] = self._inner.features.penalties * squares
        return found

    def feasible(self, parameters: Parameters) -> tuple[Parameters, Bool[np.ndarray, " parameters"]]:
        weights, *others = np.split(parameters, self._ends)
        free = [np.ones(len(part), bool) for part in (weights, *others)]
        if others:
            values, vectors = np.linalg.eigh(self._symmetric(others[0]))
            if np.any(values < 0):
                others[0] = ((vectors * np.maximum(values, 0.0)) @ vectors.T)[self._lower]
                free[1][:] = False
        for place in range(2, len(others)):
            free[place + 1] = others[place] > 0
            others[place] = np.maximum(others[place], 0.0)
        return np.concatenate([weights, *others]), np.concatenate(free)

    def covariance(self, parameters: Parameters, covariance: np.ndarray) -> np.ndarray:
        if not self._port:
            return covariance
        weights, lower, matrix, *nonlinear = np.split(parameters, self._ends)
        L, n = self._root(lower), self._n
        by_root = np.zeros((len(lower), n, n))  # of R = L L^T, of which the lower triangle of L counts
        for i, j in zip(*self._lower, strict=True):
            one = np.zeros((n, n))
            one[i, j] = 1.0
            by_root[:, i, j] = (one @ L.T + L @ one.T)[self._lower]
        roots = [1 / (2 * np.sqrt(np.maximum(part, _NO_FRICTION))) for part in nonlinear]
        blocks = [np.eye(len(weights)), np.linalg.pinv(by_root.reshape(len(lower), -1)), np.eye(len(matrix))]
        by_parameters = block_diag(*blocks, *map(np.diag, roots))
        return by_parameters @ covariance @ by_parameters.T


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
            pushed = moving.input_matrix @ u if isinstance(moving, PortHamiltonian) and len(u) else 0.0
            return moving.time_derivative(z) + pushed

        velocity, pull = jax.vjp(field, parameters, z)
        return velocity, *jax.vmap(pull)(jnp.eye(len(z), dtype=z.dtype))

    return jax.vmap(one)(states, inputs)


@final
class KnownField(AbstractField):
    """A model of which nothing is fitted.

    Args:
        field: the model's own.
        parameters: what it is known by; those that give the model itself unless given.
    """

    linear = True

    def __init__(self, field: AbstractField, parameters: Parameters | None = None):
        self._field, self._parameters = field, field.start if parameters is None else parameters
        self.start = np.zeros(0)

    def __call__(self, parameters: Parameters, states: States, inputs: Inputs) -> Linearised:
        found = self._field(self._parameters, states, inputs)
        return Linearised(found.velocity, found.by_state, found.by_parameters[:, :0])

    def model(self, parameters: Parameters) -> Any:
        return self._field.model(self._parameters)

    def ridge(self, states: States) -> Parameters:
        return np.zeros(0)


def field_of(model: AbstractDynamics) -> AbstractField:
    """Return the field of a model, in closed form where it is one of features."""
    inner = model.conservative if isinstance(model, PortHamiltonian) else model
    if isinstance(inner, FeatureHamiltonian):
        assert isinstance(model, FeatureHamiltonian | PortHamiltonian)
        return HamiltonianField(model)
    return PlainField(model) if isinstance(model, FeatureField) else TracedField(model)


def field_at(model: AbstractDynamics, states: Float[np.ndarray, "samples dimension"]) -> Linearised:
    """Return the field of a model without inputs at some states, and its derivatives."""
    with jax.enable_x64(True):
        field = field_of(cast(model, jnp.float64))
        return field(field.start, np.asarray(states, float).T, np.zeros((0, len(states))))


def energies_and_speeds(
    model: AbstractEnergyDynamics, states: Float[np.ndarray, "samples dimension"]
) -> tuple[Float[np.ndarray, " samples"], Float[np.ndarray, "samples half"]]:
    """Return H and the velocities `dH/dp` at many states, compiled only where H is not one of features."""
    inner = model.conservative if isinstance(model, PortHamiltonian) else model
    n = states.shape[1] // 2
    if not isinstance(inner, FeatureHamiltonian):
        with jax.enable_x64(True):
            exact: Any = cast(model, jnp.float64)
            energies, gradients = _energies_and_gradients(exact, jnp.asarray(states, jnp.float64))
        return np.asarray(energies), np.asarray(gradients)[:, n:]
    found, weights = inner.features.derivatives()(states.T), np.asarray(inner.weights, float)
    energies, speeds = weights @ found.values, np.einsum("k,kis->si", weights, found.gradients[:, n:])
    if inner.newtonian:
        energies, speeds = energies + np.sum(states[:, n:] ** 2, axis=1) / 2, speeds + states[:, n:]
    return energies, speeds


@eqx.filter_jit
def _energies_and_gradients(
    model: AbstractEnergyDynamics, states: Float[Array, "samples dimension"]
) -> tuple[Array, Array]:
    return jax.vmap(jax.value_and_grad(model.hamiltonian))(states)
