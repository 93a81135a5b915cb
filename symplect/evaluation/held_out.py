"""One model, judged on one task's data: the numbers of `metrics.json` and the paths of `rollout.npz`."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from symplect._types import Scalar, State
from symplect.data import Trajectories
from symplect.dynamics import AbstractDynamics, AbstractHamiltonian, energies, vector_field
from symplect.errors import InputError
from symplect.evaluation import metrics
from symplect.evaluation.structure import reversibility_errors, symplecticity_errors
from symplect.integrate import RK4, Adaptive, Status, rollout
from symplect.precision import cast

SOLVER = Adaptive(rtol=1e-9, atol=1e-9, reverse=False)
"""Moves every model that is judged; the tolerance is the paper's."""


@dataclass(frozen=True)
class EnergyProtocol:
    """How the published table measured energy, where that was not the true energy at the stated times.

    Args:
        energy: function of one state that was called the energy.
        times: output times of the model's rollouts, one row per initial state.
    """

    energy: Callable[[State], Scalar]
    times: Float[np.ndarray, "starts times"]


@dataclass(frozen=True, eq=False)
class EvaluationData:
    """What models of one task are judged on.

    Args:
        energy: the true Hamiltonian of the task, or the one the paper measured with.
        train, test: states with the derivatives the model was, or was not, trained on.
        make_truth: returns true paths of equal length, from starts at which the models are released.
        clean: test states without noise and their exact derivatives, where they are known.
        published: the paper's own way to measure energy, where it differs.
    """

    energy: AbstractHamiltonian
    train: Trajectories
    test: Trajectories
    make_truth: Callable[[], Trajectories]
    clean: Trajectories | None = None
    published: EnergyProtocol | None = None

    @cached_property
    def truth(self) -> Trajectories:
        """The true paths, made when they are first asked for: no fit needs them."""
        return self.make_truth()


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The result of `evaluate`.

    Attributes:
        metrics: name to number, as in `metrics.json`; NaN where a number does not exist.
        paths: arrays by name, as in `rollout.npz`.
    """

    metrics: dict[str, float]
    paths: dict[str, np.ndarray]


def evaluate(model: AbstractDynamics, data: EvaluationData, *, progress: str | None = None) -> Evaluation:
    """Judge a model, in float64 whatever JAX is set to.

    Args:
        model: any dynamics of the task's degrees of freedom.
        data: held-out data.
        progress: label of a progress bar; none unless given.

    Example:
        >>> from symplect import simulate
        >>> from symplect.systems import MassSpring
        >>> spring = MassSpring.reference()
        >>> data = simulate(spring, np.array([[1.0, 0.0]]), np.linspace(0.0, 3.0, 30))
        >>> result = evaluate(spring, EvaluationData(spring, data, data, lambda: data, data))
        >>> result.metrics["energy_mse"] < 1e-20
        True
    """
    with jax.enable_x64(True), tqdm(total=4, desc=progress, disable=None if progress else True, leave=False) as bar:
        model, energy = cast(model, jnp.float64), cast(data.energy, jnp.float64)
        times, truth = data.truth[0].times, data.truth.paths()
        prediction, found = released(model, truth[:, 0], times)
        bar.update()
        paths = {"t": times, "truth": truth, "prediction": prediction}
        paths |= _energies_along(energy, model, truth, prediction)
        found |= _losses(model, data) | _path_metrics(times, truth, prediction)
        found |= energy_metrics(times, paths["energy_truth"], paths["energy_prediction"])
        bar.update()
        found |= _structure_metrics(model, truth[:, 0], prediction[:, -1], times)
        bar.update()
        protocol = data.published
        found["energy_mse_published"] = _protocol_mse(model, protocol, truth) if protocol else found["energy_mse"]
        bar.update()
    return Evaluation(found, paths)


def released(model: AbstractDynamics, starts: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
    """Follow the model from the true starts: once to compile, once to measure."""
    jax.block_until_ready(rollout(model, starts, times, solver=SOLVER))
    began = time.perf_counter()
    path = jax.block_until_ready(rollout(model, starts, times, solver=SOLVER))
    seconds = time.perf_counter() - began
    failed = np.sum(np.asarray(path.status) != Status.SUCCESS)
    return np.asarray(path.states), {"rollout_seconds": seconds, "rollouts_failed": float(failed)}


def _energies_along(
    energy: AbstractHamiltonian, model: AbstractDynamics, truth: np.ndarray, prediction: np.ndarray
) -> dict[str, np.ndarray]:
    """The true energy along both paths, and what the model conserves if it conserves something."""
    both = {"truth": truth, "prediction": prediction}
    found = {f"energy_{name}": _along(energy.hamiltonian, paths) for name, paths in both.items()}
    if isinstance(model, AbstractHamiltonian):
        found |= {f"learned_energy_{name}": _along(model.hamiltonian, paths) for name, paths in both.items()}
    return found


def _losses(model: AbstractDynamics, data: EvaluationData) -> dict[str, float]:
    """The paper's losses, with its standard error: over the rows of one test set, never over seeds."""
    test = _squared_errors(model, data.test)
    found = {
        "train_loss": float(np.mean(_squared_errors(model, data.train))),
        "test_loss": float(np.mean(test)),
        "test_loss_sem": float(np.std(test) / np.sqrt(len(test))),
    }
    if data.clean is not None:
        found["field_error"] = metrics.relative_error(_derivatives(data.clean), _field(model, data.clean.states))
    return found


def _path_metrics(times: np.ndarray, truth: np.ndarray, prediction: np.ndarray) -> dict[str, float]:
    found = {
        "rollout_error": metrics.rollout_error(truth, prediction),
        "coordinate_mse": float(np.mean((prediction - truth) ** 2)),
        "valid_prediction_time": metrics.valid_prediction_time(times, truth, prediction),
        "prediction_horizon": float(times[-1] - times[0]),
    }
    if truth.shape[-1] == 2:
        found["frequency_bias"] = metrics.frequency_bias(times, truth[..., 0], prediction[..., 0])
    return found


def energy_metrics(times: np.ndarray, truth: np.ndarray, prediction: np.ndarray) -> dict[str, float]:
    """Compare the true energy along true and predicted paths, each of shape `(starts, times)`."""
    errors = metrics.energy_errors(truth, prediction)
    slope, largest = metrics.energy_drift(times, prediction)
    several = len(errors) > 1
    return {
        "energy_mse": float(np.mean(errors)),
        "energy_mse_median": float(np.median(errors)),
        "energy_mse_sem": float(np.std(errors, ddof=1) / np.sqrt(len(errors))) if several else float("nan"),
        "energy_drift_slope": slope,
        "energy_drift_max": largest,
    }


def _structure_metrics(
    model: AbstractDynamics, starts: np.ndarray, ends: np.ndarray, times: np.ndarray
) -> dict[str, float]:
    """Reversal over the whole horizon by the rollouts' solver; symplecticity of the flow over one output interval."""
    back = reversibility_errors(model, jnp.asarray(ends), jnp.asarray(starts), times, SOLVER)
    symplecticity = symplecticity_errors(model, jnp.asarray(starts), float(times[1] - times[0]), RK4(substeps=16))
    return {"reversibility_error": float(jnp.mean(back)), "symplecticity_error": float(jnp.mean(symplecticity))}


def _protocol_mse(model: AbstractDynamics, protocol: EnergyProtocol, truth: np.ndarray) -> float:
    starts = zip(truth[:, 0], protocol.times, strict=True)
    prediction = np.stack([np.asarray(rollout(model, start, times, solver=SOLVER).states) for start, times in starts])
    errors = metrics.energy_errors(_along(protocol.energy, truth), _along(protocol.energy, prediction))
    return float(np.mean(errors))


def _squared_errors(model: AbstractDynamics, rows: Trajectories) -> Float[np.ndarray, "samples dimension"]:
    return (_field(model, rows.states) - _derivatives(rows)) ** 2


def _derivatives(rows: Trajectories) -> np.ndarray:
    if rows.derivatives is None:
        raise InputError(
            "evaluate: expected data with derivatives, found none: estimate them, as forward_difference does"
        )
    return rows.derivatives


def _field(model: AbstractDynamics, states: np.ndarray) -> np.ndarray:
    return np.asarray(vector_field(model, jnp.asarray(states)))


def _along(hamiltonian: Callable[[State], Scalar], paths: np.ndarray) -> np.ndarray:
    return np.asarray(energies(hamiltonian, jnp.asarray(paths)))
