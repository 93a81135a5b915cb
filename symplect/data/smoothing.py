"""Smoothing splines: a path and its speed out of noisy samples."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Real
from scipy.linalg import solve_banded

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

    Source: Craven, Wahba 1978, Numer. Math. 31, 377. SciPy's choice of $\lambda$ is not found where a swing has few
    samples.

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
    middle, step = np.mean(values), float(np.median(np.diff(times)))
    size = float(np.max(np.abs(values - middle)))
    if size <= 4 * np.finfo(float).eps * abs(middle):
        return values.copy(), np.zeros(len(values))
    u, x = (times - times[0]) / step, (values - middle) / size
    noise = local_residuals(u, x[:, None])
    allowed = _FOLLOWS**2 * (1 + 3 / np.sqrt(len(noise))) * float(np.mean(noise**2))
    splines, chosen = Splines(u, x), _cross_validated(u, x)
    tried = (splines.at(smoothing) for smoothing in (*(chosen * 10.0 ** -np.arange(_TRIES)), 0.0))
    missed, curvature = next(found for found in tried if np.mean(found[0] ** 2) <= allowed)
    path = x - missed
    return middle + size * path, splines.slopes(path, curvature) * size / step


def _cross_validated(u: Samples, x: Samples) -> float:
    """Return the smoothing by the middle of the samples, where there are very many."""
    first = max(0, len(u) - _MOST) // 2
    splines = Splines(u[first : first + _MOST], x[first : first + _MOST])
    samples = len(splines.x)
    roughness = _roughness(samples)

    def score(smoothing: float) -> float:
        left = smoothing * roughness
        return float(np.sum(splines.at(smoothing)[0] ** 2) / np.sum(left / (1 + left)) ** 2)

    strongest = np.ceil(4 * np.log10(samples / np.pi)) + 1  # all but a line is smoothed away
    coarse = min(10.0 ** np.arange(_ROUGHEST, strongest + 1), key=score)
    return float(min(coarse * 10.0**_FINER, key=score))


class Splines:
    r"""Natural cubic splines of least $|x - f|^2 + \lambda \int f''^2$, by their curvature $\gamma$ at the samples.

    With divided differences $Q^T$, $R \gamma + Q^T (x - f) = Q^T x$ and $x - f = \lambda Q \gamma$. Both are solved at
    once, since $Q^T Q$ would lose what tells samples apart that are close in time.

    Source: Reinsch 1967, Numer. Math. 10, 177; Green, Silverman 1994, section 2.3.

    Args:
        u: increasing times.
        x: samples.
    """

    def __init__(self, u: Samples, x: Samples):
        self.x, self._steps = x, np.diff(u)
        self._bent, self._rough = np.zeros((2, 7, 2 * len(x)))  # diagonals; curvature and misses take turns
        self._bent[3] = 1.0
        self._bent[1, 4::2], self._bent[5, :-4:2] = self._steps[1:] / 6, self._steps[:-1] / 6
        self._bent[3, 2:-2:2] = (self._steps[:-1] + self._steps[1:]) / 3
        slopes = 1 / self._steps
        before, after = slopes[:-1], slopes[1:]
        self._rough[4, 1:-3:2], self._rough[2, 3:-1:2], self._rough[0, 5::2] = before, -before - after, after
        self._rough[2, 2:-2:2], self._rough[4, 2:-2:2], self._rough[6, 2:-2:2] = -before, before + after, -after

    def at(self, smoothing: float) -> tuple[Samples, Samples]:
        """Return by how much the samples are missed, and the curvature."""
        asked, weight = np.zeros(2 * len(self.x)), np.sqrt(smoothing)
        asked[2:-2:2] = np.diff(np.diff(self.x) / self._steps)
        found = solve_banded((3, 3), self._bent + weight * self._rough, asked, overwrite_ab=True, check_finite=False)
        return weight * found[1::2], found[::2]

    def slopes(self, path: Samples, curvature: Samples) -> Samples:
        """Return the derivatives of a spline at the samples, by its values and its curvature."""
        chords = np.diff(path) / self._steps
        ahead = chords - self._steps * (2 * curvature[:-1] + curvature[1:]) / 6
        return np.append(ahead, chords[-1] + self._steps[-1] * curvature[-2] / 6)


def _roughness(samples: int) -> Float[np.ndarray, " waves"]:
    """Return the integral of the squared second derivative of every wave of unit size that samples can tell.

    Waves between free ends have a half period more or less than fits; straight lines have none.
    """
    frequency = np.pi * (np.arange(1, samples - 1) + 0.5) / samples
    return 3 * (2 - 2 * np.cos(frequency)) ** 2 / (2 + np.cos(frequency))
