"""From a function of one state to a program of few kinds of steps, which the page's script can run.

The jaxpr is the program; what only moves numbers is turned into indices, and what does not depend on the state is
computed here. So every model of the package works in the page without a line of JavaScript about it.
"""

from collections.abc import Callable, Sequence
from functools import partial

import jax
import numpy as np
from jax.extend.core import JaxprEqn

from symplect._types import State
from symplect.errors import InputError
from symplect.export.folding import folded
from symplect.export.translation import translated
from symplect.views.explorer.arrays import Arrays
from symplect.views.explorer.builder import Builder
from symplect.views.explorer.content import Program
from symplect.views.explorer.rules import RULES
from symplect.views.explorer.values import Traced, Value, result_shape

UNARY = {
    *("neg", "abs", "sign", "sin", "cos", "tan", "tanh", "exp", "expm1", "log", "log1p", "sqrt", "rsqrt"),
    *("logistic", "not", "square"),
}
BINARY = {"add", "sub", "mul", "div", "max", "min", "pow", "eq", "ne", "lt", "le", "gt", "ge", "and", "or"}
"""Steps on every entry, by their name in JAX and in the page."""

ALIASES = {"add_any": "add"}

_FIRST = ("broadcast_in_dim", "reshape", "transpose", "slice", "squeeze", "rev", "split", "unstack", "gather")
_ALL = ("concatenate", "stack", "pad")

MOVES = dict.fromkeys(_FIRST, slice(1)) | dict.fromkeys(_ALL, slice(None))
"""Operations that move numbers and do not change them, with which of their operands are moved."""

UNCHANGED = {"convert_element_type", "copy", "copy_p", "stop_gradient", "reduce_precision"}


def lower(function: Callable[[State], jax.Array], dimension: int, arrays: Arrays) -> Program:
    """Return the program of a function of one state, as JSON can hold it; its numbers go into `arrays`.

    Args:
        function: map of a state of shape `(dimension,)` to one array.
        dimension: length of a state.
        arrays: where weights and constants are kept, in the precision of the program.

    Raises:
        InputError: the function has an operation that no model of the package uses.

    Example:
        >>> import jax.numpy as jnp
        >>> program = lower(lambda z: jnp.sin(z[0]) * z[1], 2, Arrays(np.dtype(np.float64)))
        >>> [step[0] for step in program["steps"]]
        ['gather', 'sin', 'gather', 'mul']
    """
    with jax.enable_x64(arrays.precision == np.float64), jax.default_matmul_precision("highest"):
        flat = jax.make_jaxpr(function)(jax.ShapeDtypeStruct((dimension,), arrays.precision))
        builder = Builder(dimension, arrays)
        (found,) = translated(flat, [Traced(0, np.arange(dimension))], partial(_results, builder))
    return builder.finished(builder.buffer(found))


def _results(builder: Builder, equation: JaxprEqn, inputs: list[Value]) -> Sequence[Value]:
    name = ALIASES.get(equation.primitive.name, equation.primitive.name)
    if name in MOVES:
        return _moved(builder, equation, inputs, MOVES[name])
    if name in UNCHANGED:
        return inputs
    if name in UNARY | BINARY:
        return [builder.entrywise(name, result_shape(equation), inputs)]
    if name not in RULES:
        raise InputError(f"explorer: expected operations that the page knows, found {name}: the model is of another")
    return [RULES[name](builder, equation, inputs)]


def _moved(builder: Builder, equation: JaxprEqn, inputs: Sequence[Value], which: slice) -> list[Value]:
    """Move the numbers of places in place of the numbers."""
    moved = inputs[which]
    rest = [value for value in inputs[len(moved) :] if isinstance(value, np.ndarray)]
    if len(moved) + len(rest) < len(inputs):
        raise InputError(f"explorer: expected {equation.primitive.name} by numbers that do not depend on the state")
    whole, places = builder.in_one(moved)
    return [Traced(whole, index.astype(int)) for index in folded(equation, *places, *rest)]
