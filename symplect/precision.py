"""Moving a system or a model between float32 and float64."""

from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree
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


def on_device(values: object) -> Array:
    """Return an array of JAX, in the precision of the session; unlike `jnp.asarray`, compile nothing for a new shape.

    Example:
        >>> on_device(np.array([1.0, 2.0])).tolist()
        [1.0, 2.0]
    """
    return jax.device_put(values) if isinstance(values, np.ndarray) else jnp.asarray(values)


def as_precise_as(tree: PyTree) -> AbstractContextManager[object]:
    """Return a context of double precision where a module has numbers of it, as fitted models have.

    Else JAX would round to float32 what meets them, and warn.

    Example:
        >>> from symplect.systems import MassSpring
        >>> with as_precise_as(cast(MassSpring(k=1.0, m=1.0), np.float64)):
        ...     jax.numpy.asarray(0.1).dtype
        dtype('float64')
    """
    double = any(getattr(leaf, "dtype", None) == np.float64 for leaf in jax.tree.leaves(tree))
    return jax.enable_x64(True) if double else nullcontext()
