"""Measurement noise."""

from dataclasses import replace

import numpy as np

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
