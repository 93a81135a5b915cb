"""Judging models that see pixels: their latent paths, read off as angle and momentum, and the frames they decode to."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from symplect._types import Scalar, State
from symplect.data.pixels import PixelTrajectories
from symplect.dynamics import AbstractHamiltonian, energies
from symplect.evaluation import metrics
from symplect.evaluation.held_out import SOLVER, Evaluation, energy_metrics, released
from symplect.evaluation.readout import Readout, fit_readout
from symplect.evaluation.structure import reversibility_errors, symplecticity_errors
from symplect.fitting.pixels import PixelLoss, observations, over
from symplect.integrate import RK4, rollout
from symplect.models import AbstractPixelDynamics
from symplect.precision import cast

ENERGY_FRAMES = 100  # the horizon of the paper's energies
REVERSAL_FRAMES = 200
_FRAME_ERROR = 0.025  # of mean (y - x)^2 / mean x^2, beyond which a frame counts as wrong
_FILMS = 4  # whose frames are kept for the pictures


@dataclass(frozen=True, eq=False)
class PixelEvaluationData:
    """What pixel models are fitted to and judged on.

    Args:
        energy: the true Hamiltonian of the film's pendulum.
        published_energy: the paper's.
        train, test: films.
        truth: longer films, from whose first observations the models are released.
    """

    energy: AbstractHamiltonian
    published_energy: Callable[[State], Scalar]
    train: PixelTrajectories
    test: PixelTrajectories
    truth: PixelTrajectories


def evaluate_pixels(
    model: AbstractPixelDynamics, data: PixelEvaluationData, loss: PixelLoss, *, progress: str | None = None
) -> Evaluation:
    """Judge a pixel model, in float64 whatever JAX is set to.

    The paper does not say how it measured energy here. Our protocol: a polynomial of third degree from the latent
    state to angle and momentum is fitted by least squares to the encoded training films, whose true states are known
    here but not to the model. A model is released from the first observation of each of 15 fresh films; its latent path
    is read off by that polynomial, and the energies of what is read off are compared with the film's over 100 frames.

    Args:
        model: any pixel model.
        data: films to judge it on.
        loss: loss of the fit.
        progress: label of a progress bar; none unless given.
    """
    with jax.enable_x64(True), tqdm(total=4, desc=progress, disable=None if progress else True, leave=False) as bar:
        found = {
            f"{part}_loss": _loss(model, films, loss) for part, films in (("train", data.train), ("test", data.test))
        }
        bar.update()
        model = cast(model, jnp.float64)
        readout, sample, found["readout_r2"] = _readout(model, data)
        bar.update()
        times = np.arange(data.truth.frames.shape[1] - 1.0)
        latent_truth = _encode(model, data.truth)
        latent, more = released(model, latent_truth[:, 0], times)
        found |= more | _structure_metrics(model, latent_truth[:, 0])
        bar.update()
        truth, prediction = data.truth.states[:, 1:], readout(latent)
        found |= _frame_metrics(model, data.truth, latent, times)
        found["frequency_bias"] = metrics.frequency_bias(times, truth[..., 0], prediction[..., 0])
        shown = slice(None, ENERGY_FRAMES + 1)
        paths = {
            "t": times[shown],
            "truth": truth[:, shown],
            "prediction": prediction[:, shown],
            "latent_truth": latent_truth[:, shown],
            "latent_prediction": latent[:, shown],
            "frames_truth": data.truth.frames[:_FILMS, 1:][:, shown],
            "frames_prediction": _films(model, latent[:_FILMS, shown]),
        } | sample
        paths |= {f"energy_{name}": _along(data.energy.hamiltonian, paths[name]) for name in ("truth", "prediction")}
        found |= _path_metrics(data, paths)
        bar.update()
    return Evaluation(found, paths)


def _loss(model: AbstractPixelDynamics, films: PixelTrajectories, loss: PixelLoss) -> float:
    """Take windows that overlap by two frames: all of the published loss's, every observation for the other."""
    return float(jax.jit(loss)(model, jnp.asarray(films.windows(loss.frames, every=loss.frames - 2))))


def _encode(model: AbstractPixelDynamics, films: PixelTrajectories) -> Float[np.ndarray, "trials times 2"]:
    """Encode film by film: all observations at once, in double precision, would fill the memory."""
    encode = jax.jit(lambda frames: over(model.encode, observations(frames[None]).astype(jnp.float64))[0])
    return np.stack([np.asarray(encode(jnp.asarray(film))) for film in films.frames])


def _readout(model: AbstractPixelDynamics, data: PixelEvaluationData) -> tuple[Readout, dict[str, np.ndarray], float]:
    """Fit the map from latent states to true ones on the training films, and say how well it does on the others."""
    latent, states = (x.reshape(-1, 2) for x in (_encode(model, data.train), data.train.states[:, 1:]))
    readout = fit_readout(latent, states)
    left = readout(_encode(model, data.test)) - data.test.states[:, 1:]
    r2 = 1 - np.mean(left**2, axis=(0, 1)) / np.var(data.test.states, axis=(0, 1))
    every = max(1, len(latent) // 2000)
    return readout, {"latent_training": latent[::every], "state_training": states[::every]}, float(np.min(r2))


def _decode(model: AbstractPixelDynamics, latent: Float[np.ndarray, "*batch 2"]) -> Float[np.ndarray, "*batch pixels"]:
    return np.asarray(jax.jit(lambda z: over(model.decode, z))(jnp.asarray(latent)))


def _films(model: AbstractPixelDynamics, latent: Float[np.ndarray, "films times 2"]) -> np.ndarray:
    """Return the later frame of every decoded observation, as bytes."""
    later = np.split(_decode(model, latent), 2, axis=-1)[1]
    side = int(np.sqrt(later.shape[-1]))
    return np.round(255 * np.clip(later, 0, 1)).astype(np.uint8).reshape(*latent.shape[:2], side, side)


def _frame_metrics(
    model: AbstractPixelDynamics, films: PixelTrajectories, latent: np.ndarray, times: np.ndarray
) -> dict[str, float]:
    """How long, in frames, the decoded film stays near the true one; and how near it is at the start."""
    errors = np.stack([_relative_errors(model, film, path) for film, path in zip(films.frames, latent, strict=True)])
    valid = metrics.first_failure(times, errors <= _FRAME_ERROR)
    return {
        "valid_prediction_time": float(np.median(valid)),
        "valid_prediction_time_mean": float(np.mean(valid)),
        "prediction_horizon": float(times[-1]),
        "frame_error_at_start": float(np.mean(errors[:, 0])),
    }


def _relative_errors(model: AbstractPixelDynamics, film: np.ndarray, path: np.ndarray) -> Float[np.ndarray, " times"]:
    x = np.asarray(observations(jnp.asarray(film[None])))[0]
    return np.mean((_decode(model, path) - x) ** 2, axis=-1) / np.mean(x**2, axis=-1)


def _structure_metrics(model: AbstractPixelDynamics, starts: np.ndarray) -> dict[str, float]:
    """Reversal of the latent state over 200 frames; symplecticity of its flow over one."""
    times = np.arange(REVERSAL_FRAMES + 1.0)
    ends = rollout(model, starts, times, solver=SOLVER).states[:, -1]
    back = reversibility_errors(model, ends, jnp.asarray(starts), times, SOLVER)
    symplecticity = symplecticity_errors(model, jnp.asarray(starts), 1.0, RK4(substeps=16))
    return {"reversibility_error": float(jnp.mean(back)), "symplecticity_error": float(jnp.mean(symplecticity))}


def _path_metrics(data: PixelEvaluationData, paths: dict[str, np.ndarray]) -> dict[str, float]:
    published = [_along(data.published_energy, paths[name]) for name in ("truth", "prediction")]
    return energy_metrics(paths["t"], paths["energy_truth"], paths["energy_prediction"]) | {
        "energy_mse_published": float(np.mean(metrics.energy_errors(*published))),
        "rollout_error": metrics.rollout_error(paths["truth"], paths["prediction"]),
        "coordinate_mse": float(np.mean((paths["prediction"] - paths["truth"]) ** 2)),
    }


def _along(hamiltonian: Callable[[State], Scalar], paths: np.ndarray) -> np.ndarray:
    return np.asarray(energies(hamiltonian, jnp.asarray(paths)))
