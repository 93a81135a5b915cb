"""What is known of an array while a program is made."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jax.extend.core import JaxprEqn

from symplect.export.translation import abstract
from symplect.views.explorer.content import Places


@dataclass(frozen=True, eq=False)
class Traced:
    """An array that depends on the state: entries of a buffer, in the order and the shape of the index."""

    buffer: int
    index: np.ndarray


Value = np.ndarray | Traced
"""What is known of an array while the program is made: all of it, or where it will stand."""


def shape(value: Value) -> tuple[int, ...]:
    """Return the shape of a value."""
    return value.shape if isinstance(value, np.ndarray) else value.index.shape


def result_shape(equation: JaxprEqn) -> tuple[int, ...]:
    """Return the shape of what an equation gives."""
    return abstract(equation.outvars[0]).shape


def free(value: Value, taken: Sequence[int]) -> list[int]:
    """Return the axes of a value that are not taken."""
    return [axis for axis in range(len(shape(value))) if axis not in taken]


def in_order(buffer: int, shape: Sequence[int]) -> Traced:
    """Return a whole buffer in a shape."""
    return Traced(buffer, np.arange(math.prod(shape)).reshape(shape))


def arranged(value: Value, axes: Sequence[int]) -> Value:
    """Return a value with its axes in another order."""
    if isinstance(value, np.ndarray):
        return np.transpose(value, axes)
    return Traced(value.buffer, np.transpose(value.index, axes))


def stretched(value: Value, shape: Sequence[int]) -> Value:
    """Return a value whose axes of length one are stretched to a shape."""
    if isinstance(value, np.ndarray):
        return np.broadcast_to(value, shape)
    return Traced(value.buffer, np.broadcast_to(value.index, shape))


def shaped(value: Value, shape: Sequence[int]) -> Value:
    """Return a value in another shape."""
    return value.reshape(shape) if isinstance(value, np.ndarray) else Traced(value.buffer, value.index.reshape(shape))


def compact(index: np.ndarray) -> Places:
    """Return nested strides where an index has them, and the numbers otherwise."""
    if index.size > 4:
        strides = [
            int(np.take(index, 1, axis).flat[0] - index.flat[0]) if n > 1 else 0 for axis, n in enumerate(index.shape)
        ]
        grid = sum(stride * steps for stride, steps in zip(strides, np.indices(index.shape), strict=True))
        if np.array_equal(index, index.flat[0] + grid):
            return {"offset": int(index.flat[0]), "sizes": list(index.shape), "strides": strides}
    return index.ravel().tolist()
