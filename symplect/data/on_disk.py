"""Rows on disk, for tables larger than memory."""

import mmap
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, final

import numpy as np
from jaxtyping import Float, Int, Real

from symplect.errors import InputError, one_line
from symplect.files import writing

Array2 = Float[np.ndarray, "_ _"]
Piece = tuple[Real[np.ndarray, "_ _"], Real[np.ndarray, "_ _"]]
_STATES, _DERIVATIVES = "states.npy", "derivatives.npy"
_KIND = np.dtype("<f4")
_PIECE = 1000  # rows read through one map: a process is charged for every page it has touched, until it unmaps the file
_READERS = 16  # rows waited for at once where the disk has to be asked


@final
@dataclass(frozen=True)
class RowsOnDisk:
    """States and their time derivatives in two files, of which only the rows that are needed are read.

    Any two NumPy arrays `states.npy` and `derivatives.npy` of shape `(rows, dimension)` do, of any real type.

    Args:
        folder: where they lie; `RowsOnDisk.write` makes it.

    Raises:
        InputError: no such files, or not two of them of the same shape.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     pieces = ((np.full((5, 2), i), np.ones((5, 2))) for i in range(3))
        ...     rows = RowsOnDisk.write(Path(folder) / "rows", pieces)
        ...     print(len(rows), rows.dimension, rows.read(np.array([4, 14]))[0].tolist())
        15 2 [[0.0, 0.0], [2.0, 2.0]]
    """

    folder: Path

    def __post_init__(self):
        states, derivatives = (_mapped(self.folder / name) for name in (_STATES, _DERIVATIVES))
        _require_alike(self.folder, states, derivatives)
        most = np.iinfo(np.int32).max
        if not 0 < len(states) <= most:
            raise InputError(f"expected between 1 and {most} rows in {self.folder}, found {len(states)}: keep fewer")

    @classmethod
    def write(cls, folder: Path, pieces: Iterable[Piece]) -> "RowsOnDisk":
        """Writes rows piece by piece, in float32, as the gradient fit uses them; the folder is whole or absent.

        Args:
            folder: to be made.
            pieces: states and derivatives of shape `(rows, dimension)`; one is in memory at a time.

        Raises:
            InputError: no piece, shapes that do not fit, values that are not finite, or a place that cannot be written.
        """
        with writing(folder) as temporary:
            temporary.mkdir()
            with (temporary / _STATES).open("wb") as states, (temporary / _DERIVATIVES).open("wb") as derivatives:
                _write(folder, (states, derivatives), pieces)
        return cls(folder)

    def __len__(self) -> int:
        return len(_mapped(self.folder / _STATES))

    @property
    def dimension(self) -> int:
        """The number of coordinates, twice the degrees of freedom."""
        return _mapped(self.folder / _STATES).shape[1]

    def read(self, rows: Int[np.ndarray, " rows"]) -> tuple[Array2, Array2]:
        """Returns states and derivatives of some rows in float32; fastest where their numbers increase."""
        pieces = np.array_split(rows, len(rows) // _PIECE + 1)
        with ThreadPoolExecutor(_READERS) as readers:
            states, derivatives = (
                np.concatenate(list(readers.map(partial(_taken, self.folder / name), pieces)))
                for name in (_STATES, _DERIVATIVES)
            )
        return states, derivatives


def _taken(path: Path, rows: Int[np.ndarray, " rows"]) -> Array2:
    values = _mapped(path)
    map_of_file: Any = values.base
    if hasattr(mmap, "MADV_RANDOM"):
        map_of_file.madvise(mmap.MADV_RANDOM)  # or the system reads 32 pages for every row
    return np.asarray(np.take(values, rows, axis=0), np.float32)


def _mapped(path: Path) -> np.ndarray:
    try:
        return np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            f"expected a NumPy array in {path}, found {one_line(error, 200)}: make the folder with RowsOnDisk.write"
        ) from error


def _write(folder: Path, files: tuple[IO[bytes], ...], pieces: Iterable[Piece]) -> None:
    """Appends pieces behind a header that has room for any number of rows, which is written again at the end."""
    rows, dimension = 0, None
    for piece in pieces:
        _require_alike(folder, *piece)
        if dimension not in (None, piece[0].shape[1]):
            raise InputError(f"expected pieces of {dimension} columns for {folder}, found {piece[0].shape[1]}")
        dimension = piece[0].shape[1]
        for file, values in zip(files, piece, strict=True):
            if not rows:
                _write_header(file, 0, dimension)
            _finite(folder, values).tofile(file)
        rows += len(piece[0])
    if dimension is None or not rows:
        raise InputError(f"expected rows for {folder}, found none: give pieces of states and derivatives")
    for file in files:
        _write_header(file, rows, dimension)


def _write_header(file: IO[bytes], rows: int, dimension: int) -> None:
    file.seek(0)
    header = {"descr": np.lib.format.dtype_to_descr(_KIND), "fortran_order": False, "shape": (rows, dimension)}
    np.lib.format.write_array_header_1_0(file, header)


def _finite(folder: Path, values: np.ndarray) -> Array2:
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
        narrow = np.asarray(values, _KIND)
    if not np.all(np.isfinite(narrow)):
        raise InputError(f"expected numbers within float32 for {folder}, found NaN or infinity: drop those rows")
    return narrow


def _require_alike(folder: Path, states: np.ndarray, derivatives: np.ndarray) -> None:
    shapes = f"{states.shape} and {derivatives.shape}"
    if states.ndim != 2 or states.shape != derivatives.shape or states.shape[1] % 2 or not states.shape[1]:
        raise InputError(
            f"expected states and derivatives of one shape (rows, [q..., p...]) in {folder}, found {shapes}"
        )
    if not {states.dtype.kind, derivatives.dtype.kind} <= set("iuf"):
        raise InputError(
            f"expected real numbers in {folder}, found {states.dtype} and {derivatives.dtype}: convert them"
        )
