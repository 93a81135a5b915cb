"""Whether the columns of a record fit together: velocities and positions, positions among themselves, inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from symplect.tables.columns import Columns
from symplect.tables.units import scale, split_rate
from symplect.tables.velocities import AGREES, compare_velocities

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


@dataclass(frozen=True, eq=False)
class Agreement:
    """How velocities compare with dq/dt, and the conversions that make them agree.

    Attributes:
        factors: dq/dt over the velocity, one per position, after the conversions.
        offsets: what is taken off each velocity that has an offset, in its old unit.
        multipliers: factor of each column that is converted.
        units: unit of each converted column from then on.
        notes: one line per finding.
    """

    factors: tuple[float, ...]
    offsets: dict[str, float]
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
    """Compare velocities with dq/dt.

    Args:
        times: times of the samples.
        values: columns in the order of `columns.values`, angles made continuous.
        trial: number of each sample's trial.
        columns: roles of the columns, with velocities.
        units: unit of each column; empty if it is not said.
    """
    n = columns.degrees_of_freedom
    relations = compare_velocities(times, values[:, :n], values[:, n : 2 * n], trial)
    factors = tuple(found.factor for found in relations)
    offsets = {v: found.offset for v, found in zip(columns.velocity, relations, strict=True) if found.offset}
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
    notes += [
        f"{v}: a constant offset of {offset:.3g} taken off, which its position does not have"
        for v, offset in offsets.items()
    ]
    return Agreement(left, offsets, by, said, tuple(notes))


def _in_degrees(q: str, v: str, factor: float, columns: Columns, units: Mapping[str, str]) -> str:
    """Return which column of an angle and its velocity is in degrees by their factor, if one surely is."""
    if q not in columns.angles:
        return ""
    if abs(factor * np.pi / 180 - 1) < _SAME_FACTOR and not units.get(q):
        return q
    return v if abs(factor * 180 / np.pi - 1) < _SAME_FACTOR and not units.get(v) else ""


def factor_note(position: str, velocity: str, factor: float, mass: float) -> str:
    """Say how far a velocity is from dq/dt, and what to do.

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
    """Return by what to multiply columns so that velocities are dq/dt, where the units say what the factors are.

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
