"""Samples of a sensor that goes no farther: cut off at the largest or the smallest value."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from symplect.tables.repairs import Rows, counted, resolution

_FEWEST = 5  # samples at one extreme
_LONG = 3  # samples of a run at an extreme that shows how the path was cut
_OVERSHOOT = 6.0  # steps of resolution by which a path must have been cut: a rounded turning point has less
_STEADY = 2.0  # times the step before it, that the step to an extreme may be: a jump is no clipping
_FEWEST_RUNS = 5  # visits to the very same extreme value
_CLOSE = 4.5  # steps of resolution below an extreme, in which a turning path leaves as many samples as at it
_CROWDED = 5.0  # times as many samples at an extreme as close to it: no turning path does that


def without_clipped(rows: Rows, names: Sequence[str]) -> Rows:
    """Leave out samples that stand on the largest or smallest value of a coordinate because a sensor was cut off.

    A path that runs on to an extreme without slowing down, stays there and leaves it as fast would have gone farther.
    With noise, a path comes back to the very same extreme value again and again.

    Args:
        rows: samples in the order of time.
        names: names of the coordinates, the first columns.
    """
    gone = np.zeros(len(rows.times), bool)
    said: list[str] = []
    for place, name in enumerate(names):
        column = rows.values[:, place]
        for what, signed in (("largest", column), ("smallest", -column)):
            if _is_clipped(signed, rows.trial):
                at = signed == np.max(signed)
                value = f"{column[np.argmax(at)]:.6g}"
                count = counted(int(np.sum(at)), "row")
                said.append(f"{name} is cut off at its {what} value, {value}: {count} left out")
                gone |= at
    return rows.keep(~gone, "; ".join(said)) if said and not np.all(gone) else rows


def _is_clipped(column: Float[np.ndarray, " rows"], trial: Int[np.ndarray, " rows"]) -> bool:
    """Whether a column is cut off at its largest value."""
    top = column == np.max(column, initial=-np.inf)
    if np.sum(top) < _FEWEST:
        return False
    edges = np.diff(np.concatenate([[0], top.astype(int), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)  # the end is exclusive
    inner = (starts >= 2) & (ends <= len(column) - 2)
    starts, ends = starts[inner], ends[inner]
    inner = trial[starts - 2] == trial[ends + 1]
    starts, ends = starts[inner], ends[inner]
    fine = resolution(column)
    close = column > np.max(column) - _CLOSE * fine
    if len(starts) >= _FEWEST_RUNS and np.sum(top) > _CROWDED * np.sum(close & ~top):
        return True
    long = ends - starts >= _LONG
    starts, ends = starts[long], ends[long]
    if not len(starts):
        return False
    into, earlier = column[starts] - column[starts - 1], column[starts - 1] - column[starts - 2]
    out, later = column[ends - 1] - column[ends], column[ends] - column[ends + 1]
    steady = (into <= _STEADY * earlier) & (out <= _STEADY * later)
    cut = np.minimum(into + earlier, out + later) / 2 * (ends - starts + 1) / 4  # as a parabola would go on
    sure = steady & (cut > _OVERSHOOT * fine)
    return bool(2 * np.sum(sure) > len(starts))
