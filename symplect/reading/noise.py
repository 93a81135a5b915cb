"""How noisy measured paths look, before any model is fitted."""

import numpy as np
from jaxtyping import Float

from symplect.data import Trajectories

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
    found = [_scaled_residuals(trial.times, trial.states) for trial in data if len(trial.times) >= 5]
    if not found:
        return np.full(data.dimension, np.nan)
    return _TO_DEVIATION * np.median(np.abs(np.concatenate(found)), axis=0)


def _scaled_residuals(
    times: Float[np.ndarray, " samples"], states: Float[np.ndarray, "samples dimension"]
) -> Float[np.ndarray, "inner dimension"]:
    """Returns what each sample misses of the cubic, in units in which white noise keeps its size."""
    offsets = np.stack([times[k : len(times) - 4 + k] - times[2:-2] for k in (0, 1, 3, 4)])
    neighbours = np.stack([states[k : len(times) - 4 + k] for k in (0, 1, 3, 4)])
    weights = np.ones_like(offsets)
    for i in range(4):
        for j in range(4):
            if i != j:
                weights[i] *= -offsets[j] / (offsets[i] - offsets[j])
    residuals = states[2:-2] - np.sum(weights[:, :, None] * neighbours, axis=0)
    return residuals / np.sqrt(1 + np.sum(weights**2, axis=0))[:, None]
