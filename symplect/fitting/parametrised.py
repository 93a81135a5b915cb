"""Models as functions of one vector, their trainable numbers."""

import math
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect.dynamics import AbstractDynamics
from symplect.models.features import AbstractFeatures
from symplect.precision import on_device

Parameters = Float[Array | np.ndarray, " parameters"]


@final
class Parametrised(eqx.Module):
    """A model as a function of one vector, its trainable numbers; fixed features are not among them.

    A program that takes one is compiled once for all models of one shape.

    Attributes:
        structure: of the trainable part of the model.
        leaves: shape and type of each array in it.
        fixed: the rest of the model.
    """

    structure: Any = eqx.field(static=True)
    leaves: tuple[tuple[tuple[int, ...], np.dtype[Any]], ...] = eqx.field(static=True)
    fixed: Any

    @classmethod
    def split(cls, model: AbstractDynamics) -> tuple["Parametrised", Float[np.ndarray, " parameters"]]:
        """Return the function, and the vector that gives the model itself."""
        trainable, fixed = eqx.partition(model, trainable_filter(model))
        arrays, structure = jax.tree.flatten(trainable)
        vector = np.concatenate([np.zeros(0, np.float32), *(np.ravel(array) for array in arrays)])
        return cls(structure, tuple((array.shape, array.dtype) for array in arrays), fixed), vector

    @property
    def size(self) -> int:
        """The length of the vector."""
        return sum(math.prod(shape) for shape, _ in self.leaves)

    def __call__(self, vector: Parameters) -> Any:
        """Return the model; a vector of NumPy is taken apart there, where nothing is compiled."""
        ends = np.cumsum([math.prod(shape) for shape, _ in self.leaves])[:-1].tolist()
        parts = np.split(vector, ends) if isinstance(vector, np.ndarray) else jnp.split(vector, ends)
        known = zip(parts, self.leaves, strict=True) if self.leaves else ()
        arrays = [on_device(part.reshape(shape).astype(kind)) for part, (shape, kind) in known]
        return eqx.combine(jax.tree.unflatten(self.structure, arrays), self.fixed)


def trainable_filter(model: AbstractDynamics) -> Any:
    """Return a tree of truth values: all real numbers of a model but those inside fixed features."""

    def is_features(node: Any) -> bool:
        return isinstance(node, AbstractFeatures)

    def mark(node: Any) -> Any:
        return jax.tree.map(lambda _: False, node) if is_features(node) else eqx.is_inexact_array(node)

    return jax.tree.map(mark, model, is_leaf=is_features)
