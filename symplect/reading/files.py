"""Tables in files, by their ending; nothing in them is ever run."""

import glob
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from symplect.errors import InputError, NotAvailableError, one_line
from symplect.files import MOST_ARRAYS, require_size, unpacked
from symplect.reading.parquet import read_parquet
from symplect.reading.text import read_text

TEXT = (".csv", ".tsv", ".txt", ".dat", ".asc", ".xvg")
ENDINGS = (*TEXT, ".parquet", ".npz", ".jsonl", ".ndjson", ".h5", ".hdf5")

_JSON_CELL = 64  # bytes of memory that a value takes while its type is found
_KEY = re.compile(rb'"([^"\\]*)"\s*:')  # of an object in JSON


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
        matches = [path] if _exists(path) else [Path(name) for name in sorted(glob.glob(pattern))]
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
        read = {".parquet": read_parquet, ".npz": _npz, ".jsonl": _json_lines, ".ndjson": _json_lines}.get(
            ending, _hdf5
        )
        return read(path), []
    except (InputError, NotAvailableError):
        raise
    except (Exception, pl.exceptions.PanicException) as error:  # broken bytes call forth every kind
        raise InputError(
            f"expected {path} to be a table ending in {ending}, found it unreadable ({one_line(error, 200)}): "
            "save it again"
        ) from error


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long for any file
        return False


def _json_lines(path: Path) -> pl.DataFrame:
    """Reads an object a line; lines with ever new names would make a table far larger than its file."""
    require_size(path, path.stat().st_size)
    lines, names = 0, set[bytes]()
    with path.open("rb") as file:
        for line in file:
            lines += 1
            names.update(_KEY.findall(line))
            require_size(path, _JSON_CELL * lines * len(names), len(names))
    return pl.read_ndjson(path, infer_schema_length=None)


def _npz(path: Path) -> pl.DataFrame:
    """Reads arrays of numbers: one per column, or one matrix whose columns go by number."""
    return frame_of_arrays(unpacked(path))


def _hdf5(path: Path) -> pl.DataFrame:
    """Reads the data sets of a file by their whole names; links to other files are not followed."""
    try:
        import h5py
    except ImportError:
        raise NotAvailableError('reading HDF5 needs h5py: pip install "symplect[hdf5]"') from None
    arrays: dict[str, np.ndarray] = {}

    def keep(name: str | bytes, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "iufbSU" and not item.is_virtual and not item.external:
            require_size(path, sum(array.nbytes for array in arrays.values()) + item.nbytes, len(arrays) + 1)
            arrays[name if isinstance(name, str) else name.decode("latin-1")] = np.asarray(item[()])

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
        if (width := math.prod(array.shape[1:])) + len(columns) > MOST_ARRAYS:
            raise ValueError(f"expected at most {MOST_ARRAYS} columns, found {width} in {name}")
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
