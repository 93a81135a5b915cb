"""Tables in files, by their ending; nothing in them is ever run."""

import glob
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from symplect.errors import InputError, NotAvailableError
from symplect.reading.text import read_text

LARGEST = 2**31
"""Bytes that the values of one table may need, whatever its file says."""

TEXT = (".csv", ".tsv", ".txt", ".dat", ".asc")
ENDINGS = (*TEXT, ".parquet", ".npz", ".jsonl", ".ndjson", ".h5", ".hdf5")


def find_files(patterns: Sequence[str | Path]) -> list[Path]:
    """Returns the files that were named, or that patterns such as `swing-*.csv` match, in order.

    Raises:
        InputError: no such file, or something that is not a file.
    """
    found: list[Path] = []
    for pattern in map(str, patterns):
        path = Path(pattern)
        if "\0" in pattern:
            raise InputError(f"expected a file, found a name with a NUL character, {pattern!r}")
        matches = [path] if path.exists() else [Path(name) for name in sorted(glob.glob(pattern))]
        if not matches:
            raise InputError(f"expected a file {pattern}, found none: is the folder right?")
        found += matches
    for path in found:
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "something that is no file"
            raise InputError(f"expected a file, found {kind} at {path}: name the files in it, as in '{path}/*.csv'")
    return list(dict.fromkeys(found))


def read_file(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Returns one table and what was noticed about it.

    Raises:
        InputError: it is broken, too large, or of a kind that is not read.
        NotAvailableError: reading it needs a package that is not installed.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise InputError(f"expected a file that ends in {', '.join(ENDINGS)}, found {path.name}: rename or convert it")
    try:
        if ending in TEXT:
            return read_text(path)
        read = {".parquet": _parquet, ".npz": _npz, ".jsonl": _json_lines, ".ndjson": _json_lines}.get(ending, _hdf5)
        return read(path), []
    except (InputError, NotAvailableError):
        raise
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, pl.exceptions.PolarsError) as error:
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise InputError(
            f"expected {path} to be a table ending in {ending}, found it unreadable ({reason[:200]}): save it again"
        ) from error


def _parquet(path: Path) -> pl.DataFrame:
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            raise ValueError("it is no Parquet")
    table = pl.scan_parquet(path, glob=False)
    rows = int(table.select(pl.len()).collect().item())
    _require_size(path, 8 * rows * len(table.collect_schema()))
    return table.collect()


def _json_lines(path: Path) -> pl.DataFrame:
    _require_size(path, path.stat().st_size)
    return pl.read_ndjson(path, infer_schema_length=None)


def _npz(path: Path) -> pl.DataFrame:
    """Reads arrays of numbers: one per column, or one matrix whose columns go by number."""
    arrays: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(path) as archive:
        _require_size(path, sum(member.file_size for member in archive.infolist()))
        for member in archive.infolist():
            with archive.open(member) as file:
                arrays[member.filename.removesuffix(".npy")] = _array(file, member.file_size)
    return frame_of_arrays(arrays)


def _array(stream: Any, size: int) -> np.ndarray:
    """Reads one array without code; a header that promises more than the file holds is refused before memory is."""
    version = np.lib.format.read_magic(stream)
    header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
    if header is None:
        raise ValueError(f"an array of version {version}")
    shape, fortran, dtype = header(stream)
    if dtype.hasobject:
        raise ValueError("an array of Python objects, which are not read because that would run code")
    count = int(np.prod(shape, dtype=object))
    if count * dtype.itemsize > size:
        raise ValueError("an array that is cut off")
    values = np.frombuffer(stream.read(count * dtype.itemsize), dtype)
    return values.reshape(shape, order="F" if fortran else "C")


def _hdf5(path: Path) -> pl.DataFrame:
    """Reads the data sets of a file by their whole names; links to other files are not followed."""
    try:
        import h5py
    except ImportError:
        raise NotAvailableError('reading HDF5 needs h5py: pip install "symplect[hdf5]"') from None
    arrays: dict[str, np.ndarray] = {}

    def keep(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "iufbSU" and not item.is_virtual and not item.external:
            _require_size(path, sum(array.nbytes for array in arrays.values()) + item.nbytes)
            arrays[name] = np.asarray(item[()])

    with h5py.File(path, "r") as file:
        file.visititems(keep)
    return frame_of_arrays(arrays)


def frame_of_arrays(arrays: Mapping[str, np.ndarray]) -> pl.DataFrame:
    """Returns a table out of arrays of one length; the columns of a matrix get the matrix's name and a number.

    Raises:
        ValueError: arrays of different lengths, of more than two axes, or none.
    """
    columns: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        if array.dtype.kind not in "iufbSU" or array.ndim not in (1, 2):
            raise ValueError(f"{name} is no array of one or two axes of numbers")
        if array.ndim == 1:
            columns[name] = array
        else:
            columns |= {f"{name}{i + 1}" if array.shape[1] > 1 else name: array[:, i] for i in range(array.shape[1])}
    lengths = {name: len(column) for name, column in columns.items()}
    if not lengths or len(set(lengths.values())) > 1:
        raise ValueError(f"expected arrays of one length, found {dict(list(lengths.items())[:6])}")
    return pl.DataFrame(
        {name: column.astype(str) if column.dtype.kind == "S" else column for name, column in columns.items()}
    )


def _require_size(path: Path, size: int) -> None:
    if size > LARGEST:
        raise InputError(
            f"expected {path} to unpack to at most {LARGEST} bytes, found {size}: keep fewer rows or columns"
        )
