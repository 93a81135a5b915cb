"""A certificate: does a flow, true or learned, keep what a Hamiltonian flow keeps, and is it the right one?"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from symplect._types import Scalar, State
from symplect.dynamics import AbstractDynamics, AbstractHamiltonian, energies, vector_field
from symplect.errors import InputError
from symplect.evaluation import metrics
from symplect.evaluation.held_out import SOLVER
from symplect.evaluation.structure import flow_jacobians, reversibility_errors, symplectic_defect, volume_defect
from symplect.integrate import TRUTH, AbstractFixedStep, AbstractSolver, Adaptive, change_energy, rollout
from symplect.precision import cast

Starts = Float[np.ndarray, "starts dimension"]
Times = Float[np.ndarray, " times"]

MEANINGS = {
    "solver_error": "distance from the exact flow of the same dynamics after the first step, relative",
    "energy_trend": "slope of the energy along the path, relative, per unit of time",
    "energy_change": "largest change of the energy along the path, relative",
    "reversibility_error": "distance from the start after the way there and back, relative",
    "symplectic_defect": "change of the symplectic form over the first step of time, D^T J D against J, relative",
    "volume_error": "change of phase-space volume over the first step of time, det D against 1",
    "path_field_error": "error of the time derivative along the true paths, relative",
    "energy_unexplained": "1 - R^2 of the best fit true H = a H + b over orbits of many energies",
    "frequency_bias": "error of the frequency, relative",
    "out_of_distribution": "rollout error at 1.0 to 1.5 times the largest training energy, over that of the starts",
}
"""Every row's name and what it says; the first six are the structure, the last four need the truth.

Names that are in `metrics.json` too mean the same there."""

FORMER_NAMES = {
    "energy_drift_slope": "energy_trend",
    "energy_drift_max": "energy_change",
    "symplecticity_error": "symplectic_defect",
    "field_error": "path_field_error",
}
"""The rows of certificates of versions before, by today's names: in `metrics.json` those mean something else."""

TRUTH_LIMITS = {"path_field_error": 0.2, "energy_unexplained": 0.05, "frequency_bias": 0.1, "out_of_distribution": 10.0}
"""What a model may miss of the truth: a fifth of the field, a twentieth of the energy's variance, a tenth of the
frequency, one digit. Only the field's error sees the sign and the speed of any motion."""


@dataclass(frozen=True)
class Row:
    """One line of a certificate.

    Attributes:
        name: a key of `MEANINGS`.
        value: the error; NaN where there is none, `None` where the row does not apply.
        limit: the largest error that passes.
        passed: `None` where the row does not apply.
        meaning: what the value says, in a phrase.
        failure: why there is no error, `diverged` or `does not oscillate`.
    """

    name: str
    value: float | None
    limit: float | None
    passed: bool | None
    meaning: str
    failure: str | None = None


@dataclass(frozen=True)
class Certificate:
    """The result of `certificate`.

    Attributes:
        solver: the solver that moved the states, with its steps or tolerances.
        rows: one per name in `MEANINGS`, in that order.
    """

    solver: str
    rows: tuple[Row, ...]

    def __getitem__(self, name: str) -> Row:
        """Return the row of a name.

        Raises:
            InputError: no row has it.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise InputError(f"expected a row out of {', '.join(MEANINGS)}, found {name!r}")

    @property
    def flagged(self) -> tuple[str, ...]:
        """The names of the rows that did not pass."""
        return tuple(row.name for row in self.rows if row.passed is False)


def certificate(
    dynamics: AbstractDynamics,
    starts: ArrayLike,
    times: ArrayLike,
    *,
    truth: AbstractHamiltonian | None = None,
    training_energy: float | None = None,
    solver: AbstractSolver = SOLVER,
) -> Certificate:
    r"""Certify dynamics, true or learned, together with the solver that moves them, in float64.

    An error of structure passes where it is the solver's alone. With a solver that finds its own steps it may be 1e4
    of its tolerances, which suits some tens of periods. With fixed steps it must be at round-off (1e-8), or vanish with
    the step as the solver's order
    promises: doubled steps must multiply it by $2^{order}$, or by $\sqrt 2$ less. What the dynamics lose does not
    vanish with the step, nor what a wrong solver loses. (The slope of a mere oscillation is small by chance, so it may
    also be what adds up to a tenth of the largest change allowed.)

    The energy is that of the dynamics if they have a Hamiltonian, and the true one if not. It changes relative to
    $\frac{1}{2} \langle \sum_i |z_i \, \partial H / \partial z_i| \rangle$ along the path, which is H itself for a
    spring and knows nothing of the arbitrary constant of a learned H.

    Args:
        dynamics: a true system or a model.
        starts: where paths begin, one row each; `energy_unexplained` needs three or more, of different energies.
        times: output times of the paths, increasing. With fixed steps every second one is used, at the solver's own
            step.
        truth: the true Hamiltonian, which the last four rows need.
        training_energy: the largest true energy of the training data, which `out_of_distribution` needs.
        solver: moves the dynamics; tolerance 1e-9 unless given.

    Returns:
        A `Certificate`; what does not apply has no value there, and never passes or fails.

    Raises:
        InputError: starts or times of the wrong shape, or a start from which the gradient of the true H does not lead
            to 1.5 times the training energy.

    Example:
        >>> from symplect.systems import Pendulum
        >>> found = certificate(Pendulum.reference(), np.array([[1.0, 0.0]]), np.linspace(0.0, 5.0, 51))
        >>> found.flagged, found["volume_error"].passed, found["frequency_bias"].passed
        ((), True, None)
    """
    starts, times = np.asarray(starts, np.float64), np.asarray(times, np.float64)
    if starts.ndim != 2 or len(times) < 3:
        raise InputError(
            f"certificate: expected one row per start and at least three times, found starts of shape {starts.shape} "
            f"and {len(times)} times"
        )
    with jax.enable_x64(True):
        dynamics = cast(dynamics, jnp.float64)
        truth = None if truth is None else cast(truth, jnp.float64)
        energy = dynamics if isinstance(dynamics, AbstractHamiltonian) else truth
        values, limits = _structure(dynamics, energy, starts, times, solver)
        failures: dict[str, str] = {}
        if truth is not None:
            more, failures = _against_truth(dynamics, truth, starts, times, training_energy, solver)
            values |= more
    return Certificate(repr(solver), tuple(_row(name, values, limits | TRUTH_LIMITS, failures) for name in MEANINGS))


def _row(name: str, values: dict[str, float], limits: dict[str, float], failures: dict[str, str]) -> Row:
    if name not in values:
        return Row(name, None, None, None, MEANINGS[name])
    value, limit = values[name], limits[name]
    failure = None if np.isfinite(value) else failures.get(name, "diverged")
    return Row(name, value, limit, value <= limit, MEANINGS[name], failure)


def _structure(
    dynamics: AbstractDynamics,
    energy: AbstractHamiltonian | None,
    starts: Starts,
    times: Times,
    solver: AbstractSolver,
) -> tuple[dict[str, float], dict[str, float]]:
    """Return errors and limits of the rows that need no truth."""
    if not isinstance(solver, AbstractFixedStep):
        tolerance = max(solver.rtol, solver.atol) if isinstance(solver, Adaptive) else SOLVER.rtol
        values = _structure_errors(dynamics, energy, starts, times, solver)
        return values, dict.fromkeys(values, 1e4 * tolerance)
    second = times[::2]
    same_steps = dataclasses.replace(solver, substeps=2 * solver.substeps)
    values, doubled = (_structure_errors(dynamics, energy, starts, second, steps) for steps in (same_steps, solver))
    limits = {name: max(1e-8, error / 2 ** (solver.order - 0.5)) for name, error in doubled.items()}
    if energy is not None:
        by_chance = limits["energy_change"] / (10 * (times[-1] - times[0]))
        limits["energy_trend"] = max(limits["energy_trend"], float(by_chance))
    return values, limits


def _structure_errors(
    dynamics: AbstractDynamics,
    energy: AbstractHamiltonian | None,
    starts: Starts,
    times: Times,
    solver: AbstractSolver,
) -> dict[str, float]:
    found: dict[str, float] = {}
    paths = rollout(dynamics, starts, times, solver=solver).states
    if isinstance(solver, AbstractFixedStep):
        exact = rollout(dynamics, starts, times[:2], solver=TRUTH).states[:, 1]
        found["solver_error"] = metrics.relative_error(np.asarray(exact), np.asarray(paths[:, 1]))
    if energy is not None:
        along = np.asarray(energies(energy.hamiltonian, paths))
        scales = np.mean(np.asarray(_energy_scales(energy, paths)), axis=1)
        found["energy_trend"], found["energy_change"] = metrics.energy_drift(times, along, scales=scales)
    back = reversibility_errors(dynamics, paths[:, -1], jnp.asarray(starts), times, solver)
    jacobians = flow_jacobians(dynamics, jnp.asarray(starts), float(times[1] - times[0]), solver)
    return found | {
        "reversibility_error": float(jnp.mean(back)),
        "symplectic_defect": float(jnp.max(jax.vmap(symplectic_defect)(jacobians))),
        "volume_error": float(jnp.max(jax.vmap(volume_defect)(jacobians))),
    }


@eqx.filter_jit
def _energy_scales(
    energy: AbstractHamiltonian, paths: Float[Array, "starts times dimension"]
) -> Float[Array, "starts times"]:
    def scale(z: State) -> Scalar:
        return jnp.sum(jnp.abs(z * jax.grad(energy.hamiltonian)(z))) / 2

    return jax.vmap(jax.vmap(scale))(paths)


def _against_truth(
    dynamics: AbstractDynamics,
    truth: AbstractHamiltonian,
    starts: Starts,
    times: Times,
    training_energy: float | None,
    solver: AbstractSolver,
) -> tuple[dict[str, float], dict[str, str]]:
    """Return the errors of the rows that need the truth, where they apply, and why one is missing."""
    true, predicted = _both(dynamics, truth, starts, times, solver)
    fields = [np.asarray(vector_field(mover, jnp.asarray(true))) for mover in (truth, dynamics)]
    found = {"path_field_error": metrics.relative_error(*fields)}
    along = np.asarray(energies(truth.hamiltonian, jnp.asarray(true)))
    if isinstance(dynamics, AbstractHamiltonian) and len(starts) > 2 and not np.allclose(along, along[0, 0]):
        learned = np.asarray(energies(dynamics.hamiltonian, jnp.asarray(true)))
        found["energy_unexplained"] = metrics.unexplained_energy(along, learned)
    if truth.degrees_of_freedom == 1 and np.isfinite(metrics.frequency_bias(times, true[..., 0], true[..., 0])):
        found["frequency_bias"] = metrics.frequency_bias(times, true[..., 0], predicted[..., 0])
    if training_energy is not None:
        beyond = _beyond(truth, starts, training_energy)
        outside = metrics.rollout_error(*_both(dynamics, truth, beyond, times, solver))
        found["out_of_distribution"] = outside / metrics.rollout_error(true, predicted)
    return found, {"frequency_bias": "does not oscillate"} if np.all(np.isfinite(predicted)) else {}


def _both(
    dynamics: AbstractDynamics, truth: AbstractHamiltonian, starts: Starts, times: Times, solver: AbstractSolver
) -> Sequence[Float[np.ndarray, "starts times dimension"]]:
    """Return the true and the predicted paths."""
    pairs = ((truth, TRUTH), (dynamics, solver))
    return [np.asarray(rollout(mover, starts, times, solver=steps).states) for mover, steps in pairs]


def _beyond(truth: AbstractHamiltonian, starts: Starts, training_energy: float) -> Starts:
    """Move the starts along the gradient of H to energies that training has not seen.

    They lie at 1.0 to 1.5 times its largest energy; where that is negative, as high above it.
    """
    wanted = training_energy + np.linspace(0.0, 0.5, len(starts)) * abs(training_energy)
    deltas = wanted - np.asarray(energies(truth.hamiltonian, jnp.asarray(starts)))
    return np.stack([change_energy(truth, start, float(delta)) for start, delta in zip(starts, deltas, strict=True)])
