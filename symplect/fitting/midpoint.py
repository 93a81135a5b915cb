"""Where paths begin to be followed: a residual of one step that is symmetric in time, so has no first-order bias."""

import numpy as np

from symplect.fitting.fields import AbstractField, Parameters
from symplect.fitting.least_squares import solve_symmetric
from symplect.fitting.segments import Segments

_ITERATIONS = 3  # of Gauss-Newton, since friction makes the field bilinear


def one_step(
    field: AbstractField,
    segments: Segments,
    noise: np.ndarray,
    penalty: Parameters,
) -> Parameters:
    """Minimise the sum over neighbouring samples of `|(z1 - z0) / h - f((z0 + z1) / 2)|^2`, and a ridge.

    Args:
        field: model as a function of its parameters, which begins at its own.
        segments: measured pieces.
        noise: standard deviation of every coordinate.
        penalty: ridge strength of every parameter squared.
    """
    real = np.any(segments.weights > 0, axis=2)[:, 1:]
    before, after = segments.states[:, :-1][real], segments.states[:, 1:][real]
    h = np.diff(segments.times, axis=1)[real]
    inputs = ((segments.inputs[:, 1:] + segments.inputs[:, :-1]) / 2)[real]
    parameters = field.start
    for _ in range(_ITERATIONS):
        found = field(parameters, ((before + after) / 2).T, inputs.T)
        scale = h / noise[:, None]
        missed = ((after - before).T / h - found.velocity) * scale
        A = (found.by_parameters * scale[:, None]).swapaxes(0, 1).reshape(len(parameters), -1)
        gradient = A @ missed.ravel() - penalty * parameters
        parameters = parameters + solve_symmetric(A @ A.T + np.diag(penalty), gradient, rcond=1e-10)
    return parameters
