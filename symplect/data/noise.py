"""Measurement noise."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from symplect.data.trajectories import Trajectories


def add_noise(data: Trajectories, standard_deviation: float, rng: np.random.Generator) -> Trajectories:
    """Returns the data with Gaussian noise on the states; derivatives stay as they are, as in the paper.

    Args:
        data: clean trajectories.
        standard_deviation: of the noise, in the units of the states.
        rng: source of the noise.

    Example:
        >>> clean = Trajectories.stack(np.arange(4.0), np.zeros((1, 4, 2)))
        >>> add_noise(clean, 0.1, np.random.default_rng(0)).states.shape
        (4, 2)
    """
    noise = standard_deviation * rng.standard_normal(data.states.shape)
    return replace(data, states=data.states + noise)


def local_residuals(
    times: Float[np.ndarray, " samples"], states: Float[np.ndarray, "samples dimension"]
) -> Float[np.ndarray, "inner dimension"]:
    """Returns what each sample misses of a cubic through four others, in units in which white noise keeps its size.

    The neighbours are two on either side; the first two samples and the last two have too few.

    Args:
        times: increasing, five or more.
        states: one row per time.

    Example:
        >>> t = np.arange(6.0)
        >>> bool(np.max(abs(local_residuals(t, t[:, None] ** 3))) < 1e-12)
        True
    """
    offsets = np.stack([times[k : len(times) - 4 + k] - times[2:-2] for k in (0, 1, 3, 4)])
    neighbours = np.stack([states[k : len(times) - 4 + k] for k in (0, 1, 3, 4)])
    weights = np.ones_like(offsets)
    for i in range(4):
        for j in range(4):
            if i != j:
                weights[i] *= -offsets[j] / (offsets[i] - offsets[j])
    residuals = states[2:-2] - np.sum(weights[:, :, None] * neighbours, axis=0)
    return residuals / np.sqrt(1 + np.sum(weights**2, axis=0))[:, None]
