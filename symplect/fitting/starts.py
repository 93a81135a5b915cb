"""Where a path should begin to meet what was measured, for a model that is fixed."""

import numpy as np
from jaxtyping import Float

from symplect.dynamics import AbstractDynamics
from symplect.fitting.parametrised import Parametrised, with_friction
from symplect.fitting.segments import Segments
from symplect.fitting.shooting import PathResiduals

_ITERATIONS = 6
_MOST = 200  # trainable numbers of a model whose paths are differentiated by them too, by the program that fitted it


def best_paths(
    model: AbstractDynamics,
    segments: Segments,
    weights: Float[np.ndarray, " dimension"],
    substeps: int,
) -> Float[np.ndarray, "segments samples dimension"]:
    """Return the path of every segment that meets the measured one best, its start found by Gauss and Newton.

    Args:
        model: dynamics in double precision.
        segments: with the measured paths, whose first samples are tried first.
        weights: weight of every coordinate in the sum of squares; 0 for those that were not observed.
        substeps: Runge-Kutta steps between two samples.
    """
    function, vector = Parametrised.split(with_friction(model))
    if vector.size > _MOST:
        function, vector = Parametrised.split(model, frozen=True)
    parameters = np.asarray(vector)
    starts, least, best = segments.states[:, 0], np.full(len(segments), np.inf), segments.states
    with np.errstate(divide="ignore"):
        noise = 1 / np.asarray(weights, float)
    residuals = PathResiduals(function, segments, noise, substeps)
    for _ in range(_ITERATIONS):
        found = residuals.linearised(parameters, starts)
        if not np.any(found.cost < np.inf):
            break
        better = found.cost < least
        best, least = np.where(better[:, None, None], found.paths, best), np.where(better, found.cost, least)
        starts = starts + found.starts(np.zeros(len(parameters)))
    return np.where(np.isfinite(least)[:, None, None], best, np.nan)
