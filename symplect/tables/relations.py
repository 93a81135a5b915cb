"""Positions that follow from other positions: the same one twice, or a point held on a sphere."""

import itertools
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

_EXACT = 1e-3  # of a position's spread, by which a relation that holds may be missed without noise
_NOISES = 1.5  # standard deviations of the noise, within which a relation holds
_LOOSE = 0.1  # of a position's spread: where noise is larger, nothing is known to follow
_FEWEST_TRIALS = 3  # on one curve or surface: a single orbit always lies on some
_SAMPLES = 2000  # that are looked at
_PER_TERM = 10  # samples per coefficient of a relation
_RIDGE = 1e-9  # of the mean size of the gradients: two quadrics may share a line along which both vanish
_SAME_ORBIT = 0.1  # of the spread, within which trials that cover the same range are one orbit
_TO_AND_FRO = 0.5  # of the range of an angle, that it must go up and down to be a swing


class Dependent(NamedTuple):
    """A position that follows from the others.

    Attributes:
        place: its number.
        missed: distance of samples from the relation, over the position's spread.
        balanced: whether the relation takes nothing from the mechanics: a plane, or two positions that mirror each
            other, as bodies do about their centre of mass. A column that is given twice is none, and a curve comes
            from a force that holds the system there.
    """

    place: int
    missed: float
    balanced: bool


def dependent_positions(
    positions: Float[np.ndarray, "rows positions"],
    trial: Int[np.ndarray, " rows"],
    noise: Float[np.ndarray, " positions"],
) -> tuple[Dependent, ...]:
    """Return the positions that follow from the others.

    A straight line between two positions counts at once. Another line, plane, conic or quadric counts where three
    trials or more share it, since a single orbit may lie on one by its energy. A sphere counts at once in space, if the
    path leaves every plane, and a circle in the plane, if the path goes to and fro on it.

    Args:
        positions: positions, one row per sample.
        trial: number of each sample's trial.
        noise: standard deviation of each position's noise; NaN where it is unknown.

    Example:
        >>> t = np.linspace(0.0, 9.0, 400)
        >>> x, y = 0.4 * np.sin(3 * t), 0.3 * np.cos(2.3 * t)
        >>> swing = np.stack([x, y, -np.sqrt(1 - x**2 - y**2)], axis=1)
        >>> [one.place for one in dependent_positions(swing, np.zeros(400, int), np.zeros(3))]
        [2]
    """
    some = slice(None, None, max(1, len(positions) // _SAMPLES))
    spread = np.std(positions, axis=0)
    if positions.shape[1] < 2 or not np.all(spread > 0):
        return ()
    scaled = (positions[some] - np.mean(positions, axis=0)) / spread
    blur = np.hypot(_EXACT, np.nan_to_num(noise) / spread)
    if pairs := _proportional(scaled, blur):
        return pairs
    several = _distinct_trials(scaled, trial[some]) >= _FEWEST_TRIALS
    away, gradient = _plane(scaled, blur)
    if balanced := away <= _NOISES:
        away = away if several else np.inf
    else:
        away, gradient = _quadric(scaled, blur) if several else (np.inf, gradient)
        if away > _NOISES and (len(spread) > 2 or _swings(positions[some], trial[some])):
            away, gradient = _sphere(positions[some], spread * blur)
    place = int(np.argmax(gradient))
    holds = away <= _NOISES and blur[place] <= _LOOSE
    return (Dependent(place, float(away * blur[place]), balanced),) if holds else ()


def _proportional(scaled: np.ndarray, blur: np.ndarray) -> tuple[Dependent, ...]:
    """Return later ones of positions that lie on a straight line with an earlier one."""
    found: dict[int, Dependent] = {}
    for i, j in itertools.combinations(range(scaled.shape[1]), 2):
        sign = np.sign(np.mean(scaled[:, i] * scaled[:, j]))
        missed = float(np.sqrt(np.mean((scaled[:, j] - sign * scaled[:, i]) ** 2)))
        both = float(np.hypot(blur[i], blur[j]))
        if i not in found and missed <= _NOISES * both and both <= _LOOSE:
            found[j] = Dependent(j, missed, balanced=bool(sign < 0))
    return tuple(found.values())


def _plane(scaled: np.ndarray, blur: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the distance of samples from their plane, in sizes of the blur, and how much each position tells."""
    whitened = scaled / blur
    values, vectors = np.linalg.eigh(whitened.T @ whitened / len(scaled))
    return float(np.sqrt(max(values[0], 0.0))), np.abs(vectors[:, 0]) / blur  # a steep one is given best


def _quadric(scaled: np.ndarray, blur: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the distance from the best quadric (Taubin 1991), as `_plane`; infinite where samples are few."""
    from scipy.linalg import eigh

    n = scaled.shape[1]
    pairs = list(itertools.combinations_with_replacement(range(n), 2))
    if len(scaled) < _PER_TERM * (n + len(pairs)):
        return np.inf, np.ones(n)
    terms = np.concatenate([scaled, np.stack([scaled[:, i] * scaled[:, j] for i, j in pairs], axis=1)], axis=1)
    slopes = np.zeros((n, *terms.shape))
    for k in range(n):
        slopes[k, :, k] = 1.0
        for place, (i, j) in enumerate(pairs):
            slopes[k, :, n + place] = (i == k) * scaled[:, j] + (j == k) * scaled[:, i]
    terms -= np.mean(terms, axis=0)
    blurred = slopes * blur[:, None, None]
    size = np.einsum("krt,krs->ts", blurred, blurred) / len(scaled)
    values, vectors = eigh(terms.T @ terms / len(scaled), size + _RIDGE * np.trace(size) * np.eye(len(size)))
    return float(np.sqrt(max(values[0], 0.0))), _one_sided(slopes @ vectors[:, 0])


def _sphere(positions: np.ndarray, noise: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the distance from the best sphere in sizes of the noise, and how one-sided each position is."""
    centre, radius = _centre(positions)
    away = np.linalg.norm(positions - centre, axis=1) - radius
    blur = np.sqrt(np.mean(np.sum(((positions - centre) / radius * noise) ** 2, axis=1)))
    return float(np.sqrt(np.mean(away**2)) / blur), _one_sided((positions - centre).T)


def _one_sided(slopes: np.ndarray) -> np.ndarray:
    """Return how surely the slope of a relation in each position keeps its sign, so that it gives one value."""
    return np.abs(np.mean(slopes, axis=1)) / np.sqrt(np.mean(slopes**2, axis=1))


def _centre(positions: np.ndarray) -> tuple[np.ndarray, float]:
    middle, size = np.mean(positions, axis=0), np.max(np.std(positions, axis=0))
    u = (positions - middle) / size
    found, *_ = np.linalg.lstsq(np.column_stack([2 * u, np.ones(len(u))]), np.sum(u**2, axis=1), rcond=None)
    radius = np.sqrt(max(found[-1] + np.sum(found[:-1] ** 2), 0.0))
    return middle + size * found[:-1], float(size * radius)


def _swings(positions: np.ndarray, trial: np.ndarray) -> bool:
    """Whether the angle about the centre of the circle goes to and fro in a trial."""
    centre, _ = _centre(positions)
    for own in np.split(positions - centre, np.flatnonzero(np.diff(trial)) + 1):
        angle = np.unwrap(np.arctan2(own[:, 1], own[:, 0]))
        up = np.max(angle - np.minimum.accumulate(angle))
        down = np.max(np.maximum.accumulate(angle) - angle)
        if min(up, down) > _TO_AND_FRO * np.ptp(angle) > 0:
            return True
    return False


def _distinct_trials(scaled: np.ndarray, trial: np.ndarray) -> int:
    """Return the number of trials that cover different ranges of the positions."""
    starts = np.flatnonzero(np.diff(trial, prepend=-1))
    low, high = np.minimum.reduceat(scaled, starts), np.maximum.reduceat(scaled, starts)
    return len(np.unique(np.round(np.concatenate([low, high], axis=1) / _SAME_ORBIT), axis=0))
