"""The ways from people's own data to a model."""

import time
import warnings
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from symplect.auto.friction import LEFT, with_nonlinear_friction
from symplect.auto.mechanics import may_be_mechanical, mechanical_fits
from symplect.auto.parts import derivatives_agree, strided, thinned
from symplect.auto.problem import Candidate, Problem
from symplect.auto.structures import hamiltonians, plain_fields, smooth_features, structured
from symplect.data import Scaling, Trajectories, smoothed
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
)
from symplect.fitting.offsets import fit_with_offsets
from symplect.models import HNN, AbstractModel, Baseline, FeatureHamiltonian, PortHamiltonian
from symplect.models.rescaled import restored
from symplect.precision import on_device

_MOST = {"closed-form": 40_000, "trajectory": 1200, "gradient": 40_000, "smoothed": 20_000}  # samples
_LARGE = 1000  # features for clean data
_AS_GOOD = 1.5  # times the least held-out error, up to which a structure is preferred
_EXPLAINED = 1e-3  # of the derivatives: a structure that leaves less is the right one
_NEARLY = 0.05  # of the derivatives, of which the ends of splines are a part: worth a fit of long pieces
_FEW = 60  # weights, up to which long pieces are followed
_SHORT, _SEGMENTS, _EXACT = 60, 3, 8  # samples of a long piece at least, pieces of a path, steps between samples
_WRONG_STRUCTURE = 10.0  # times the noise: a structure that leaves more is not the right one
_FREE = np.array([1e-2])  # a ridge that holds next to nothing down
_STEPS, _BATCH = 2000, 2000  # of a descent


def by_closed_form(problem: Problem, progress: str | None) -> list[Candidate]:
    """Fit a Hamiltonian that is linear in its weights to derivatives, measured or those of smoothing splines.

    A structure that explains the data about as well is taken before features that know of none.
    """
    began = time.perf_counter()
    _require_momenta(problem, "closed-form")
    data = _with_derivatives(problem.train, "closed-form")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ranks: the held-out error decides
        simple = [fit_closed_form(features, data, seed=problem.seed) for features in structured(problem, data.states)]
        fits = list(simple)
        if not any(fit.held_out_error < _EXPLAINED for fit in fits):
            fits += _without_structure(data, problem, progress)
    least = min(fit.held_out_error for fit in fits)
    best = next(fit for fit in fits if fit.held_out_error <= _AS_GOOD * least)
    found = [Candidate("closed-form", "Hamiltonian", best.model, time.perf_counter() - began)]
    return [*found, *_over_turns(best, problem)] if best in simple and best.held_out_error < _NEARLY else found


def _over_turns(fit: ClosedFormFit, problem: Problem) -> list[Candidate]:
    """Fit a structure of few weights again to long pieces of the paths, over which small errors add up."""
    data, n = strided(problem.train), problem.train.dimension // 2
    if problem.alone or fit.model.weights.size > _FEW or len(data.times) > _MOST["trajectory"]:
        return []
    began, segment = time.perf_counter(), max(_SHORT, -(-max(data.lengths) // _SEGMENTS))
    try:
        found = fit_trajectory(
            FeatureHamiltonian(fit.model.features, None, n), data, segment=segment, substeps=_EXACT, penalties=_FREE
        )
    except ArithmeticError:
        return []
    return [Candidate("trajectory", "Hamiltonian", found.model, time.perf_counter() - began, found)]


def _without_structure(data: Trajectories, problem: Problem, progress: str | None) -> list[ClosedFormFit]:
    """Fit features that know of no structure but that of angles."""
    fits: list[ClosedFormFit] = []
    if problem.angles:
        fits.append(fit_adaptive_fourier(data, seed=problem.seed, progress=progress))
    if problem.clean:
        return [*fits, fit_random_features(data, features=_LARGE, seed=problem.seed, progress=progress)]
    exact = derivatives_agree(data, problem.noise)
    fit = fit_with_offsets if exact else fit_closed_form
    return [*fits, fit(smooth_features(data.states, problem.seed), data, seed=problem.seed)]


def by_trajectories(problem: Problem, progress: str | None) -> list[Candidate]:
    """Fit paths, with and without friction, and ask which kind predicts held-out ones."""
    if problem.alone:
        raise InputError("trajectory: expected samples along paths, found samples that stand alone: give their times")
    train = thinned(problem.train, _MOST["trajectory"])
    known = _known(problem, train, progress)
    if train.inputs is not None:
        G = on_device(np.zeros((train.dimension, train.inputs.shape[1])))
        driven = [PortHamiltonian(model, input_matrix=G, held=problem.held) for model in known]
        found = fit_trajectory(driven, train, observed=problem.observed, progress=progress)
        return [Candidate("trajectory", "dissipative", found.model, found.seconds, found)]
    kinds: dict[str, Sequence[AbstractModel]] = {
        "Hamiltonian": known,
        "dissipative": [PortHamiltonian(model) for model in known],
        "plain": plain_fields(problem, train.states),
    }
    fits: dict[str, TrajectoryFit] = {}
    failures: list[ArithmeticError] = []
    for kind, models in kinds.items():
        if not models or (kind == "plain" and any(problem.leaves(fit) <= LEFT for fit in fits.values())):
            continue
        label = f"{progress}, {kind}" if progress else None
        try:
            fits[kind] = fit_trajectory(models, train, observed=problem.observed, progress=label)
        except ArithmeticError as error:
            failures.append(error)
        if kind == "dissipative" and (rough := with_nonlinear_friction(fits, train, problem)) is not None:
            fits[kind] = rough
    if not fits:
        raise failures[0]
    return [Candidate("trajectory", kind, fit.model, fit.seconds, fit) for kind, fit in fits.items()]


def _known(problem: Problem, train: Trajectories, progress: str | None) -> list[FeatureHamiltonian]:
    """Return the Hamiltonians to choose from: those of a structure alone where they leave nothing to explain."""
    n = train.dimension // 2
    simple = [FeatureHamiltonian(features, None, n) for features in structured(problem, train.states)]
    others = hamiltonians(problem, train.states)
    if not simple or not all(problem.observed) or train.inputs is not None:
        return others
    label = f"{progress}, structure" if progress else None
    try:
        found = fit_trajectory(simple, train, progress=label)
    except ArithmeticError:
        return others
    left = problem.leaves(found)
    return simple if left <= LEFT else simple + others if left <= _WRONG_STRUCTURE else others


def by_mechanics(problem: Problem, progress: str | None) -> list[Candidate]:
    """Fit a mass matrix that changes with the position, where a constant one does not do."""
    if not may_be_mechanical(problem):
        raise InputError("mechanics: expected positions and velocities of two to four coordinates, found others")
    fits = mechanical_fits(problem, thinned(problem.train, _MOST["trajectory"]), progress)
    return [Candidate("mechanics", kind, fit.model, fit.seconds, fit) for kind, fit in fits.items()]


def by_gradient(problem: Problem, progress: str | None) -> list[Candidate]:
    """Train the paper's networks on derivatives, measured or those of smoothing splines."""
    _require_momenta(problem, "gradient")
    data = _with_derivatives(problem.train, "gradient")
    units = Scaling.of(data, centred=True)
    scaled, n = units.apply(data), data.dimension // 2
    rows = len(data.times)
    settings = GradientSettings(steps=_STEPS if rows <= _BATCH else 3 * _STEPS, batch_size=min(rows, _BATCH))
    key, batches = jax.random.split(jax.random.key(problem.seed))
    models: dict[str, AbstractModel] = {
        "plain": Baseline(key, n),
        "Hamiltonian": HNN(key, n),
        "dissipative": PortHamiltonian(
            HNN(key, n), 0.1 * jnp.eye(n, dtype=jnp.float32), jnp.zeros((2 * n, 0), jnp.float32)
        ),
    }
    found: list[Candidate] = []
    for kind, model in models.items():
        began = time.perf_counter()
        state = fit_gradient(
            model, scaled, key=batches, settings=settings, progress=f"{progress}, {kind}" if progress else None
        )
        found.append(Candidate("gradient", kind, restored(state.model, units), time.perf_counter() - began))
    return found


METHODS: dict[str, Callable[[Problem, str | None], Sequence[Candidate]]] = {
    "mechanics": by_mechanics,
    "closed-form": by_closed_form,
    "trajectory": by_trajectories,
    "gradient": by_gradient,
}
"""By the name on the command line."""


def applies(method: str, problem: Problem) -> bool:
    """Return whether a method can take such data at all."""
    if method == "mechanics":
        return may_be_mechanical(problem)
    return method == "trajectory" or (all(problem.observed) and problem.train.inputs is None)


def _with_derivatives(train: Trajectories, method: str) -> Trajectories:
    if train.derivatives is not None:
        return thinned(train, _MOST[method])
    return thinned(smoothed(thinned(train, _MOST["smoothed"])), _MOST["trajectory"])  # splines need neighbours


def _require_momenta(problem: Problem, method: str) -> None:
    if not all(problem.observed):
        raise InputError(f"{method}: expected momenta or velocities, found positions alone: take the trajectory method")
    if problem.train.inputs is not None:
        raise InputError(f"{method}: expected a system without inputs, found some: take the trajectory method")
