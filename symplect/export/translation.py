"""The equations of a traced function, translated one after the other into steps of another program."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar, cast

import numpy as np
from jax.core import ShapedArray
from jax.extend.core import ClosedJaxpr, JaxprEqn, Literal, Var

from symplect.export.folding import folded

_Step = TypeVar("_Step")


def abstract(variable: Var | Literal) -> ShapedArray:
    """Return the shape and the type of what an equation takes or gives."""
    return cast(ShapedArray, variable.aval)


def translated(
    closed: ClosedJaxpr,
    inputs: Sequence[np.ndarray | _Step],
    translate: Callable[[JaxprEqn, list[np.ndarray | _Step]], Iterable[np.ndarray | _Step]],
) -> list[np.ndarray | _Step]:
    """Return what a traced function gives: numbers where they do not depend on its inputs, and steps elsewhere.

    Args:
        closed: traced function.
        inputs: arrays, or the steps that lead to them.
        translate: map of an equation and its operands, not all of them arrays, to its results.
    """
    jaxpr = closed.jaxpr
    known: dict[Var, np.ndarray | _Step] = dict(zip(jaxpr.invars, inputs, strict=True))
    known |= {variable: np.asarray(value) for variable, value in zip(jaxpr.constvars, closed.consts, strict=True)}

    def read(variable: Var | Literal) -> np.ndarray | _Step:
        return np.asarray(variable.val, abstract(variable).dtype) if isinstance(variable, Literal) else known[variable]

    for equation in jaxpr.eqns:
        values = [read(variable) for variable in equation.invars]
        arrays = [value for value in values if isinstance(value, np.ndarray)]
        inner = equation.params.get("jaxpr", equation.params.get("call_jaxpr"))
        if isinstance(inner, ClosedJaxpr):  # of a compiled function, or of one with a derivative of its own
            found = translated(inner, values, translate)
        elif len(arrays) == len(values) and _is_of_known_size(equation):
            found = folded(equation, *arrays)
        else:
            found = translate(equation, values)
        known |= zip(equation.outvars, found, strict=True)
    return [read(variable) for variable in jaxpr.outvars]


def _is_of_known_size(equation: JaxprEqn) -> bool:
    return all(isinstance(size, int) for variable in equation.outvars for size in abstract(variable).shape)
