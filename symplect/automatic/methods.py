"""The ways from people's own data to a model."""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from symplect.automatic.parts import derivatives_agree, pieces, thinned
from symplect.data import Trajectories, smoothed
from symplect.diagnose import Diagnosis, by_kind, compare_kinds
from symplect.errors import InputError
from symplect.fitting import (
    ClosedFormFit,
    GradientSettings,
    fit_adaptive_fourier,
    fit_closed_form,
    fit_gradient,
    fit_random_features,
    fit_trajectory,
    smooth_hamiltonians,
)
from symplect.fitting.candidates import Structure
from symplect.fitting.offsets import fit_with_offsets
from symplect.models import HNN, Baseline, DissipativeHNN, LearnedDynamics
from symplect.models.features import AbstractFeatures, Polynomial, RandomTanh

_MOST = {"closed-form": 40_000, "trajectory": 1200, "gradient": 40_000}  # samples
_CLEAN = 1e-3  # of a coordinate's spread: states with less noise allow many features
_LARGE = 1000  # features for clean data
_SMOOTH = 30  # features for noisy data
_GAINS = (0.3, 0.5, 0.8)
_STEPS, _BATCH = 2000, 2000  # of a descent
_HELD_OUT_PIECE = 60  # samples over which kinds are compared


@dataclass(frozen=True, eq=False)
class Candidate:
    """One fitted model.

    Attributes:
        method: that fitted it.
        kind: "Hamiltonian", "dissipative" or "plain".
        model: the fit.
        seconds: that it took.
        diagnosis: of the trajectory fits, which knows of friction; `None` from other methods.
    """

    method: str
    kind: str
    model: LearnedDynamics
    seconds: float
    diagnosis: Diagnosis | None = None


@dataclass(frozen=True, eq=False)
class Problem:
    """What the methods are given.

    Attributes:
        train: what is fitted.
        held_out: what kinds of trajectory fits are compared by.
        noise: of every coordinate, estimated; NaN where unknown.
        observed: which coordinates were measured.
        angles: whether all positions are angles.
        seed: of whatever is drawn.
    """

    train: Trajectories
    held_out: Trajectories
    noise: np.ndarray
    observed: tuple[bool, ...]
    angles: bool
    seed: int

    @property
    def alone(self) -> bool:
        """Whether samples stand alone, their derivatives beside them."""
        return max(self.train.lengths) == 1

    @property
    def clean(self) -> bool:
        """Whether states have next to no noise, as far as is known."""
        return not np.any(self.noise > _CLEAN * np.std(self.train.states, axis=0))


def by_closed_form(problem: Problem, progress: str | None) -> list[Candidate]:
    """Fits a Hamiltonian that is linear in its weights to derivatives, measured or those of smoothing splines."""
    began = time.perf_counter()
    _require_momenta(problem, "closed-form")
    data = _with_derivatives(problem.train, "closed-form")
    fits: list[ClosedFormFit] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ranks: the held-out error decides
        if problem.angles:
            fits.append(fit_adaptive_fourier(data, seed=problem.seed, progress=progress))
        if problem.clean:
            fits.append(fit_random_features(data, features=_LARGE, seed=problem.seed, progress=progress))
        else:
            exact = derivatives_agree(data, problem.noise)
            fit = fit_with_offsets if exact else fit_closed_form
            fits.append(fit(_smooth_features(data, problem.seed), data, seed=problem.seed))
    best = min(fits, key=lambda fit: fit.held_out_error)
    return [Candidate("closed-form", "Hamiltonian", best.model, time.perf_counter() - began)]


def by_trajectories(problem: Problem, progress: str | None) -> list[Candidate]:
    """Fits paths, with and without friction, and asks which kind predicts held-out ones."""
    began = time.perf_counter()
    if problem.alone:
        raise InputError("trajectory: expected samples along paths, found samples that stand alone: give their times")
    train = thinned(problem.train, _MOST["trajectory"])
    hamiltonians = smooth_hamiltonians(train.states, structure=_structure(problem), seed=problem.seed)
    if train.inputs is not None:
        G = jnp.zeros((train.dimension, train.inputs.shape[1]))
        driven = [DissipativeHNN(model, input_matrix=G) for model in hamiltonians]
        found = fit_trajectory(driven, train, observed=problem.observed, substeps=2, progress=progress)
        return [Candidate("trajectory", "dissipative", found.model, time.perf_counter() - began)]
    general = hamiltonians[:3] if _structure(problem) == "unknown" else []
    diagnosis = compare_kinds(
        by_kind(hamiltonians, general),
        train,
        thinned(pieces(problem.held_out, _HELD_OUT_PIECE), _MOST["trajectory"]),
        observed=problem.observed,
        progress=progress,
    )
    fits = diagnosis.fits.items()
    return [Candidate("trajectory", kind, fit.model, fit.seconds, diagnosis) for kind, fit in fits]


def by_gradient(problem: Problem, progress: str | None) -> list[Candidate]:
    """Trains the paper's networks on derivatives, measured or those of smoothing splines."""
    _require_momenta(problem, "gradient")
    data = _with_derivatives(problem.train, "gradient")
    n = data.dimension // 2
    rows = len(data.times)
    settings = GradientSettings(steps=_STEPS if rows <= _BATCH else 3 * _STEPS, batch_size=min(rows, _BATCH))
    key, batches = jax.random.split(jax.random.key(problem.seed))
    models: dict[str, LearnedDynamics] = {
        "plain": Baseline(key, n),
        "Hamiltonian": HNN(key, n),
        "dissipative": DissipativeHNN(
            HNN(key, n), 0.1 * jnp.eye(n, dtype=jnp.float32), jnp.zeros((2 * n, 0), jnp.float32)
        ),
    }
    found: list[Candidate] = []
    for kind, model in models.items():
        began = time.perf_counter()
        state = fit_gradient(
            model, data, key=batches, settings=settings, progress=f"{progress}, {kind}" if progress else None
        )
        found.append(Candidate("gradient", kind, state.model, time.perf_counter() - began))
    return found


METHODS: dict[str, Callable[[Problem, str | None], Sequence[Candidate]]] = {
    "closed-form": by_closed_form,
    "trajectory": by_trajectories,
    "gradient": by_gradient,
}
"""By the name on the command line."""


def _with_derivatives(train: Trajectories, method: str) -> Trajectories:
    if train.derivatives is not None:
        return thinned(train, _MOST[method])
    return smoothed(thinned(train, _MOST["trajectory"]))


def _require_momenta(problem: Problem, method: str) -> None:
    if not all(problem.observed):
        raise InputError(f"{method}: expected momenta or velocities, found positions alone: take the trajectory method")
    if problem.train.inputs is not None:
        raise InputError(f"{method}: expected a system without inputs, found some: take the trajectory method")


def _structure(problem: Problem) -> Structure:
    if not all(problem.observed):
        return "newtonian angles" if problem.angles else "newtonian"
    return "angles" if problem.angles else "unknown"


def _smooth_features(data: Trajectories, seed: int) -> list[AbstractFeatures]:
    rng = np.random.default_rng(seed)
    size = data.dimension
    return [Polynomial(size, 2) + RandomTanh.isotropic(data.states, _SMOOTH, rng, gain=gain) for gain in _GAINS]
