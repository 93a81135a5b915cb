"""Operations of JAX that are neither on every entry nor moves, as steps of a builder."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from jax.extend.core import JaxprEqn

from symplect.errors import InputError
from symplect.export.folding import scatter_places
from symplect.views.explorer.builder import Builder
from symplect.views.explorer.values import (
    Traced,
    Value,
    arranged,
    compact,
    free,
    result_shape,
    shape,
    shaped,
    stretched,
)


def _dot_general(builder: Builder, equation: JaxprEqn, inputs: Sequence[Value]) -> Traced:
    """A product of matrices; a known factor stays as it is stored, so that H and its gradient share it."""
    (left, right), (left_batch, _) = equation.params["dimension_numbers"]
    a, b = inputs
    shape = result_shape(equation)
    if left_batch:
        return _batched_product(builder, equation, inputs)
    if isinstance(a, np.ndarray):  # the state's factor goes first
        swapped = _product(builder, b, right, a, left)
        rows = swapped.index.size // max(1, math.prod(a.shape[i] for i in range(a.ndim) if i not in left))
        return Traced(swapped.buffer, swapped.index.reshape(rows, -1).T.reshape(shape))
    found = _product(builder, a, left, b, right)
    return Traced(found.buffer, found.index.reshape(shape))


def _product(builder: Builder, x: Value, summed: Sequence[int], W: Value, by: Sequence[int]) -> Traced:
    rows, inner, columns = free(x, summed), math.prod(shape(x)[i] for i in summed), free(W, by)
    M, N = math.prod(shape(x)[i] for i in rows), math.prod(shape(W)[i] for i in columns)
    factor = builder.buffer(arranged(x, [*rows, *summed]))
    stored = tuple(by) + tuple(columns) == tuple(range(len(shape(W))))
    transposed = not stored and tuple(columns) + tuple(by) == tuple(range(len(shape(W))))
    matrix = W if stored or transposed else arranged(W, [*by, *columns])
    name = "matmul_transposed" if transposed else "matmul"
    return builder.result(name, (M, N), factor, builder.buffer(matrix), M, inner, N)


def _batched_product(builder: Builder, equation: JaxprEqn, inputs: Sequence[Value]) -> Traced:
    """Every pair of entries that are multiplied, one after the other, and then sums of them."""
    summed, batch = equation.params["dimension_numbers"]
    orders = [[*b, *free(x, [*s, *b]), *s] for x, s, b in zip(inputs, summed, batch, strict=True)]
    a, b = (arranged(value, order) for value, order in zip(inputs, orders, strict=True))
    many, inner = len(batch[0]), len(summed[0])
    rows, columns = len(shape(a)) - many - inner, len(shape(b)) - many - inner
    whole = (*shape(a)[: many + rows], *shape(b)[many : many + columns], *shape(a)[many + rows :])
    a = stretched(shaped(a, (*shape(a)[: many + rows], *[1] * columns, *shape(a)[many + rows :])), whole)
    b = stretched(shaped(b, (*shape(b)[:many], *[1] * rows, *shape(b)[many:])), whole)
    products = builder.result("mul", whole, builder.buffer(a), builder.buffer(b))
    each = math.prod(whole[len(whole) - inner :])
    return builder.result("sum", result_shape(equation), products.buffer, each)


def _reduce_sum(builder: Builder, equation: JaxprEqn, inputs: Sequence[Value]) -> Traced:
    axes = [int(axis) for axis in equation.params["axes"]]
    each = math.prod(shape(inputs[0])[axis] for axis in axes)
    value = builder.buffer(arranged(inputs[0], [*free(inputs[0], axes), *axes]))
    return builder.result("sum", result_shape(equation), value, each)


def _scatter_add(builder: Builder, equation: JaxprEqn, inputs: Sequence[Value]) -> Traced:
    """The transpose of a gather, which tells where every update goes."""
    target, indices, updates = inputs
    if not isinstance(indices, np.ndarray):
        raise InputError("explorer: expected scatter-add by numbers that do not depend on the state")
    whole = shape(target)
    places = compact(scatter_places(whole, indices, shape(updates), equation.params["dimension_numbers"]))
    return builder.result("scatter", whole, builder.buffer(target), builder.buffer(updates), places)


def _integer_pow(builder: Builder, equation: JaxprEqn, inputs: Sequence[Value]) -> Traced:
    return builder.result("power", shape(inputs[0]), builder.buffer(inputs[0]), int(equation.params["y"]))


def _select_n(builder: Builder, equation: JaxprEqn, inputs: Sequence[Value]) -> Traced:
    which, if_false, if_true = (builder.buffer(value) for value in inputs)
    return builder.result("select", result_shape(equation), which, if_false, if_true)


RULES: dict[str, Callable[[Builder, JaxprEqn, Sequence[Value]], Traced]] = {
    "dot_general": _dot_general,
    "integer_pow": _integer_pow,
    "reduce_sum": _reduce_sum,
    "scatter-add": _scatter_add,
    "select_n": _select_n,
}
"""Operations that are neither on every entry nor moves, by their name in JAX."""
