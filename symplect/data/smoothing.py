"""Smoothing splines: a path and its speed out of noisy samples."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Real

from symplect.data.noise import local_residuals

FEWEST = 5
"""Samples that a smoothing spline needs."""

_ROUGHEST = -6.0  # decimal logarithm of the least smoothing: a frequency that the samples just resolve is kept
_FINER = np.array([-2.0, -1.0, 0.0, 1.0, 2.0]) / 3  # decades about the best whole one
_FOLLOWS = 2.0  # times the noise, that samples may be missed by
_TRIES = 6  # decades less of smoothing, before there is none
_MOST = 3000  # samples to choose the smoothing by

Samples = Float[np.ndarray, " samples"]


def smoothing_splines(
    times: Samples, values: Real[np.ndarray, "samples columns"], lengths: Sequence[int]
) -> tuple[Float[np.ndarray, "samples columns"], Float[np.ndarray, "samples columns"]]:
    r"""Return values and time derivatives of splines through every column of every trial of five samples or more.

    Times are in units of the step and values in units of their size. The smoothing $\lambda$ has the least
    $|x - f|^2 / \mathrm{tr}(1 - A_\lambda)^2$ of all orders of magnitude (generalised cross-validation), and is made
    less until the spline misses the samples by no more than their noise allows.

    Source: Craven, Wahba 1978, Numer. Math. 31, 377. SciPy's splines, but not its choice of $\lambda$, which is not
    found where a swing has few samples.

    Args:
        times: increasing within each trial.
        values: any number of columns.
        lengths: samples of each trial.

    Example:
        >>> t = np.linspace(0.0, 1e-6, 100)
        >>> _, velocity = smoothing_splines(t, np.sin(4e7 * t)[:, None], [100])
        >>> bool(np.max(abs(velocity[3:-3, 0] / 4e7 - np.cos(4e7 * t[3:-3]))) < 0.01)
        True
    """
    smooth, derivatives = np.empty(values.shape), np.empty(values.shape)
    ends = np.cumsum(lengths)
    for first, end in zip(ends - lengths, ends, strict=True):
        for column in range(values.shape[1]):
            smooth[first:end, column], derivatives[first:end, column] = _smoothed(
                times[first:end], np.asarray(values[first:end, column], float)
            )
    return smooth, derivatives


def _smoothed(times: Samples, values: Samples) -> tuple[Samples, Samples]:
    """Return one smooth path and its derivative."""
    from scipy.interpolate import make_smoothing_spline  # takes longer to import than most of the package

    middle, step = np.mean(values), float(np.median(np.diff(times)))
    size = float(np.max(np.abs(values - middle)))
    if size <= 4 * np.finfo(float).eps * abs(middle):
        return values.copy(), np.zeros(len(values))
    u, x = (times - times[0]) / step, (values - middle) / size
    noise = local_residuals(u, x[:, None])
    allowed = _FOLLOWS**2 * (1 + 3 / np.sqrt(len(noise))) * float(np.mean(noise**2))
    chosen = _cross_validated(u, x)
    for smoothing in chosen * 10.0 ** -np.arange(_TRIES):
        path = make_smoothing_spline(u, x, lam=smoothing)
        if np.mean((path(u) - x) ** 2) <= allowed:
            break
    else:
        path = make_smoothing_spline(u, x, lam=0.0)
    return np.asarray(middle + size * path(u)), np.asarray(path.derivative()(u) * size / step)


def _cross_validated(u: Samples, x: Samples) -> float:
    """Return the smoothing by the middle of the samples, where there are very many."""
    from scipy.interpolate import make_smoothing_spline

    first = max(0, len(u) - _MOST) // 2
    u, x = u[first : first + _MOST], x[first : first + _MOST]
    roughness = _roughness(len(x))

    def score(smoothing: float) -> float:
        left = smoothing * roughness
        missed = make_smoothing_spline(u, x, lam=smoothing)(u) - x
        return float(np.sum(missed**2) / np.sum(left / (1 + left)) ** 2)

    strongest = np.ceil(4 * np.log10(len(x) / np.pi)) + 1  # all but a line is smoothed away
    coarse = min(10.0 ** np.arange(_ROUGHEST, strongest + 1), key=score)
    return float(min(coarse * 10.0**_FINER, key=score))


def _roughness(samples: int) -> Float[np.ndarray, " waves"]:
    """Return the integral of the squared second derivative of every wave of unit size that samples can tell.

    Waves between free ends have a half period more or less than fits; straight lines have none.
    """
    frequency = np.pi * (np.arange(1, samples - 1) + 0.5) / samples
    return 3 * (2 - 2 * np.cos(frequency)) ** 2 / (2 + np.cos(frequency))
