"""Tables out of arrays: vectors and matrices side by side, or trials x times x coordinates end to end."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from symplect.errors import InputError, UnreadableError, one_line
from symplect.files import MOST_ARRAYS

TRIAL = "(trial)"
"""The column that numbers the trials of a file which holds several."""

_PLAIN = "iufbSUMm"  # kinds of arrays that a table may hold
_FREE = 2**22  # values that any file may hold, of which reading takes some 100 bytes each
_PACKED = 2**23  # values of a file that is packed as measured data may be, in 2 bytes each
_MOST = 2**25  # values of a file that is hardly packed, in 4 bytes each or more
_FEWEST_TIMES = 5  # of every trial, where trials lie side by side


def require_cells(path: Path, cells: int, arrays: int = 1) -> None:
    """Refuse a file that holds more numbers than its size lets expect, before memory is taken for them.

    Args:
        path: The file.
        cells: Number of values in it.
        arrays: Number of columns or arrays in it.

    Raises:
        InputError: There are more than are read.
    """
    most = most_cells(path)
    if cells > most:
        raise InputError(
            f"expected {path} to unpack to at most {most} values, for its size, found {cells}: "
            "keep fewer rows or columns, or save it uncompressed"
        )
    if arrays > MOST_ARRAYS:
        raise InputError(f"expected {path} to have at most {MOST_ARRAYS} columns, found {arrays}: keep fewer")


def most_cells(path: Path) -> int:
    """Return how many values a file of such a size may hold."""
    size = path.stat().st_size
    return max(min(_PACKED, _FREE + size // 2), min(_MOST, size // 4))


def frame_of_arrays(arrays: Mapping[str, np.ndarray]) -> pl.DataFrame:
    """Return a table out of arrays; the columns of a matrix get the matrix's name and a number.

    Args:
        arrays: Vectors and matrices of one length; or one or several arrays of three axes (trials, times,
            coordinates), beside others of shape `(trials, times)`, `(times,)` or `(trials,)`.

    Raises:
        ValueError: Arrays that do not fit together, that are no numbers, or none.

    Example:
        >>> frame_of_arrays({"t": np.arange(2.0), "z": np.zeros((2, 2))}).columns
        ['t', 'z1', 'z2']
        >>> frame_of_arrays({"t": np.arange(5.0), "z": np.zeros((2, 5, 2))})["(trial)"].to_list()
        [1, 1, 1, 1, 1, 2, 2, 2, 2, 2]
    """
    arrays = _fields(arrays)
    for name, array in arrays.items():
        if array.dtype.kind not in _PLAIN or array.ndim not in (1, 2, 3):
            raise UnreadableError(f"{one_line(name, 40)} is no array of one to three axes of numbers")
    sides = _sides(arrays)
    if sides is not None:
        arrays = _end_to_end(arrays, *sides)
    columns: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        if (width := math.prod(array.shape[1:])) + len(columns) > MOST_ARRAYS:
            raise UnreadableError(f"expected at most {MOST_ARRAYS} columns, found {width} in {one_line(name, 40)}")
        own = {name: array}
        if array.ndim == 2:
            own = {f"{name}{i + 1}" if array.shape[1] > 1 else name: array[:, i] for i in range(array.shape[1])}
        if twice := own.keys() & columns.keys():
            raise UnreadableError(
                f"two columns {one_line(min(twice), 40)!r}, one of them out of the matrix: rename one"
            )
        columns |= own
    lengths = {one_line(name, 40): len(column) for name, column in columns.items()}
    if not lengths or len(set(lengths.values())) > 1:
        raise UnreadableError(f"expected arrays of one length, found {dict(list(lengths.items())[:6])}")
    return pl.DataFrame({name: _column(column) for name, column in columns.items()})


def without_scalars(arrays: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return the arrays that may be columns, and a note of single values beside them, such as a sampling rate."""
    longest = max((array.size for array in arrays.values() if array.ndim), default=0)
    single = [name for name, array in arrays.items() if array.ndim == 0 or (array.size == 1 and longest > 1)]
    kept = {name: array for name, array in arrays.items() if name not in single}
    if not single or not kept:
        return dict(arrays), []
    shown = ", ".join(one_line(name, 40) for name in single[:6]) + (", ..." if len(single) > 6 else "")
    return kept, [f"single values are no columns: {shown} left out"]


def _fields(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return arrays whose records became one array per field."""
    found: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        fields = array.dtype.names
        own = {name: array}
        if fields is not None:
            own = {f"{name}.{field}" if name else field: array[field] for field in fields}
        if twice := own.keys() & found.keys():
            raise UnreadableError(f"two columns {one_line(min(twice), 40)!r}: rename one")
        found |= own
    return found


def _sides(arrays: Mapping[str, np.ndarray]) -> tuple[int, int] | None:
    """Return the numbers of trials and times, where arrays hold several trials."""
    cubes = {array.shape[:2] for array in arrays.values() if array.ndim == 3}
    if len(cubes) > 1:
        raise UnreadableError(f"expected arrays of the same trials and times, found shapes {sorted(cubes)}")
    if cubes:
        trials, times = cubes.pop()
        if times < _FEWEST_TIMES:
            raise UnreadableError(
                f"expected axes of trials, times and coordinates, found {trials} x {times} x coordinates"
            )
        return trials, times
    flat = {array.shape for array in arrays.values() if array.ndim == 2}
    lengths = {len(array) for array in arrays.values() if array.ndim == 1}
    if len(flat) != 1 or len(lengths) > 1:
        return None
    trials, times = flat.pop()
    if times < _FEWEST_TIMES or not trials:
        return None
    if lengths:  # one clock for all
        return (trials, times) if lengths == {times} and trials != times else None
    clocks = [a for a in arrays.values() if a.dtype.kind in "iufM" and np.all(a[:, 1:] > a[:, :-1])]
    return (trials, times) if clocks and len(arrays) > 1 and trials < times else None


def _end_to_end(arrays: Mapping[str, np.ndarray], trials: int, times: int) -> dict[str, np.ndarray]:
    """Return vectors and matrices with the trials below one another, and the number of each row's trial."""
    found: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        if array.ndim == 3:
            found[name] = array.reshape(trials * times, -1)
        elif array.shape == (trials, times):
            found[name] = array.reshape(-1)
        elif len(array) == times:
            found[name] = np.tile(array, (trials, *(1,) * (array.ndim - 1)))
        elif array.shape == (trials,):
            found[name] = np.repeat(array, times)
        else:
            raise UnreadableError(
                f"expected {one_line(name, 40)} to have {trials} trials of {times} times, found shape {array.shape}"
            )
    if TRIAL in found:
        raise UnreadableError(f"two columns {TRIAL!r}: rename one")
    return {**found, TRIAL: np.repeat(np.arange(1, trials + 1), times)}


def _column(column: np.ndarray) -> np.ndarray:
    if column.dtype.kind == "S":
        return np.char.decode(column, "latin-1")
    if column.dtype.kind in "Mm" and np.datetime_data(column.dtype)[0] not in ("D", "ms", "us", "ns"):
        return column.astype(f"{column.dtype.kind}8[us]")
    return column.astype(np.float32) if column.dtype == np.float16 else column
