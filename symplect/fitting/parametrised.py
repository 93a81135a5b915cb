"""Models as functions of one vector, their trainable numbers."""

import math
from collections.abc import Callable
from typing import Any, final

import equinox as eqx
import jax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from symplect.dynamics import AbstractDynamics
from symplect.models.features import AbstractFeatures

Parameters = Float[Array, " parameters"]


@final
class Parametrised(eqx.Module):
    """A model as a function of one vector, its trainable numbers; fixed features are not among them.

    Attributes:
        rebuild: from that vector to the trainable part of the model.
        fixed: the rest of the model.
    """

    rebuild: "_Rebuild" = eqx.field(static=True)
    fixed: Any

    @classmethod
    def split(cls, model: AbstractDynamics, *, frozen: bool = False) -> tuple["Parametrised", Parameters]:
        """Return the function, and the vector that gives the model itself, which is empty if it is frozen."""
        trainable, fixed = eqx.partition(model, False if frozen else trainable_filter(model))
        vector, rebuild = ravel_pytree(trainable)
        return cls(_Rebuild.of(rebuild, trainable), fixed), vector

    @property
    def size(self) -> int:
        """The length of the vector."""
        return self.rebuild.size

    def __call__(self, vector: Parameters) -> Any:
        return eqx.combine(self.rebuild(vector), self.fixed)


class _Rebuild:
    """The inverse of flattening, equal for models of one shape, so that a program is compiled once for all of them."""

    def __init__(self, rebuild: Callable[[Parameters], Any], key: Any):
        self._rebuild, self._key = rebuild, key

    @classmethod
    def of(cls, rebuild: Callable[[Parameters], Any], tree: Any) -> "_Rebuild":
        leaves, structure = jax.tree.flatten(tree)
        return cls(rebuild, (structure, tuple(leaf.shape for leaf in leaves)))

    @property
    def size(self) -> int:
        return sum(math.prod(shape) for shape in self._key[1])

    def __call__(self, vector: Parameters) -> Any:
        return self._rebuild(vector)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rebuild) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def trainable_filter(model: AbstractDynamics) -> Any:
    """Return a tree of truth values: all real numbers of a model but those inside fixed features."""

    def is_features(node: Any) -> bool:
        return isinstance(node, AbstractFeatures)

    def mark(node: Any) -> Any:
        return jax.tree.map(lambda _: False, node) if is_features(node) else eqx.is_inexact_array(node)

    return jax.tree.map(mark, model, is_leaf=is_features)
