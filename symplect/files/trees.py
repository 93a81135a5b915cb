"""Models and states of fits as safetensors: arrays by their place, and a checksum over all of it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeGuard, TypeVar

import jax
import numpy as np
from jaxtyping import PyTree
from safetensors import safe_open
from safetensors.numpy import save

from symplect.errors import InputError, UnreadableError, one_line
from symplect.files.atomic import writing
from symplect.files.bounds import read_own, require_regular, require_size
from symplect.files.json_files import parsed_json, require_object
from symplect.precision import on_device

Tree = TypeVar("Tree", bound=PyTree)
Leaf = jax.Array | np.ndarray | jax.ShapeDtypeStruct

_HEADER = "symplect"
_CHECKSUM = "sha256"


def write_tree(path: Path, tree: PyTree, header: Mapping[str, object]) -> None:
    """Write all arrays of a tree, by their place in it, as safetensors whose header carries JSON and a checksum."""
    with writing(path) as temporary:
        tensors = {name: np.asarray(leaf) for name, leaf in arrays_of(tree).items()}
        said = json.dumps(header)
        signed = json.dumps({**header, _CHECKSUM: _checksum(said, tensors)})  # one entry: several have no fixed order
        temporary.write_bytes(save(tensors, {_HEADER: signed}))  # with the rights of the other files


def read_header(path: Path) -> dict[str, object]:
    """Return the JSON that `write_tree` put into the header.

    Raises:
        InputError: no such file, or not one that `write_tree` wrote.
    """

    def read() -> dict[str, object]:
        require_regular(path)
        with safe_open(path, "numpy") as content:
            return _said(path, (content.metadata() or {})[_HEADER])[0]

    return read_own(path, read)


def read_tree(path: Path, like: Tree) -> Tree:
    """Return `like` with the arrays of the file in place of its own.

    Raises:
        InputError: No such file, a broken one, one whose arrays do not fit, or one that changed since it was written.
    """

    def shapes() -> dict[str, tuple[int, ...]]:
        require_regular(path)
        with safe_open(path, "numpy") as content:
            return {name: tuple(content.get_slice(name).get_shape()) for name in content.keys()}  # noqa: SIM118

    def read() -> dict[str, np.ndarray]:
        require_size(path, path.stat().st_size)
        with safe_open(path, "numpy") as content:
            tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118 (not a mapping)
            written, checksum = _said(path, (content.metadata() or {}).get(_HEADER, "{}"))
        if checksum is not None and checksum != _checksum(json.dumps(written), tensors):
            raise UnreadableError("its checksum is that of other contents")
        return tensors

    expected = {name: (leaf.shape, leaf.dtype) for name, leaf in arrays_of(like).items()}
    _require_same(path, {name: shape for name, (shape, _) in expected.items()}, read_own(path, shapes))
    tensors = read_own(path, read)
    _require_same(path, expected, {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()})
    return jax.tree_util.tree_map_with_path(lambda place, leaf: _like(leaf, tensors, name_of(place)), like)


def arrays_of(tree: PyTree) -> dict[str, Leaf]:
    """Return the arrays of a tree, or the shapes in their place, by where they stand in it."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {name_of(place): leaf for place, leaf in leaves if _is_array(leaf)}


def name_of(place: tuple[object, ...]) -> str:
    """Return a place in a tree as a dotted name, such as `network.weights.0`."""
    return jax.tree_util.keystr(place, simple=True, separator=".")


def _said(path: Path, header: str) -> tuple[dict[str, object], object]:
    """Return the JSON of a header and the checksum that was put there."""
    found = require_object(path, parsed_json(path, header.encode()))
    return found, found.pop(_CHECKSUM, None)


def _checksum(said: str, tensors: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256 of a header and of tensors in order of name, with their types and shapes."""
    found = hashlib.sha256(said.encode())
    for name, tensor in sorted(tensors.items()):
        found.update(f"\n{name} {tensor.dtype.str} {tensor.shape}\n".encode())
        found.update(tensor.tobytes())
    return found.hexdigest()


def _like(leaf: object, tensors: Mapping[str, np.ndarray], name: str) -> object:
    if not _is_array(leaf):
        return leaf
    return tensors[name] if isinstance(leaf, np.ndarray) else on_device(tensors[name])


def _is_array(leaf: object) -> TypeGuard[Leaf]:
    return isinstance(leaf, Leaf)


def _require_same(path: Path, expected: Mapping[str, object], found: Mapping[str, object]) -> None:
    if expected != found:
        odd = one_line(sorted(str(item) for item in expected.items() ^ found.items())[0], 200)
        raise InputError(
            f"expected {path} to fit its configuration, found a difference at {odd}: the file is not of this model"
        )
