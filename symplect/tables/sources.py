"""What a user gives, files, data frames or arrays, as tables with names."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import polars as pl

from symplect.errors import InputError
from symplect.tables.files import find_files, frame_of_arrays, read_file
from symplect.tables.places import Place


@runtime_checkable
class _Frame(Protocol):
    """What pandas and its likes have in common."""

    @property
    def columns(self) -> Iterable[object]: ...

    def __getitem__(self, name: object, /) -> object: ...


def tables_of(source: object) -> list[tuple[Place, pl.DataFrame, list[str]]]:
    """Return tables with their names and the lines of their rows, and what was noticed.

    Raises:
        InputError: no source, or one that is no table.
    """
    sources: Sequence[object] = source if isinstance(source, list | tuple) else [source]
    if not sources:
        raise InputError("expected a file or a table, found none")
    paths = [item for item in sources if isinstance(item, str | Path)]
    if len(paths) == len(sources):
        read = [(path.name, *read_file(path)) for path in find_files(paths)]
        return [(Place(name, lines), table, notes) for name, table, notes, lines in read]
    names = [f"table {i + 1}" if len(sources) > 1 else "the table" for i in range(len(sources))]
    return [(Place(name), _frame(item), []) for name, item in zip(names, sources, strict=True)]


def _frame(item: object) -> pl.DataFrame:
    if isinstance(item, pl.DataFrame):
        return item
    if isinstance(item, Mapping):
        try:
            return frame_of_arrays({str(name): np.asarray(values) for name, values in item.items()})
        except ValueError as error:
            raise InputError(f"expected arrays of numbers of one length, found {error}") from error
    if isinstance(item, np.ndarray) and item.ndim == 2:
        return pl.DataFrame(item, schema=[str(i + 1) for i in range(item.shape[1])], orient="row")
    if isinstance(item, _Frame):
        return pl.DataFrame({str(name): _series(item[name]) for name in item.columns})
    raise InputError(
        f"expected a path, a data frame, a mapping of names to arrays or a matrix, found {type(item).__name__}"
    )


def _series(column: object) -> np.ndarray | list[object]:
    values = np.asarray(column)
    return values.tolist() if values.dtype.kind == "O" else values
