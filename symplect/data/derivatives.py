"""Time derivatives of measured states."""

import numpy as np

from symplect.data.trajectories import Trajectories
from symplect.errors import InputError


def forward_difference(data: Trajectories) -> Trajectories:
    """Returns the data with `(z_{k+1} - z_k) / (t_{k+1} - t_k)` at every sample but each trial's last, which goes.

    This is the paper's estimate for the measured pendulum. It is of first order and belongs to the middle of the
    interval, not to its start: on a swing of frequency w it adds a contraction of about w^2 dt / 2 per second.

    Args:
        data: trials of at least two samples.

    Raises:
        InputError: a trial of one sample.

    Example:
        >>> line = Trajectories.stack(np.arange(3.0), np.array([[[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]]))
        >>> forward_difference(line).derivatives.tolist()
        [[1.0, 2.0], [1.0, 2.0]]
    """
    if min(data.lengths) < 2:
        raise InputError("forward_difference: expected trials of at least two samples, found one of a single sample")
    ends = np.cumsum(data.lengths) - 1
    first = np.setdiff1d(np.arange(len(data.times)), ends)
    steps = (data.times[first + 1] - data.times[first])[:, None]
    return Trajectories(
        times=data.times[first],
        states=data.states[first],
        lengths=tuple(n - 1 for n in data.lengths),
        derivatives=(data.states[first + 1] - data.states[first]) / steps,
        names=data.names,
        units=data.units,
    )
