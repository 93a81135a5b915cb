"""Tables as text: CSV and its many relatives, as instruments and spreadsheets write them."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from symplect.errors import InputError
from symplect.tables.cells import MISSING, is_number, number_like, numeric_columns
from symplect.tables.encoding import changed, clean_text
from symplect.tables.envelope import unwrap
from symplect.tables.layout import Layout, find_layout, split_line
from symplect.tables.places import Lines, edited, of_rows
from symplect.tables.repairs import counted

__all__ = ["MISSING", "read_lines", "read_text"]

_LARGEST = 2**29  # bytes, of which a few copies are made
_MOST_CELLS = 15_000_000  # that are not plain numbers: each takes some 70 bytes on the way
_FOOTER = 10  # rows at the end that may sum up those above
_NO_ROW = re.compile(rb"^[ \t]*(?:(?:[%#@!]|//)[^\n]*\n?|\n)", re.MULTILINE)  # a comment, or blank
_SPACED_QUOTE = re.compile(rb'[,;|\t\n][ \t]+"|"[ \t]+[,;|\n]')
_WHITE = re.compile(rb"[ \t]+")
_MARGIN = re.compile(rb"^\t|\t$", re.MULTILINE)


def read_text(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Read a file of text as a table, as `read_lines` does, and leave the lines out."""
    table, notes, _ = read_lines(path)
    return table, notes


def read_lines(path: Path) -> tuple[pl.DataFrame, list[str], Lines | None]:
    """Read a file of text as a table.

    Args:
        path: File that holds a table as text.

    Returns:
        Columns of numbers, and of text where they hold words or dates; what was noticed; and the line of every row,
        from 1, if it is known.

    Raises:
        InputError: It is no table.
    """
    if (size := path.stat().st_size) > _LARGEST:
        raise InputError(f"expected {path} to have at most {_LARGEST} bytes of text, found {size}: save it as Parquet")
    text, notes = clean_text(path, path.read_bytes())
    sheet = unwrap(path, text)
    del text
    layout = find_layout(path, sheet)
    notes += [*sheet.notes, *layout.notes]
    body = sheet.text[layout.first :]
    del sheet
    table, more, lines = _table(path, body, layout)
    return table, [*notes, *more], lines


def _table(path: Path, body: bytes, layout: Layout) -> tuple[pl.DataFrame, list[str], Lines | None]:
    """Parse numbers at once where all are plain; look at every column's cells if that fails."""
    names = _distinct(layout.names)
    notes: list[str] = []
    last = layout.line + body.count(b"\n") + (not body.endswith(b"\n"))
    body, lines = edited(body, range(layout.line, last), _NO_ROW)
    table = None
    if layout.comma and b"." not in body:
        table = _parsed(body.replace(b",", b"."), layout.separator, dict.fromkeys(names, pl.Float64))
        notes += ["decimal commas"] if table is not None else []
    if table is None:
        kinds = dict(zip(names, _kinds(layout), strict=True))
        odd = sum(kind == pl.String for kind, number in zip(kinds.values(), layout.numeric, strict=True) if number)
        _require_few(path, body, odd)
        table = None if odd and _SPACED_QUOTE.search(body) else _parsed(body, layout.separator, kinds)
        if table is None and b'"' not in body:
            left: list[str] = []
            body, lines = _without_long_lines(path, body, lines, layout, left)
            notes += _left_out(left)
            table = _parsed(body, layout.separator, kinds)
    if table is None:
        _require_few(path, body, len(names))
        left = []
        table, lines = _words(path, body, lines, layout, names, left)
        notes += _left_out(left)
    rows = of_rows(lines, body, table.height)
    del body
    if any(kind == pl.String for kind, number in zip(table.dtypes, layout.numeric, strict=True) if number):
        gone, more = _no_samples(table, layout)
        table, notes = table.filter(~gone), notes + more
        rows = rows if rows is None else np.asarray(rows, np.int32)[~gone.to_numpy()]
    if pl.String in table.dtypes:
        table, more = numeric_columns(table)
        notes += more
    return _without_empty(table, layout), notes, rows


def _require_few(path: Path, body: bytes, columns: int) -> None:
    """Refuse more cells than memory may hold as text."""
    cells = body.count(b"\n") * columns
    if cells > _MOST_CELLS:
        raise InputError(
            f"expected {path} to have at most {_MOST_CELLS} cells unless all are plain numbers such as -1.5e-3, "
            f"found {cells}: write plain numbers, or save it as Parquet"
        )


def _left_out(said: list[str]) -> list[str]:
    return [f"{counted(len(said), 'line')} of text left out, the first is: {said[0]}"] if said else []


def _words(
    path: Path, body: bytes, lines: Lines, layout: Layout, names: list[str], left: list[str]
) -> tuple[pl.DataFrame, Lines]:
    """Return all cells as text, and the lines that are kept; longer ones without numbers are left out."""
    schema = dict.fromkeys(names, pl.String)
    table = None if _SPACED_QUOTE.search(body) else _parsed(body, layout.separator, schema)
    if table is None:
        body, lines = _rewritten(path, body, lines, layout, left)
        table = _parsed(body, "\t", schema)
    if table is None:
        raise InputError(
            f"expected {path} to hold a table, found quotes that do not close below line {layout.line}: mend them"
        )
    return table, lines


def _kinds(layout: Layout) -> list[Any]:
    """Return the types of columns: numbers where all are plain, and else text that is looked at."""
    columns = list(zip(layout.numeric, layout.plain, layout.long, strict=True))
    if not all(plain for numeric, plain, _ in columns if numeric):
        return [pl.String] * len(columns)
    return [pl.String if not numeric else pl.Int64 if long else pl.Float64 for numeric, _, long in columns]


def _parsed(body: bytes, separator: str, schema: Mapping[str, Any]) -> pl.DataFrame | None:
    """Return the table, or nothing if some cell is of another type or some line is longer."""
    if separator == " " and b'"' not in body:
        body, separator = changed(body, lambda part: _MARGIN.sub(b"", _WHITE.sub(b"\t", part))), "\t"
    if len(separator.encode()) > 1 or separator == " ":
        return None
    if body.rstrip(b"\r\n").endswith((separator.encode() + b'"', b'\n"')):  # a quote that opens at the end
        return None
    short = body[: body.find(b"\n")].count(separator.encode()) < len(schema) - 1
    if short:  # Polars counts columns in the first line
        body = separator.encode() * (len(schema) - 1) + b"\n" + body
    try:
        table = pl.read_csv(
            io.BytesIO(body),
            has_header=False,
            separator=separator,
            schema=schema,
            null_values=MISSING,
            quote_char='"' if b'"' in body else None,
        )
    except (pl.exceptions.PolarsError, OverflowError):
        return None
    return table[1:] if short else table


def _without_long_lines(path: Path, body: bytes, lines: Lines, layout: Layout, left: list[str]) -> tuple[bytes, Lines]:
    """Cut separators at the ends of lines that are too long, and leave out those that are mere text."""
    width, separator = len(layout.names), re.escape(layout.separator.encode())
    cell = rb"[^ \t\n]+[ \t]+" if layout.separator == " " else b"[^" + separator + rb"\n]*" + separator
    long = re.compile(rb"^[ \t]*(?:" + cell + b"){%d}[^\\n]*\\n?" % width, re.MULTILINE)

    def shortened(said: bytes, number: int) -> bytes:
        line = said.decode().rstrip("\n")
        row = split_line(line, layout.separator)
        if not any(row[width:]):
            return (layout.separator.join(row[:width]) + "\n").encode()
        _require_text(path, row, width, number)
        left.append(line.strip()[:40])
        return b""

    return edited(body, lines, long, shortened)


def _rewritten(path: Path, body: bytes, lines: Lines, layout: Layout, left: list[str]) -> tuple[bytes, Lines]:
    """Return the rows as lines with tabs, after Python's reader of CSV, which forgives more."""
    width = len(layout.names)
    kept = np.zeros(len(lines), bool)
    out = io.BytesIO()
    text = io.TextIOWrapper(out, encoding="utf-8", newline="\n", write_through=True)
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    for number, line in enumerate(_text_lines(body)):
        row = split_line(line, layout.separator)
        while len(row) > width and not row[-1]:
            row.pop()
        kept[number] = any(row) and len(row) <= width
        if kept[number]:
            writer.writerow(row)
        elif any(row):
            _require_text(path, row, width, int(lines[number]))
            left.append(line.strip()[:40])
    return out.getvalue(), np.asarray(lines, np.int32)[kept]


def _require_text(path: Path, row: list[str], width: int, line: int) -> None:
    """Refuse a line that is too long, unless it is a sentence, which may hold some numbers."""
    if is_number(row[0]) or 2 * sum(map(is_number, row)) > len(row):
        raise InputError(
            f"expected {path} to have {width} columns in every line, found {len(row)} in line {line}: "
            "mend the line, or delete it"
        )


def _text_lines(body: bytes) -> Iterator[str]:
    for line in io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline="\n"):
        yield line.rstrip("\n")


def _no_samples(table: pl.DataFrame, layout: Layout) -> tuple[pl.Series, list[str]]:
    """Mark rows that are no samples: headers that come again, titles of further parts, sums at the end."""
    numeric = [name for name, number in zip(table.columns, layout.numeric, strict=True) if number]
    likes = pl.DataFrame([number_like(table[name]).alias(name) for name in numeric])
    some = likes.select(pl.any_horizontal(pl.all().fill_null(value=False))).to_series()
    odd = likes.select(pl.any_horizontal(~pl.all().fill_null(value=True))).to_series()
    text = (~some & odd) | _footer(table, likes)
    if not 0 < 2 * int(text.sum()) <= table.height:
        return pl.Series([False]).new_from_index(0, table.height), []
    zeros = _closing_zeros(table.select(numeric), text)
    left = table.filter(text)
    first = ", ".join(str(cell) for cell in left.row(0) if cell is not None)[:60]
    notes = [f"{counted(left.height, 'row')} of text left out, the first is: {first}"]
    notes += [f"{counted(int(zeros.sum()), 'row')} of zeros that close a part left out"] if zeros.any() else []
    return text | zeros, notes


def _footer(table: pl.DataFrame, likes: pl.DataFrame) -> pl.Series:
    """Mark the last rows if each begins with a word where a number is expected, as sums and means do."""
    first = likes.to_series(0)
    words = (~first).fill_null(value=False) & ~table[likes.columns[0]].str.contains(r"\d").fill_null(value=True)
    found = words.tail(_FOOTER).to_list()
    count = next((k for k, word in enumerate(reversed(found)) if not word), len(found))
    return (
        pl.Series([False]).new_from_index(0, table.height - count).append(pl.Series([True] * count, dtype=pl.Boolean))
    )


def _closing_zeros(table: pl.DataFrame, text: pl.Series) -> pl.Series:
    """Mark rows of zeros directly above a title, by which some loggers close a part."""
    below = text.shift(-1, fill_value=False) & ~text
    zeros = table.select(pl.all_horizontal(pl.all().cast(pl.Float64, strict=False).fill_null(1.0) == 0.0)).to_series()
    return below & zeros


def _without_empty(table: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Drop columns without a name and without values, as separators at the ends of lines make them."""
    empty = [
        column.name
        for column, name in zip(table, layout.names, strict=True)
        if not name and column.null_count() == table.height
    ]
    return table.drop(empty)


def _distinct(names: tuple[str, ...]) -> list[str]:
    """Columns of one name get a number; an empty name is the column's number."""
    seen: Counter[str] = Counter()
    found: list[str] = []
    for place, name in enumerate(names, 1):
        label = name or str(place)
        seen[label] += 1
        found.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return found
