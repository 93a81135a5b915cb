"""Models and states of fits as safetensors: arrays by their place, and a checksum over all of it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import jax
import numpy as np
from jaxtyping import PyTree
from safetensors import safe_open
from safetensors.numpy import save

from symplect.errors import InputError, UnreadableError, one_line
from symplect.files.atomic import writing
from symplect.files.bounds import read_own, require_regular, require_size
from symplect.files.json_files import parsed_json
from symplect.precision import on_device

Tree = TypeVar("Tree", bound=PyTree)

_HEADER = "symplect"
_CHECKSUM = "sha256"


def write_tree(path: Path, tree: PyTree, header: Mapping[str, Any]) -> None:
    """Write all arrays of a tree, by their place in it, as safetensors whose header carries JSON and a checksum."""
    with writing(path) as temporary:
        tensors = {name: np.asarray(leaf) for name, leaf in _arrays(tree)}
        said = json.dumps(header)
        signed = json.dumps({**header, _CHECKSUM: _checksum(said, tensors)})  # one entry: several have no fixed order
        temporary.write_bytes(save(tensors, {_HEADER: signed}))  # with the rights of the other files


def read_header(path: Path) -> dict[str, Any]:
    """Return the JSON that `write_tree` put into the header.

    Raises:
        InputError: no such file, or not one that `write_tree` wrote.
    """

    def read() -> dict[str, Any]:
        require_regular(path)
        with safe_open(path, "numpy") as content:
            found = parsed_json(path, (content.metadata() or {})[_HEADER].encode())
        found.pop(_CHECKSUM, None)
        return found

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
            written = parsed_json(path, (content.metadata() or {}).get(_HEADER, "{}").encode())
        checksum = written.pop(_CHECKSUM, None)
        if checksum is not None and checksum != _checksum(json.dumps(written), tensors):
            raise UnreadableError("its checksum is that of other contents")
        return tensors

    expected = {name: (leaf.shape, leaf.dtype) for name, leaf in _arrays(like)}
    _require_same(path, {name: shape for name, (shape, _) in expected.items()}, read_own(path, shapes))
    tensors = read_own(path, read)
    _require_same(path, expected, {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()})
    return jax.tree_util.tree_map_with_path(lambda place, leaf: _like(leaf, tensors, _name(place)), like)


def _checksum(said: str, tensors: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256 of a header and of tensors in order of name, with their types and shapes."""
    found = hashlib.sha256(said.encode())
    for name, tensor in sorted(tensors.items()):
        found.update(f"\n{name} {tensor.dtype.str} {tensor.shape}\n".encode())
        found.update(tensor.tobytes())
    return found.hexdigest()


def _arrays(tree: PyTree) -> list[tuple[str, Any]]:
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return [(_name(place), leaf) for place, leaf in leaves if _is_array(leaf)]


def _like(leaf: Any, tensors: Mapping[str, np.ndarray], name: str) -> Any:
    if not _is_array(leaf):
        return leaf
    return tensors[name] if isinstance(leaf, np.ndarray) else on_device(tensors[name])


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | jax.ShapeDtypeStruct)


def _name(place: Any) -> str:
    return jax.tree_util.keystr(place, simple=True, separator=".")


def _require_same(path: Path, expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    if expected != found:
        odd = one_line(sorted(str(item) for item in expected.items() ^ found.items())[0], 200)
        raise InputError(
            f"expected {path} to fit its configuration, found a difference at {odd}: the file is not of this model"
        )
