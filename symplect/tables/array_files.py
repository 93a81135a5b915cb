"""Arrays in files: NumPy, HDF5 and MATLAB. Nothing in them is ever run, and sizes are bounded before they are read."""

import math
import warnings
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from symplect.errors import NotAvailableError
from symplect.files import array_header, unpacked
from symplect.tables.arrays import frame_of_arrays, require_cells, without_scalars

_HDF5 = b"\x89HDF\r\n\x1a\n"
_HDF5_PLACES = (0, 512, 1024, 2048)  # in bytes, where an HDF5 file may begin; MATLAB puts a text before it
_COMPRESSED = 15  # type of a compressed element of a MATLAB file
_HEAD = 128  # bytes before the first element of a MATLAB file
_PIECE = 2**20  # bytes that are unpacked at a time


def read_npz(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Read arrays of numbers: one per column, or one matrix whose columns go by number."""
    arrays, notes = without_scalars(unpacked(path, require_cells))
    return frame_of_arrays(arrays), notes


def read_npy(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Read one array; its columns go by number, those of records by name."""
    with path.open("rb") as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NumPy, about headers that Python 2 wrote
        header = array_header(stream)
        require_cells(path, header.cells)
        array = header.read(stream, path.stat().st_size - stream.tell())
    return frame_of_arrays({"" if array.ndim > 1 or array.dtype.names else "1": array}), []


def read_hdf5(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Read the data sets of a file by their whole names; links to other files are not followed.

    Raises:
        NotAvailableError: HDF5 needs a package that is not installed.
    """
    arrays, notes = without_scalars(_data_sets(path))
    return frame_of_arrays(arrays), notes


def read_matlab(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Read the variables of a MATLAB file, and the fields of its structures as `structure.field`.

    Raises:
        NotAvailableError: A file of version 7.3 needs a package that is not installed.
    """
    with path.open("rb") as file:
        head = file.read(_HDF5_PLACES[-1] + len(_HDF5))
    if any(head[place:].startswith(_HDF5) for place in _HDF5_PLACES):
        found = {name.replace("/", "."): array.T for name, array in _data_sets(path).items() if name[0] != "#"}
    else:
        found = _variables(path, head)
    arrays, notes = without_scalars({name: _vector(array) for name, array in found.items()})
    return frame_of_arrays(arrays), notes


def _data_sets(path: Path) -> dict[str, np.ndarray]:
    try:
        import h5py
    except ImportError:
        raise NotAvailableError('reading HDF5 needs h5py: pip install "symplect[hdf5]"') from None
    arrays: dict[str, np.ndarray] = {}
    cells = 0

    def keep(name: str | bytes, item: object) -> None:
        nonlocal cells
        if isinstance(item, h5py.Dataset) and _is_plain(item.dtype) and not item.is_virtual and not item.external:
            fields = max(1, len(item.dtype.names or ()))
            chunk = math.prod(item.chunks or (0,)) * fields  # is unpacked as a whole
            cells += int(item.size or 0) * fields
            require_cells(path, max(cells, chunk), len(arrays) + 1)
            if item.shape is not None:
                arrays[name if isinstance(name, str) else name.decode("latin-1")] = np.asarray(item[()])

    with h5py.File(path, "r") as file:
        file.visititems(keep)
    return arrays


def _is_plain(dtype: np.dtype) -> bool:
    kinds = [dtype] if dtype.names is None else [dtype[name] for name in dtype.names]
    return all(kind.kind in "iufbSU" and kind.shape == () for kind in kinds)


def _variables(path: Path, head: bytes) -> dict[str, np.ndarray]:
    from scipy.io import loadmat

    _require_unpackable(path, head)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of SciPy, about variables that appear twice
        content = loadmat(str(path), simplify_cells=True, verify_compressed_data_integrity=True)
    return _numbers(path, content, "")


def _numbers(path: Path, content: Mapping[str, object], prefix: str) -> dict[str, np.ndarray]:
    """Return what is an array of numbers or words, a structure's fields among them; the rest is no column."""
    found: dict[str, np.ndarray] = {}
    for name, value in content.items():
        if name.startswith("__"):
            continue
        if isinstance(value, dict):
            found |= _numbers(path, value, f"{prefix}{name}.")
        elif isinstance(value, np.ndarray | float | int) and (array := np.asarray(value)).dtype.kind in "iufbU":
            found[prefix + name] = array
    return found


def _vector(array: np.ndarray) -> np.ndarray:
    """Return a row or a column of a matrix as a vector."""
    return array.reshape(-1) if array.ndim == 2 and 1 in array.shape else array


def _require_unpackable(path: Path, head: bytes) -> None:
    """Refuse a MATLAB file whose compressed elements hold more than is read; others hold no more than their bytes."""
    size = path.stat().st_size
    require_cells(path, size // 8)
    order = "big" if head[126:128] == b"MI" else "little"
    total, place = 0, _HEAD
    with path.open("rb") as file:
        while place + 8 <= size:
            file.seek(place)
            kind, length = (int.from_bytes(file.read(4), order) for _ in range(2))
            if kind == _COMPRESSED:
                left, unpack = length, zlib.decompressobj()
                while left > 0 and not unpack.eof and (raw := unpack.unconsumed_tail or file.read(min(left, _PIECE))):
                    left -= 0 if unpack.unconsumed_tail else len(raw)
                    total += len(unpack.decompress(raw, _PIECE))
                    require_cells(path, total // 8)
                while unpack.unconsumed_tail:
                    total += len(unpack.decompress(unpack.unconsumed_tail, _PIECE))
                    require_cells(path, total // 8)
            place += 8 + length
