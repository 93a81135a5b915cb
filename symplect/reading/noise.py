"""How noisy measured paths look, before any model is fitted."""

import numpy as np
from jaxtyping import Float, Int

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
    trial = np.repeat(np.arange(len(data)), data.lengths)
    at = np.arange(2, len(trial) - 2)
    at = at[trial[at - 2] == trial[at + 2]]
    if not len(at):
        return np.full(data.dimension, np.nan)
    missed = cubic_residuals(data.times, data.states, at, np.stack([at - 2, at - 1, at + 1, at + 2]))
    return deviation(missed)


def deviation(residuals: Float[np.ndarray, "samples columns"]) -> Float[np.ndarray, " columns"]:
    """Returns the standard deviation of each column, to which a few that lie far off add nothing."""
    return _TO_DEVIATION * np.median(np.abs(residuals), axis=0)


def cubic_residuals(
    times: Float[np.ndarray, " samples"],
    values: Float[np.ndarray, "samples columns"],
    at: Int[np.ndarray, " asked"],
    nodes: Int[np.ndarray, "4 asked"],
) -> Float[np.ndarray, "asked columns"]:
    """Returns what samples miss of the cubics through four others, in units in which white noise keeps its size.

    Args:
        times: times of all samples.
        values: values of all samples.
        at: indices of the samples that are asked for.
        nodes: indices of the four samples that each cubic goes through.
    """
    offsets = times[nodes] - times[at]
    weights = np.ones_like(offsets)
    for i in range(4):
        for j in range(4):
            if i != j:
                weights[i] *= -offsets[j] / (offsets[i] - offsets[j])
    missed = values[at]
    for weight, node in zip(weights, nodes, strict=True):
        missed = missed - weight[:, None] * values[node]
    return missed / np.sqrt(1 + np.sum(weights**2, axis=0))[:, None]
