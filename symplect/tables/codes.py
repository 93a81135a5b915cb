"""Codes for missing values, such as -9999, or 0 in a record that moves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from symplect.tables.repairs import Rows, counted

_JUMP = 5.0  # times the steps beside it and the usual step, from which on a step is a jump and no motion
_FEWEST_JUMPS = 3  # to one value inside the range of the others, before it is called a code
_FEWEST_LEVELS = 10  # values of a column that moves; one that has fewer is a switch
_MOST = 0.5  # of the rows, that a code may be
_BULK = (5, 95)  # percentiles between which values are not far


def without_codes(rows: Rows, names: Sequence[str], measured: int) -> Rows:
    """Leave out rows that hold a code for a missing value.

    A code is one exact value to which a column jumps and from which it comes back, three times or more; twice is enough
    if it lies far outside all others, and once if all coordinates are zero.

    Args:
        rows: samples in the order of time.
        names: names of the columns.
        measured: number of columns, the first ones, that are coordinates; the others are derivatives and inputs.
    """
    found: dict[float, tuple[list[str], np.ndarray]] = {}
    for place, column in enumerate(rows.values.T):  # one after the other: runs take much memory
        for code in _Runs.of(column, rows.trial).codes(inside=place < measured):
            known, before = found.get(code, ([], np.zeros(len(rows.trial), bool)))
            found[code] = ([*known, names[place]], before | (rows.values[:, place] == code))
    nothing = np.all(rows.values[:, :measured] == 0, axis=1)
    if measured > 1 and 0.0 not in found and np.any(nothing):
        columns = [_Runs.of(column, rows.trial) for column in rows.values.T[:measured]]
        moving = all(len(np.unique(column.levels)) >= _FEWEST_LEVELS for column in columns)
        nothing &= np.any([column.samples(column.excursions) for column in columns], axis=0)
        if moving and np.any(nothing):
            found[0.0] = (list(names[:measured]), nothing)
    if not found:
        return rows
    gone = np.any([at for _, at in found.values()], axis=0)
    said = "; ".join(
        f"{counted(int(np.sum(at)), 'row')} with {code:.10g} for a missing {', '.join(named)} left out"
        for code, (named, at) in found.items()
    )
    return rows.keep(~gone, said)


@dataclass(frozen=True, eq=False)
class _Runs:
    """Runs of equal samples of one column.

    Attributes:
        levels: value of each run.
        lengths: samples of each run.
        inner: whether a run has neighbours on both sides in its trial.
        excursions: whether a run is a jump away and back on the same side.
    """

    levels: Float[np.ndarray, " runs"]
    lengths: Int[np.ndarray, " runs"]
    inner: Bool[np.ndarray, " runs"]
    excursions: Bool[np.ndarray, " runs"]

    @classmethod
    def of(cls, column: Float[np.ndarray, " rows"], trial: Int[np.ndarray, " rows"]) -> "_Runs":
        size = len(column)
        fresh = np.concatenate([[True], (np.diff(column) != 0) | (np.diff(trial) != 0)])[:size]
        starts = np.flatnonzero(fresh)
        ends = np.concatenate([starts[1:], [size]])
        steps = np.where(np.diff(trial) == 0, np.diff(column), np.nan)
        padded = np.concatenate([[np.nan, np.nan], steps, [np.nan, np.nan]])  # step i leads to sample i - 1
        into, out = padded[starts + 1], -padded[ends + 1]
        beside = np.fmax(np.abs(padded[starts]), np.abs(padded[np.minimum(ends + 2, len(padded) - 1)]))
        moved = np.abs(steps[np.isfinite(steps) & (steps != 0)])
        least = _JUMP * np.fmax(np.nan_to_num(beside), np.median(moved) if len(moved) else np.inf)
        with np.errstate(invalid="ignore"):
            excursions = (np.minimum(np.abs(into), np.abs(out)) > least) & (into * out > 0)
        return cls(column[starts], ends - starts, np.isfinite(into) & np.isfinite(out), excursions)

    def samples(self, runs: Bool[np.ndarray, " runs"]) -> Bool[np.ndarray, " rows"]:
        """Return which samples are in these runs."""
        return np.repeat(runs, self.lengths)

    def codes(self, *, inside: bool) -> list[float]:
        """Return the values that are codes; those inside the range of the others only if asked for."""
        values, place = np.unique(self.levels, return_inverse=True)
        if len(values) <= _FEWEST_LEVELS:
            return []
        count = np.bincount(place, self.lengths)
        jumps, inner = np.bincount(place, self.excursions), np.bincount(place, self.inner)
        low, high = np.percentile(np.repeat(self.levels, self.lengths), _BULK)
        gaps = np.diff(values, prepend=-np.inf, append=np.inf)
        alone = np.minimum(gaps[:-1], gaps[1:])
        width = high - low
        far = np.maximum(low - values, values - high) > 2 * width
        far &= (alone > max(width, 0.0)) & (width > 0) & (count >= 2)
        established = (jumps >= _FEWEST_JUMPS) & (2 * jumps >= inner) if inside else np.zeros(len(values), bool)
        codes = (established | (far & (jumps == inner))) & (count <= _MOST * np.sum(self.lengths))
        return [float(value) for value in values[codes]]
