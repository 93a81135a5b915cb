"""How noisy measured paths look, before any model is fitted."""

import numpy as np
from jaxtyping import Float

from symplect.data import Trajectories
from symplect.data.noise import local_residuals

_TO_DEVIATION = 1.4826  # from the median of absolute values of a normal distribution


def estimated_noise(data: Trajectories) -> Float[np.ndarray, " dimension"]:
    """Returns the standard deviation of each coordinate's noise: how far samples lie from a cubic through four others.

    The neighbours are two on either side. NaN without a trial of five samples. Paths that are sampled so seldom that a
    cubic does not follow them look noisy.

    Example:
        >>> t = np.linspace(0.0, 10.0, 400)
        >>> path = np.stack([np.sin(t), np.cos(t)], axis=1)
        >>> path += 0.01 * np.random.default_rng(0).standard_normal(path.shape)
        >>> bool(np.all(abs(estimated_noise(Trajectories(t, path, (400,))) / 0.01 - 1) < 0.15))
        True
    """
    found = [local_residuals(trial.times, trial.states) for trial in data if len(trial.times) >= 5]
    if not found:
        return np.full(data.dimension, np.nan)
    return _TO_DEVIATION * np.median(np.abs(np.concatenate(found)), axis=0)
