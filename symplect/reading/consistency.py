"""Whether the columns of a record fit together: velocities and positions, positions among themselves, inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from symplect.data.noise import cubic_residuals
from symplect.reading.columns import Columns
from symplect.reading.noise import deviation
from symplect.reading.units import scale, split_rate

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
_SAME_FACTOR = 0.06  # relative difference to a factor that has a name
_KNOWN = (
    (1e3, "milli- (ms or mm) against base units"), (1e-3, "milli- (ms or mm) against base units"),
    (1e6, "micro- against base units"), (1e-6, "micro- against base units"),
    (1e2, "cm against m"), (1e-2, "cm against m"), (10.0, "mm against cm"),
    (180 / np.pi, "degrees against radians"), (np.pi / 180, "radians against degrees"),
    (2 * np.pi, "radians against turns"), (1 / (2 * np.pi), "turns against radians"),
    (60.0, "minutes against seconds"), (1 / 60.0, "minutes against seconds"),
    (1 / 3.6, "km/h against m/s"), (np.pi / 30, "turns per minute against rad/s"),
)  # fmt: skip


def velocity_factors(
    times: Float[np.ndarray, " rows"],
    positions: Float[np.ndarray, "rows positions"],
    velocities: Float[np.ndarray, "rows positions"],
    trial: Int[np.ndarray, " rows"],
) -> tuple[float, ...]:
    """Returns dq/dt over the given velocity: 1 where they agree, NaN where they are unrelated.

    Changes of a position over windows of time are compared with the integral of its velocity, so no noisy derivative
    is taken. A constant offset of the velocity does not matter.

    Args:
        times: times of the samples, in order within each trial.
        positions: positions, angles made continuous.
        velocities: the velocity of each position.
        trial: number of each sample's trial.

    Example:
        >>> t = np.linspace(0.0, 10.0, 200)
        >>> q, v = np.stack([np.sin(t), 1000 * np.sin(t)], axis=1), np.stack([-np.cos(t), np.cos(t)], axis=1)
        >>> [round(factor) for factor in velocity_factors(t, q, v, np.zeros(200, int))]
        [-1, 1000]
    """
    same = np.diff(trial) == 0
    steps = np.diff(times)
    usual = np.median(steps[same]) if np.any(same) else np.inf
    piece = np.concatenate([[0], np.cumsum(~same | (steps > _GAP * usual))])  # without a gap
    return tuple(_factor(times, positions[:, i], velocities[:, i], piece) for i in range(positions.shape[1]))


def _factor(times: np.ndarray, position: np.ndarray, velocity: np.ndarray, piece: np.ndarray) -> float:
    integral = _integral(times, velocity, piece)
    longest = int(np.max(np.bincount(piece)))
    lags = [2**k for k in range(longest.bit_length()) if 2**k <= max(1, longest // 2)]
    windows = [(lag, _spread(np.flatnonzero(piece[lag:] == piece[:-lag]))) for lag in lags]
    changes = [
        (lag, position[start + lag] - position[start], integral[start + lag] - integral[start])
        for lag, start in windows
        if len(start) >= _FEWEST
    ]
    if not changes or not np.any(velocity) or not np.any(changes[-1][1]):
        return 1.0
    for centred in (False, True):  # a velocity may have an offset
        fits = [
            (*_robust_slope(expected, change, centred=centred), lag, len(change)) for lag, change, expected in changes
        ]
        explained, factor, left, size, lag, count = max(fits)
        if explained >= _RELATED:  # noise of the velocity lowers the factor by no more than it leaves unexplained
            error = _SURELY * left / size * np.sqrt(lag / count) + 1 - explained
            return 1.0 if abs(factor - 1) < AGREES + error else factor
    drift = np.sqrt(lag) * _noise(times, velocity, piece) * float(np.median(np.abs(np.diff(times)))) * abs(factor)
    noise = np.hypot(np.sqrt(2) * _noise(times, position, piece), drift)
    return float("nan") if left > _NOISE * noise else 1.0


def _spread(places: np.ndarray) -> np.ndarray:
    """Returns at most so many places as are enough, evenly spread."""
    return places[:: max(1, len(places) // _ENOUGH)]


def _integral(times: np.ndarray, values: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """Returns the integral of a velocity along each piece: trapezia, corrected by the slopes at their ends."""
    steps = np.diff(times)
    same = np.diff(piece) == 0
    inner = np.concatenate([[False], same[1:] & same[:-1], [False]])
    rates = np.zeros(len(values))
    place = np.flatnonzero(inner)
    rates[place] = (values[place + 1] - values[place - 1]) / (times[place + 1] - times[place - 1])
    corrected = inner[1:] & inner[:-1]
    area = steps * (values[1:] + values[:-1]) / 2 - corrected * steps**2 * np.diff(rates) / 12
    return np.concatenate([[0.0], np.cumsum(np.where(same, area, 0.0))])


def _robust_slope(expected: np.ndarray, change: np.ndarray, *, centred: bool) -> tuple[float, float, float, float]:
    """Returns the share of changes that is explained, the slope, and the sizes of what is left and expected."""
    keep = np.ones(len(change), bool)
    explained, slope, left, size = 0.0, 1.0, 0.0, 1.0
    for _ in range(3):
        x, y = expected[keep], change[keep]
        x, y = (x - np.mean(x), y - np.mean(y)) if centred else (x, y)
        total, power = float(np.sum(y**2)), float(np.sum(x**2))
        if total == 0 or power == 0:
            return explained, slope, left, size
        slope = float(np.sum(x * y)) / power
        missed = y - slope * x
        explained, size = 1 - float(np.sum(missed**2)) / total, float(np.sqrt(np.mean(x**2)))
        left = float(np.sqrt(np.mean(missed**2)))
        near = np.abs(missed) <= _TRIMMED * deviation(missed[:, None])[0] + _EXACT * np.max(np.abs(y))
        keep[np.flatnonzero(keep)[~near]] = False
    return explained, slope, left, size


def _noise(times: np.ndarray, values: np.ndarray, piece: np.ndarray) -> float:
    at = np.arange(2, len(values) - 2)
    at = at[piece[at - 2] == piece[at + 2]]
    if not len(at):
        return float("inf")
    nodes = np.stack([at - 2, at - 1, at + 1, at + 2])
    return float(deviation(cubic_residuals(times, values[:, None], at, nodes))[0])


@dataclass(frozen=True, eq=False)
class Agreement:
    """How velocities compare with dq/dt, and the conversions that make them agree.

    Attributes:
        factors: dq/dt over the velocity, one per position, after the conversions.
        multipliers: factor of each column that is converted.
        units: unit of each converted column from then on.
        notes: one line per finding.
    """

    factors: tuple[float, ...]
    multipliers: dict[str, float]
    units: dict[str, str]
    notes: tuple[str, ...]


def agreement(
    times: Float[np.ndarray, " rows"],
    values: Float[np.ndarray, "rows columns"],
    trial: Int[np.ndarray, " rows"],
    columns: Columns,
    units: Mapping[str, str],
) -> Agreement:
    """Compares velocities with dq/dt.

    Args:
        times: times of the samples.
        values: columns in the order of `columns.values`, angles made continuous.
        trial: number of each sample's trial.
        columns: roles of the columns, with velocities.
        units: unit of each column; empty if it is not said.
    """
    n = columns.degrees_of_freedom
    factors = velocity_factors(times, values[:, :n], values[:, n : 2 * n], trial)
    by, said = conversions(columns, units, factors)
    clock, notes = (
        columns.time or "",
        [f"{name}: {units[name]} made {unit}, as the velocities are" for name, unit in said.items()],
    )
    for q, v, factor in zip(columns.q, columns.velocity, factors, strict=True):
        wrong = _in_degrees(q, v, factor, columns, units)
        if wrong and not by:
            by[wrong], said[wrong] = np.pi / 180, "rad" if wrong == q else "rad/s"
            notes.append(f"{wrong}: in degrees, since d{q}/dt is {factor:.3g} times {v}; made radians")
    left = tuple(
        factor * by.get(q, 1.0) / by.get(v, 1.0) / by.get(clock, 1.0)
        for q, v, factor in zip(columns.q, columns.velocity, factors, strict=True)
    )
    left = tuple(1.0 if abs(factor - 1) < AGREES else factor for factor in left)
    masses = columns.mass * n if len(columns.mass) == 1 else columns.mass or (1.0,) * n
    notes += [
        factor_note(q, v, factor, mass)
        for q, v, factor, mass in zip(columns.q, columns.velocity, left, masses, strict=True)
        if factor != 1.0
    ]
    return Agreement(left, by, said, tuple(notes))


def _in_degrees(q: str, v: str, factor: float, columns: Columns, units: Mapping[str, str]) -> str:
    """Returns which column of an angle and its velocity is in degrees by their factor, if one surely is."""
    if q not in columns.angles:
        return ""
    if abs(factor * np.pi / 180 - 1) < _SAME_FACTOR and not units.get(q):
        return q
    return v if abs(factor * 180 / np.pi - 1) < _SAME_FACTOR and not units.get(v) else ""


def factor_note(position: str, velocity: str, factor: float, mass: float) -> str:
    """Says how far a velocity is from dq/dt, and what to do.

    Example:
        >>> factor_note("x", "v", 1003.0, 1.0)[:60]
        'dx/dt is 1e+03 times v, as with milli- (ms or mm) against ba'
    """
    if np.isnan(factor):
        return (
            f"{velocity} is unrelated to d{position}/dt: a wrong column? Name another one, or leave --velocity out and "
            "it is estimated"
        )
    size = abs(factor)
    off, word = min((abs(size / known - 1), word) for known, word in _KNOWN)
    why = " and ".join([*(["a reversed axis"] if factor < 0 else []), *([word] if off < _SAME_FACTOR else [])])
    times = f"{size:.3g} times {velocity}" if abs(size - 1) >= AGREES else velocity
    said = f"d{position}/dt is {times}{' with the other sign' if factor < 0 else ''}{f', as with {why}' if why else ''}"
    remedy = "turn the sign of one of the two columns" if factor < 0 else f"--mass {mass * size:.4g} makes p = dq/dt"
    return f"{said}, so p is not dq/dt: {remedy}, or leave --velocity out"


def conversions(
    columns: Columns, units: Mapping[str, str], factors: Sequence[float]
) -> tuple[dict[str, float], dict[str, str]]:
    """Returns by what to multiply columns so that velocities are dq/dt, where the units say what the factors are.

    Only what the header settles is converted: the measured factor must be the one that the units promise.

    Args:
        columns: roles of the columns.
        units: unit of each column; empty if it is not said.
        factors: dq/dt over the velocity, one per position.

    Returns:
        What each column is to be multiplied by, and its unit from then on.

    Example:
        >>> columns = Columns(q=("x",), velocity=("v",), time="t")
        >>> conversions(columns, {"t": "s", "x": "mm", "v": "m/s"}, (1000.0,))
        ({'x': 0.001}, {'x': 'm'})
    """
    by: dict[str, float] = {}
    said: dict[str, str] = {}
    clock = units.get(columns.time or "", "")
    for position, velocity, factor in zip(columns.q, columns.velocity, factors, strict=True):
        top, bottom = split_rate(units.get(velocity, ""))
        known = [scale(unit) for unit in (units.get(position, ""), clock, top, bottom)]
        if abs(factor - 1) < AGREES or any(unit is None for unit in known):
            continue
        (length, a), (time, b), (length_v, c), (time_v, d) = [unit for unit in known if unit is not None]
        promised = (c / d) / (a / b)
        if length != length_v or time != time_v or not abs(factor / promised - 1) < AGREES:
            continue
        if said.get(columns.time or "", bottom) != bottom:
            continue  # another velocity has settled the unit of time
        by |= {position: a / c} if a != c else {}
        by |= {columns.time or "": b / d} if b != d else {}
        said |= {position: top} if a != c else {}
        said |= {columns.time or "": bottom} if b != d else {}
    return by, said
