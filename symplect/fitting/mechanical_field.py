"""A mechanical system of features in positions and velocities, as a function of its fitted numbers."""

from typing import Any, final

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float
from scipy.linalg import block_diag

from symplect.fitting.fields import AbstractField, Inputs, Linearised, Parameters, States
from symplect.fitting.mechanical_terms import entry_products, entry_squares
from symplect.fitting.port import Port
from symplect.mechanics import places
from symplect.models import EulerLagrange, FeatureMechanical
from symplect.precision import on_device

Half = Float[np.ndarray, "degrees_of_freedom samples"]
Square = Float[np.ndarray, "degrees_of_freedom degrees_of_freedom samples"]


@final
class MechanicalField(AbstractField):
    r"""The equations of Euler and Lagrange, solved for the accelerations: $\dot v = M^{-1} r$.

    $$\frac{\partial \dot v}{\partial \theta} = M^{-1} \Big(\frac{\partial r}{\partial \theta} -
    \frac{\partial M}{\partial \theta} \dot v\Big)$$

    for weights and states alike, so nothing but the features is ever differentiated. The parameters are the weights of
    the mass matrix, of the potential, the coefficients of friction and the input matrix. Where no force is known, all
    of them share a factor that no path tells, so the largest entry on the diagonal of the constant part of M is kept.
    """

    linear = True

    def __init__(self, model: EulerLagrange):
        inner = model.mechanical
        assert isinstance(inner, FeatureMechanical)
        self._model, self._inner, self._n = model, inner, inner.degrees_of_freedom
        n, self._port = self._n, Port(model.port) if model.port else None
        self._potential = inner.potential_features.derivatives()
        self._mass = inner.mass_features.derivatives() if inner.mass_features else None
        self._places, self._entries = places(n), tuple(np.tril_indices(n))
        mass = np.asarray(inner.mass_weights, float)
        parts = [mass.ravel(), np.asarray(inner.potential_weights, float)]
        if self._port:
            parts += [self._port.friction, self._port.inputs.reshape(2 * n, -1)[n:].ravel()]
        self._whole, self._ends = np.concatenate(parts), np.cumsum([len(part) for part in parts])[:-1]
        fitted = np.ones(len(self._whole), bool)
        if model.forces:
            fitted[len(fitted) - len(parts[-1]) :] = False
        else:
            fitted[int(np.argmax(np.where(self._entries[0] == self._entries[1], mass[0], -np.inf)))] = False
        self._fitted = fitted
        self.start = self._whole[fitted]

    def _split(self, parameters: Parameters) -> list[np.ndarray]:
        whole = self._whole.copy()
        whole[self._fitted] = parameters
        mass, *others = np.split(whole, self._ends)
        return [mass.reshape(-1, len(self._entries[0])), *others]

    def __call__(self, parameters: Parameters, states: States, inputs: Inputs) -> Linearised:
        n, samples = self._n, states.shape[1]
        mass, potential, *port = self._split(parameters)
        q, v = states[:n], states[n:]
        values, gradients, hessian = self._mass_features(q)
        of_q = self._potential(q)
        squares, along = entry_squares(v), np.einsum("kis,is->ks", gradients, v)
        kinetic = mass[1:] @ squares / 2  # v . A_k v / 2 of each feature
        weighed = np.einsum("kij,js->kis", mass[1:][:, self._places], v)  # A_k v
        turning = np.tensordot(mass[1:][:, self._places], along, ((0,), (0,)))  # dM/dt
        force = np.einsum("kis,ks->is", gradients, kinetic) - np.einsum("ijs,js->is", turning, v)
        force -= np.einsum("k,kis->is", potential, of_q.gradients)
        by_q = hessian(kinetic) - of_q.hessian(potential)
        for i in range(n):
            by_q[i] -= np.einsum("ijs,is->js", hessian(weighed[:, i]), v)
        cross = np.einsum("kis,kjs->ijs", weighed, gradients)  # A_k v times dphi_k/dq
        by_v = cross.swapaxes(0, 1) - turning - cross
        by_friction, by_inputs = np.zeros((n, 0, samples)), np.zeros((n, 0, samples))
        if self._port:
            friction, matrix = self._port.force(port[0], v), port[1].reshape(n, -1)
            force, by_v, by_friction = force - friction.force, by_v - friction.by_speed, -friction.by_coefficients
            force = force + (matrix @ inputs if len(inputs) else 0.0)
            rows = np.zeros((n, n, len(inputs), samples))
            rows[np.arange(n), np.arange(n)] = inputs
            by_inputs = rows.reshape(n, -1, samples)
        inverse = inverse_positive((mass[0][:, None] + mass[1:].T @ values)[self._places])
        a = np.einsum("ijs,js->is", inverse, force)
        by_q -= np.einsum("kis,kjs->ijs", np.einsum("kij,js->kis", mass[1:][:, self._places], a), gradients)
        by_mass = self._by_mass(values, gradients, squares, along, v, a)
        by_potential = -of_q.gradients.swapaxes(0, 1)
        by_parameters = np.concatenate([by_mass, by_potential, by_friction, by_inputs], axis=1)[:, self._fitted]
        nothing = np.zeros((n, len(parameters), samples))
        by_state = np.zeros((n, 2 * n, samples))
        by_state[np.arange(n), n + np.arange(n)] = 1.0
        solved = _product(inverse, np.concatenate([by_q, by_v, by_parameters], axis=1))
        return Linearised(
            np.concatenate([v, a]),
            np.concatenate([by_state, solved[:, : 2 * n]]),
            np.concatenate([nothing, solved[:, 2 * n :]]),
        )

    def _mass_features(self, q: Half) -> tuple[np.ndarray, np.ndarray, Any]:
        if self._mass is None:
            nothing = np.zeros((self._n, self._n, q.shape[1]))
            return np.zeros((0, q.shape[1])), np.zeros((0, *q.shape)), lambda _: nothing.copy()
        found = self._mass(q)
        return found.values, found.gradients, found.hessian

    def _by_mass(
        self,
        values: np.ndarray,
        gradients: np.ndarray,
        squares: np.ndarray,
        along: np.ndarray,
        v: Half,
        a: Half,
    ) -> Float[np.ndarray, "degrees_of_freedom weights samples"]:
        """Return the derivatives of what is left of the equations, by the weights of the mass matrix."""
        times_v, times_a = entry_products(v), entry_products(a)
        of_features = gradients.swapaxes(0, 1)[:, :, None] * squares / 2
        of_features -= along[None, :, None] * times_v[:, None] + values[None, :, None] * times_a[:, None]
        return np.concatenate([-times_a, of_features.reshape(self._n, -1, v.shape[1])], axis=1)

    def model(self, parameters: Parameters) -> Any:
        mass, potential, *port = self._split(parameters)
        inner = eqx.tree_at(
            lambda own: (own.mass_weights, own.potential_weights),
            self._inner,
            (on_device(mass), on_device(potential)),
        )
        system = inner
        if self._port:
            matrix = port[1].reshape(self._n, -1)
            system = self._port.model(port[0], np.concatenate([np.zeros_like(matrix), matrix]), inner)
        return eqx.tree_at(lambda own: own.system, self._model, system)

    def ridge(self, states: States) -> Parameters:
        """Return how strongly a ridge holds down each weight, by the acceleration that it makes over the data."""
        n = self._n
        q, v = states[:n], states[n:]
        values, gradients, _ = self._mass_features(q)
        along = np.einsum("kis,is->ks", gradients, v)
        nothing = np.zeros((n, v.shape[1]))
        by_mass = self._by_mass(values, gradients, entry_squares(v), along, v, nothing)
        mass = np.asarray(self._inner.mass_weights, float)
        inverse = inverse_positive((mass[0][:, None] + mass[1:].T @ values)[self._places])
        by_weights = np.concatenate([by_mass, -self._potential(q).gradients.swapaxes(0, 1)], axis=1)
        squares = np.mean(np.sum(_product(inverse, by_weights) ** 2, axis=0), axis=1)
        if self._inner.mass_features:
            entries = len(self._entries[0])
            squares[entries : mass.size] *= np.repeat(self._inner.mass_features.penalties, entries)
        squares[mass.size :] *= self._inner.potential_features.penalties
        squares[: mass.shape[1]] = 0.0
        found = np.zeros(len(self._whole))
        found[: len(squares)] = squares
        return found[self._fitted]

    def feasible(self, parameters: Parameters) -> tuple[Parameters, Bool[np.ndarray, " parameters"]]:
        if not self._port:
            return super().feasible(parameters)
        mass, potential, friction, matrix = self._split(parameters)
        friction, allowed = self._port.feasible(friction)
        free = np.concatenate([np.ones(mass.size + len(potential), bool), allowed, np.ones(len(matrix), bool)])
        return np.concatenate([mass.ravel(), potential, friction, matrix])[self._fitted], free[self._fitted]

    def covariance(self, parameters: Parameters, covariance: np.ndarray) -> np.ndarray:
        whole = np.zeros((len(self._whole),) * 2)
        whole[np.ix_(self._fitted, self._fitted)] = covariance
        mass, potential, *port = self._split(parameters)
        # the model holds the potential before the mass matrix, and inputs of positions too, which there are none of
        order = np.concatenate([mass.size + np.arange(len(potential)), np.arange(mass.size)])
        by_parameters = np.eye(len(order))[order]
        if self._port:
            friction, matrix = port
            linear, entries = self._n * (self._n + 1) // 2, len(matrix)
            of_port = self._port.by_coefficients(friction, 2 * entries)
            lower, _, pushed, nonlinear = np.split(of_port, [linear, linear + entries, linear + 2 * entries], axis=1)
            by_parameters = np.asarray(block_diag(by_parameters, np.concatenate([lower, nonlinear, pushed], axis=1)))
        return by_parameters @ whole @ by_parameters.T


def inverse_positive(matrices: Square) -> Square:
    """Return the inverses of symmetric matrices, one per sample; NaN where one is not positive definite."""
    n, samples = len(matrices), matrices.shape[2]
    L = np.zeros((n, n, samples))
    with np.errstate(invalid="ignore", divide="ignore"):
        for i in range(n):
            for j in range(i):
                L[i, j] = (matrices[i, j] - np.sum(L[i, :j] * L[j, :j], axis=0)) / L[j, j]
            left = matrices[i, i] - np.sum(L[i, :i] ** 2, axis=0)
            L[i, i] = np.sqrt(np.where(left > 0, left, np.nan))
        K = np.zeros_like(L)  # the inverse of L
        for i in range(n):
            K[i, i] = 1 / L[i, i]
            for j in range(i):
                K[i, j] = -np.sum(L[i, j:i] * K[j:i, j], axis=0) / L[i, i]
    return np.einsum("kis,kjs->ijs", K, K)


def _product(left: Square, right: Float[np.ndarray, "degrees_of_freedom columns samples"]) -> np.ndarray:
    found = left[:, 0, None] * right[0]
    for place in range(1, len(right)):
        found += left[:, place, None] * right[place]
    return found
