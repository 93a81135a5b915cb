"""An ONNX graph under construction."""

from collections.abc import Sequence
from typing import Any, final

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from symplect.errors import InputError

Value = np.ndarray | str
"""What is known of a number while the graph is built: all of it, or the name of the tensor that will hold it."""


@final
class Graph:
    """Nodes in the order of computation; equal nodes and equal constants stand once, so that H and its gradient share.

    Args:
        state: name of the input, whose first axis is the batch.
    """

    def __init__(self, state: str):
        self.state = state
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, TensorProto] = {}
        self._names: dict[tuple[object, ...], str] = {}

    def name(self, value: Value) -> str:
        """Return the name of a tensor, and make it a constant of the graph where its numbers are known."""
        if isinstance(value, str):
            return value
        key = (value.dtype.str, value.shape, value.tobytes())
        if key not in self._names:
            self._names[key] = f"constant_{len(self.constants)}"
            self.constants[self._names[key]] = numpy_helper.from_array(value, self._names[key])
        return self._names[key]

    def node(self, operator: str, *inputs: Value, **attributes: Any) -> str:
        """Return the name of what an operator makes of its inputs."""
        names = [self.name(value) for value in inputs]
        key = (operator, *names, *sorted(attributes.items()))
        if key not in self._names:
            self._names[key] = f"{operator.lower()}_{len(self.nodes)}"
            self.nodes.append(helper.make_node(operator, names, [self._names[key]], **attributes))
        return self._names[key]

    def result(self, name: str, value: Value) -> None:
        """Make a value an output of the model under a name of its own."""
        self.nodes.append(helper.make_node("Identity", [self.name(value)], [name]))

    def transpose(self, value: Value, permutation: Sequence[int]) -> Value:
        """Return the value with its axes in another order."""
        if list(permutation) == sorted(permutation):
            return value
        if isinstance(value, str):
            return self.node("Transpose", value, perm=tuple(map(int, permutation)))
        return np.ascontiguousarray(value.transpose(permutation))

    def shape(self, sizes: Sequence[object]) -> str:
        """Return a shape as a tensor, the size of the batch taken from the state when the graph runs."""
        batch = self.node("Shape", self.state, start=0, end=1)
        return self.node("Concat", *[whole([size]) if isinstance(size, int) else batch for size in sizes], axis=0)

    def model(
        self, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto], **description: Any
    ) -> onnx.ModelProto:
        """Return the model of the nodes that lead to the outputs."""
        needed = {output.name for output in outputs}
        kept: list[NodeProto] = []
        for node in reversed(self.nodes):
            if needed & set(node.output):
                needed |= set(node.input)
                kept.append(node)
        constants = [tensor for name, tensor in self.constants.items() if name in needed]
        graph = helper.make_graph(kept[::-1], "symplect", inputs, outputs, constants)
        return helper.make_model(graph, **description)


def whole(numbers: Sequence[object]) -> np.ndarray:
    """Return integers as ONNX takes shapes, axes and indices.

    Raises:
        InputError: one of them depends on the size of the batch where it must not.
    """
    known = [int(number) for number in numbers if isinstance(number, int | np.integer)]
    if len(known) < len(numbers):
        odd = next(number for number in numbers if not isinstance(number, int | np.integer))
        raise InputError(f"ONNX: expected an operation whose shape is known, found {odd}: take stablehlo")
    return np.array(known, np.int64)
