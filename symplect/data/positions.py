"""Positions without momenta: what a camera or a ruler sees."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Real

from symplect.data.smoothing import FEWEST, smoothing_splines
from symplect.data.trajectories import Trajectories
from symplect.errors import InputError


def with_velocities(
    times: Float[np.ndarray, " samples"],
    positions: Real[np.ndarray, "samples degrees_of_freedom"],
    lengths: Sequence[int],
) -> Trajectories:
    """Make states `[q..., p...]` out of positions, with `p = dq/dt`.

    The velocities are those of a smoothing spline (`smoothing_splines`). They are good
    enough to begin a fit that does not believe them: `fit_trajectory(..., observed=...)` with `False` for the momenta
    and models of structure "newtonian".

    Args:
        times: increasing within each trial.
        positions: one column per degree of freedom.
        lengths: samples of each trial, five or more.

    Raises:
        InputError: shapes that do not fit, or a trial that is too short.

    Example:
        >>> t = np.linspace(0.0, 3.0, 40)
        >>> data = with_velocities(t, np.sin(t)[:, None], [40])
        >>> bool(np.max(abs(data.states[:, 1] - np.cos(t))) < 0.01)
        True
    """
    if np.ndim(positions) != 2:
        found = f"shape {np.shape(positions)}"
        raise InputError(f"with_velocities: expected positions of shape (samples, degrees_of_freedom), found {found}")
    positions = np.asarray(positions, float)  # pixels are integers
    if min(lengths, default=0) < FEWEST:
        found = f"one of {min(lengths, default=0)}"
        raise InputError(f"with_velocities: expected trials of {FEWEST} samples or more, found {found}")
    if sum(lengths) != len(times) or len(times) != len(positions):
        found = f"{len(times)} times, {len(positions)} positions and lengths that add up to {sum(lengths)}"
        raise InputError(f"with_velocities: expected as many times as positions, found {found}")
    if not np.all(np.isfinite(positions)):
        raise InputError("with_velocities: expected finite positions, found NaN or infinity: drop those samples")
    Trajectories(times, np.tile(positions, 2), tuple(lengths))  # times must increase before a spline sees them
    _, velocities = smoothing_splines(times, positions, lengths)
    return Trajectories(times, np.concatenate([positions, velocities], axis=1), tuple(lengths))
