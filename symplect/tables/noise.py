"""How noisy measured paths look, before any model is fitted."""

import numpy as np
from jaxtyping import Float

from symplect.data import Trajectories
from symplect.data.noise import cubic_residuals

_TO_DEVIATION = 1.4826  # from the median of absolute values of a normal distribution


def estimated_noise(data: Trajectories) -> Float[np.ndarray, " dimension"]:
    """Return the standard deviation of each coordinate's noise: how far samples lie from a cubic through four others.

    The neighbours are two on either side. NaN without a trial of five samples. Paths that are sampled so seldom that a
    cubic does not follow them look noisy.

    Example:
        >>> t = np.linspace(0.0, 10.0, 400)
        >>> path = np.stack([np.sin(t), np.cos(t)], axis=1)
        >>> path += 0.01 * np.random.default_rng(0).standard_normal(path.shape)
        >>> bool(np.all(abs(estimated_noise(Trajectories(t, path, (400,))) / 0.01 - 1) < 0.15))
        True
    """
    trial = np.repeat(np.arange(len(data)), data.lengths)
    at = np.arange(2, len(trial) - 2)
    at = at[trial[at - 2] == trial[at + 2]]
    if not len(at):
        return np.full(data.dimension, np.nan)
    return deviation(cubic_residuals(data.times, data.states, at))


def deviation(residuals: Float[np.ndarray, "samples columns"]) -> Float[np.ndarray, " columns"]:
    """Return the standard deviation of each column, to which a few that lie far off add nothing."""
    return np.array([_TO_DEVIATION * np.median(np.abs(column)) for column in residuals.T])
