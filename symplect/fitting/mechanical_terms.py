"""The equations of motion of a mechanical system, as sums of what each fitted number puts into them."""

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float

from symplect.fitting.port import root_of
from symplect.mechanics import places
from symplect.models import EulerLagrange, FeatureMechanical, PortHamiltonian
from symplect.precision import on_device

States = Float[np.ndarray, "dimension samples"]
Half = Float[np.ndarray, "degrees_of_freedom samples"]
Columns = Float[np.ndarray, "degrees_of_freedom columns samples"]


class MechanicalTerms:
    """Columns of a linear problem for the weights of mass matrix, potential, friction and input matrix.

    Args:
        model: mechanical system of features, with friction and inputs or without.
        friction: whether friction is fitted.

    Attributes:
        penalised: which weights a ridge holds down: all but a constant mass matrix, friction and inputs.
    """

    def __init__(self, model: EulerLagrange, *, friction: bool):
        inner = model.mechanical
        assert isinstance(inner, FeatureMechanical)
        self._model, self._inner, self._n, self._friction = model, inner, inner.degrees_of_freedom, friction
        self._entries = tuple(np.tril_indices(self._n))
        self._mass = inner.mass_features.derivatives() if inner.mass_features else None
        self._potential = inner.potential_features.derivatives()
        entries, features = len(self._entries[0]), len(inner.mass_weights) - 1
        self._learned = model.port.input_matrix.shape[1] if model.port and not model.forces else 0
        others = entries * friction + self._n * self._learned
        held = [np.zeros(entries, bool), np.ones(entries * features + inner.potential_features.size, bool)]
        self.penalised: Bool[np.ndarray, " weights"] = np.concatenate([*held, np.zeros(others, bool)])

    @property
    def degrees_of_freedom(self) -> int:
        return self._n

    def at(
        self, states: States, inputs: Float[np.ndarray, "channels samples"], accelerations: Half | None
    ) -> tuple[Columns, Columns, Half]:
        """Return the momenta, the forces, and what the known forces are.

        Args:
            states: `[q, v]`, one per column.
            inputs: forces, or what drives the system.
            accelerations: where they are known, changes of momenta stand in place of momenta.
        """
        n, samples = self._n, states.shape[1]
        q, v = states[:n], states[n:]
        values, gradients = np.ones((1, samples)), np.zeros((1, n, samples))
        if self._mass:
            found = self._mass(q)
            values, gradients = np.concatenate([values, found.values]), np.concatenate([gradients, found.gradients])
        times_v = entry_products(v)
        momenta = values[None, :, None] * times_v[:, None]
        if accelerations is not None:
            along = np.einsum("kis,is->ks", gradients, v)
            momenta = (
                along[None, :, None] * times_v[:, None] + values[None, :, None] * entry_products(accelerations)[:, None]
            )
        inertia = gradients.swapaxes(0, 1)[:, :, None] * entry_squares(v) / 2
        columns = [inertia.reshape(n, -1, samples), -self._potential(q).gradients.swapaxes(0, 1)]
        columns += [-times_v] if self._friction else []
        if self._learned:
            pushed = np.zeros((n, n, self._learned, samples))
            pushed[np.arange(n), np.arange(n)] = inputs
            columns.append(pushed.reshape(n, -1, samples))
        force = np.concatenate(columns, axis=1)
        whole = np.zeros_like(force)
        whole[:, : len(values) * times_v.shape[1]] = momenta.reshape(n, -1, samples)
        known = np.zeros((n, samples))
        if self._model.forces and self._model.port:
            known = -np.asarray(self._model.port.input_matrix, float)[n:] @ inputs
        return whole, force, known

    def mean_trace(self, states: States) -> Float[np.ndarray, " weights"]:
        """Return by how much each weight adds to the mean trace of the mass matrix over some states."""
        values = self._mass(states[: self._n]).values if self._mass else np.zeros((0, states.shape[1]))
        diagonal = (self._entries[0] == self._entries[1]).astype(float)
        found = np.zeros(len(self.penalised))
        whole = np.outer(np.append(1.0, np.mean(values, axis=1)), diagonal).ravel()
        found[: len(whole)] = whole
        return found

    def model(self, weights: Float[np.ndarray, " weights"]) -> EulerLagrange:
        """Return the model with these weights, its friction the nearest that takes energy."""
        n, inner, entries = self._n, self._inner, len(self._entries[0])
        sizes = [inner.mass_weights.size, inner.potential_features.size, entries * self._friction]
        mass, potential, lower, matrix = np.split(weights, np.cumsum(sizes))
        found = eqx.tree_at(
            lambda own: (own.mass_weights, own.potential_weights),
            inner,
            (on_device(mass.reshape(-1, entries)), on_device(potential)),
        )
        if not isinstance(port := self._model.system, PortHamiltonian):
            return EulerLagrange(found, forces=self._model.forces)
        damping, pushed = np.zeros((n, n)), np.asarray(port.input_matrix, float)
        if self._friction:
            damping = root_of(lower[places(n)])
        if self._learned:
            pushed = np.concatenate([np.zeros((n, self._learned)), matrix.reshape(n, -1)])
        whole = PortHamiltonian(found, on_device(damping), on_device(pushed), nonlinear=port.nonlinear, held=port.held)
        return EulerLagrange(whole, forces=self._model.forces)


def entry_squares(v: Half) -> Float[np.ndarray, "entries samples"]:
    """Return `v . E v`, E with one entry of its lower triangle 1, and the one across."""
    rows, columns = np.tril_indices(len(v))
    return np.where((rows == columns)[:, None], 1.0, 2.0) * v[rows] * v[columns]


def entry_products(v: Half) -> Float[np.ndarray, "degrees_of_freedom entries samples"]:
    """Return `E v` of the same matrices."""
    rows, columns = np.tril_indices(len(v))
    found, each = np.zeros((len(v), len(rows), v.shape[1])), np.arange(len(rows))
    found[rows, each] = v[columns]
    found[columns, each] = v[rows]
    return found
