"""What is mended before a table becomes trials, each with a note that says so."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

_FEWEST = 5  # samples from one restart of the clock to the next, to be trials
_BLURRED = 0.9  # of the rows that have a time of their own, below which the clock is coarse
_LOST = 0.1  # of the rows at most may have a code for their time
_SHOWN = 3  # times in a note
_HOLE = 1.5  # usual steps of the clock, from which on one time is missing
_ROUNDING = 1e-12  # of the largest value, by which arithmetic blurs equal ones


OUT_OF_ORDER = "out of order where all others increase"
"""Words of a note that is a warning, too."""


def counted(number: int, what: str) -> str:
    """Return a number and what is counted, as in "1 row" or "2 rows"."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def when(times: Float[np.ndarray, " samples"]) -> str:
    """Return the first of some times for a note, as in "t = 1.5, 2.5 and 7 more"."""
    more = f" and {len(times) - _SHOWN} more" if len(times) > _SHOWN else ""
    return "t = " + ", ".join(f"{time:.6g}" for time in times[:_SHOWN]) + more


def resolution(values: Float[np.ndarray, " samples"]) -> float:
    """Return the smallest difference between two values that is not a rounding error of arithmetic.

    Example:
        >>> round(resolution(np.array([0.1, 0.3, 0.1 + 0.2, 0.5])), 12)
        0.2
    """
    gaps = np.diff(np.unique(values))
    large = gaps[gaps > _ROUNDING * np.max(np.abs(values), initial=0.0)]
    return float(np.min(large)) if len(large) else 0.0


@dataclass(frozen=True, eq=False)
class Rows:
    """The samples of all trials.

    Attributes:
        trial: number of each row's trial.
        times: of each row.
        values: positions, momenta, derivatives and inputs, one column each.
        notes: what was mended.
        blurred: whether the clock is so coarse that many rows had the same time.
    """

    trial: Int[np.ndarray, " rows"]
    times: Float[np.ndarray, " rows"]
    values: Float[np.ndarray, "rows columns"]
    notes: tuple[str, ...] = ()
    blurred: bool = False

    def keep(self, rows: np.ndarray, note: str = "") -> "Rows":
        """Return some of the rows, or all in another order."""
        notes = (*self.notes, note) if note else self.notes
        return Rows(self.trial[rows], self.times[rows], self.values[rows], notes, self.blurred)


def places_in_trials(trial: Int[np.ndarray, " rows"]) -> Int[np.ndarray, " rows"]:
    """Return the place of each row within its trial, from 0.

    Example:
        >>> places_in_trials(np.array([0, 1, 1, 0])).tolist()
        [0, 0, 1, 1]
    """
    order = np.argsort(trial, kind="stable")
    first = np.flatnonzero(np.diff(trial[order], prepend=-1))
    places = np.empty_like(trial)
    places[order] = np.arange(len(trial)) - np.repeat(first, np.diff(first, append=len(trial)))
    return places


def without_missing(rows: Rows) -> Rows:
    """Leave out rows of which a part is missing."""
    whole = np.isfinite(rows.times) & np.all(np.isfinite(rows.values), axis=1)
    left = int(np.sum(~whole))
    return rows.keep(whole, f"{counted(left, 'row')} with missing values left out") if left else rows


def without_lost_times(rows: Rows, name: str) -> Rows:
    """Leave out rows with a code in place of their time: it is out of line while the clock goes on around it.

    That is one exact value, twice or more, or a single one further away than the whole record is long.

    Args:
        rows: samples in the order of the table.
        name: name of the column of times.
    """
    order = np.argsort(rows.trial, kind="stable")
    times, trial = rows.times[order], rows.trial[order]
    starts = np.flatnonzero(np.concatenate([[True], (np.diff(times) != 0) | (np.diff(trial) != 0)])[: len(times)])
    level, of = times[starts], trial[starts]
    before, own, after = level[:-2], level[1:-1], level[2:]
    lost = np.zeros(len(starts), bool)
    lost[1:-1] = (of[:-2] == of[2:]) & (before < after) & ((own < before) | (own > after))
    if not np.any(lost) or np.sum(lost) > _LOST * len(starts):
        return rows
    low, high = np.min(level[~lost]), np.max(level[~lost])
    values, counts = np.unique(level[lost], return_counts=True)
    codes = values[(counts > 1) | (values < low - (high - low)) | (values > high + (high - low))]
    gone = np.zeros(len(times), bool)
    gone[order] = np.repeat(lost & np.isin(level, codes), np.diff(starts, append=len(times)))
    if not np.any(gone):
        return rows
    said = ", ".join(f"{code:.10g}" for code in codes[:_SHOWN])
    return rows.keep(~gone, f"{counted(int(np.sum(gone)), 'row')} with {said} for a missing {name} left out")


def with_restarts(rows: Rows) -> Rows:
    """Begin a new trial where the clock of one trial begins again.

    Times that go back by little, or for few samples, are unsorted. A clock that goes back by half of the trial or more,
    and on for a while each time, has begun another.
    """
    backward = (np.diff(rows.times) < 0) & (np.diff(rows.trial) == 0)
    starts = np.flatnonzero(backward) + 1
    if not len(starts):
        return rows
    ends = np.concatenate([starts, [len(rows.times)]])
    firsts = np.concatenate([[0], starts])
    middles = (rows.times[firsts[:-1]] + rows.times[starts - 1]) / 2
    if np.any(ends - firsts < _FEWEST) or np.any(rows.times[starts] > middles):
        return rows
    trial = np.cumsum(np.concatenate([[0], backward | (np.diff(rows.trial) != 0)]))
    note = f"the times begin again, {counted(len(starts), 'time')}: taken as {trial[-1] + 1} trials"
    return replace(rows, trial=trial, notes=(*rows.notes, note))


def in_order(rows: Rows) -> Rows:
    """Bring trials together and times into order."""
    order = np.lexsort((rows.times, rows.trial))
    if np.array_equal(order, np.arange(len(order))):
        return rows
    mixed = bool(np.any(np.diff(rows.trial) < 0))
    return rows.keep(order, "rows of different trials stood mixed: sorted" if mixed else _unsorted(rows))


def _unsorted(rows: Rows) -> str:
    """Return the note for times that go back within a trial.

    A time that is wrong leaves a hole in the clock where its row stands; rows that changed places leave none.
    """
    times, trial = rows.times, rows.trial
    before, own, after = times[:-2], times[1:-1], times[2:]
    odd = (trial[:-2] == trial[2:]) & (before < after) & ((own < before) | (own > after))
    odd &= after - before > _HOLE * np.median(np.abs(np.diff(times)))
    filled = np.searchsorted(np.sort(own[odd]), after) > np.searchsorted(np.sort(own[odd]), before, side="right")
    wrong = np.flatnonzero(odd & ~filled) + 1
    rest, of = np.delete(times, wrong), np.delete(trial, wrong)
    if not len(wrong) or np.any((np.diff(rest) < 0) & (np.diff(of) == 0)):
        return "times were unsorted: sorted"
    said = f"{counted(len(wrong), 'time')} {OUT_OF_ORDER}, {when(times[wrong])}"
    return f"{said}: sorted, which is wrong if they are, so mend them or delete their rows"


def without_duplicates(rows: Rows) -> Rows:
    """Take the mean of rows at the same time of one trial."""
    new = np.concatenate([[True], (np.diff(rows.times) != 0) | (np.diff(rows.trial) != 0)])[: len(rows.times)]
    if np.all(new):
        return rows
    first = np.flatnonzero(new)
    counts = np.diff(np.concatenate([first, [len(new)]]))
    values = np.add.reduceat(rows.values, first, axis=0) / counts[:, None]
    found = rows.keep(first, f"{counted(int(np.sum(~new)), 'row')} at a time that was there already: means are taken")
    return replace(found, values=values, blurred=len(first) < _BLURRED * len(new))


def without_short_trials(rows: Rows, fewest: int) -> Rows:
    """Leave out trials that are too short to be fitted."""
    counts = np.bincount(rows.trial, minlength=1)
    short = counts[rows.trial] < fewest
    if not np.any(short):
        return rows
    trials = len(np.unique(rows.trial[short]))
    return rows.keep(~short, f"{counted(trials, 'trial')} of fewer than {fewest} samples left out")
