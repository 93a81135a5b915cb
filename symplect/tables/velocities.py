"""How a given velocity compares with the derivative of its position."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from symplect.data.noise import cubic_residuals
from symplect.tables.noise import deviation

AGREES = 0.1
"""Relative difference between dq/dt and a velocity below which they agree: seldom sampled paths differ by as much."""

_FEWEST = 20  # windows of time, to compare a position with its velocity
_ENOUGH = 20_000  # windows
_GAP = 3.0  # times the usual step, over which nothing is integrated
_RELATED = 0.5  # of a position's changes, that its velocity must explain
_NOISE = 4.0  # times the noise, that changes must miss a velocity by before the two are called unrelated
_SURELY = 3.0  # standard errors of a factor
_TRIMMED = 4.0  # standard deviations, beyond which a change is not counted
_EXACT = 1e-9  # of the largest change, within which none is left out
_OFFSET = 0.5  # of what a factor alone leaves, below which an offset is there too
_NOTICED = 0.02  # of the root mean square velocity: a smaller offset is none


@dataclass(frozen=True)
class Relation:
    """The derivative of a position as `factor * (velocity - offset)`.

    Attributes:
        factor: 1 where they agree, NaN where they are unrelated.
        offset: constant part of the velocity that the position knows nothing of; 0 where there is none.
    """

    factor: float = 1.0
    offset: float = 0.0


def compare_velocities(
    times: Float[np.ndarray, " rows"],
    positions: Float[np.ndarray, "rows positions"],
    velocities: Float[np.ndarray, "rows positions"],
    trial: Int[np.ndarray, " rows"],
) -> tuple[Relation, ...]:
    """Return how dq/dt follows from each given velocity.

    Changes of a position over windows of time are compared with the integral of its velocity, so no noisy derivative
    is taken.

    Args:
        times: times of the samples, in order within each trial.
        positions: positions, angles made continuous.
        velocities: the velocity of each position.
        trial: number of each sample's trial.

    Example:
        >>> t = np.linspace(0.0, 10.0, 200)
        >>> q, v = np.stack([np.sin(t), 1000 * np.sin(t)], axis=1), np.stack([-np.cos(t), np.cos(t)], axis=1)
        >>> [round(found.factor) for found in compare_velocities(t, q, v, np.zeros(200, int))]
        [-1, 1000]
    """
    same = np.diff(trial) == 0
    steps = np.diff(times)
    usual = np.median(steps[same]) if np.any(same) else np.inf
    piece = np.concatenate([[0], np.cumsum(~same | (steps > _GAP * usual))])  # without a gap
    return tuple(_relation(times, positions[:, i], velocities[:, i], piece) for i in range(positions.shape[1]))


def _relation(times: np.ndarray, position: np.ndarray, velocity: np.ndarray, piece: np.ndarray) -> Relation:
    integral = _integral(times, velocity, piece)
    longest = int(np.max(np.bincount(piece)))
    lags = [2**k for k in range(longest.bit_length()) if 2**k <= max(1, longest // 2)]
    windows = [(lag, _spread(np.flatnonzero(piece[lag:] == piece[:-lag]))) for lag in lags]
    changes = [
        (lag, *(values[start + lag] - values[start] for values in (position, integral, times)))
        for lag, start in windows
        if len(start) >= _FEWEST
    ]
    if not np.any(velocity) or not any(np.any(change) for _, change, _, _ in changes):
        return Relation()
    alone, offset = (
        max((_line(change, expected, spans, offset=offset), lag) for lag, change, expected, spans in changes)
        for offset in (False, True)
    )
    has_offset = alone[0].explained < _RELATED or 1 - offset[0].explained < _OFFSET**2 * (1 - alone[0].explained)
    line, lag = offset if has_offset else alone
    if line.explained >= _RELATED:  # noise of the velocity lowers the factor by no more than it leaves unexplained
        error = _SURELY * line.left / line.size * np.sqrt(lag / line.count) + 1 - line.explained
        factor = 1.0 if abs(line.factor - 1) < AGREES + error else line.factor
        noticed = abs(line.offset) > _NOTICED * float(np.sqrt(np.mean(velocity**2)))
        return Relation(factor, line.offset if noticed else 0.0)
    drift = np.sqrt(lag) * _noise(times, velocity, piece) * float(np.median(np.abs(np.diff(times)))) * abs(line.factor)
    noise = np.hypot(np.sqrt(2) * _noise(times, position, piece), drift)
    return Relation(float("nan") if line.left > _NOISE * noise else 1.0)


def _spread(places: np.ndarray) -> np.ndarray:
    """Return at most so many places as are enough, evenly spread."""
    return places[:: max(1, len(places) // _ENOUGH)].copy()  # a view would keep all of them


def _integral(times: np.ndarray, values: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """Return the integral of a velocity along each piece: trapezia, corrected by the slopes at their ends."""
    steps = np.diff(times)
    same = np.diff(piece) == 0
    inner = np.concatenate([[False], same[1:] & same[:-1], [False]])
    rates = np.zeros(len(values))
    place = np.flatnonzero(inner)
    rates[place] = (values[place + 1] - values[place - 1]) / (times[place + 1] - times[place - 1])
    corrected = inner[1:] & inner[:-1]
    area = steps * (values[1:] + values[:-1]) / 2 - corrected * steps**2 * np.diff(rates) / 12
    return np.concatenate([[0.0], np.cumsum(np.where(same, area, 0.0))])


@dataclass(frozen=True, order=True)
class _Line:
    """Changes of a position as `factor * (integral of the velocity - offset * duration)`.

    Attributes:
        explained: share of the changes.
        factor, offset: of the line.
        left, size: root mean squares of what is left and of the integrals.
        count: number of changes that are not left out.
    """

    explained: float
    factor: float = 1.0
    offset: float = 0.0
    left: float = 0.0
    size: float = 1.0
    count: int = 1


def _line(change: np.ndarray, expected: np.ndarray, spans: np.ndarray, *, offset: bool) -> _Line:
    """Fit a line three times, each without what is far from the one before."""
    keep = np.ones(len(change), bool)
    found = _Line(0.0, count=len(change))
    for _ in range(3):
        x, y, t = expected[keep], change[keep], spans[keep]
        if not np.any(y) or not np.any(x):
            return found
        constant = float(np.sum(x * t) / np.sum(t * t)) if offset else 0.0
        mean = float(np.sum(y * t) / np.sum(t * t)) if offset else 0.0
        x, y = x - constant * t, y - mean * t
        total, power = float(np.sum(y**2)), float(np.sum(x**2))
        if total == 0 or power == 0:
            return found
        factor = float(np.sum(x * y)) / power
        missed = y - factor * x
        explained, left = 1 - float(np.sum(missed**2)) / total, float(np.sqrt(np.mean(missed**2)))
        own = constant - mean / factor if offset and factor else 0.0
        found = _Line(explained, factor, own, left, float(np.sqrt(np.mean(x**2))), int(np.sum(keep)))
        near = np.abs(missed) <= _TRIMMED * deviation(missed[:, None])[0] + _EXACT * np.max(np.abs(y))
        keep[np.flatnonzero(keep)[~near]] = False
    return found


def _noise(times: np.ndarray, values: np.ndarray, piece: np.ndarray) -> float:
    at = np.arange(2, len(values) - 2)
    at = _spread(at[piece[at - 2] == piece[at + 2]])
    if not len(at):
        return float("inf")
    return float(deviation(cubic_residuals(times, values[:, None], at))[0])
