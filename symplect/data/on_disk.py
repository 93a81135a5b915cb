"""Rows on disk, for tables larger than memory."""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple, final

import numpy as np
from jaxtyping import Float, Int, Real

from symplect.errors import InputError, one_line
from symplect.files import writing

Array2 = Float[np.ndarray, "_ _"]
Piece = tuple[Real[np.ndarray, "_ _"], Real[np.ndarray, "_ _"]]
_KIND = np.dtype("<f4")
_PIECE, _READERS = 1000, 8  # rows read by one thread at a time, and threads: a disk answers many questions at once


@final
@dataclass(frozen=True)
class RowsOnDisk:
    """States and their time derivatives in a file, of which only the rows that are needed are read.

    Any NumPy file of real numbers does, of shape `(rows, 2 * dimension)` with rows one after another: a row is a state
    `[q..., p...]` and then its derivative.

    Args:
        path: file that `RowsOnDisk.write` made.

    Raises:
        InputError: no such file, or not of that kind.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     pieces = ((np.full((5, 2), i), np.ones((5, 2))) for i in range(3))
        ...     rows = RowsOnDisk.write(Path(folder) / "rows.npy", pieces)
        ...     print(len(rows), rows.dimension, rows.read(np.array([4, 14]))[0].tolist())
        15 2 [[0.0, 0.0], [2.0, 2.0]]
    """

    path: Path
    _layout: "_Layout" = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        table, most = _mapped(self.path), np.iinfo(np.int32).max
        expected = "real numbers of shape (rows, [q..., p..., dq/dt..., dp/dt...]), rows one after another"
        whole = table.ndim == 2 and table.shape[1] > 0 and table.shape[1] % 4 == 0 and table.dtype.kind in "iuf"
        if not whole or not table.flags.c_contiguous:
            found = f"{table.dtype} of shape {table.shape}"
            raise InputError(f"expected {expected} in {self.path}, found {found}: make it with RowsOnDisk.write")
        if not 0 < len(table) <= most:
            raise InputError(f"expected between 1 and {most} rows in {self.path}, found {len(table)}: keep fewer")
        object.__setattr__(self, "_layout", _Layout(len(table), table.shape[1], table.dtype, table.offset))

    @classmethod
    def write(cls, path: Path, pieces: Iterable[Piece]) -> "RowsOnDisk":
        """Write rows piece by piece, in float32, as the gradient fit uses them; the file is whole or absent.

        Args:
            path: file to be made.
            pieces: states and derivatives of shape `(rows, dimension)`; one is in memory at a time.

        Raises:
            InputError: no rows, shapes that do not fit, values that are not finite, or a place that cannot be written.
        """
        with writing(path) as temporary, temporary.open("wb") as file:
            _write(file, path, pieces)
        return cls(path)

    def __len__(self) -> int:
        return self._layout.rows

    @property
    def dimension(self) -> int:
        """The number of coordinates, twice the degrees of freedom."""
        return self._layout.columns // 2

    def read(self, rows: Int[np.ndarray, " rows"]) -> tuple[Array2, Array2]:
        """Return states and derivatives of some rows, in float32; fastest where their numbers increase.

        Raises:
            InputError: the file has changed.
        """
        pieces = np.array_split(rows, len(rows) // _PIECE + 1)
        with ThreadPoolExecutor(_READERS) as readers:
            found = np.concatenate(list(readers.map(self._piece, pieces)))
        return found[:, : self.dimension], found[:, self.dimension :]

    def _piece(self, rows: Int[np.ndarray, " rows"]) -> Array2:
        """Read row by row: through a map the process would be charged for every page around a row."""
        _, columns, kind, start = self._layout
        width = columns * kind.itemsize
        with self.path.open("rb") as file:
            content = b"".join([os.pread(file.fileno(), width, start + width * row) for row in rows.tolist()])
        if len(content) != width * len(rows):
            raise InputError(f"expected {self.path} as it was opened, found it shorter: make it again, and leave it")
        return np.frombuffer(content, kind).reshape(-1, columns).astype(np.float32)


class _Layout(NamedTuple):
    """What the header says, read once: Python 3.11 cannot parse it in two threads at a time."""

    rows: int
    columns: int
    kind: np.dtype
    start: int


def _mapped(path: Path) -> np.memmap:
    try:
        return np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        found = one_line(error, 200)
        raise InputError(f"expected a NumPy array in {path}, found {found}: make it with RowsOnDisk.write") from error


def _write(file: IO[bytes], path: Path, pieces: Iterable[Piece]) -> None:
    """Append pieces behind a header that has room for any number of rows, which is written again at the end."""
    rows, dimension = 0, None
    for states, derivatives in pieces:
        dimension = states.shape[1] if dimension is None else dimension
        if {states.shape, derivatives.shape} != {(len(states), dimension)} or dimension % 2:
            found = f"{states.shape} and {derivatives.shape}"
            raise InputError(
                f"expected pieces of an even number of columns, the same for states and derivatives, found {found}"
            )
        if not rows:
            _write_header(file, 0, dimension)
        _narrow(path, np.concatenate([states, derivatives], axis=1)).tofile(file)
        rows += len(states)
    if not rows or dimension is None:
        raise InputError(f"expected rows for {path}, found none: give pieces of states and derivatives")
    _write_header(file, rows, dimension)


def _write_header(file: IO[bytes], rows: int, dimension: int) -> None:
    file.seek(0)
    header = {"descr": _KIND.str, "fortran_order": False, "shape": (rows, 2 * dimension)}
    np.lib.format.write_array_header_1_0(file, header)


def _narrow(path: Path, values: np.ndarray) -> Array2:
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
        narrow = values.astype(_KIND)
    if not np.all(np.isfinite(narrow)):
        raise InputError(f"expected numbers that float32 can hold for {path}, found others: drop those rows")
    return narrow
