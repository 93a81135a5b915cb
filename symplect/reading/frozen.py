"""Stretches in which a record stands still while the system moves on."""

import numpy as np
from jaxtyping import Float, Int

from symplect.reading.repairs import Rows, counted, resolution, when

_STILL = 3  # equal rows, one after the other, that may be a frozen stretch
_NEAR = 4  # steps on either side that tell how fast a record moves there
_JUMP = 3.0  # times the steps beside it, from which on the step out of a stretch is a jump
_LEAST = 1.5  # times the usual step, below which it is none: one step of resolution
_AT_REST = 0.05  # of the usual speed, below which a body may be at rest
_PASSED = 5.0  # usual steps that a body with that velocity must have gone meanwhile
_MOVES = 0.2  # of the usual step, from which on a record moves
_FINE = 20.0  # steps of resolution in the usual step, from which on rounding repeats nothing that moves


def without_frozen(rows: Rows, positions: int, measured: int, *, velocities: bool) -> Rows:
    """Leaves out rows that repeat all coordinates of the row before while the system moves on.

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
    together = np.diff(rows.trial) == 0
    fresh = np.concatenate([[True], ~together | np.any(np.diff(states, axis=0) != 0, axis=1)])
    starts = np.flatnonzero(fresh)
    ends = np.concatenate([starts[1:], [len(states)]])
    long = ends - starts >= _STILL
    steps = np.where(together[:, None], np.abs(np.diff(states, axis=0)), np.nan)
    usual = np.array([_usual(column) for column in steps.T])
    if not np.any(long) or not np.all(usual > 0):
        return rows
    before = _around(steps, starts[long, None] - 1 - np.arange(_NEAR))
    after = _around(steps, ends[long, None] + np.arange(_NEAR))
    out = _around(steps, ends[long, None] - 1)[:, 0]
    beside = np.nan_to_num(np.fmax(np.fmax.reduce(before, axis=1), np.fmax.reduce(after, axis=1)))
    jumps = out > np.maximum(_JUMP * beside, _LEAST * usual)
    momenta = np.abs(states[starts[long], positions:])
    fast = np.mean(np.abs(states[:, positions:]), axis=0)
    rest = np.all(momenta <= _AT_REST * fast, axis=1) & (measured > positions)
    frozen = np.any(jumps[:, :positions], axis=1) | (np.any(jumps, axis=1) & ~rest)
    if all(step >= _FINE * resolution(column) for step, column in zip(usual, states.T, strict=True)):
        frozen |= _moves(before, usual) & _moves(after, usual)
    if velocities:
        speeds = np.nanmean(steps[:, :positions], axis=0) * momenta / np.where(fast > 0, fast, np.inf)
        gone = speeds * (ends - starts - 1)[long, None]
        frozen |= np.any(gone > _PASSED * usual[:positions], axis=1)
    stretch = np.zeros(len(starts), bool)
    stretch[long] = frozen
    if not np.any(frozen):
        return rows
    left = np.repeat(stretch, ends - starts) & ~fresh
    what = f"{counted(int(np.sum(left)), 'row')} left out in which all coordinates stand still while the record moves"
    return rows.keep(~left, f"{what}, {counted(int(np.sum(frozen)), 'time')}: from {when(rows.times[starts[stretch]])}")


def _usual(steps: Float[np.ndarray, " steps"]) -> float:
    """Returns the median of the steps that are not zero; 0 if all are."""
    moved = steps[np.isfinite(steps) & (steps > 0)]
    return float(np.median(moved)) if len(moved) else 0.0


def _around(
    steps: Float[np.ndarray, "steps columns"], places: Int[np.ndarray, "stretches near"]
) -> Float[np.ndarray, "stretches near columns"]:
    """Returns steps at some places; NaN where there is none, and from the border of a trial on."""
    inside = (places >= 0) & (places < len(steps))
    found = np.where(inside[..., None], steps[np.clip(places, 0, len(steps) - 1)], np.nan)
    return np.where(np.logical_or.accumulate(np.isnan(found), axis=1), np.nan, found)


def _moves(steps: Float[np.ndarray, "stretches near columns"], usual: Float[np.ndarray, " columns"]) -> np.ndarray:
    """Whether every coordinate moves in each of the steps."""
    typical = np.median(np.nan_to_num(steps), axis=1)
    return np.all(typical > _MOVES * usual, axis=1)
