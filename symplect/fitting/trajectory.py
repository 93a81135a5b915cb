"""The fit from states and times alone: no derivatives, so no noise that they would carry into the model."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from symplect.data import Scaling, Trajectories
from symplect.errors import InputError
from symplect.fitting.checks import require_fittable
from symplect.fitting.descended_shooting import SETTINGS, descend_shooting
from symplect.fitting.descent import GradientSettings
from symplect.fitting.least_squares import one_thread
from symplect.fitting.own_units import brought_back, brought_in, segments_in, unit_of_parameters, units_of
from symplect.fitting.parametrised import Parametrised
from symplect.fitting.paths import follow
from symplect.fitting.segments import Segments, cut_segments, enough_substeps
from symplect.fitting.trials import Problem, Trial, neighbour_correlation, simplest
from symplect.integrate import RK4
from symplect.models import AbstractModel, channels_of
from symplect.precision import cast

PENALTIES = np.logspace(-2, 5, 8)
_MOST = 2000  # trainable numbers that are fitted by normal equations, of which every segment has a matrix

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
        held_out_error: root mean square residual, in units of the noise, of trajectories left out one by one, or of
            those held out from a network; NaN where there was nothing to hold out.
        penalty: the chosen one; 0 for a network.
        covariance: of the trainable numbers of the model, by its linearisation; see `symplect.fitting.uncertainty`.
            `None` for a network.
        converged: whether the last iterations had come to rest.
        seconds: of the fit.
    """

    model: AbstractModel
    noise: Coordinates
    residual_correlation: float
    white: bool
    cleaned: Trajectories
    held_out_error: float
    penalty: float
    covariance: Float[np.ndarray, "parameters parameters"] | None
    converged: bool
    seconds: float = field(compare=False)


def fit_trajectory(
    models: AbstractModel | Sequence[AbstractModel],
    data: Trajectories,
    *,
    observed: Sequence[bool] | None = None,
    penalties: Float[np.ndarray, " penalties"] = PENALTIES,
    segment: int | None = None,
    substeps: int | None = None,
    settings: GradientSettings = SETTINGS,
    seed: int = 0,
    progress: str | None = None,
) -> TrajectoryFit:
    r"""Fit a model to measured paths by multiple shooting, noise on every state allowed for.

    Paths are cut at gaps and into segments; every segment has a free start, and weights and starts are found together
    so that the simulated paths meet the measured ones: $\min \sum |x(t_k) - \Phi_{t_k}(s)|^2 / \sigma^2$. Paths begin
    as pieces from one measured sample to the next, which are joined as the fit goes on. Each trajectory (of more than
    30, each of 30 groups) is left out once, to first order; of the models and ridges that predict those best, within a
    standard error, the simplest is taken.

    All that happens in units of the data's own (`Scaling`), in which networks and friction begin at the numbers that
    the models have.

    Models of up to 2000 trainable numbers, such as `FeatureHamiltonian` or a `PortHamiltonian` around one, are fitted
    by Levenberg-Marquardt, those of features in NumPy, in about a second. Networks are fitted by Adam, in about a
    minute, every fifth trajectory held out to stop by; they were measured to be less accurate.

    Source: Bock 1983 (multiple shooting); Albersmeyer, Diehl 2010, SIAM J. Optim. 20, 1655 (joined pieces, "lifted
    Newton"); the published fit instead takes noisy states for exact (Greydanus et al. 2019, equation 3), which biases
    the frequency by some percent.

    Args:
        models: one, or several to choose from: any dynamics of the data's dimension.
        data: states and times, irregular ones too; derivatives are not used.
        observed: which coordinates were; all unless given. For positions alone see `with_velocities`.
        penalties: ridges to choose from, relative to the noise.
        segment: samples of a segment at most; 60 unless given.
        substeps: Runge-Kutta steps between two samples; as many as their distance needs unless given.
        settings: settings of the gradient descent of networks.
        seed: random seed of that descent.
        progress: label of a progress bar; none unless given.

    Raises:
        InputError: data or models that cannot be fitted.
        FitError: no model could follow the data.

    Example:
        >>> from symplect import add_noise, simulate
        >>> from symplect.models import FeatureHamiltonian
        >>> from symplect.models.features import Polynomial
        >>> from symplect.systems import MassSpring
        >>> starts = np.random.default_rng(0).uniform(-1, 1, (10, 2))
        >>> clean = simulate(MassSpring.reference(), starts, np.linspace(0.0, 3.0, 30))
        >>> noisy = add_noise(clean, 0.1, np.random.default_rng(1))
        >>> fitted = fit_trajectory(FeatureHamiltonian(Polynomial(2, degree=2)), noisy)
        >>> bool(np.all(abs(fitted.noise - 0.1) < 0.01)), fitted.white
        (True, True)
    """
    began = time.perf_counter()
    require_fittable("fit_trajectory", data, derivatives=False)
    candidates = list(models) if isinstance(models, Sequence) else [models]
    if not candidates:
        raise InputError("fit_trajectory: expected a model or more, found none")
    seen = np.ones(data.dimension) if observed is None else np.asarray(observed, float)
    if seen.shape != (data.dimension,) or not np.any(seen):
        raise InputError(
            f"fit_trajectory: expected observed to say of {data.dimension} coordinates whether they were, "
            f"found {observed}"
        )
    for model in candidates:
        _require_inputs(model, data)
        if 2 * model.degrees_of_freedom != data.dimension:
            found = f"{data.dimension} coordinates, found {2 * model.degrees_of_freedom}"
            raise InputError(f"fit_trajectory: expected models with {found}")
    with (
        one_thread(),
        jax.enable_x64(True),
        np.errstate(over="ignore", invalid="ignore"),
    ):  # what blows up costs infinitely much
        measured, scaling = cut_segments(data, seen, segment), units_of(candidates, data)
        problem = Problem(segments_in(measured, scaling), substeps or enough_substeps(data))
        noise = _noise_by_differences(problem.segments)
        inside = [brought_in(model, scaling) for model in candidates]
        if max(Parametrised.split(model)[1].size for model in candidates) > _MOST:
            descents = [_descended(model, problem, noise, settings, seed, progress) for model in inside]
            number = min(range(len(descents)), key=lambda k: descents[k].held_out_error)
            best = descents[number]
        else:
            number, best = _solved(inside, problem, noise, penalties, progress)
        own = _in_units_of(best, candidates[number], scaling)
        return _result(own, measured, data, time.perf_counter() - began)


def _require_inputs(model: AbstractModel, data: Trajectories) -> None:
    """Inputs need a model that knows what to do with as many."""
    given = 0 if data.inputs is None else data.inputs.shape[1]
    known = channels_of(model)
    if given != known:
        raise InputError(
            f"fit_trajectory: expected data with {known} inputs as the model has, found {given}: give "
            "PortHamiltonian(..., input_matrix=...) a column for each, or leave the inputs out"
        )


@dataclass(frozen=True, eq=False)
class _Found:
    """A fitted model, and what its paths miss."""

    model: AbstractModel
    noise: Coordinates
    residuals: np.ndarray
    held_out_error: float
    penalty: float
    covariance: np.ndarray | None
    converged: bool


def _solved(
    candidates: Sequence[AbstractModel],
    problem: Problem,
    noise: Coordinates,
    penalties: Float[np.ndarray, " penalties"],
    progress: str | None,
) -> tuple[int, _Found]:
    """Fit every model at every ridge, and the best one, whose number is returned, again with its own noise."""
    trials = [Trial(problem, cast(model, jnp.float64)) for model in candidates]
    choices = [
        choice
        for trial in tqdm(trials, desc=progress, disable=None if progress else True, leave=False)
        for choice in trial.choices(penalties if np.any(trial.ridge) else penalties[:1], noise)
    ]
    best = simplest(choices)
    final = best.trial.at(best.penalty, best.noise_found(), best.shot)
    return trials.index(best.trial), _Found(
        model=final.model,
        noise=final.noise_found(),
        residuals=final.residuals(),
        held_out_error=float(np.sqrt(final.held_out / np.sum(problem.segments.weights))),
        penalty=final.penalty,
        covariance=final.covariance,
        converged=final.shot.converged,
    )


def _descended(
    model: AbstractModel,
    problem: Problem,
    noise: Coordinates,
    settings: GradientSettings,
    seed: int,
    progress: str | None,
) -> _Found:
    segments, key, solver = problem.segments, jax.random.key(seed), RK4(substeps=problem.substeps)
    descent = descend_shooting(model, segments, noise, key=key, settings=settings, solver=solver, progress=progress)
    fitted = cast(descent.model, jnp.float64)
    function, vector = Parametrised.split(fitted)
    residuals = segments.states - follow(function, vector, np.asarray(descent.starts), segments, problem.substeps)
    counts = np.sum(segments.weights, axis=(0, 1))
    squares = np.sum(segments.weights * residuals**2, axis=(0, 1))
    freedom = 1 - min(descent.starts.size / np.sum(counts), 0.9)
    return _Found(
        model=fitted,
        noise=np.sqrt(squares / np.maximum(counts * freedom, 1.0)),
        residuals=residuals,
        held_out_error=descent.held_out_error,
        penalty=0.0,
        covariance=None,
        converged=descent.converged,
    )


def _noise_by_differences(segments: Segments) -> Coordinates:
    """Return a first guess of the noise: third differences of a smooth path are small, those of noise are not."""
    if segments.states.shape[1] < 4:
        return np.std(segments.states, axis=(0, 1)) / 10
    inside = segments.weights[:, 3:] > 0
    differences = np.diff(segments.states, n=3, axis=1)
    squares = np.sum(np.where(inside, differences**2, 0.0), axis=(0, 1)) / np.maximum(np.sum(inside, axis=(0, 1)), 1)
    spread = np.std(segments.states, axis=(0, 1))
    return np.maximum(np.sqrt(squares / 20), 1e-9 * spread)  # 1 + 9 + 9 + 1 variances


def _in_units_of(found: _Found, original: AbstractModel, scaling: Scaling) -> _Found:
    """Bring what was found back to the units of the data."""
    covariance = found.covariance
    if covariance is not None:
        units = unit_of_parameters(found.model, scaling)
        covariance = covariance * np.outer(units, units)
    return replace(
        found,
        model=brought_back(found.model, original, scaling),
        noise=found.noise * scaling.scale,
        residuals=found.residuals * scaling.scale,
        covariance=covariance,
    )


def _result(found: _Found, segments: Segments, data: Trajectories, seconds: float) -> TrajectoryFit:
    correlation, error = neighbour_correlation(found.residuals, segments.weights)
    seen = np.any(segments.weights > 0, axis=(0, 1))
    return TrajectoryFit(
        model=found.model,
        noise=np.where(seen, found.noise, np.nan),
        residual_correlation=correlation,
        white=bool(correlation <= 2 * error),
        cleaned=_cleaned(segments, found.residuals, data),
        held_out_error=found.held_out_error,
        penalty=found.penalty,
        covariance=found.covariance,
        converged=found.converged,
        seconds=seconds,
    )


def _cleaned(segments: Segments, residuals: np.ndarray, data: Trajectories) -> Trajectories:
    """Return the paths of the segments, one trial each, where the model was followed."""
    real = np.any(segments.weights > 0, axis=2)
    lengths = tuple(int(n) for n in np.sum(real, axis=1))
    states = (segments.states - residuals)[real]
    inputs = None if data.inputs is None else segments.inputs[real]
    return Trajectories(segments.times[real], states, lengths, names=data.names, units=data.units, inputs=inputs)
