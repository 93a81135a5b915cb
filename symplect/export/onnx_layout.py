"""Operations of JAX that move numbers and do not change them, and the sums that are their transposes, in ONNX."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from jax.extend.core import JaxprEqn

from symplect.errors import InputError
from symplect.export.onnx_graph import Graph, Value, whole
from symplect.export.translation import abstract

Rule = Callable[[Graph, JaxprEqn, list[Value]], Value | list[Value]]
"""Adds what an equation computes from its inputs to the graph, and returns the results."""


def require(condition: bool, equation: JaxprEqn) -> None:
    """Refuse an equation whose parameters are others than our models have.

    Raises:
        InputError: the condition does not hold.
    """
    if not condition:
        raise InputError(
            f"ONNX: expected {equation.primitive.name} as the models of symplect use it, "
            f"found {dict(equation.params)}: take stablehlo"
        )


def _broadcast_in_dim(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> Value:
    shape, axes = equation.params["shape"], equation.params["broadcast_dimensions"]
    added = [axis for axis in range(len(shape)) if axis not in axes]
    value = graph.node("Unsqueeze", inputs[0], whole(added)) if added else inputs[0]
    return graph.node("Expand", value, graph.shape(shape))


def _concatenate(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> Value:
    return graph.node("Concat", *inputs, axis=int(equation.params["dimension"]))


def _gather(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> Value:
    """Some entries along one axis, by numbers that do not depend on the state."""
    (source, indices), numbers = inputs, equation.params["dimension_numbers"]
    shape, sizes = abstract(equation.invars[0]).shape, equation.params["slice_sizes"]
    axis = int(numbers.start_index_map[0])
    rest = tuple(other for other in range(len(shape)) if other != axis)
    require(len(numbers.start_index_map) == 1 and tuple(numbers.offset_dims) == rest, equation)
    require(isinstance(indices, np.ndarray) and all(sizes[other] == shape[other] for other in rest), equation)
    return graph.node("Gather", source, whole(np.ravel(indices).tolist()), axis=axis)


def _scatter_add(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> Value:
    """The transpose of a gather: a product with the matrix whose rows are the unit vectors of the numbers."""
    (target, indices, updates), numbers = inputs, equation.params["dimension_numbers"]
    shape, dtype = abstract(equation.invars[0]).shape, abstract(equation.invars[0]).dtype
    last = len(shape) - 1
    require(tuple(numbers.scatter_dims_to_operand_dims) == (last,), equation)
    require(isinstance(indices, np.ndarray) and tuple(numbers.update_window_dims) == tuple(range(last)), equation)
    units = np.eye(shape[last], dtype=dtype)[np.ravel(indices)]
    return graph.node("Add", target, graph.node("MatMul", updates, units))


def _pad(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> Value:
    low, high, between = zip(*equation.params["padding_config"], strict=True)
    require(min(*low, *high) >= 0 and not any(between), equation)
    return graph.node("Pad", inputs[0], whole([*low, *high]), inputs[1])


def _reshape(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> Value:
    sizes = [size if isinstance(size, int) else -1 for size in equation.params["new_sizes"]]
    require(sizes.count(-1) <= 1 and equation.params["dimensions"] is None, equation)
    return graph.node("Reshape", inputs[0], whole(sizes))


def _slice(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> Value:
    start, stop = equation.params["start_indices"], equation.params["limit_indices"]
    require(equation.params["strides"] is None, equation)
    sizes = enumerate(abstract(equation.invars[0]).shape)
    axes = [axis for axis, size in sizes if start[axis] != 0 or stop[axis] != size]
    return _between(graph, inputs[0], [start[axis] for axis in axes], [stop[axis] for axis in axes], axes)


def _split(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> list[Value]:
    ends = np.cumsum([0, *equation.params["sizes"]])
    return [_between(graph, inputs[0], [a], [b], [equation.params["axis"]]) for a, b in pairwise(ends)]


def _between(graph: Graph, value: Value, start: Sequence[object], stop: Sequence[object], axes: Sequence[int]) -> Value:
    return graph.node("Slice", value, whole(start), whole(stop), whole(axes))


def _squeeze(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> Value:
    return graph.node("Squeeze", inputs[0], whole(equation.params["dimensions"]))


def _stack(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> Value:
    axis = int(equation.params["axis"])
    return graph.node("Concat", *[graph.node("Unsqueeze", value, whole([axis])) for value in inputs], axis=axis)


def _transpose(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> Value:
    return graph.transpose(inputs[0], equation.params["permutation"])


def _unstack(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> list[Value]:
    axis = int(equation.params["axis"])
    parts = [_between(graph, inputs[0], [k], [k + 1], [axis]) for k in range(len(equation.outvars))]
    return [graph.node("Squeeze", part, whole([axis])) for part in parts]


LAYOUT: dict[str, Rule] = {
    "broadcast_in_dim": _broadcast_in_dim,
    "concatenate": _concatenate,
    "gather": _gather,
    "pad": _pad,
    "reshape": _reshape,
    "scatter-add": _scatter_add,
    "slice": _slice,
    "split": _split,
    "squeeze": _squeeze,
    "stack": _stack,
    "transpose": _transpose,
    "unstack": _unstack,
}
"""Operations by their name in JAX."""
