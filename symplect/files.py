"""Files that are whole or absent, and arrays in them that carry no code."""

import glob
import hashlib
import json
import math
import os
import re
import shutil
import socket
import stat
import tempfile
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree
from safetensors import safe_open
from safetensors.numpy import save

from symplect.errors import InputError, UnreadableError, one_line

Tree = TypeVar("Tree", bound=PyTree)
Result = TypeVar("Result")
_HEADER = "symplect"
_HOST = f"{zlib.crc32(socket.gethostname().encode()):08x}"  # short, since names have at most 255 bytes
_DAY = 86400.0  # seconds
_CHECKSUM = "sha256"
_MOST_JSON = 2**26  # bytes of a JSON file of ours: a thousand times the usual
_JSON_BYTES = {b"{": 232, b"[": 88, b",": 34, b'"': 30}  # of Python objects, per character that makes them
_DIGITS = 308  # of an integer: any of more is beyond the range of double precision
_MOST_OBJECTS = 2**29  # bytes of Python objects out of one JSON file

LARGEST = 2**31
"""Bytes that the values of one file may need, whatever the file says."""

MOST_ARRAYS = 100_000
"""Arrays of one file, or columns of one table."""


@contextmanager
def writing(path: Path) -> Generator[Path]:
    """Gives a temporary path beside `path`, file or folder, and renames it when all is written.

    A crash leaves the old file, or none, and never half of one.

    Raises:
        InputError: the place cannot be written, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        holder = Path(tempfile.mkdtemp(prefix=f".{path.name}.{_HOST}-{os.getpid()}-", dir=path.parent))
        try:
            yield holder / path.name
            os.replace(holder / path.name, path)
        finally:
            shutil.rmtree(holder, ignore_errors=True)
    except OSError as error:
        raise InputError(
            f"expected to write {path}, found: {error.strerror or error}: make room or give another place; "
            "what was finished before is kept"
        ) from error


def require_place(path: Path) -> None:
    """Makes sure that `path` could be written, before hours are spent on what goes there; leaves nothing.

    Raises:
        InputError: it could not.
    """
    try:
        above = next(folder for folder in path.absolute().parents if folder.exists())
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=above):
            pass
    except OSError as error:
        raise InputError(
            f"expected to write {path}, found: {error.strerror or error}: give another place with --out"
        ) from error


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes JSON whole or not at all; numbers that are not finite become null."""
    with writing(path) as temporary:
        temporary.write_text(json.dumps(_nullify(content), indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Reads what `write_json` wrote.

    Raises:
        InputError: no such file, or not JSON.
    """
    content = _reading(path, lambda: parsed_json(path, read_bounded(path, _MOST_JSON)))
    if not isinstance(content, dict):
        raise InputError(
            f"expected {path} to hold a JSON object, found a {type(content).__name__}: it was not written by symplect"
        )
    return content


def require_regular(path: Path) -> None:
    """Make sure that a path is a file with an end: reading a pipe or a device may wait for ever.

    Raises:
        InputError: something else is there.
        FileNotFoundError: nothing is there.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        kind = "a folder" if path.is_dir() else "a pipe, device or socket"
        raise InputError(f"expected a file, found {kind} at {path}: copy what is in it into a file")


def read_bounded(path: Path, most: int) -> bytes:
    """Return the bytes of a file.

    Args:
        path: The file.
        most: Largest size in bytes.

    Raises:
        InputError: It is larger, or no regular file.
        FileNotFoundError: Nothing is there.
    """
    require_regular(path)
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise InputError(f"expected {path} to have at most {most} bytes, found more: is it the right file?")
    return content


def parsed_json(path: Path, content: bytes, integer: Callable[[str], int | float] | None = None) -> Any:
    """Return what JSON says; its size as Python objects is bounded before any are made.

    Args:
        path: The file's name, for messages.
        content: JSON as bytes.
        integer: Number out of the digits of an integer; those of more than 64 bits are refused unless given.

    Raises:
        InputError: It would need too much memory.
        ValueError: It is not JSON.
    """
    size = sum(content.count(mark) * each for mark, each in _JSON_BYTES.items())
    if size > _MOST_OBJECTS:
        raise InputError(
            f"expected {path} to need at most {_MOST_OBJECTS} bytes of memory, found about {size}: "
            "keep less, or save it in another format"
        )
    return json.loads(content, parse_int=integer or _integer)


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise UnreadableError(f"an integer of {len(digits)} digits")
    return int(digits)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes an `.npz` file whole or not at all."""
    with writing(path) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **arrays)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Reads an `.npz` file of plain numbers.

    Raises:
        InputError: no such file, or not an `.npz` of plain numbers.
    """

    return _reading(path, lambda: unpacked(path))


def unpacked(path: Path, require: Callable[[Path, int, int], None] | None = None) -> dict[str, np.ndarray]:
    """Return the arrays of an `.npz` file, whose sizes are known before memory is taken for them.

    Args:
        path: The file.
        require: Check of the file, the number of values in all arrays so far, and the number of arrays.

    Raises:
        InputError: They would not fit.
        Exception: Any kind that a broken file calls forth in what reads it.
    """
    require_regular(path)
    with zipfile.ZipFile(path) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NumPy, about headers that Python 2 wrote
        members = archive.infolist()
        require_size(path, sum(member.file_size for member in members), len(members))
        arrays: dict[str, np.ndarray] = {}
        cells = 0
        for member in members:
            name = member.filename.removesuffix(".npy")
            if name in arrays:
                raise UnreadableError(f"two arrays named {name}")
            with archive.open(member) as stream:
                header = array_header(stream)
                cells += header.cells
                if require is not None:
                    require(path, cells, len(members))
                arrays[name] = header.read(stream, member.file_size - stream.tell())
    return arrays


def require_size(path: Path, size: int, arrays: int = 1) -> None:
    """Refuses what memory may not hold.

    Raises:
        InputError: more bytes, or more arrays, than are read.
    """
    if size > LARGEST:
        raise InputError(
            f"expected {path} to unpack to at most {LARGEST} bytes, found {size}: keep fewer rows or columns"
        )
    if arrays > MOST_ARRAYS:
        raise InputError(f"expected {path} to have at most {MOST_ARRAYS} columns, found {arrays}: keep fewer")


@dataclass(frozen=True)
class ArrayHeader:
    """What the head of an `.npy` stream says of the array that follows.

    Attributes:
        shape: Shape of the array.
        fortran: Whether the first axis varies fastest.
        dtype: Type of the values, which holds no Python objects.
    """

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]

    @property
    def cells(self) -> int:
        """The number of values; a record counts as its fields."""
        return math.prod(self.shape) * max(1, len(self.dtype.names or ()))

    def read(self, stream: Any, size: int) -> np.ndarray:
        """Return the array.

        Args:
            stream: The stream behind its header.
            size: Bytes that are left in it.

        Raises:
            ValueError: The header promises more or less than there is.
        """
        promised = math.prod(self.shape) * self.dtype.itemsize
        if promised != size:
            raise UnreadableError(f"an array whose header promises {promised} bytes, and {max(size, 0)} follow")
        raw = bytearray(stream.read(size + 1))
        if len(raw) != size:
            raise UnreadableError("an array that is cut off")
        return np.frombuffer(raw, self.dtype).reshape(self.shape, order="F" if self.fortran else "C")


def array_header(stream: Any) -> ArrayHeader:
    """Read the head of an `.npy` stream, without code.

    Raises:
        ValueError: It is none, or one of Python objects.
    """
    version = np.lib.format.read_magic(stream)
    header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
    if header is None:
        raise UnreadableError(f"an array of version {version}")
    shape, fortran, dtype = header(stream)
    if dtype.hasobject:
        raise UnreadableError("an array of Python objects, which are not read because that would run code")
    if not all(type(length) is int and 0 <= length <= LARGEST for length in shape):
        raise UnreadableError(f"an array of shape {shape}")
    return ArrayHeader(tuple(shape), bool(fortran), dtype)


def write_tree(path: Path, tree: PyTree, header: Mapping[str, Any]) -> None:
    """Write all arrays of a tree, by their place in it, as safetensors whose header carries JSON and a checksum."""
    with writing(path) as temporary:
        tensors = {name: np.asarray(leaf) for name, leaf in _arrays(tree)}
        said = json.dumps(header)
        signed = json.dumps({**header, _CHECKSUM: _checksum(said, tensors)})  # one entry: several have no fixed order
        temporary.write_bytes(save(tensors, {_HEADER: signed}))  # with the rights of the other files


def read_header(path: Path) -> dict[str, Any]:
    """Returns the JSON that `write_tree` put into the header.

    Raises:
        InputError: no such file, or not one that `write_tree` wrote.
    """

    def read() -> dict[str, Any]:
        require_regular(path)
        with safe_open(path, "numpy") as content:
            found = parsed_json(path, (content.metadata() or {})[_HEADER].encode())
        found.pop(_CHECKSUM, None)
        return found

    return _reading(path, read)


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
    _require_same(path, {name: shape for name, (shape, _) in expected.items()}, _reading(path, shapes))
    tensors = _reading(path, read)
    _require_same(path, expected, {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()})
    return jax.tree_util.tree_map_with_path(lambda place, leaf: _like(leaf, tensors, _name(place)), like)


def _checksum(said: str, tensors: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256 of a header and of tensors in order of name, with their types and shapes."""
    found = hashlib.sha256(said.encode())
    for name, tensor in sorted(tensors.items()):
        found.update(f"\n{name} {tensor.dtype.str} {tensor.shape}\n".encode())
        found.update(tensor.tobytes())
    return found.hexdigest()


def discard_leftovers(path: Path) -> None:
    """Removes what a killed process left of its writing of `path`; a process that lives goes on with its own."""
    for holder in path.parent.glob(f".{glob.escape(path.name)}.*"):
        if not _in_use(holder):
            shutil.rmtree(holder, ignore_errors=True)


def _in_use(holder: Path) -> bool:
    """Whether a temporary folder belongs to a process that lives; of other machines, whether it is a day old."""
    owner = re.match(r"([0-9a-f]{8})-(\d+)-", holder.name.rpartition(".")[2])
    if owner is None:  # of an earlier version
        return False
    if owner[1] != _HOST or os.name != "posix":
        try:
            return time.time() - holder.stat().st_mtime < _DAY
        except OSError:
            return False
    try:
        os.kill(int(owner[2]), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # of another user
        return True
    return True


def _arrays(tree: PyTree) -> list[tuple[str, Any]]:
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return [(_name(place), leaf) for place, leaf in leaves if _is_array(leaf)]


def _like(leaf: Any, tensors: Mapping[str, np.ndarray], name: str) -> Any:
    if not _is_array(leaf):
        return leaf
    return tensors[name] if isinstance(leaf, np.ndarray) else jnp.asarray(tensors[name])


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | jax.ShapeDtypeStruct)


def _name(place: Any) -> str:
    return jax.tree_util.keystr(place, simple=True, separator=".")


def _nullify(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: _nullify(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_nullify(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def _require_same(path: Path, expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    if expected != found:
        odd = one_line(sorted(str(item) for item in expected.items() ^ found.items())[0], 200)
        raise InputError(
            f"expected {path} to fit its configuration, found a difference at {odd}: the file is not of this model"
        )


def _reading(path: Path, read: Callable[[], Result]) -> Result:
    try:
        return read()
    except FileNotFoundError:
        raise InputError(f"expected a file {path}, found none: is the folder a run of symplect?") from None
    except InputError:
        raise
    except Exception as error:  # broken bytes call forth every kind, from recursion to tokens
        reason = one_line(error, 200)
        raise InputError(
            f"expected {path} as symplect wrote it, found it unreadable ({reason}): delete its folder and run again"
        ) from error
