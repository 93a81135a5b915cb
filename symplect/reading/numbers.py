"""From a table's columns to numbers: what cannot be one is refused, what is missing becomes NaN."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from jaxtyping import Float

from symplect.errors import InputError
from symplect.reading.columns import find_column
from symplect.reading.text import MISSING

_HUGE = 1e100  # squares of larger numbers leave the finite ones

Column = Float[np.ndarray, " rows"]


def numbers(table: pl.DataFrame, wanted: Sequence[str], where: str) -> Float[np.ndarray, "rows columns"]:
    """Returns the wanted columns.

    Args:
        table: with columns of numbers, or of text that can be read as such.
        wanted: names or numbers of columns.
        where: the table's name in messages.

    Raises:
        InputError: no such column, or something in it that is neither a number nor missing, or not finite, or huge.
    """
    found = [_column(table, find_column(name, table.columns), where) for name in wanted]
    return np.stack(found, axis=1) if found else np.zeros((table.height, 0))


def times(table: pl.DataFrame, wanted: str, where: str) -> tuple[Column, bool]:
    """Returns the times, and whether they were dates: then they are seconds since the first.

    Raises:
        InputError: as `numbers`.
    """
    place = find_column(wanted, table.columns)
    series = table.to_series(place)
    if series.dtype == pl.String:
        stamps = _dates(series)
        series = series if stamps is None else stamps
    if series.dtype == pl.Date or series.dtype == pl.Datetime:
        stamps = series.cast(pl.Datetime("us")).cast(pl.Int64, strict=False).to_numpy().astype(float) / 1e6
        return stamps - np.nanmin(stamps, initial=np.inf), True
    return _column(table, place, where), False


def labels(table: pl.DataFrame, wanted: str) -> np.ndarray:
    """Returns the number of every row's trial, counted in order of appearance."""
    series = table.to_series(find_column(wanted, table.columns)).cast(pl.String).fill_null("")
    order = {label: number for number, label in enumerate(series.unique(maintain_order=True))}
    return series.replace_strict(order, return_dtype=pl.Int64).to_numpy()


def _dates(series: pl.Series) -> pl.Series | None:
    """Returns dates and times of day where all text is that."""
    first = next((text for text in series.head(100) if text), "")
    if not ("-" in first[1:] and ":" in first):
        return None
    try:
        return series.str.strip_chars().str.to_datetime(strict=True, time_unit="us")
    except pl.exceptions.PolarsError:
        return None


def _column(table: pl.DataFrame, place: int, where: str) -> Column:
    series = table.to_series(place)
    if series.dtype == pl.String:
        series = series.str.strip_chars()
        found = series.set(series.is_in(MISSING), None).cast(pl.Float64, strict=False)
        odd = found.is_null() & series.is_not_null() & ~series.is_in(MISSING)
    elif series.dtype.is_numeric() or series.dtype == pl.Boolean or series.dtype == pl.Null:
        found = series.cast(pl.Float64)
        odd = pl.Series([False])
    else:
        raise InputError(f"expected numbers in column {series.name!r} of {where}, found values of type {series.dtype}")
    if odd.any():
        row = int(odd.arg_max() or 0)
        raise InputError(
            f"expected numbers in column {series.name!r} of {where}, found {str(series[row])[:40]!r} in row {row + 1}: "
            "mend it, leave it empty, or take another column"
        )
    values = found.fill_null(np.nan).to_numpy().astype(np.float64)
    wild = np.abs(values) > _HUGE
    if np.any(wild):
        row = int(np.argmax(wild))
        raise InputError(
            f"expected numbers below {_HUGE:g} in column {series.name!r} of {where}, found {values[row]} in row "
            f"{row + 1}: mend it, or leave it empty"
        )
    return values
