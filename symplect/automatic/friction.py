"""Friction that is not in proportion to the velocity, tried where linear friction leaves something to explain."""

import time
from collections.abc import Mapping
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from symplect.automatic.problem import Problem
from symplect.data import Trajectories
from symplect.fitting import TrajectoryFit, fit_trajectory
from symplect.models import DissipativeHNN, NonlinearFriction

LEFT = 1.1
"""Times the measured noise: a fit that leaves more has left something to explain."""

_HELPS = 0.9  # of the noise: a fit with less of it has explained something
_REST = 0.02  # of the root mean square speed, below which dry friction is rounded
_FINE = 4  # steps between samples, since dry friction changes within one


def with_nonlinear_friction(
    fits: Mapping[str, TrajectoryFit], train: Trajectories, problem: Problem
) -> TrajectoryFit | None:
    """Fits dry friction and quadratic drag too, where linear friction helps and leaves something to explain."""
    linear, kept = fits.get("dissipative"), fits.get("Hamiltonian")
    if linear is None or linear.white or problem.leaves(linear) <= LEFT:
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
