"""Mass matrices that change with the position: tried where positions and velocities of several were measured."""

from collections.abc import Iterator

import jax
import numpy as np

from symplect.auto.friction import LEFT, with_nonlinear_friction
from symplect.auto.problem import Problem
from symplect.data import Trajectories
from symplect.errors import FitError, InputError
from symplect.fitting import TrajectoryFit, fit_trajectory
from symplect.fitting.mechanics import MechanicsFit, fit_mechanics
from symplect.models.features import AbstractFeatures, Fourier, Polynomial, Projected

_MOST = 4  # positions: a mass matrix of more has too many entries for tables of a few trials
_MATTERS = 0.7  # of what a constant mass matrix leaves of the equations of motion
_BETTER = 0.95  # of what a simpler structure leaves of the paths
_DRIVEN = 6  # samples of paths that noisy forces drive
_BENDS = 0.5  # radians, a range that would bend a mass matrix
_WAVES = 3  # positions, up to which all products of waves are taken

Structure = tuple[AbstractFeatures, AbstractFeatures | None]


def may_be_mechanical(problem: Problem) -> bool:
    """Return whether several positions, not those of free bodies, lie along paths, and no momenta were measured."""
    several = 1 < problem.train.dimension // 2 <= _MOST
    return several and not (problem.alone or problem.bodies) and (problem.velocities or not all(problem.observed))


def mechanical_fits(problem: Problem, train: Trajectories, progress: str | None) -> dict[str, TrajectoryFit]:
    """Fit a mass matrix and a potential to paths, with friction and without, where a constant mass does not do.

    The weak form, which takes milliseconds, says whether it does not, and where the fits of paths begin.
    """
    found: dict[str, TrajectoryFit] = {}
    driven = train.inputs is not None
    for kind in ("dissipative",) if driven else ("Hamiltonian", "dissipative"):
        label = f"{progress}, {kind}" if progress else None
        for start in _starts(problem, train, friction=kind == "dissipative"):
            try:
                fit = _fit_paths(start, train, problem.observed, label)
            except (ArithmeticError, np.linalg.LinAlgError):
                continue
            if kind not in found or problem.leaves(fit) < _BETTER * problem.leaves(found[kind]):
                found[kind] = fit
            if problem.leaves(fit) <= LEFT or fit.white:
                break
        if kind == "dissipative" and (rough := with_nonlinear_friction(found, train, problem)) is not None:
            found[kind] = rough
    return found


def _fit_paths(
    start: MechanicsFit, train: Trajectories, observed: tuple[bool, ...], progress: str | None
) -> TrajectoryFit:
    """Fit paths, short ones where inputs drive them and long ones are missed: noise of forces adds up along a path."""
    fit = fit_trajectory(start.model, train, observed=observed, progress=progress)
    if train.inputs is None or fit.white:
        return fit
    return fit_trajectory(start.model, train, observed=observed, segment=_DRIVEN, progress=progress)


def _starts(problem: Problem, train: Trajectories, *, friction: bool) -> list[MechanicsFit]:
    """Return where fits of paths begin: structures of which the equations of motion leave less than of a constant M."""
    found: list[MechanicsFit] = []
    constant = np.inf
    for potential, mass in structures(problem, train.states):
        try:
            fit = fit_mechanics(train, potential, mass, friction=friction, held=problem.held)
        except (FitError, InputError, np.linalg.LinAlgError):
            continue
        if mass is None:
            constant = min(constant, fit.residual)
        elif fit.residual < _MATTERS * constant:
            found.append(fit)
    return found


def structures(problem: Problem, states: np.ndarray) -> Iterator[Structure]:
    """Yield bases of potential and mass matrix, constant mass matrices first, then the simpler ones.

    Waves in the angles, and polynomials in the positions that are none. Where no angles were declared, they may be some
    all the same.
    """
    n = states.shape[1] // 2
    turning = list(problem.turning)
    straight = [place for place in range(n) if place not in turning]
    with jax.enable_x64(True):
        centre = np.mean(states[:, :n], axis=0)
        centre[turning] = 0.0
        bent = _of(_waves(len(turning), 1), turning, n, centre) if turning else None
        twice = _of(_waves(len(turning), 2), turning, n, centre) if turning and n <= _WAVES else bent
        smooth = _of(Polynomial(len(straight), 4), straight, n, centre) if straight else None
        simple = _of(Polynomial(len(straight), 2), straight, n, centre) if straight else None
    yield _sum(twice, smooth), None
    yield _sum(bent, smooth), _sum(bent, simple if not turning else None)
    if turning and (straight or twice is not bent):
        yield _sum(twice, smooth), _sum(twice, simple)
    ranges = np.ptp(states[:, :n], axis=0)
    if not turning and np.all((ranges >= _BENDS) & (ranges <= 4 * np.pi)):
        yield _waves(n, 1), _waves(n, 1)


def _waves(angles: int, highest: int) -> Fourier:
    """Return waves in sums of all angles, or of no more than two of many."""
    found = Fourier.up_to(angles, highest)
    if angles <= _WAVES:
        return found
    return Fourier(tuple(k for k in found.frequencies if np.count_nonzero(k) <= 2))


def _of(features: AbstractFeatures, places: list[int], n: int, centre: np.ndarray) -> AbstractFeatures:
    """Return features of some of the positions."""
    if len(places) == n and not np.any(centre):
        return features
    return Projected(features, np.eye(n)[places], centre)


def _sum(first: AbstractFeatures | None, second: AbstractFeatures | None) -> AbstractFeatures:
    if first is None or second is None:
        found = first or second
        assert found is not None
        return found
    return first + second
