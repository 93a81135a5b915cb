"""What each elementary operation of JAX that our models use is in ONNX."""

import numpy as np
from jax.extend.core import JaxprEqn

from symplect.errors import InputError
from symplect.export.onnx_graph import Graph, Value, whole
from symplect.export.onnx_layout import LAYOUT, Rule, require
from symplect.export.translation import abstract

SAME = {
    "abs": "Abs",
    "add": "Add",
    "add_any": "Add",
    "cos": "Cos",
    "div": "Div",
    "eq": "Equal",
    "exp": "Exp",
    "log": "Log",
    "logistic": "Sigmoid",
    "max": "Max",
    "mul": "Mul",
    "neg": "Neg",
    "pow": "Pow",
    "sin": "Sin",
    "sqrt": "Sqrt",
    "sub": "Sub",
    "tanh": "Tanh",
}
"""Operations on every entry that differ in name alone; in both worlds axes of length one stretch."""


def nodes(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> list[Value]:
    """Add what one equation computes to the graph and return its results.

    Raises:
        InputError: an operation that has no rule here, or is used in a way that no model of ours does.
    """
    primitive = equation.primitive.name
    if primitive in SAME:
        return [graph.node(SAME[primitive], *inputs)]
    if primitive not in RULES:
        raise InputError(
            f"ONNX: expected operations out of {', '.join([*SAME, *RULES])}, found {primitive}: take stablehlo"
        )
    found = RULES[primitive](graph, equation, inputs)
    return found if isinstance(found, list) else [found]


def _dot_general(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> Value:
    (left, right), (left_batch, _) = equation.params["dimension_numbers"]
    ranks = [abstract(variable).ndim for variable in equation.invars]
    require(len(left) == 1 and not left_batch and ranks[1] <= 2, equation)
    rows = [*(axis for axis in range(ranks[0]) if axis != left[0]), left[0]]
    if ranks[1] == 1:
        # a transposed matrix times a vector comes out wrong in ONNX Runtime 1.32, whose optimizer fuses the two, also
        # across what stands between them; times a matrix of one column it comes out right
        column = graph.node("Unsqueeze", inputs[1], whole([1]))
        product = graph.node("MatMul", graph.transpose(inputs[0], rows), column)
        return graph.node("Squeeze", product, whole([ranks[0] - 1]))
    columns = [right[0], *(axis for axis in range(ranks[1]) if axis != right[0])]
    return graph.node("MatMul", graph.transpose(inputs[0], rows), graph.transpose(inputs[1], columns))


def _integer_pow(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> Value:
    return graph.node("Pow", inputs[0], np.array(equation.params["y"], abstract(equation.invars[0]).dtype))


def _log1p(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> Value:
    r"""$x \log(u) / (u - 1)$ with $u = 1 + x$, and $x$ where $u = 1$, which round-off does not hurt.

    Source: Goldberg 1991, *What Every Computer Scientist Should Know About Floating-Point Arithmetic*, theorem 4.
    """
    x, one = inputs[0], np.ones((), abstract(equation.invars[0]).dtype)
    u = graph.node("Add", x, one)
    is_one = graph.node("Equal", u, one)
    divisor = graph.node("Where", is_one, one, graph.node("Sub", u, one))
    return graph.node("Where", is_one, x, graph.node("Div", graph.node("Mul", x, graph.node("Log", u)), divisor))


def _ne(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> Value:
    return graph.node("Not", graph.node("Equal", *inputs))


def _reduce_sum(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> Value:
    return graph.node("ReduceSum", inputs[0], whole(equation.params["axes"]), keepdims=0)


def _select_n(graph: Graph, equation: JaxprEqn, inputs: list[Value]) -> Value:
    require(abstract(equation.invars[0]).dtype == np.bool_, equation)
    which, if_false, if_true = inputs
    return graph.node("Where", which, if_true, if_false)


RULES: dict[str, Rule] = {
    "dot_general": _dot_general,
    "integer_pow": _integer_pow,
    "log1p": _log1p,
    "ne": _ne,
    "reduce_sum": _reduce_sum,
    "select_n": _select_n,
    **LAYOUT,
}
"""Operations by their name in JAX."""
