"""The ways from people's own data to a model."""

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from symplect.automatic.parts import derivatives_agree, thinned
from symplect.data import Trajectories, smoothed
from symplect.errors import InputError
from symplect.fitting import (
    ClosedFormFit,
    GradientSettings,
    TrajectoryFit,
    fit_adaptive_fourier,
    fit_closed_form,
    fit_gradient,
    fit_random_features,
    fit_trajectory,
    smooth_hamiltonians,
)
from symplect.fitting.candidates import Structure
from symplect.fitting.offsets import fit_with_offsets
from symplect.models import (
    HNN,
    Baseline,
    DissipativeHNN,
    LearnedDynamics,
    NonlinearFriction,
    RandomFeatureField,
    RandomFeatureHNN,
)
from symplect.models.features import (
    AbstractFeatures,
    CentreDistance,
    OfMomenta,
    OfPositions,
    PairDistances,
    Polynomial,
    Projected,
    RandomTanh,
)

_MOST = {"closed-form": 40_000, "trajectory": 1200, "gradient": 40_000}  # samples
_CLEAN = 1e-3  # of a coordinate's spread: states with less noise allow many features
_LARGE = 1000  # features for clean data
_SMOOTH = 30  # features for noisy data
_GAINS = (0.3, 0.5, 0.8)
_AS_GOOD = 1.5  # times the least held-out error, up to which a structure is preferred
_SPACE = (2, 3)  # dimensions in which one body may move about a centre
_TERMS = 12  # functions of the distance of a pair
_HELPS = 0.9  # of the noise: a fit with less of it has explained something
_LEFT = 1.1  # times the measured noise: a fit with more has left something
_LITTLE = 1e-3  # of the spread: less noise than that is not asked of a fit
_REST = 0.02  # of the root mean square speed, below which dry friction is rounded
_FINE = 4  # steps between samples, since dry friction changes within one
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
        fit: of the paths, which knows their noise; `None` from other methods.
    """

    method: str
    kind: str
    model: LearnedDynamics
    seconds: float
    fit: TrajectoryFit | None = None


@dataclass(frozen=True, eq=False)
class Problem:
    """What the methods are given.

    Attributes:
        train: what is fitted.
        held_out: what kinds of trajectory fits are compared by.
        noise: of every coordinate, estimated; NaN where unknown.
        observed: which coordinates were measured.
        angles: whether all positions are angles.
        velocities: whether the momenta are velocities, so that `p = dq/dt`.
        held: whether inputs keep their value between samples.
        bodies: order of the positions by coordinate and body, for bodies in a plane or in space; `None` for others.
        seed: of whatever is drawn.
    """

    train: Trajectories
    held_out: Trajectories
    noise: np.ndarray
    observed: tuple[bool, ...]
    angles: bool
    seed: int
    velocities: bool = False
    held: bool = False
    bodies: tuple[tuple[int, ...], ...] | None = None

    @property
    def alone(self) -> bool:
        """Whether samples stand alone, their derivatives beside them."""
        return max(self.train.lengths) == 1

    @property
    def clean(self) -> bool:
        """Whether states have next to no noise, as far as is known."""
        return not np.any(self.noise > _CLEAN * np.std(self.train.states, axis=0))


def by_closed_form(problem: Problem, progress: str | None) -> list[Candidate]:
    """Fits a Hamiltonian that is linear in its weights to derivatives, measured or those of smoothing splines.

    A structure that explains the data about as well is taken before features that know of none.
    """
    began = time.perf_counter()
    _require_momenta(problem, "closed-form")
    data = _with_derivatives(problem.train, "closed-form")
    fits: list[ClosedFormFit] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ranks: the held-out error decides
        fits += [fit_closed_form(features, data, seed=problem.seed) for features in structured(problem, data.states)]
        if problem.angles:
            fits.append(fit_adaptive_fourier(data, seed=problem.seed, progress=progress))
        if problem.clean:
            fits.append(fit_random_features(data, features=_LARGE, seed=problem.seed, progress=progress))
        else:
            exact = derivatives_agree(data, problem.noise)
            fit = fit_with_offsets if exact else fit_closed_form
            fits.append(fit(_smooth_features(data, problem.seed), data, seed=problem.seed))
    least = min(fit.held_out_error for fit in fits)
    best = next(fit for fit in fits if fit.held_out_error <= _AS_GOOD * least)
    return [Candidate("closed-form", "Hamiltonian", best.model, time.perf_counter() - began)]


def structured(problem: Problem, states: np.ndarray) -> list[AbstractFeatures]:
    """Returns features of the structures that a system may have, the simplest first, before those that know of none.

    Bodies act on one another in pairs; a single body in a plane or in space, about the origin of its coordinates.
    """
    n = states.shape[1] // 2
    kinetic = OfMomenta(Polynomial(n, 2))
    positions = states[:, :n]
    if problem.angles or n == 1:
        return []
    try:
        if problem.bodies:
            return [kinetic + OfPositions(_pairs(positions, problem.bodies))]
        return [kinetic + OfPositions(CentreDistance.over_data(positions))] if n in _SPACE else []
    except InputError:  # a path through the centre, or bodies that keep their distance
        return []


def _pairs(positions: np.ndarray, bodies: tuple[tuple[int, ...], ...]) -> AbstractFeatures:
    """Returns functions of the distances of pairs, for positions in the order of the table."""
    order = np.ravel(bodies)
    moved = np.eye(len(order))[order]
    known = PairDistances.over_data(positions @ moved.T, len(bodies[0]), terms=_TERMS, dimensions=len(bodies))
    with jax.enable_x64(True):
        return Projected(known, moved, np.zeros(len(order)))


def by_trajectories(problem: Problem, progress: str | None) -> list[Candidate]:
    """Fits paths, with and without friction, and asks which kind predicts held-out ones."""
    began = time.perf_counter()
    if problem.alone:
        raise InputError("trajectory: expected samples along paths, found samples that stand alone: give their times")
    train = thinned(problem.train, _MOST["trajectory"])
    hamiltonians = _hamiltonians(problem, train.states)
    if train.inputs is not None:
        G = jnp.zeros((train.dimension, train.inputs.shape[1]))
        driven = [DissipativeHNN(model, input_matrix=G, held=problem.held) for model in hamiltonians]
        found = fit_trajectory(driven, train, observed=problem.observed, substeps=2, progress=progress)
        return [Candidate("trajectory", "dissipative", found.model, time.perf_counter() - began, found)]
    kinds: dict[str, Sequence[LearnedDynamics]] = {
        "Hamiltonian": hamiltonians,
        "dissipative": [DissipativeHNN(model) for model in hamiltonians],
        "plain": _fields(problem, train.states),
    }
    fits: dict[str, TrajectoryFit] = {}
    failures: list[ArithmeticError] = []
    for kind, models in kinds.items():
        if not models or (kind == "plain" and any(_leaves(fit, problem) <= _LEFT for fit in fits.values())):
            continue
        label = f"{progress}, {kind}" if progress else None
        try:
            fits[kind] = fit_trajectory(models, train, observed=problem.observed, substeps=2, progress=label)
        except ArithmeticError as error:
            failures.append(error)
        if kind == "dissipative" and (rough := _with_nonlinear_friction(fits, train, problem)) is not None:
            fits[kind] = rough
    if not fits:
        raise failures[0]
    return [Candidate("trajectory", kind, fit.model, fit.seconds, fit) for kind, fit in fits.items()]


def _leaves(fit: TrajectoryFit, problem: Problem) -> float:
    """Returns what a fit leaves of the paths, in units of their noise."""
    seen = np.flatnonzero(problem.observed)
    noise = np.maximum(np.nan_to_num(problem.noise[seen]), _LITTLE * np.std(problem.train.states, axis=0)[seen])
    return float(np.max(fit.noise[seen] / noise))


def _hamiltonians(problem: Problem, states: np.ndarray) -> list[RandomFeatureHNN]:
    """Returns the Hamiltonians to choose from, those of the simplest structure first."""
    n, known = states.shape[1] // 2, smooth_hamiltonians(states, structure=_structure(problem), seed=problem.seed)
    if problem.velocities and n == 1 and not problem.angles:  # a velocity sensor may be off by a factor
        known += smooth_hamiltonians(states, structure="separable", seed=problem.seed)
    if not all(problem.observed):
        return known
    return [RandomFeatureHNN(features, None, n) for features in structured(problem, states)] + known


def _fields(problem: Problem, states: np.ndarray) -> list[RandomFeatureField]:
    """Returns plain fields to choose from, whose features see positions and momenta alike."""
    if problem.angles or not all(problem.observed):
        return []
    n = states.shape[1] // 2
    general = smooth_hamiltonians(states, seed=problem.seed)[: 3 if n == 1 else 1]
    return [RandomFeatureField(model.features, degrees_of_freedom=n) for model in general]


def _with_nonlinear_friction(
    fits: Mapping[str, TrajectoryFit], train: Trajectories, problem: Problem
) -> TrajectoryFit | None:
    """Fits dry friction and quadratic drag too, where linear friction helps and leaves something to explain."""
    linear, kept = fits.get("dissipative"), fits.get("Hamiltonian")
    if linear is None or linear.white or _leaves(linear, problem) <= _LEFT:
        return None
    seen = np.flatnonzero(problem.observed)
    if kept is not None and not np.any(linear.noise[seen] < _HELPS * kept.noise[seen]):
        return None
    began, model = time.perf_counter(), linear.model
    assert isinstance(model, DissipativeHNN)
    n = train.dimension // 2
    with jax.enable_x64(True):
        _, velocity = np.split(np.asarray(jax.vmap(jax.grad(model.hamiltonian))(jnp.asarray(train.states))), 2, axis=1)
        speed = np.sqrt(np.mean(velocity**2, axis=0))
        power = np.sqrt(np.mean(np.asarray(jax.vmap(model.dissipated_power)(jnp.asarray(train.states)))) / n)
        dry, drag = power / np.sqrt(2 * speed), power / np.sqrt(2 * speed**3)
        friction = NonlinearFriction(jnp.asarray(dry), jnp.asarray(drag), tuple(float(v) for v in _REST * speed))
        nonlinear = DissipativeHNN(model.conservative, model.damping / 2, model.input_matrix, nonlinear=friction)
    try:
        found = fit_trajectory(nonlinear, train, observed=problem.observed, substeps=_FINE)
    except ArithmeticError:
        return None
    better = bool(np.all(found.noise[seen] < _HELPS * linear.noise[seen]))
    return replace(found, seconds=time.perf_counter() - began) if better else None


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


def applies(method: str, problem: Problem) -> bool:
    """Returns whether a method can take such data at all."""
    return method == "trajectory" or (all(problem.observed) and problem.train.inputs is None)


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
    if problem.angles:
        return "angles"
    return "newtonian" if problem.velocities else "unknown"


def _smooth_features(data: Trajectories, seed: int) -> list[AbstractFeatures]:
    rng = np.random.default_rng(seed)
    size = data.dimension
    return [Polynomial(size, 2) + RandomTanh.isotropic(data.states, _SMOOTH, rng, gain=gain) for gain in _GAINS]
