"""Time derivatives of measured states."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy.linalg import solve_banded

from symplect.data.smoothing import FEWEST, smoothing_splines
from symplect.data.trajectories import Trajectories
from symplect.errors import InputError


def forward_difference(data: Trajectories) -> Trajectories:
    """Return the data with `(z_{k+1} - z_k) / (t_{k+1} - t_k)` at every sample but each trial's last, which goes.

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


def clean_by_derivatives(data: Trajectories) -> Trajectories:
    """Return the data with noisy states replaced by the integral of their exact derivatives.

    The derivatives give every path but for a constant, which is the mean of what was measured: n samples reduce the
    noise by the square root of n, and what is left is the same for the whole path. Paths are splines through the
    derivatives.

    Args:
        data: trials of at least two samples, whose derivatives are better known than their states.

    Raises:
        InputError: data without derivatives, or a trial of one sample.

    Example:
        >>> t = np.linspace(0.0, 3.0, 31)
        >>> circle = np.stack([np.cos(t), -np.sin(t)], axis=1)[None]
        >>> noise = 0.1 * np.random.default_rng(0).standard_normal(circle.shape)
        >>> noisy = Trajectories.stack(t, circle + noise, np.stack([-np.sin(t), -np.cos(t)], axis=1)[None])
        >>> bool(np.max(abs(clean_by_derivatives(noisy).states - circle[0])) < 0.05)
        True
    """
    if data.derivatives is None:
        raise InputError("clean_by_derivatives: expected data with derivatives, found none: use fit_trajectory")
    if min(data.lengths) < 2:
        raise InputError("clean_by_derivatives: expected trials of at least two samples, found one of a single sample")
    paths: list[np.ndarray] = []
    for trial in data:
        assert trial.derivatives is not None
        path = integrals(trial.times, trial.derivatives)
        paths.append(path + np.mean(trial.states - path, axis=0))
    return replace(data, states=np.concatenate(paths))


def smoothed(data: Trajectories) -> Trajectories:
    """Return the data with states and derivatives of smoothing splines (cross-validated, Craven, Wahba 1978).

    Args:
        data: trials of at least five samples; derivatives of their own are replaced.

    Raises:
        InputError: a shorter trial.

    Example:
        >>> t = np.linspace(0.0, 6.0, 60)
        >>> circle = Trajectories(t, np.stack([np.cos(t), -np.sin(t)], axis=1), (60,))
        >>> bool(np.max(abs(smoothed(circle).derivatives[3:-3, 0] + np.sin(t[3:-3]))) < 0.01)
        True
    """
    if min(data.lengths) < FEWEST:
        raise InputError(f"smoothed: expected trials of {FEWEST} samples or more, found one of {min(data.lengths)}")
    states, derivatives = smoothing_splines(data.times, data.states, data.lengths)
    return replace(data, states=states, derivatives=derivatives)


def integrals(
    times: Float[np.ndarray, " samples"], values: Float[np.ndarray, "samples columns"]
) -> Float[np.ndarray, "samples columns"]:
    """Return the integrals, from the first time on, of cubic splines through samples (de Boor's "not-a-knot").

    Of three samples it is a parabola, of two a line.

    Args:
        times: increasing.
        values: samples, one column for each function.

    Example:
        >>> t = np.array([0.0, 1.0, 3.0, 4.0])
        >>> integrals(t, t[:, None] ** 3)[:, 0].tolist()  # t^4 / 4
        [0.0, 0.25, 20.25, 64.0]
    """
    h, curvatures = np.diff(times), np.zeros(values.shape)
    bent = np.diff(np.diff(values, axis=0) / h[:, None], axis=0)
    if len(times) == 3:
        curvatures[:] = 2 * bent / (h[0] + h[1])
    elif len(times) > 3:
        bands = np.stack([np.roll(h[1:], 1), 2 * (h[:-1] + h[1:]), np.roll(h[:-1], -1)])  # by columns, as in LAPACK
        first, last = h[0] / h[1], h[-1] / h[-2]  # cubics go on beyond the second sample and that before the last
        bands[1, 0], bands[0, 1] = bands[1, 0] + h[0] * (1 + first), bands[0, 1] - h[0] * first
        bands[1, -1], bands[2, -2] = bands[1, -1] + h[-1] * (1 + last), bands[2, -2] - h[-1] * last
        inner = curvatures[1:-1] = solve_banded((1, 1), bands, 6 * bent, check_finite=False)
        curvatures[0] = inner[0] + first * (inner[0] - inner[1])
        curvatures[-1] = inner[-1] + last * (inner[-1] - inner[-2])
    h = h[:, None]
    pieces = h * (values[:-1] + values[1:]) / 2 - h**3 * (curvatures[:-1] + curvatures[1:]) / 24
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(pieces, axis=0)])
