"""Friction and inputs of a `PortHamiltonian` as functions of their coefficients, at many velocities at once."""

from dataclasses import dataclass

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float
from scipy.linalg import block_diag

from symplect.models import PortHamiltonian
from symplect.precision import on_device

_NO_FRICTION = 1e-14  # of order one in the data's own units: the root of a friction of zero must be a number
_ROUNDED = 1e-12  # of the largest eigenvalue of the friction matrix: less is none

Speeds = Float[np.ndarray, "degrees_of_freedom samples"]
Coefficients = Float[np.ndarray, " coefficients"]


@dataclass(frozen=True, eq=False)
class Force:
    """The force of friction at some velocities.

    Attributes:
        force: what friction takes off the change of the momenta.
        by_speed, by_coefficients: its derivatives.
    """

    force: Speeds
    by_speed: Float[np.ndarray, "degrees_of_freedom degrees_of_freedom samples"]
    by_coefficients: Float[np.ndarray, "degrees_of_freedom coefficients samples"]


class Port:
    """Friction and inputs as functions of what is fitted in them.

    Friction enters by its coefficients, in which it is linear, rather than by the roots that a `PortHamiltonian` has of
    them.

    Attributes:
        friction: coefficients of the model: the lower triangle of the friction matrix, then those of dry friction and
            of drag, if there.
        inputs: entries of its input matrix.
    """

    def __init__(self, model: PortHamiltonian):
        self._model, self._n = model, model.degrees_of_freedom
        self._lower = np.tril_indices(self._n)
        L = np.tril(np.asarray(model.damping, float))
        parts = [(L @ L.T)[self._lower]]
        if other := model.nonlinear:
            self._rest = np.array(other.rest)[:, None]
            parts += [np.asarray(other.dry, float) ** 2, np.asarray(other.drag, float) ** 2]
        self.friction, self._ends = np.concatenate(parts), np.cumsum([len(part) for part in parts])[:-1]
        self.inputs = np.asarray(model.input_matrix, float).ravel()

    def force(self, coefficients: Coefficients, speed: Speeds) -> Force:
        """Return the force of friction at some velocities."""
        lower, *nonlinear = np.split(coefficients, self._ends)
        n, samples = speed.shape
        R = self._symmetric(lower)
        rows, columns = self._lower
        by_lower = np.zeros((n, len(rows), samples))
        entries = np.arange(len(rows))
        by_lower[rows, entries] = speed[columns]
        by_lower[columns, entries] = np.where((rows == columns)[:, None], by_lower[columns, entries], speed[rows])
        force, by_speed = R @ speed, np.repeat(R[:, :, None], samples, axis=2)
        if not nonlinear:
            return Force(force, by_speed, by_lower)
        dry, drag = nonlinear
        steep = np.tanh(speed / self._rest)
        force += dry[:, None] * steep + drag[:, None] * np.abs(speed) * speed
        each = np.arange(n)
        by_speed[each, each] += dry[:, None] * (1 - steep**2) / self._rest + 2 * drag[:, None] * np.abs(speed)
        by_nonlinear = np.zeros((n, 2, n, samples))
        by_nonlinear[each, 0, each], by_nonlinear[each, 1, each] = steep, np.abs(speed) * speed
        return Force(force, by_speed, np.concatenate([by_lower, by_nonlinear.reshape(n, -1, samples)], axis=1))

    def _symmetric(self, lower: np.ndarray) -> np.ndarray:
        R = np.zeros((self._n, self._n))
        R[self._lower] = lower
        return R + np.tril(R, -1).T

    def model(self, coefficients: Coefficients, inputs: np.ndarray, conservative: object) -> PortHamiltonian:
        """Return the model with these coefficients, input matrix and Hamiltonian."""
        lower, *nonlinear = np.split(coefficients, self._ends)
        L, matrix = on_device(root_of(self._symmetric(lower))), on_device(inputs.reshape(2 * self._n, -1))
        found = eqx.tree_at(
            lambda own: (own.conservative, own.damping, own.input_matrix), self._model, (conservative, L, matrix)
        )
        if not nonlinear:
            return found
        roots = tuple(on_device(np.sqrt(np.maximum(part, _NO_FRICTION))) for part in nonlinear)
        return eqx.tree_at(lambda own: (own.nonlinear.dry, own.nonlinear.drag), found, roots)

    def feasible(self, coefficients: Coefficients) -> tuple[Coefficients, Bool[np.ndarray, " coefficients"]]:
        """Return the nearest coefficients that take energy, and which of them are not at a bound."""
        lower, *others = np.split(coefficients, self._ends)
        free = np.ones(len(lower), bool)
        values, vectors = np.linalg.eigh(self._symmetric(lower))
        if np.any(values < 0):
            lower, free = ((vectors * np.maximum(values, 0.0)) @ vectors.T)[self._lower], ~free
        allowed = [np.maximum(part, 0.0) for part in others]
        return np.concatenate([lower, *allowed]), np.concatenate([free, *(part > 0 for part in others)])

    def by_coefficients(self, coefficients: Coefficients, inputs: int) -> Float[np.ndarray, "numbers parameters"]:
        """Return how damping, input matrix, dry and drag change with lower triangle, input matrix, dry and drag."""
        lower, *nonlinear = np.split(coefficients, self._ends)
        L, n = root_of(self._symmetric(lower)), self._n
        by_root = np.zeros((len(lower), n, n))  # of R = L L^T, of which the lower triangle of L counts
        for i, j in zip(*self._lower, strict=True):
            one = np.zeros((n, n))
            one[i, j] = 1.0
            by_root[:, i, j] = (one @ L.T + L @ one.T)[self._lower]
        roots = [1 / (2 * np.sqrt(np.maximum(part, _NO_FRICTION))) for part in nonlinear]
        return np.asarray(
            block_diag(np.linalg.pinv(by_root.reshape(len(lower), -1)), np.eye(inputs), *map(np.diag, roots))
        )


def root_of(
    friction: Float[np.ndarray, "degrees_of_freedom degrees_of_freedom"],
) -> Float[np.ndarray, "degrees_of_freedom degrees_of_freedom"]:
    """Return the lower triangle L of the nearest `L L^T` that takes energy, of which rounding may leave less than 0."""
    values, vectors = np.linalg.eigh(friction)
    values = np.maximum(values, _NO_FRICTION + _ROUNDED * max(values[-1], 0.0))
    return np.linalg.cholesky((vectors * values) @ vectors.T)
