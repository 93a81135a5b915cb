"""Single samples that lie far off the path of their neighbours."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from symplect.data.noise import cubic_residuals
from symplect.tables.noise import deviation
from symplect.tables.repairs import Rows, counted, resolution, when

_SPIKE = 8.0  # standard deviations off the cubic through the neighbours: none of 10^14 normal samples
_LONGEST = 3  # samples of one spike
_SEEN = 2.0  # standard deviations, by which a long spike moves the sample before it off its cubic
_QUIET = 0.3  # of a spike, that each of its neighbours may miss of the others' cubic
_NO_KINK = 0.12  # of a spike, that they may miss on average; at a kink, as of a switched force, it is 0.26
_ROUNDED = 3.0  # steps of resolution, which rounding alone does not reach
_AROUND = np.array([-12, -11, -10, -9, -8, -7, 7, 8, 9, 10, 11, 12])  # samples that tell how smooth a path is there
_MOST = 0.05  # of the rows: more are what the system does
_JUMP = 0.05  # of the range of an input, from which on it jumps
_FAR = 20.0  # times the next steps, from which on the first or last step of a trial is a jump


def without_spikes(
    rows: Rows,
    paths: Float[np.ndarray, "rows columns"],
    names: Sequence[str],
    inputs: Float[np.ndarray, "rows inputs"],
) -> Rows:
    """Leave out one to three samples, one after the other, that lie far off the cubic through their neighbours.

    The neighbours must lie well on each other's cubic once these are left out: a path that turns sharply is no spike.

    Args:
        rows: samples in the order of time.
        paths: coordinates of the samples, angles made continuous.
        names: names of the coordinates.
        inputs: known inputs of the samples; where one jumps, a path may bend.
    """
    bent = _bent(inputs)
    said: list[str] = []
    gone = np.zeros(len(rows.times), bool)
    for name, column in zip(names, paths.T, strict=False):
        found = (_spikes(rows.times, column, rows.trial) & ~bent) | _ends(column, rows.trial)
        if np.any(found) and np.sum(found) <= _MOST * len(found):
            said.append(f"{counted(int(np.sum(found)), 'spike')} of {name} left out, at {when(rows.times[found])}")
            gone |= found
    return rows.keep(~gone, "; ".join(said)) if said else rows


def _bent(inputs: Float[np.ndarray, "rows inputs"]) -> Bool[np.ndarray, " rows"]:
    """Return which samples are near a jump of an input."""
    jumps = np.any(np.abs(np.diff(inputs, axis=0)) > _JUMP * np.ptp(inputs, axis=0), axis=1)
    near = np.zeros(len(inputs), bool)
    for shift in range(-_LONGEST, _LONGEST + 2):
        near[np.clip(np.flatnonzero(jumps) + shift, 0, len(near) - 1)] = True
    return near


def _spikes(
    times: Float[np.ndarray, " rows"], path: Float[np.ndarray, " rows"], trial: Int[np.ndarray, " rows"]
) -> Bool[np.ndarray, " rows"]:
    found = np.zeros(len(path), bool)
    single, usual, fine = np.full(len(path), np.nan), 0.0, resolution(path)
    for length in range(1, _LONGEST + 1):
        first = np.arange(3, len(path) - length - 2)
        first = first[trial[first - 3] == trial[first + length + 2]]
        if length > 1:  # a longer spike is seen in the samples beside it too
            first = first[single[first - 1] > _SEEN * usual]
        if not len(first):
            continue
        last = first + length - 1
        beside = [(-2 - k, -1 - k, length - k, length + 1 - k) for k in range(length)]
        off = np.stack([np.abs(_missed(times, path, first + k, nodes)) for k, nodes in enumerate(beside)])
        if length == 1:
            single[first] = off[0]
            usual = float(deviation(off.T)[0])
        height = np.min(off, axis=0)
        least = np.maximum(_SPIKE * usual, _ROUNDED * fine)
        at = np.flatnonzero(height > least)
        first, last, height = first[at], last[at], height[at]
        nearby = single[np.clip(first[:, None] + _AROUND, 0, len(path) - 1)]
        local = np.nanmedian(np.concatenate([nearby, np.full((len(at), 1), usual)], axis=1), axis=1)
        before = _missed(times, path, first - 1, (-2, -1, length + 1, length + 2))
        after = _missed(times, path, last + 1, (-2 - length, -1 - length, 1, 2))
        sure = (height > _SPIKE * local) & (np.maximum(np.abs(before), np.abs(after)) < _QUIET * height)
        sure &= np.abs(before + after) / 2 < _NO_KINK * height
        for k in range(length):
            found[first[sure] + k] = True
    return found


def _missed(
    times: Float[np.ndarray, " rows"],
    path: Float[np.ndarray, " rows"],
    at: np.ndarray,
    neighbours: tuple[int, int, int, int],
) -> np.ndarray:
    return cubic_residuals(times, path[:, None], at, neighbours)[:, 0]


def _ends(path: Float[np.ndarray, " rows"], trial: Int[np.ndarray, " rows"]) -> Bool[np.ndarray, " rows"]:
    """Return first and last samples of trials that lie farther outside all others than these lie apart."""
    found = np.zeros(len(path), bool)
    first = np.flatnonzero(np.diff(trial, prepend=-1) != 0)
    last = np.concatenate([first[1:], [len(path)]]) - 1
    long = last - first > 3
    ends = np.concatenate([first, last])
    inner = np.ones(len(path), bool)
    inner[ends] = False
    if not np.any(long):
        return found
    low, high = np.min(path[inner]), np.max(path[inner])
    for end, inward in ((first[long], 1), (last[long], -1)):
        jump = np.abs(path[end] - path[end + inward])
        next_step = np.maximum(
            np.abs(path[end + inward] - path[end + 2 * inward]), np.abs(path[end + 2 * inward] - path[end + 3 * inward])
        )
        outside = np.maximum(low - path[end], path[end] - high) > high - low
        found[end] = outside & (jump > _FAR * next_step)
    return found
