"""From a table's columns to numbers: what cannot be one is refused, what is missing becomes NaN."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from jaxtyping import Float

from symplect.errors import InputError
from symplect.tables.arrays import TRIAL
from symplect.tables.clock import seconds_of_numbers, seconds_of_stamps, seconds_of_text
from symplect.tables.columns import find_column, split_unit
from symplect.tables.places import Place
from symplect.tables.text import MISSING

_HUGE = 1e100  # squares of larger numbers leave the finite ones

Column = Float[np.ndarray, " rows"]


def numbers(table: pl.DataFrame, wanted: Sequence[str], where: Place) -> Float[np.ndarray, "rows columns"]:
    """Return the wanted columns.

    Args:
        table: with columns of numbers, or of text that can be read as such.
        wanted: names or numbers of columns.
        where: name and lines of the table, for messages.

    Raises:
        InputError: no such column, or something in it that is neither a number nor missing, or not finite, or huge.
    """
    found = [_column(table, find_column(name, table.columns), where) for name in wanted]
    return np.stack(found, axis=1) if found else np.zeros((table.height, 0))


def times(table: pl.DataFrame, wanted: str, where: Place) -> tuple[Column, tuple[str, ...]]:
    """Return the times, and what was noticed: dates, times of day and durations become seconds since the first.

    Args:
        table: Table with a column of numbers, dates, times of day or durations, or of text that says these.
        wanted: Name or number of the column.
        where: Name and lines of the table, for messages.

    Raises:
        InputError: No such column, or something in it that is no time, infinite, or may be read in two ways.

    Example:
        >>> table = pl.DataFrame({"t": ["26.11.2026 23:59:59,5", "27.11.2026 00:00:00,0"]})
        >>> times(table, "t", Place("the table"))
        (array([0. , 0.5]), ('dates are taken as seconds since the first',))
    """
    place = find_column(wanted, table.columns)
    series = table.to_series(place)
    if series.dtype == pl.String:
        series = series.str.strip_chars()
        series = series.set(series.is_in(MISSING), None)
        if (said := seconds_of_text(series, where)) is not None:
            return said
        if _is_of_long_integers(series):
            series = series.cast(pl.Int64)
    if series.dtype.is_temporal():
        return seconds_of_stamps(series)
    if series.dtype.is_integer() and series.dtype != pl.UInt64:
        ticks, known = series.cast(pl.Int64).fill_null(0).to_numpy(), series.is_not_null().to_numpy()
    else:
        ticks = _column(table, place, where)
        known = np.isfinite(ticks)
    return seconds_of_numbers(ticks, known, has_unit=bool(split_unit(series.name)[1]))


def labels(table: pl.DataFrame, wanted: str | None) -> np.ndarray:
    """Return the number of every row's trial, counted in order of appearance.

    Args:
        table: The table.
        wanted: Name or number of the column that tells trials apart; without one, it is what the file says.
    """
    if wanted is None and TRIAL not in table.columns:
        return np.zeros(table.height, np.int64)
    series = table.to_series(find_column(wanted or TRIAL, table.columns)).cast(pl.String).fill_null("")
    first = series.to_frame("label").with_row_index().group_by("label", maintain_order=True).agg(pl.first("index"))
    order = first.with_row_index("number").select("label", pl.col("number").cast(pl.Int64))
    return series.to_frame("label").join(order, on="label", how="left", maintain_order="left")["number"].to_numpy()


def _is_of_long_integers(series: pl.Series) -> bool:
    """Whether text holds integers that need more digits than double precision has."""
    return bool(series.str.contains(r"^\d{16,18}$|^[1-8]\d{18}$").all()) and series.null_count() < len(series)


def _column(table: pl.DataFrame, place: int, where: Place) -> Column:
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
            f"expected numbers in column {series.name!r} of {where}, found {str(series[row])[:40]!r} in "
            f"{where.row(row)}: mend it, leave it empty, or take another column"
        )
    values = found.fill_null(np.nan).to_numpy().astype(np.float64)
    wild = np.abs(values) > _HUGE
    if np.any(wild):
        row = int(np.argmax(wild))
        raise InputError(
            f"expected numbers below {_HUGE:g} in column {series.name!r} of {where}, found {values[row]} in "
            f"{where.row(row)}: mend it, or leave it empty"
        )
    return values
