"""Paths between their samples, out of positions and velocities both: polynomials of high degree over a few samples."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy.polynomial import legendre

from symplect.data import Trajectories

_NEIGHBOURS = 6  # samples that a polynomial goes through, where a path has as many
_POINTS = 5  # of Gauss and Legendre in each time step
_BLOCK = 2000  # time steps whose polynomials are found at once

Numbers = Float[np.ndarray, "..."]


@dataclass(frozen=True, eq=False)
class Between:
    """States inside some time steps.

    Attributes:
        first: number of the sample at which each step begins; the next one ends it.
        states: `[q, v]` at the points of a quadrature.
        inputs: there, none of them as zero columns.
        weights: of the points, in units of time.
        missed: how far a sample is from the polynomial of its neighbours, over the spread.
    """

    first: Int[np.ndarray, " steps"]
    states: Float[np.ndarray, "steps points dimension"]
    inputs: Float[np.ndarray, "steps points channels"]
    weights: Float[np.ndarray, "steps points"]
    missed: Float[np.ndarray, " steps"]


def between(data: Trajectories, pieces: list[np.ndarray]) -> Iterator[Between]:
    """Yield what lies between neighbouring samples, by the polynomials through both and those around them.

    Args:
        data: paths of `[q, v]`.
        pieces: numbers of samples that follow each other without a gap, three at least.
    """
    at, weights = legendre.leggauss(_POINTS)
    for around, first in _neighbourhoods(pieces):
        times, states = data.times[around], data.states[around]
        start, end = data.times[first], data.times[first + 1]
        here = start[:, None] + (end - start)[:, None] * (at + 1) / 2
        inputs = np.zeros((len(first), _POINTS, 0))
        if data.inputs is not None:
            inputs = _interpolated(times, data.inputs[around], here)
        states = _followed(times, states, here)
        yield Between(first, states, inputs, (end - start)[:, None] * weights / 2, _missed(data, around))


def deviations(data: Trajectories, pieces: list[np.ndarray]) -> Float[np.ndarray, " steps"]:
    """Return how far samples are from the polynomials of their neighbours, over the spread, at some 2000 time steps.

    It tells noise and jumps from smooth paths, between whose samples the states are known.
    """
    every = -(-sum(map(len, pieces)) // _BLOCK)
    parts = [_missed(data, around[::every]) for around, _ in _neighbourhoods(pieces)]
    return np.concatenate(parts)


def _neighbourhoods(pieces: list[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield, for time steps whose polynomials go through as many samples, which those are and where steps begin."""
    for length in sorted({min(len(piece), _NEIGHBOURS) for piece in pieces}):
        some = [piece for piece in pieces if min(len(piece), _NEIGHBOURS) == length]
        first = np.concatenate([piece[:-1] for piece in some])
        begins = np.concatenate(
            [np.clip(piece[:-1] + 1 - length // 2, piece[0], piece[-1] + 1 - length) for piece in some]
        )
        for block in range(0, len(first), _BLOCK):
            own = slice(block, block + _BLOCK)
            yield begins[own, None] + np.arange(length), first[own]


def _missed(data: Trajectories, around: np.ndarray) -> Float[np.ndarray, " steps"]:
    """Return how far the sample in the middle is from the polynomial of the others, over the spread."""
    middle = around.shape[1] // 2
    others = np.delete(around, middle, axis=1)
    found = _followed(data.times[others], data.states[others], data.times[around[:, [middle]]])[:, 0]
    return np.max(np.abs(found - data.states[around[:, middle]]) / np.std(data.states, axis=0), axis=1)


def _followed(times: Numbers, states: Numbers, at: Numbers) -> Float[np.ndarray, "steps points dimension"]:
    """Return positions and velocities of the polynomials that have the given ones, both, at the given times."""
    middle, half = _span(times)
    inside, wanted = (_basis((each - middle) / half, half, 2 * times.shape[1]) for each in (times, at))
    both = np.concatenate(np.split(states, 2, axis=2), axis=1)
    found = np.linalg.solve(np.concatenate(inside, axis=1), both)
    return np.concatenate([part @ found for part in wanted], axis=2)


def _basis(u: Numbers, half: Numbers, count: int) -> tuple[Numbers, Numbers]:
    """Return Legendre's polynomials and their slopes by time."""
    slopes = legendre.legvander(u, count - 2) @ legendre.legder(np.eye(count))
    return legendre.legvander(u, count - 1), slopes / half[..., None]


def _interpolated(times: Numbers, values: Numbers, at: Numbers) -> Numbers:
    middle, half = _span(times)
    degree = times.shape[1] - 1
    inside, wanted = (legendre.legvander((each - middle) / half, degree) for each in (times, at))
    return wanted @ np.linalg.solve(inside, values)


def _span(times: Numbers) -> tuple[Numbers, Numbers]:
    first, last = times[:, :1], times[:, -1:]
    return (first + last) / 2, (last - first) / 2
