"""Stretches in which a record stands still while the system moves on."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from symplect.tables.repairs import Rows, counted, resolution, when

_STILL = 3  # equal rows, one after the other, that may be a frozen stretch
_NEAR = 4  # steps on either side that tell how fast a record moves there
_JUMP = 3.0  # times the steps beside it, from which on the step out of a stretch is a jump
_LEAST = 1.5  # times the usual step, below which it is none: one step of resolution
_AT_REST = 0.05  # of the usual speed, below which a body may be at rest
_PASSED = 5.0  # usual steps that a body with that velocity must have gone meanwhile
_MOVES = 0.2  # of the usual step, from which on a record moves
_FINE = 20.0  # steps of resolution in the usual step, from which on rounding repeats nothing that moves


def without_frozen(rows: Rows, positions: int, measured: int, *, velocities: bool) -> Rows:
    """Leave out rows that repeat all coordinates of the row before while the system moves on.

    A body at rest stays where it is. After a frozen stretch the coordinates jump to where the body went meanwhile; or
    its velocity says that it moved; or the record moves before and after, by far more than it is rounded.

    Args:
        rows: samples in the order of time.
        positions: number of columns of positions, the first ones.
        measured: number of columns of positions and, behind them, momenta or velocities.
        velocities: whether those behind the positions are velocities: then they say how far a body went.
    """
    states = rows.values[:, :measured]
    if len(states) < 2 * _STILL:
        return rows
    steps = _steps(states, rows.trial)
    usual = np.array([_usual(column) for column in np.abs(steps).T])
    starts, ends = _runs(states, rows.trial)
    long = ends - starts >= _STILL
    if not np.any(long) or not np.all(usual > 0):
        return rows
    jumps, before, after = _jumps(np.abs(steps), usual, starts[long], ends[long])
    momenta = np.abs(states[starts[long], positions:])
    fast = np.mean(np.abs(states[:, positions:]), axis=0)
    rest = np.all(momenta <= _AT_REST * fast, axis=1) & (measured > positions)
    frozen = np.any(jumps[:, :positions], axis=1) | (np.any(jumps, axis=1) & ~rest)
    if all(step >= _FINE * resolution(column) for step, column in zip(usual, states.T, strict=True)):
        frozen |= _moves(before, usual) & _moves(after, usual)
    if velocities:
        speeds = np.nanmean(np.abs(steps[:, :positions]), axis=0) * momenta / np.where(fast > 0, fast, np.inf)
        gone = speeds * (ends - starts - 1)[long, None]
        frozen |= np.any(gone > _PASSED * usual[:positions], axis=1)
    if not np.any(frozen):
        return rows
    left = _behind(starts[long][frozen], ends[long][frozen], len(states))
    return rows.keep(~left, _said(rows, left, "all coordinates stand still while the record moves"))


def without_frozen_channel(
    rows: Rows, names: Sequence[str], positions: int, measured: int, *, velocities: bool
) -> Rows:
    """Leave out rows in which one coordinate repeats its value while the others move on.

    A position does not jump, as it does behind a frozen stretch, and it goes as far as its velocity says; a velocity
    that stands still is one by which the position did not go. At the ends of its range a coordinate may be clipped,
    which is another matter.

    Args:
        rows: samples in the order of time.
        names: names of the columns.
        positions: number of columns of positions, the first ones.
        measured: number of columns of positions and, behind them, momenta or velocities.
        velocities: whether those behind the positions are velocities.
    """
    states = rows.values[:, :measured]
    if len(states) < 2 * _STILL or measured == 1:
        return rows
    steps = _steps(states, rows.trial)
    usual = np.array([_usual(column) for column in np.abs(steps).T])
    gone = np.zeros(len(states), bool)
    notes: list[str] = []
    for place in range(measured if velocities else positions):
        column = states[:, place]
        starts, ends = _runs(column[:, None], rows.trial)
        inner = (column[starts] > np.min(column)) & (column[starts] < np.max(column))
        chosen = (ends - starts >= _STILL) & inner
        starts, ends = starts[chosen], ends[chosen]
        if not len(starts) or not np.all(usual > 0):
            continue
        frozen = np.zeros(len(starts), bool)
        if place < positions:
            frozen = _jumps(np.abs(steps[:, [place]]), usual[[place]], starts, ends)[0][:, 0]
        if velocities:
            frozen |= _contradicted(states, steps, usual, place % positions, positions, starts, ends)
        frozen &= _others_move(np.delete(steps, place, axis=1), starts, ends)
        if np.any(frozen):
            left = _behind(starts[frozen], ends[frozen], len(states))
            notes.append(_said(rows, left, f"{names[place]} stands still while the others move on"))
            gone |= left
    return replace(rows.keep(~gone), notes=(*rows.notes, *notes)) if notes else rows


def _contradicted(
    states: Float[np.ndarray, "samples columns"],
    steps: Float[np.ndarray, "steps columns"],
    usual: Float[np.ndarray, " columns"],
    position: int,
    positions: int,
    starts: Int[np.ndarray, " stretches"],
    ends: Int[np.ndarray, " stretches"],
) -> np.ndarray:
    """Whether a position went, in each stretch, by far more or less than its velocity says, whatever their units."""
    velocity, moved = states[:, position + positions], steps[:, position]
    half = np.ptp(states[:, position]) / 2
    moved = np.where(np.abs(moved) < half, moved, 0.0)  # across the border of trials and of wrapped angles
    per_step = np.sum(np.abs(moved)) / max(float(np.sum(np.abs(velocity))), np.finfo(float).tiny)
    found = np.zeros(len(starts), bool)
    for k, (start, end) in enumerate(zip(starts, ends, strict=True)):
        off = np.cumsum(moved[start : end - 1] - per_step * velocity[start : end - 1])
        found[k] = np.max(np.abs(off)) > _PASSED * usual[position]
    return found


def _others_move(
    steps: Float[np.ndarray, "steps others"], starts: Int[np.ndarray, " stretches"], ends: Int[np.ndarray, " stretches"]
) -> np.ndarray:
    """Whether some other coordinate changes in most rows of each stretch."""
    changes = np.concatenate([[0], np.cumsum(np.any(steps != 0, axis=1))])
    return changes[ends - 1] - changes[starts] > (ends - starts - 1) / 2


def _steps(
    states: Float[np.ndarray, "samples columns"], trial: Int[np.ndarray, " samples"]
) -> Float[np.ndarray, "steps columns"]:
    """Return the differences of neighbouring rows; NaN between trials."""
    return np.where((np.diff(trial) == 0)[:, None], np.diff(states, axis=0), np.nan)


def _runs(
    states: Float[np.ndarray, "samples columns"], trial: Int[np.ndarray, " samples"]
) -> tuple[Int[np.ndarray, " runs"], Int[np.ndarray, " runs"]]:
    """Return where rows that are all equal begin, and the places behind their ends."""
    fresh = np.concatenate([[True], (np.diff(trial) != 0) | np.any(np.diff(states, axis=0) != 0, axis=1)])
    starts = np.flatnonzero(fresh)
    return starts, np.concatenate([starts[1:], [len(states)]])


def _jumps(
    steps: Float[np.ndarray, "steps columns"],
    usual: Float[np.ndarray, " columns"],
    starts: Int[np.ndarray, " stretches"],
    ends: Int[np.ndarray, " stretches"],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return whether each column jumps out of each stretch, and the sizes of the steps before and after it."""
    before = _around(steps, starts[:, None] - 1 - np.arange(_NEAR))
    after = _around(steps, ends[:, None] + np.arange(_NEAR))
    out = _around(steps, ends[:, None] - 1)[:, 0]
    beside = np.nan_to_num(np.fmax(np.fmax.reduce(before, axis=1), np.fmax.reduce(after, axis=1)))
    return out > np.maximum(_JUMP * beside, _LEAST * usual), before, after


def _behind(starts: Int[np.ndarray, " stretches"], ends: Int[np.ndarray, " stretches"], size: int) -> np.ndarray:
    """Return which rows are in a stretch, the first of each left aside."""
    marks = np.zeros(size + 1, int)
    np.add.at(marks, starts + 1, 1)
    np.add.at(marks, ends, -1)
    return np.cumsum(marks[:-1]) > 0


def _said(rows: Rows, left: np.ndarray, what: str) -> str:
    """Return the note on rows that are left out, with the times at which their stretches begin."""
    begins = np.flatnonzero(np.diff(left.astype(int), prepend=0) == 1) - 1
    count = f"{counted(int(np.sum(left)), 'row')} left out in which {what}"
    return f"{count}, {counted(len(begins), 'time')}: from {when(rows.times[begins])}"


def _usual(steps: Float[np.ndarray, " steps"]) -> float:
    """Return the median of the steps that are not zero; 0 if all are."""
    moved = steps[np.isfinite(steps) & (steps > 0)]
    return float(np.median(moved)) if len(moved) else 0.0


def _around(
    steps: Float[np.ndarray, "steps columns"], places: Int[np.ndarray, "stretches near"]
) -> Float[np.ndarray, "stretches near columns"]:
    """Return steps at some places; NaN where there is none, and from the border of a trial on."""
    inside = (places >= 0) & (places < len(steps))
    found = np.where(inside[..., None], steps[np.clip(places, 0, len(steps) - 1)], np.nan)
    return np.where(np.logical_or.accumulate(np.isnan(found), axis=1), np.nan, found)


def _moves(steps: Float[np.ndarray, "stretches near columns"], usual: Float[np.ndarray, " columns"]) -> np.ndarray:
    """Whether every coordinate moves in each of the steps."""
    typical = np.median(np.nan_to_num(steps), axis=1)
    return np.all(typical > _MOVES * usual, axis=1)
