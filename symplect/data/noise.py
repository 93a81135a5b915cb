"""Measurement noise."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

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
    at = np.arange(2, len(times) - 2)
    return cubic_residuals(times, states, at, np.stack([at - 2, at - 1, at + 1, at + 2]))


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
