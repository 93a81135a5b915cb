"""Angles: where they wrap, and degrees that become radians."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from symplect.tables.columns import Columns
from symplect.tables.repairs import Rows, counted
from symplect.tables.units import is_degrees, is_radians, split_rate

TURN = 2 * np.pi
_DEGREES_OF_A_TURN = 360.0
_NEARLY = 0.8  # of a turn, from which on a step is one
_SLOW = 0.15  # of a turn, that most steps of an angle that wraps do not reach
_ONE_TURN = 1.1  # turns that a wrapped angle covers at most, noise and all
_CONTINUOUS = 0.25  # of a turn, that a step may be once the turn is taken off


def in_radians(rows: Rows, columns: Columns, units: Mapping[str, str]) -> tuple[Rows, dict[str, str]]:
    """Turn degrees into radians: of angles and their velocities, and of what else is said to be in degrees.

    An angle without a unit is in degrees where it wraps at 360; its velocity is then left as it is.
    """
    if not columns.angles:
        return rows, dict(units)
    wanted = columns.values
    turned = {name for name in wanted if is_degrees(units.get(name, ""))}
    unsaid = [(place, name) for place, name in enumerate(columns.q) if name in columns.angles and not units.get(name)]
    sized = {name for place, name in unsaid if wraps(rows.values[:, place], rows.trial, _DEGREES_OF_A_TURN)}
    values = rows.values.copy()
    values[:, [name in turned | sized for name in wanted]] *= np.pi / 180
    notes = [f"{', '.join(name for name in wanted if name in turned)}: degrees made radians"] if turned else []
    notes += [f"{name} wraps at 360: taken as degrees, made radians" for name in wanted if name in sized]
    said = {name: "/".join(filter(None, ("rad", split_rate(units[name])[1]))) for name in turned}
    return (
        replace(rows, values=values, notes=(*rows.notes, *notes)),
        {**units, **said, **dict.fromkeys(sized, "rad")},
    )


def wraps(path: Float[np.ndarray, " rows"], trial: Int[np.ndarray, " rows"], turn: float = TURN) -> bool:
    """Whether a path looks like an angle that starts again after each turn.

    Example:
        >>> angle = np.linspace(0.0, 20.0, 200)
        >>> one = np.zeros(200, int)
        >>> wraps(angle % TURN, one), wraps(angle, one), wraps(np.degrees(angle) % 360, one, 360.0)
        (True, False, True)
    """
    return bool(np.any(_turns(path, trial, turn)))


def continuous(rows: Rows, columns: Columns) -> Float[np.ndarray, "rows columns"]:
    """Return the values with all that is an angle, or looks like one that wraps, made continuous."""
    values = rows.values.copy()
    turns = dict.fromkeys(columns.angles, TURN) | undeclared_angles(rows, columns)
    for place, name in enumerate(columns.q):
        if name in turns:
            path = values[:, place]
            values[:, place] = _without(_turns_within(path, rows.trial, turns[name]), path, rows.trial, turns[name])
    return values


def unwrapped(rows: Rows, columns: Columns, units: Mapping[str, str]) -> Rows:
    """Let declared angles in radians go on where they wrap, trial by trial; names those that look like degrees.

    Args:
        rows: samples in the order of time.
        columns: roles of the columns.
        units: unit of each column.
    """
    for place, name in enumerate(columns.q):
        if name not in columns.angles:
            continue
        path = rows.values[:, place]
        turns = _turns_within(path, rows.trial, TURN)
        turned = int(np.sum(turns != 0))
        if turned:
            values = rows.values.copy()
            values[:, place] = _without(turns, path, rows.trial, TURN)
            note = f"{name} wraps {counted(turned, 'time')}: made continuous"
            rows = replace(rows, values=values, notes=(*rows.notes, note))
        elif not is_radians(units.get(name, "")) and _swings_far(path, rows.trial):
            note = (
                f"{name} swings from {np.min(path):.3g} to {np.max(path):.3g}, {np.ptp(path) / TURN:.1f} turns if in "
                f"radians: if that is degrees, name the column '{name} [deg]'"
            )
            rows = replace(rows, notes=(*rows.notes, note))
    return rows


def undeclared_angles(rows: Rows, columns: Columns) -> dict[str, float]:
    """Return the full turn of each position that wraps and was not said to be an angle, 2 pi or 360."""
    found: dict[str, float] = {}
    for place, name in enumerate(columns.q):
        if name not in columns.angles:
            path = rows.values[:, place]
            turns = [turn for turn in (TURN, _DEGREES_OF_A_TURN) if wraps(path, rows.trial, turn)]
            if turns:
                found[name] = turns[0]
    return found


def undeclared_note(name: str, turn: float, unit: str) -> str:
    """Say that a position looks like an angle, and what to do."""
    size = "2 pi" if turn == TURN else "360"
    degrees = "" if turn == TURN or unit else f", and name the column '{name} [deg]'"
    return f"{name} jumps by a full turn ({size}): if it is an angle, say --angle {name}{degrees}"


def _swings_far(path: Float[np.ndarray, " rows"], trial: Int[np.ndarray, " rows"]) -> bool:
    """Whether an angle goes to and fro over more than two turns: a pendulum cannot, in radians."""
    if np.ptp(path) < 2 * TURN:
        return False
    middle = (np.max(path) + np.min(path)) / 2
    above = path > middle
    back = np.diff(above.astype(int)) * (np.diff(trial) == 0)
    return bool(np.any(back > 0) and np.any(back < 0))


def _turns(
    path: Float[np.ndarray, " rows"], trial: Int[np.ndarray, " rows"], turn: float
) -> Float[np.ndarray, " steps"]:
    """Return by how many turns each step jumps; zeros unless the path surely is an angle that wraps.

    It stays within one turn in each trial, moves slowly, and goes on smoothly once the turns are taken off its jumps.
    """
    steps = np.diff(path) * (np.diff(trial) == 0)
    turns = _turns_within(path, trial, turn)
    jumps = np.abs(steps) > turn / 2
    if not np.any(np.abs(steps) > _NEARLY * turn) or np.median(np.abs(steps)) > _SLOW * turn:
        return np.zeros(len(steps))
    smooth = (turns != 0) & (np.abs(steps - turn * turns) <= _CONTINUOUS * turn)
    return turns if np.mean(smooth[jumps]) > 0.5 else np.zeros(len(steps))


def _turns_within(
    path: Float[np.ndarray, " rows"], trial: Int[np.ndarray, " rows"], turn: float
) -> Float[np.ndarray, " steps"]:
    """Return by how many turns each step jumps, in trials that stay within one turn; zeros in others."""
    starts = np.flatnonzero(np.diff(trial, prepend=-1))
    widths = np.maximum.reduceat(path, starts) - np.minimum.reduceat(path, starts)
    narrow = np.repeat(widths <= _ONE_TURN * turn, np.diff(starts, append=len(path)))
    return np.round(np.diff(path) / turn) * (narrow[1:] & (np.diff(trial) == 0))


def _without(
    turns: Float[np.ndarray, " steps"], path: Float[np.ndarray, " rows"], trial: Int[np.ndarray, " rows"], turn: float
) -> Float[np.ndarray, " rows"]:
    total = np.concatenate([[0.0], np.cumsum(turns)])
    return path - turn * (total - total[np.searchsorted(trial, trial)])  # the trials are in order
