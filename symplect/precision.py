"""Moving a system or a model between float32 and float64."""

from typing import TypeVar

import equinox as eqx
import jax
from jaxtyping import PyTree
from numpy.typing import DTypeLike

Tree = TypeVar("Tree", bound=PyTree)


def cast(tree: Tree, dtype: DTypeLike) -> Tree:
    """Return the module with all its real numbers in another type.

    Networks are trained in float32 and judged in float64, where round-off no longer hides what they do.

    Example:
        >>> from symplect import HNN
        >>> import jax.numpy as jnp
        >>> cast(HNN(jax.random.key(0), 1), jnp.float16).network.weights[0].dtype
        dtype('float16')
    """
    with jax.enable_x64(True):  # else float64 would silently become float32 again
        return jax.tree.map(lambda leaf: leaf.astype(dtype) if eqx.is_inexact_array(leaf) else leaf, tree)
