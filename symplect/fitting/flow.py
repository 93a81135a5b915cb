"""Steps between neighbouring samples, all of them at once, and how they depend on where they begin and on the model."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from symplect.fitting.fields import AbstractField, Parameters
from symplect.fitting.segments import Segments

_STAGES = ((0.0, 1 / 6), (0.5, 1 / 3), (0.5, 1 / 3), (1.0, 1 / 6))  # of Runge and Kutta: where, and how much it counts

States = Float[np.ndarray, "dimension steps"]


@dataclass(frozen=True, eq=False)
class Steps:
    """Steps of time with the inputs that act in them.

    Attributes:
        lengths: of the steps; 0 for those behind the end of a segment, over which nothing moves.
        inputs: before, at the beginning and at the end of each step.
        held: whether inputs keep their value in between.
    """

    lengths: Float[np.ndarray, " steps"]
    inputs: tuple[Float[np.ndarray, "channels steps"], ...]
    held: bool

    @classmethod
    def of(cls, segments: Segments, held: bool) -> "Steps":
        """Return the steps of segments, one row of them after the other: all first ones, then all second ones."""
        real = np.any(segments.weights > 0, axis=2)[:, 1:]
        lengths = np.where(real, np.diff(segments.times, axis=1), 0.0)
        before = np.concatenate([segments.inputs[:, :1], segments.inputs[:, :-2]], axis=1)
        rows = (before, segments.inputs[:, :-1], segments.inputs[:, 1:])
        return cls(
            lengths.T.ravel(), tuple(row.transpose(2, 1, 0).reshape(row.shape[2], lengths.size) for row in rows), held
        )

    def some(self, which: slice) -> "Steps":
        """Return some of the steps."""
        return Steps(self.lengths[which], tuple(part[:, which] for part in self.inputs), self.held)

    def at(self, share: float) -> Float[np.ndarray, "channels steps"]:
        """Return the inputs after a share of each step; the mean of both sides where a held one jumps."""
        before, begin, end = self.inputs
        if not self.held:
            return begin + share * (end - begin)
        return (before + begin) / 2 if share <= 0 else (begin + end) / 2 if share >= 1 else begin


def flow(
    field: AbstractField, parameters: Parameters, states: States, steps: Steps, substeps: int
) -> tuple[States, Float[np.ndarray, "dimension dependence steps"]]:
    """Return the states at the ends of the steps, and their derivatives by those at the beginning and the parameters.

    Args:
        field: mover of the states.
        parameters: numbers of the field.
        states: at the beginning of every step.
        steps: lengths and inputs.
        substeps: steps of `RK4` in each step.
    """
    dimension, samples = states.shape
    h = steps.lengths / substeps
    z, by_begin = states, np.zeros((dimension, dimension + len(parameters), samples))
    by_begin[np.arange(dimension), np.arange(dimension)] = 1.0
    for number in range(substeps):
        slope, by_slope, total, by_total = None, None, 0.0, 0.0
        for share, weight in _STAGES:
            at, by_at = z, by_begin
            if slope is not None and by_slope is not None:
                at, by_at = z + share * h * slope, by_begin + share * h * by_slope
            found = field(parameters, at, steps.at((number + share) / substeps))
            slope, by_slope = found.velocity, _product(found.by_state, by_at)
            by_slope[:, dimension:] += found.by_parameters
            total, by_total = total + weight * slope, by_total + weight * by_slope
        z, by_begin = z + h * total, by_begin + h * by_total
    return z, by_begin


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return products of matrices, one per entry of the last axis: faster than `einsum` where matrices are small."""
    found = left[:, 0, None] * right[0]
    for place in range(1, len(right)):
        found += left[:, place, None] * right[place]
    return found
