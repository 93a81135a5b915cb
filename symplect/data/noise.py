"""Measurement noise."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from symplect.data.trajectories import Trajectories

_BLOCK = 2**16  # samples at once, which bounds the memory


def add_noise(data: Trajectories, standard_deviation: float, rng: np.random.Generator) -> Trajectories:
    """Return the data with Gaussian noise on the states; derivatives stay as they are, as in the paper.

    Args:
        data: clean trajectories.
        standard_deviation: size of the noise, in the units of the states.
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
    """Return what each sample misses of a cubic through four others, in units in which white noise keeps its size.

    The neighbours are two on either side; the first two samples and the last two have too few.

    Args:
        times: increasing, five or more.
        states: one row per time.

    Example:
        >>> t = np.arange(6.0)
        >>> bool(np.max(abs(local_residuals(t, t[:, None] ** 3))) < 1e-12)
        True
    """
    return cubic_residuals(times, states, np.arange(2, len(times) - 2))


def cubic_residuals(
    times: Float[np.ndarray, " samples"],
    values: Float[np.ndarray, "samples columns"],
    at: Int[np.ndarray, " asked"],
    neighbours: tuple[int, int, int, int] = (-2, -1, 1, 2),
) -> Float[np.ndarray, "asked columns"]:
    """Return what samples miss of the cubics through four others, in units in which white noise keeps its size.

    Args:
        times: times of all samples.
        values: values of all samples.
        at: indices of the samples that are asked for.
        neighbours: places of the four samples that each cubic goes through, from the one that is asked for.
    """
    blocks = np.split(at, range(_BLOCK, len(at), _BLOCK))
    return np.concatenate([_cubic_residuals(times, values, block, neighbours) for block in blocks])


def _cubic_residuals(
    times: np.ndarray, values: np.ndarray, at: np.ndarray, neighbours: tuple[int, int, int, int]
) -> np.ndarray:
    nodes = [at + place for place in neighbours]
    offsets = [times[node] - times[at] for node in nodes]
    missed, variance = values[at], np.ones(len(at))
    for i, node in enumerate(nodes):
        others = [offset for j, offset in enumerate(offsets) if j != i]
        weight = np.prod([other / (other - offsets[i]) for other in others], axis=0)
        missed = missed - weight[:, None] * values[node]
        variance += weight**2
    return missed / np.sqrt(variance)[:, None]
