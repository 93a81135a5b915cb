"""A Hamiltonian of features, with friction and inputs or without, as a function of its fitted numbers."""

from typing import Any, final

import equinox as eqx
import numpy as np
from jaxtyping import Bool
from scipy.linalg import block_diag

from symplect.dynamics import rotated
from symplect.fitting.fields import AbstractField, Inputs, Linearised, Parameters, States
from symplect.models import FeatureHamiltonian, PortHamiltonian
from symplect.precision import on_device

_NO_FRICTION = 1e-14  # of order one in the data's own units: the root of a friction of zero must be a number


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
