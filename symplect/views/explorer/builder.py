"""A program under construction."""

import math
from collections.abc import Sequence
from typing import final

import numpy as np

from symplect.errors import InputError
from symplect.views.explorer.arrays import Arrays
from symplect.views.explorer.content import Places, Program, Step
from symplect.views.explorer.values import Traced, Value, compact, in_order, stretched

_MOST = 5_000_000  # numbers in one buffer


@final
class Builder:
    """Steps in the order of computation; equal steps stand once.

    Args:
        dimension: length of the state, which is the first buffer.
        arrays: where known numbers are kept.
    """

    def __init__(self, dimension: int, arrays: Arrays):
        self.arrays = arrays
        self.sizes = [dimension]
        self.constants: dict[int, int] = {}
        self.steps: list[Step] = []
        self._known: dict[object, int] = {}

    def _new(self, size: int) -> int:
        if size > _MOST:
            raise InputError(f"explorer: expected a model of at most {_MOST} numbers at a time, found {size}")
        self.sizes.append(size)
        return len(self.sizes) - 1

    def step(self, name: str, size: int, *arguments: int | list[int] | Places) -> int:
        """Return the buffer in which a step leaves its result."""
        key = repr((name, arguments))
        if key not in self._known:
            self._known[key] = self._new(size)
            self.steps.append([name, self._known[key], *arguments])
        return self._known[key]

    def result(self, name: str, shape: Sequence[int], *arguments: int | list[int] | Places) -> Traced:
        """Return what a step makes, in a shape."""
        size = math.prod(shape)
        return Traced(self.step(name, size, *arguments), np.arange(size).reshape(shape))

    def constant(self, array: np.ndarray) -> int:
        """Return the buffer of known numbers."""
        place = self.arrays.place(np.asarray(array, self.arrays.precision))
        key = ("constant", place)
        if key not in self._known:
            self._known[key] = self._new(array.size)
            self.constants[self._known[key]] = place
        return self._known[key]

    def buffer(self, value: Value) -> int:
        """Return a buffer that holds a value, entry after entry."""
        if isinstance(value, np.ndarray):
            return self.constant(value)
        index = value.index.ravel()
        if len(index) == self.sizes[value.buffer] and np.array_equal(index, np.arange(len(index))):
            return value.buffer
        return self.step("gather", len(index), value.buffer, compact(value.index))

    def stretchable(self, value: Value) -> int:
        """Return a buffer that holds a value, or the one number that all its entries are."""
        if isinstance(value, np.ndarray):
            same = value.size > 0 and np.all(value == value.flat[0])
            return self.constant(value.ravel()[:1] if same else value)
        same = value.index.size > 0 and np.all(value.index == value.index.flat[0])
        return self.buffer(Traced(value.buffer, value.index.ravel()[:1]) if same else value)

    def entrywise(self, name: str, shape: Sequence[int], inputs: Sequence[Value]) -> Traced:
        """Return what a step on every entry makes, which is one number where all its operands are."""
        buffers = [self.stretchable(stretched(value, shape)) for value in inputs]
        if all(self.sizes[buffer] == 1 for buffer in buffers):
            return Traced(self.step(name, 1, *buffers), np.zeros(shape, int))
        return self.result(name, shape, *buffers)

    def in_one(self, values: Sequence[Value]) -> tuple[int, list[np.ndarray]]:
        """Return one buffer that holds what all the values hold, and where in it each of them stands."""
        places = [
            value if isinstance(value, Traced) else in_order(self.constant(value), value.shape) for value in values
        ]
        buffers = list(dict.fromkeys(place.buffer for place in places))
        first = dict(zip(buffers, np.cumsum([0, *(self.sizes[buffer] for buffer in buffers)]), strict=False))
        whole = buffers[0]
        if len(buffers) > 1:
            whole = self.step("join", sum(self.sizes[buffer] for buffer in buffers), buffers)
        return whole, [np.asarray(place.index + first[place.buffer]) for place in places]

    def finished(self, output: int) -> Program:
        """Return the program of the steps that lead to the output, its buffers counted anew."""
        needed, kept = {output}, list[Step]()
        for step in reversed(self.steps):
            if step[1] in needed:
                needed |= set(_sources(step))
                kept.append(step)
        new = {old: number for number, old in enumerate(sorted(needed | {0}))}
        return {
            "sizes": [self.sizes[old] for old in new],
            "constants": [[new[buffer], array] for buffer, array in self.constants.items() if buffer in new],
            "steps": [_renumbered(step, new) for step in reversed(kept)],
            "output": new[output],
        }


_BUFFERS = {"gather": 1, "sum": 1, "power": 1, "matmul": 2, "matmul_transposed": 2, "scatter": 2, "select": 3}


def _sources(step: Step) -> list[int]:
    name, _, *arguments = step
    operands = arguments[0] if name == "join" else arguments[: _BUFFERS.get(str(name), 2)]
    return [buffer for buffer in operands if isinstance(buffer, int)] if isinstance(operands, list) else []


def _renumbered(step: Step, new: dict[int, int]) -> Step:
    name, arguments = step[0], step[2:]
    result = [new[buffer] for buffer in step[1:2] if isinstance(buffer, int)]
    sources = [new[buffer] for buffer in _sources(step)]
    return [name, *result, sources] if name == "join" else [name, *result, *sources, *arguments[len(sources) :]]
