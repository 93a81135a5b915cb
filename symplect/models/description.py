"""What a model of parts is made of, as plain JSON, and the empty model that such a description names."""

import dataclasses
from collections.abc import Mapping, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from symplect.errors import InputError

_KIND, _SHAPE = "kind", "shape"
_RENAMED = {
    "RandomFeatureHNN": "FeatureHamiltonian",
    "RandomFeatureField": "FeatureField",
    "DissipativeHNN": "PortHamiltonian",
}
"""Names in files of version 0.1, by what they are called now."""


def describe(module: eqx.Module) -> dict[str, object]:
    """Return the parts of a module by name, arrays by their shape, as JSON can hold them.

    Example:
        >>> from symplect.models.features import Fourier, OfPositions
        >>> describe(OfPositions(Fourier(((1,),))))
        {'kind': 'OfPositions', 'inner': {'kind': 'Fourier', 'frequencies': [[1]]}}
    """
    fields = {field.name: _described(getattr(module, field.name)) for field in dataclasses.fields(module)}
    return {_KIND: type(module).__name__, **fields}


def _described(part: object) -> object:
    if isinstance(part, eqx.Module):
        return describe(part)
    if isinstance(part, jax.Array | np.ndarray | jax.ShapeDtypeStruct):
        return {_SHAPE: list(part.shape), "dtype": str(part.dtype)}
    if isinstance(part, tuple | list):
        return [_described(item) for item in part]
    return part


def current_name(name: str) -> str:
    """Return the name of a class that a file may call by an earlier one."""
    return _RENAMED.get(name, name)


def is_described(description: object) -> bool:
    """Return whether something is a module as `describe` writes it."""
    return isinstance(description, Mapping) and _KIND in description


def skeleton(description: object, kinds: Mapping[str, type[eqx.Module]]) -> object:
    """Return the module that `describe` saw, with shapes in place of arrays; nothing but the given kinds is made.

    Raises:
        InputError: the description names something else, or lacks a part.
    """
    if isinstance(description, Mapping):
        if _SHAPE in description:
            return jax.ShapeDtypeStruct(tuple(map(int, description[_SHAPE])), jnp.dtype(str(description["dtype"])))
        return _module(description, kinds)
    if isinstance(description, Sequence) and not isinstance(description, str):
        return tuple(skeleton(item, kinds) for item in description)
    return description


def _module(description: Mapping[str, object], kinds: Mapping[str, type[eqx.Module]]) -> eqx.Module:
    kind = kinds.get(current_name(str(description.get(_KIND))))
    if kind is None:
        raise InputError(f"expected a part out of {', '.join(kinds)}, found {description.get(_KIND)!r}")
    fields = dataclasses.fields(kind)
    names = {field.name for field in fields}
    defaults = {field.name: field.default for field in fields if field.default is not dataclasses.MISSING}
    description = {**defaults, **description}  # what a file from before a part existed does not name
    if names != set(description) - {_KIND}:
        raise InputError(f"expected {kind.__name__} with {sorted(names)}, found {sorted(set(description) - {_KIND})}")
    module = object.__new__(kind)  # as unflattening does: what `__init__` computes is in the file
    for name in names:
        object.__setattr__(module, name, skeleton(description[name], kinds))
    return module
