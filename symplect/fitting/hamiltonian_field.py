"""A Hamiltonian of features, with friction and inputs or without, as a function of its fitted numbers."""

from typing import Any, final

import equinox as eqx
import numpy as np
from jaxtyping import Bool
from scipy.linalg import block_diag

from symplect.dynamics import rotated
from symplect.fitting.fields import AbstractField, Inputs, Linearised, Parameters, States
from symplect.fitting.port import Port
from symplect.models import FeatureHamiltonian, PortHamiltonian
from symplect.precision import on_device


@final
class HamiltonianField(AbstractField):
    r"""A Hamiltonian of features: $J \nabla H$, and if it is that of a `PortHamiltonian`, friction and inputs.

    The parameters are the weights, then the lower triangle of the friction matrix, the input matrix, and the
    coefficients of dry friction and of drag.
    """

    linear = True

    def __init__(self, model: FeatureHamiltonian | PortHamiltonian):
        self._port = Port(model) if isinstance(model, PortHamiltonian) else None
        inner = model.conservative if isinstance(model, PortHamiltonian) else model
        assert isinstance(inner, FeatureHamiltonian)
        self._inner, self._n, self._newtonian = inner, inner.degrees_of_freedom, inner.newtonian
        self._derivatives = inner.features.derivatives()
        parts = [np.asarray(inner.weights, float)]
        if self._port:
            linear = self._n * (self._n + 1) // 2
            parts += [self._port.friction[:linear], self._port.inputs, self._port.friction[linear:]]
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
        lower, matrix, nonlinear = others
        friction = self._port.force(np.concatenate([lower, nonlinear]), gradient[n:])
        velocity[n:] -= friction.force
        by_state[n:] -= np.einsum("ijs,jls->ils", friction.by_speed, hessian[n:])
        by_weights[n:] -= np.einsum("ijs,kjs->iks", friction.by_speed, found.gradients[:, n:])
        by_inputs = np.zeros((2 * n, 2 * n, len(inputs), samples))
        by_inputs[np.arange(2 * n), np.arange(2 * n)] = inputs
        if len(inputs):
            velocity += matrix.reshape(2 * n, -1) @ inputs
        by_others = np.zeros((2 * n, len(lower) + len(nonlinear), samples))
        by_others[n:] = -friction.by_coefficients
        before, after = np.split(by_others, [len(lower)], axis=1)
        by_parameters = [by_weights, before, by_inputs.reshape(2 * n, -1, samples), after]
        return Linearised(velocity, by_state, np.concatenate(by_parameters, axis=1))

    def model(self, parameters: Parameters) -> Any:
        weights, *others = np.split(parameters, self._ends)
        inner = eqx.tree_at(lambda own: own.weights, self._inner, on_device(weights))
        if not self._port:
            return inner
        lower, matrix, nonlinear = others
        return self._port.model(np.concatenate([lower, nonlinear]), matrix, inner)

    def ridge(self, states: States) -> Parameters:
        squares = np.mean(np.sum(self._derivatives(states).gradients ** 2, axis=1), axis=1)
        found = np.zeros(len(self.start))
        found[: len(squares)] = self._inner.features.penalties * squares
        return found

    def feasible(self, parameters: Parameters) -> tuple[Parameters, Bool[np.ndarray, " parameters"]]:
        weights, *others = np.split(parameters, self._ends)
        if not self._port:
            return super().feasible(parameters)
        lower, matrix, nonlinear = others
        allowed, free = self._port.feasible(np.concatenate([lower, nonlinear]))
        allowed, free = (np.split(part, [len(lower)]) for part in (allowed, free))
        kept = [np.ones(len(part), bool) for part in (weights, matrix)]
        return (
            np.concatenate([weights, allowed[0], matrix, allowed[1]]),
            np.concatenate([kept[0], free[0], kept[1], free[1]]),
        )

    def covariance(self, parameters: Parameters, covariance: np.ndarray) -> np.ndarray:
        if not self._port:
            return covariance
        weights, lower, matrix, nonlinear = np.split(parameters, self._ends)
        others = self._port.by_coefficients(np.concatenate([lower, nonlinear]), len(matrix))
        by_parameters = block_diag(np.eye(len(weights)), others)
        return by_parameters @ covariance @ by_parameters.T
