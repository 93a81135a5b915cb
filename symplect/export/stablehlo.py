"""Models as StableHLO, the portable instructions of XLA, as JAX serialises them."""

import jax
from jax import Array

from symplect._types import States
from symplect.export.function import ModelFunction

PLATFORMS = ("cpu", "cuda", "tpu")


def stablehlo_bytes(function: ModelFunction) -> bytes:
    """Return the serialised function, with the derivative of it; reading it runs no Python code.

    `jax.export.deserialize(bytearray(content))` gives an object whose `call(states)` returns the dictionary; `jax.vjp`
    differentiates it once more, for losses and Jacobians, and its `mlir_module_serialized` is the StableHLO bytecode
    alone, for programs without JAX. JAX promises to read it for six months. A float64 one needs `jax_enable_x64`.

    Example:
        >>> from symplect.models import Baseline
        >>> content = stablehlo_bytes(ModelFunction(Baseline(jax.random.key(0), 1, width=4)))
        >>> jax.export.deserialize(bytearray(content)).in_avals
        (ShapedArray(float32[batch,2]),)
    """

    def model(states: States) -> dict[str, Array]:
        return function(states)

    model.__name__ = function.kind
    with function.arithmetic():
        exported = jax.export.export(jax.jit(model), platforms=PLATFORMS)(function.any_number_of_states())
        return bytes(exported.serialize(vjp_order=1))
