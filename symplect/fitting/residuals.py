"""What paths miss of the measured ones, to first order, and how that depends on the model and on where they begin."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from symplect.fitting.fields import AbstractField, Parameters
from symplect.fitting.flow import Steps, flow
from symplect.fitting.segments import Segments

_MEMORY = 2**22  # bytes of the derivatives of a batch of steps, which a processor keeps at hand
_MISSED, _ROUND_OFF = 1e-3, 1e-12  # of what a path misses, and of its size: how far pieces that meet may be apart

States = Float[np.ndarray, "segments samples dimension"]
Starts = Float[np.ndarray, "segments dimension"]


@dataclass(frozen=True, eq=False)
class Normal:
    """The normal equations of every segment, its start eliminated.

    Attributes:
        matrix, gradient: of the parameters.
        cost: sum of squared weighted residuals.
        paths: of the model; where they were given as joined pieces, joined to first order.
        met: whether the pieces of a path meet, but for a small share of what the path misses.
        start_matrix, start_gradient, cross: what gives the change of the start for a change of the parameters.
        moves: change of every state, for a change of start and parameters, one entry per batch of segments.
    """

    matrix: Float[np.ndarray, "segments parameters parameters"]
    gradient: Float[np.ndarray, "segments parameters"]
    cost: Float[np.ndarray, " segments"]
    paths: States
    met: Bool[np.ndarray, " segments"]
    start_matrix: Float[np.ndarray, "segments dimension dimension"]
    start_gradient: Float[np.ndarray, "segments dimension"]
    cross: Float[np.ndarray, "segments parameters dimension"]
    moves: tuple[Float[np.ndarray, "samples dimension dependence _"], ...]

    def starts(self, change: Parameters) -> Starts:
        """Return the best change of every start for a change of the parameters."""
        right = self.start_gradient - np.einsum("spd,p->sd", self.cross, change)
        return _solved(self.start_matrix, right[..., None])[..., 0]

    def moved(self, change: Parameters) -> States:
        """Return the paths after a change of the parameters, and the best one of the starts, to first order."""
        unknowns = np.concatenate([self.starts(change), np.tile(change, (len(self.paths), 1))], axis=1)
        found = self.paths.copy()
        first = 0
        for moves in self.moves:
            some = slice(first, first + moves.shape[3])
            found[some] += np.einsum("lims,sm->sli", moves, unknowns[some], optimize=True)
            first = some.stop
        return found


class PathResiduals:
    """What the paths of a model miss of the measured ones, each from a start of its own.

    Args:
        field: the model as a function of its parameters.
        segments: measured pieces.
        noise: standard deviation of every coordinate, which divides its residuals.
        substeps: Runge-Kutta steps between two samples.
        held: whether inputs keep their values between samples.

    Attributes:
        size: the sum of squares if paths were no more than their mean.
    """

    def __init__(
        self,
        field: AbstractField,
        segments: Segments,
        noise: Float[np.ndarray, " dimension"],
        substeps: int,
        *,
        held: bool = False,
    ):
        self.field, self._substeps = field, substeps
        weights, deviations = segments.weights / noise**2, segments.states - np.mean(segments.states, axis=(0, 1))
        self.size = float(np.sum(weights * deviations**2))
        dimension = segments.states.shape[2]
        one = 8 * segments.times.shape[1] * dimension * (dimension + len(field.start))
        size = max(1, _MEMORY // one)
        self._batches = [
            _Batch.of(segments, slice(first, first + size), noise, held) for first in range(0, len(segments), size)
        ]

    def followed(self, parameters: Parameters, starts: Float[np.ndarray, "segments dimension"]) -> Normal:
        """Return the normal equations of paths that begin at the given starts, one per segment."""
        parts = [batch.followed(self.field, parameters, starts[batch.which], self._substeps) for batch in self._batches]
        return _together(parts)

    def joined(self, parameters: Parameters, states: States) -> Normal:
        """Return the normal equations of paths in pieces from sample to sample, which need not meet yet.

        The pieces are independent of one another, so they are followed all at once, and none of them is long enough
        to leave the finite numbers. Source: Albersmeyer, Diehl 2010, SIAM J. Optim. 20, 1655 (lifted Newton).
        """
        parts = [batch.joined(self.field, parameters, states[batch.which], self._substeps) for batch in self._batches]
        return _together(parts)


@dataclass(frozen=True, eq=False)
class _Batch:
    """Some segments, in the order that computing needs: samples, then coordinates, then segments."""

    which: slice
    states: Float[np.ndarray, "samples dimension segments"]
    scale: Float[np.ndarray, "samples dimension segments"]
    steps: Steps

    @classmethod
    def of(cls, segments: Segments, which: slice, noise: Float[np.ndarray, " dimension"], held: bool) -> "_Batch":
        some = Segments(
            segments.times[which],
            segments.states[which],
            segments.weights[which],
            segments.inputs[which],
            segments.trials[which],
        )
        scale = some.weights / noise
        return cls(which, some.states.transpose(1, 2, 0), scale.transpose(1, 2, 0), Steps.of(some, held))

    def joined(self, field: AbstractField, parameters: Parameters, states: States, substeps: int) -> Normal:
        at = states.transpose(1, 2, 0)
        samples, dimension, count = at.shape
        begins = at[:-1].swapaxes(0, 1).reshape(dimension, -1)
        ends, by_begin = flow(field, parameters, begins, self.steps, substeps)
        ends = ends.reshape(dimension, samples - 1, count).swapaxes(0, 1)
        gaps = np.where(self.steps.lengths.reshape(samples - 1, 1, count) > 0, ends - at[1:], 0.0)
        return self._normal(at, by_begin.reshape(dimension, -1, samples - 1, count).transpose(2, 0, 1, 3), gaps)

    def followed(self, field: AbstractField, parameters: Parameters, starts: np.ndarray, substeps: int) -> Normal:
        samples, dimension, count = self.states.shape
        path = np.empty_like(self.states)
        path[0] = starts.T
        by_begin = np.empty((samples - 1, dimension, dimension + len(parameters), count))
        for number in range(samples - 1):
            steps = self.steps.some(slice(number * count, (number + 1) * count))
            path[number + 1], by_begin[number] = flow(field, parameters, path[number], steps, substeps)
        return self._normal(path, by_begin, np.zeros((samples - 1, dimension, count)))

    def _normal(self, at: np.ndarray, by_begin: np.ndarray, gaps: np.ndarray) -> Normal:
        """Condense steps to paths: how every state depends on the start of its segment and on the parameters."""
        samples, dimension, count = at.shape
        unknowns = by_begin.shape[2]
        moves, closing = np.zeros((samples, dimension, unknowns, count)), np.zeros(at.shape)
        moves[0, np.arange(dimension), np.arange(dimension)] = 1.0
        for number in range(samples - 1):
            by_state = by_begin[number, :, :dimension]
            following, shift = moves[number + 1], gaps[number].copy()
            following[:, dimension:] = by_begin[number, :, dimension:]
            for place in range(dimension):
                following += by_state[:, place, None] * moves[number, place]
                shift += by_state[:, place] * closing[number, place]
            closing[number + 1] = shift
        paths = at + closing
        residual = ((self.states - paths) * self.scale).transpose(2, 0, 1).reshape(count, -1)
        jacobian = (moves * self.scale[:, :, None]).transpose(3, 0, 1, 2).reshape(count, -1, unknowns)
        products, gradients = jacobian.swapaxes(1, 2) @ jacobian, np.einsum("snp,sn->sp", jacobian, residual)
        start_matrix, cross = products[:, :dimension, :dimension], products[:, dimension:, :dimension]
        start_gradient, gradient = gradients[:, :dimension], gradients[:, dimension:]
        diagonal = np.einsum("sii->si", start_matrix)
        start_matrix = start_matrix + 1e-9 * np.where(diagonal > 0, diagonal, 1.0)[..., None] * np.eye(dimension)
        solved = _solved(start_matrix, np.concatenate([cross.swapaxes(1, 2), start_gradient[..., None]], axis=2))
        cost, scale = np.sum(residual**2, axis=1), np.max(self.scale, axis=0, initial=0.0)
        widest, largest = (np.max(np.abs(part) * scale, axis=(0, 1), initial=0.0) for part in (gaps, paths))
        return Normal(
            matrix=products[:, dimension:, dimension:] - cross @ solved[..., :-1],
            gradient=gradient - (cross @ solved[..., -1:])[..., 0],
            cost=cost,
            paths=paths.transpose(2, 0, 1),
            met=widest <= _MISSED * np.sqrt(cost / np.sum(self.scale > 0, axis=(0, 1))) + _ROUND_OFF * largest,
            start_matrix=start_matrix,
            start_gradient=start_gradient,
            cross=cross,
            moves=(moves,),
        )


def _together(parts: list[Normal]) -> Normal:
    if len(parts) == 1:
        return parts[0]
    names = ("matrix", "gradient", "cost", "paths", "met", "start_matrix", "start_gradient", "cross")
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Normal(moves=tuple(part.moves[0] for part in parts), **arrays)


def _solved(matrices: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve small systems; NaN where a path left the finite numbers."""
    finite = np.all(np.isfinite(matrices), axis=(1, 2))
    found = np.linalg.solve(np.where(finite[:, None, None], matrices, np.eye(matrices.shape[1])), right)
    return np.where(finite[:, None, None], found, np.nan)
