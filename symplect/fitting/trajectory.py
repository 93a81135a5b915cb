"""The fit from states and times alone: no derivatives, so no noise that they would carry into the model."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from symplect.data import Trajectories
from symplect.fitting.checks import require_fittable
from symplect.fitting.segments import Segments, cut_segments
from symplect.fitting.trials import Choice, Problem, Trial
from symplect.integrate import RK4
from symplect.models import LearnedDynamics
from symplect.precision import cast

PENALTIES = np.logspace(-2, 5, 8)

Coordinates = Float[np.ndarray, " dimension"]


@dataclass(frozen=True, eq=False)
class TrajectoryFit:
    """What `fit_trajectory` found.

    Attributes:
        model: the fitted dynamics, in float64.
        noise: standard deviation of the measurement noise of every coordinate; NaN where it was not observed.
        residual_correlation: of neighbouring residuals, which is 0 for a model that explains all but white noise.
        white: whether that correlation is at most twice its standard error above 0; what a model misses is smooth and
            correlates, while fitted starts and weights push the number slightly below 0.
        cleaned: the data with the model's paths in place of the measured states.
        held_out_error: root mean square residual, in units of the noise, of trajectories left out one by one.
        penalty: the chosen one.
        covariance: of the trainable numbers of the model, by its linearisation; see `symplect.fitting.uncertainty`.
        converged: whether the last iteration had come to rest.
        seconds: of the fit.
    """

    model: LearnedDynamics
    noise: Coordinates
    residual_correlation: float
    white: bool
    cleaned: Trajectories
    held_out_error: float
    penalty: float
    covariance: Float[np.ndarray, "parameters parameters"]
    converged: bool
    seconds: float = field(compare=False)


def fit_trajectory(
    models: LearnedDynamics | Sequence[LearnedDynamics],
    data: Trajectories,
    *,
    observed: Sequence[bool] | None = None,
    penalties: Float[np.ndarray, " penalties"] = PENALTIES,
    segment: int | None = None,
    substeps: int = 1,
    progress: str | None = None,
) -> TrajectoryFit:
    r"""Fits a model to measured paths by multiple shooting, noise on every state allowed for.

    Paths are cut at gaps and into segments; every segment has a free start, and weights and starts are found together
    so that the simulated paths meet the measured ones: $\min \sum |x(t_k) - \Phi_{t_k}(s)|^2 / \sigma^2$. It begins at
    the symmetric one-step residual $(z_1 - z_0) / h = f((z_0 + z_1) / 2)$. Each trajectory is left out once, to first
    order, and the model and the ridge that predict those best are taken.

    Source: Bock 1983 (multiple shooting); the published fit instead takes noisy states for exact (Greydanus et al.
    2019, equation 3), which biases the frequency by some percent.

    Args:
        models: one, or several to choose from, of up to some hundred trainable numbers such as `RandomFeatureHNN` or a
            `DissipativeHNN` around one; networks have too many.
        data: states and times, irregular ones too; derivatives are not used.
        observed: which coordinates were; all unless given. For positions alone see `with_velocities`.
        penalties: ridges to choose from, relative to the noise.
        segment: samples of a segment at most; 60 unless given.
        substeps: Runge-Kutta steps between two samples.
        progress: label of a progress bar; none unless given.

    Raises:
        InputError: data or models that cannot be fitted.
        ArithmeticError: no model could follow the data.

    Example:
        >>> from symplect import add_noise, simulate
        >>> from symplect.models import RandomFeatureHNN
        >>> from symplect.models.features import Polynomial
        >>> from symplect.systems import MassSpring
        >>> starts = np.random.default_rng(0).uniform(-1, 1, (10, 2))
        >>> clean = simulate(MassSpring.reference(), starts, np.linspace(0.0, 3.0, 30))
        >>> noisy = add_noise(clean, 0.1, np.random.default_rng(1))
        >>> fitted = fit_trajectory(RandomFeatureHNN(Polynomial(2, degree=2)), noisy)
        >>> bool(np.all(abs(fitted.noise - 0.1) < 0.01)), fitted.white
        (True, True)
    """
    began = time.perf_counter()
    require_fittable("fit_trajectory", data, derivatives=False)
    candidates = list(models) if isinstance(models, Sequence) else [models]
    seen = np.ones(data.dimension) if observed is None else np.asarray(observed, float)
    with jax.enable_x64(True):
        problem = Problem(cut_segments(data, seen, segment), RK4(substeps=substeps))
        noise = _noise_by_differences(problem.segments)
        trials = [Trial(problem, cast(model, jnp.float64), data) for model in candidates]
        choices = [
            trial.at(float(penalty), noise)
            for trial in tqdm(trials, desc=progress, disable=None if progress else True, leave=False)
            for penalty in (penalties if np.any(trial.ridge) else penalties[:1])
        ]
        best = min(choices, key=lambda choice: choice.held_out)
        if not np.isfinite(best.held_out):
            raise ArithmeticError("fit_trajectory: no model could follow the data: shorten the segments, add substeps")
        final = best.trial.at(best.penalty, best.noise_found(), best.shot)
        return _result(final, data, time.perf_counter() - began)


def _noise_by_differences(segments: Segments) -> Coordinates:
    """Returns a first guess of the noise: third differences of a smooth path are small, those of noise are not."""
    if segments.states.shape[1] < 4:
        return np.std(segments.states, axis=(0, 1)) / 10
    inside = segments.weights[:, 3:] > 0
    differences = np.diff(segments.states, n=3, axis=1)
    squares = np.sum(np.where(inside, differences**2, 0.0), axis=(0, 1)) / np.maximum(np.sum(inside, axis=(0, 1)), 1)
    spread = np.std(segments.states, axis=(0, 1))
    return np.maximum(np.sqrt(squares / 20), 1e-9 * spread)  # 1 + 9 + 9 + 1 variances


def _result(choice: Choice, data: Trajectories, seconds: float) -> TrajectoryFit:
    segments, residuals, noise = choice.trial.problem.segments, choice.residuals(), choice.noise_found()
    correlation, error = _neighbour_correlation(residuals, segments.weights)
    seen = np.any(segments.weights > 0, axis=(0, 1))
    return TrajectoryFit(
        model=choice.trial.function(jnp.asarray(choice.shot.parameters)),
        noise=np.where(seen, noise, np.nan),
        residual_correlation=correlation,
        white=bool(correlation <= 2 * error),
        cleaned=_cleaned(segments, residuals, data),
        held_out_error=float(np.sqrt(choice.held_out / np.sum(segments.weights))),
        penalty=choice.penalty,
        covariance=choice.covariance,
        converged=choice.shot.converged,
        seconds=seconds,
    )


def _neighbour_correlation(residuals: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Returns the correlation of neighbouring residuals of a coordinate, and its standard error if there is none."""
    scale = np.sqrt(np.sum(weights * residuals**2, axis=(0, 1)) / np.maximum(np.sum(weights, axis=(0, 1)), 1))
    scaled = residuals * weights / np.where(scale > 0, scale, 1.0)
    pairs = np.sum(weights[:, 1:] * weights[:, :-1])
    return float(np.sum(scaled[:, 1:] * scaled[:, :-1]) / pairs), float(1 / np.sqrt(pairs))


def _cleaned(segments: Segments, residuals: np.ndarray, data: Trajectories) -> Trajectories:
    """Returns the paths of the segments, one trial each, where the model was followed."""
    real = np.any(segments.weights > 0, axis=2)
    lengths = tuple(int(n) for n in np.sum(real, axis=1))
    states = (segments.states - residuals)[real]
    return Trajectories(segments.times[real], states, lengths, names=data.names, units=data.units)
