"""The equations of motion of a mechanical system over data, as rows of a linear problem for its weights.

Nothing is differentiated but the features: equations are integrated over windows (weak form).
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from symplect.data import Trajectories
from symplect.fitting.hermite import between, deviations
from symplect.fitting.mechanical_terms import MechanicalTerms

_WINDOW = 2.5  # times the time in which states change by their spread: a window of the weak form
_SHORTEST, _LONGEST = 10, 40  # samples of a window
_OVERLAP = 3  # windows over each sample
_GAP = 3.5  # times the usual time step: no window crosses a longer one
_AGREES, _NEARLY_ALL = 2e-3, 0.9  # of the spread: how far smooth samples are from their neighbours' polynomials
_ROUND_OFF = 1e-13  # of the spread
_FEWEST = 3  # samples that follow each other, of which one can be compared with its neighbours
_WINDOWS = 20  # that are integrated at once
_NUMBERS = 2**21  # of the columns of a block of equations, at most

Rows = Iterator[tuple[Float[np.ndarray, "rows weights"], Float[np.ndarray, " rows"]]]


def equations(terms: MechanicalTerms, data: Trajectories, *, held: bool) -> Rows:
    """Yield rows of the linear problem and what they should give, block by block."""
    if data.derivatives is not None:
        return _at_samples(terms, data)
    pieces = _pieces(data)
    if held:
        inputs = _inputs(data)  # a step from one value to the next counts as the mean of both
        return _in_windows(terms, replace(data, inputs=(inputs + np.roll(inputs, 1, axis=0)) / 2), pieces)
    if pieces and np.quantile(missed := deviations(data, pieces), _NEARLY_ALL) <= _AGREES:
        return _in_steps(terms, data, pieces, float(np.median(missed)))
    return _in_windows(terms, data, pieces)


def _at_samples(terms: MechanicalTerms, data: Trajectories) -> Rows:
    n, inputs = data.dimension // 2, _inputs(data)
    assert data.derivatives is not None
    for some in _blocks(len(data.times), terms):
        accelerations = data.derivatives[some, n:].T
        momentum, force, target = terms.at(data.states[some].T, inputs[some].T, accelerations)
        yield _rows(force - momentum), target.ravel()


def _in_steps(terms: MechanicalTerms, data: Trajectories, pieces: list[np.ndarray], usual: float) -> Rows:
    """The bump is 1 in a time step and 0 outside: momenta change by what the forces between two samples add up to.

    Steps count the less, the less certain it is what lies between their samples.
    """
    inputs = _inputs(data)
    for inside in between(data, pieces):
        points = inside.weights.shape[1]
        for some in _blocks(len(inside.first), terms, points + 2):
            weights, first = inside.weights[some], inside.first[some]
            certain = 1 / (1 + inside.missed[some] / max(usual, _ROUND_OFF))
            norm = certain / np.sqrt(np.sum(weights, axis=1))
            states = inside.states[some].reshape(-1, data.dimension).T
            _, force, target = terms.at(states, inside.inputs[some].reshape(len(states.T), -1).T, None)
            (before, *_), (after, *_) = (terms.at(data.states[k].T, inputs[k].T, None) for k in (first, first + 1))
            weighed = force.reshape(*force.shape[:2], -1, points) * (weights * norm[:, None])
            A = np.sum(weighed, axis=3) - (after - before) * norm
            yield _rows(A), np.sum(target.reshape(len(target), -1, points) * weights * norm[:, None], axis=2).ravel()


def _in_windows(terms: MechanicalTerms, data: Trajectories, pieces: list[np.ndarray]) -> Rows:
    inputs = _inputs(data)
    for piece in pieces:
        for inside, bumps, slopes in _windows(data.times[piece]):
            own = piece[inside]
            momentum, force, target = terms.at(data.states[own].T, inputs[own].T, None)
            A = np.einsum("ws,ics->iwc", slopes, momentum) + np.einsum("ws,ics->iwc", bumps, force)
            yield A.reshape(-1, A.shape[2]), (target @ bumps.T).ravel()


def _rows(columns: Float[np.ndarray, "degrees_of_freedom weights samples"]) -> np.ndarray:
    return columns.transpose(0, 2, 1).reshape(-1, columns.shape[1])


def _blocks(count: int, terms: MechanicalTerms, points: int = 1) -> Iterator[slice]:
    size = max(1, _NUMBERS // (points * terms.degrees_of_freedom * len(terms.penalised)))
    return (slice(first, first + size) for first in range(0, count, size))


def _windows(times: Float[np.ndarray, " samples"]) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Yield samples, and bumps and their slopes over them in some windows, times the weights of a quadrature.

    Times are in units in which states change by their spread.
    """
    width = int(np.clip(round(_WINDOW / np.median(np.diff(times))), _SHORTEST, _LONGEST))
    own = min(width, len(times))
    starts = np.unique(np.linspace(0, len(times) - own, 1 + _OVERLAP * (len(times) - own) // own).astype(int))
    for some in np.array_split(starts, -(-len(starts) // _WINDOWS)):
        first, last = int(some[0]), int(some[-1]) + own
        bumps, slopes = np.zeros((2, len(some), last - first))
        for row, start in enumerate(some):
            at = times[start : start + own]
            half = (at[-1] - at[0]) / 2
            u = (at - at[0]) / half - 1
            weights = np.gradient(at) * np.where((np.arange(own) == 0) | (np.arange(own) == own - 1), 0.5, 1.0)
            norm, inside = 1 / np.sqrt(half), slice(start - first, start - first + own)
            bumps[row, inside] = weights * norm * (1 - u**2) ** 3
            slopes[row, inside] = weights * norm * -6 * u * (1 - u**2) ** 2 / half
        yield slice(first, last), bumps, slopes


def _pieces(data: Trajectories) -> list[np.ndarray]:
    """Return the numbers of samples that follow each other without a gap, three at least."""
    rows = np.split(np.arange(len(data.times)), np.cumsum(data.lengths)[:-1])
    parts: list[np.ndarray] = []
    for own in rows:
        steps = np.diff(data.times[own])
        parts += np.split(own, np.flatnonzero(steps > _GAP * np.median(steps)) + 1)
    return [part for part in parts if len(part) >= _FEWEST]


def _inputs(data: Trajectories) -> Float[np.ndarray, "samples channels"]:
    return np.zeros((len(data.times), 0)) if data.inputs is None else data.inputs
