"""Where a path should begin to meet what was measured, for a model that is fixed."""

import jax
import numpy as np
from jaxtyping import Bool, Float

from symplect.dynamics import AbstractDynamics
from symplect.fitting.field_of import field_of
from symplect.fitting.fields import KnownField
from symplect.fitting.least_squares import one_thread
from symplect.fitting.residuals import PathResiduals
from symplect.fitting.segments import Segments
from symplect.models import holds_inputs

_ITERATIONS = 6
_ENOUGH = 1e-3  # relative change of the cost, at which a start is found

Paths = Float[np.ndarray, "segments samples dimension"]


def best_paths(
    model: AbstractDynamics,
    segments: Segments,
    weights: Float[np.ndarray, " dimension"],
    substeps: int,
) -> Paths:
    """Return the path of every segment that meets the measured one best, its start found by Gauss and Newton.

    Args:
        model: dynamics in double precision.
        segments: with the measured paths, whose first samples are tried first.
        weights: weight of every coordinate in the sum of squares; 0 for those that were not observed.
        substeps: Runge-Kutta steps between two samples.
    """
    with np.errstate(divide="ignore"):
        noise = 1 / np.asarray(weights, float)
    field, held = KnownField(field_of(model)), holds_inputs(model)
    with one_thread(), jax.enable_x64(True), np.errstate(over="ignore", invalid="ignore"):
        paths, found = _joined(PathResiduals(field, segments, noise, substeps, held=held), segments.states)
        if not np.all(found):
            left = jax.tree.map(lambda part: part[~found], segments)
            paths[~found] = _followed(PathResiduals(field, left, noise, substeps, held=held), left.states)
    return paths


def _joined(residuals: PathResiduals, states: Paths) -> tuple[Paths, Bool[np.ndarray, " segments"]]:
    """Return paths joined out of pieces, and which of them came to rest."""
    nothing = np.zeros(0)
    normal, found = residuals.joined(nothing, states), np.zeros(len(states), bool)
    for _ in range(_ITERATIONS):
        states, cost = normal.moved(nothing), normal.cost
        normal = residuals.joined(nothing, states)
        found = normal.met & (np.abs(cost - normal.cost) <= _ENOUGH * normal.cost)
        if np.all(found | ~np.isfinite(normal.cost)):
            break
    return normal.paths, found


def _followed(residuals: PathResiduals, measured: Paths) -> Paths:
    """Return the best paths among those that begin at the first samples and at ever better starts; NaN without any."""
    starts, best = measured[:, 0], np.full_like(measured, np.nan)
    least, nothing = np.full(len(starts), np.inf), np.zeros(0)
    for _ in range(_ITERATIONS):
        normal = residuals.followed(nothing, starts)
        if not np.any(normal.cost < np.inf):
            break
        better = normal.cost < least
        best, least = np.where(better[:, None, None], normal.paths, best), np.where(better, normal.cost, least)
        starts = starts + normal.starts(nothing)
    return best
