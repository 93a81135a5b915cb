"""Friction that is not in proportion to the velocity, tried where linear friction leaves something to explain."""

import time
from collections.abc import Mapping
from dataclasses import replace

import jax
import numpy as np

from symplect.auto.problem import Problem
from symplect.data import Trajectories
from symplect.fitting import TrajectoryFit, fit_trajectory
from symplect.fitting.field_of import energies_and_speeds
from symplect.fitting.segments import enough_substeps
from symplect.models import EulerLagrange, NonlinearFriction, PortHamiltonian, port_of
from symplect.precision import on_device

LEFT = 1.1
"""Times the measured noise: a fit that leaves more has left something to explain."""

_HELPS = 0.9  # of the noise: a fit with less of it has explained something
_REST = 0.02  # of the root mean square speed, below which dry friction is rounded
_ROOT = 0.2  # of the coefficients of friction, where their fit begins, in units of the data's own
_FINE = 4  # steps between samples, since dry friction changes within one


def with_nonlinear_friction(
    fits: Mapping[str, TrajectoryFit], train: Trajectories, problem: Problem
) -> TrajectoryFit | None:
    """Fit dry friction and quadratic drag too, where linear friction helps and leaves something to explain."""
    linear, kept = fits.get("dissipative"), fits.get("Hamiltonian")
    if linear is None or linear.white or problem.leaves(linear) <= LEFT:
        return None
    seen = np.flatnonzero(problem.observed)
    if kept is not None and not np.any(linear.noise[seen] < _HELPS * kept.noise[seen]):
        return None
    began, model, port = time.perf_counter(), linear.model, port_of(linear.model)
    assert isinstance(model, EulerLagrange | PortHamiltonian)
    assert port is not None
    with jax.enable_x64(True):
        _, speeds = energies_and_speeds(model, train.states)
        rest = _REST * np.sqrt(np.mean(speeds**2, axis=0))
        roots = on_device(np.full(len(rest), _ROOT))
        friction = NonlinearFriction(roots, roots, tuple(rest.tolist()))
        start = on_device(_ROOT * np.eye(len(rest)))
        nonlinear = PortHamiltonian(port.conservative, start, port.input_matrix, nonlinear=friction, held=port.held)
        moved = EulerLagrange(nonlinear, model.forces) if isinstance(model, EulerLagrange) else nonlinear
    try:
        found = fit_trajectory(moved, train, observed=problem.observed, substeps=max(_FINE, enough_substeps(train)))
    except (ArithmeticError, np.linalg.LinAlgError):
        return None
    better = bool(np.all(found.noise[seen] < _HELPS * linear.noise[seen]))
    return replace(found, seconds=time.perf_counter() - began) if better else None
