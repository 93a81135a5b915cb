"""How a text is laid out as a table: what separates its columns, where its values begin, and what is a number."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from symplect.errors import InputError
from symplect.files import require_size
from symplect.tables.cells import is_long_integer, is_number, is_plain, only_decimal_commas
from symplect.tables.envelope import Sheet
from symplect.tables.header import find_header, is_comment
from symplect.tables.repairs import counted

_SEPARATORS = ("\t", ";", "|", ",")  # in order of preference
_WHITE = " "
_RULE = re.compile(r"[-=+*_|:\s]*")  # a blank line, or one that is drawn
_DECIMAL_ALONE = re.compile(r"\s*[+-]?\d*,0\d*\s*")  # one number, since no second number begins with a zero
_SAMPLE_LINES = 400
_SAMPLE_BYTES = 2**23
_CELL_BYTES = 16  # of memory, that even an empty cell needs
_MOST_IN_QUOTES = 5  # lines that one quoted cell may span
_MOSTLY = 0.6  # share of a column's cells that are numbers in a column of numbers
_CLEARLY = 0.99  # share of numbers by which white space is preferred to a separator


@dataclass(frozen=True)
class Layout:
    """How a text is laid out.

    Attributes:
        separator: Separator of columns; a space stands for any white space.
        names: Names of columns.
        numeric: Which columns hold numbers in any spelling.
        plain: Which columns hold numbers as programs write them.
        long: Which columns hold integers that a float would round.
        comma: Whether every cell is a number, and some have a comma that can only be that of decimals.
        first: Place of the first values in the text, in bytes.
        line: Line of the first values in the file, from 1.
        notes: What was noticed.
    """

    separator: str
    names: tuple[str, ...]
    numeric: tuple[bool, ...]
    plain: tuple[bool, ...]
    long: tuple[bool, ...]
    comma: bool
    first: int
    line: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Line:
    """One line of the sample: where it begins in the text, its number from 0, and what it says."""

    place: int
    number: int
    said: str


def find_layout(path: Path, sheet: Sheet) -> Layout:
    """Find out how a text is laid out, from its first lines.

    Args:
        path: File that messages name.
        sheet: Table as text.

    Raises:
        InputError: No line with values, or too many columns.
    """
    lines = list(_sample(sheet.text))
    kept = [line for line in lines if not _RULE.fullmatch(line.said) and not is_comment(line.said)]
    if not kept:
        raise InputError(f"expected {path} to hold a table, found no line with values: is it the right file?")
    separator = sheet.separator or _separator([line.said for line in kept])
    rows = [split_line(line.said, separator) for line in kept]
    require_size(path, _CELL_BYTES * (sheet.text.count(b"\n") + 1) * max(map(len, rows)), max(map(len, rows)))
    width = _width(rows)
    rows = [_trimmed(row, width) for row in rows]
    values = [row for row in rows if len(row) == width and any(map(is_number, row))]
    if not values:
        raise InputError(f"expected {path} to hold a table, found no line with numbers: is it the right file?")
    numeric = tuple(_share(values, place) >= _MOSTLY for place in range(width))
    start = _start(rows, numeric, fewest=width if separator == _WHITE else min(2, width))
    body = [row for row in rows[start:] if len(row) == width]
    header = find_header(
        [line.said for line in kept[:start]],
        [line.said for line in lines if line.number < kept[start].number and is_comment(line.said)],
        sheet.names,
        lambda line: split_line(line, separator),
        body,
    )
    left = start - header.lines
    notes = [f"{counted(left, 'line')} before the table left out"] if left else []
    cells = list(zip(*body, strict=True))
    return Layout(
        separator,
        header.names,
        numeric,
        tuple(all(map(is_plain, column)) for column in cells),
        tuple(all(map(is_long_integer, column)) for column in cells),
        separator != "," and all(numeric) and only_decimal_commas([cell for row in body for cell in row]),
        kept[start].place,
        sheet.lines_above + kept[start].number + 1,
        (*notes, *header.notes),
    )


def split_line(line: str, separator: str) -> list[str]:
    """Split a line into cells, which quotes may hold together.

    Example:
        >>> split_line('0.1, "a, b", 2', ","), split_line(" 1  2\\t3", " ")
        (['0.1', 'a, b', '2'], ['1', '2', '3'])
    """
    if '"' in line:
        said = " ".join(line.split()) if separator == _WHITE else line
        try:
            return [cell.strip() for cell in next(csv.reader([said], delimiter=separator, skipinitialspace=True))]
        except (csv.Error, StopIteration):  # a cell that is longer than those of tables
            pass
    parts = line.split() if separator == _WHITE else line.split(separator)
    return [part.strip() for part in parts]


def _sample(text: bytes) -> Iterator[_Line]:
    """Give the first lines; a quoted cell may hold the end of one."""
    yield from islice(_logical_lines(text), _SAMPLE_LINES)


def _logical_lines(text: bytes) -> Iterator[_Line]:
    place, number = 0, 0
    while place < min(len(text), _SAMPLE_BYTES):
        end, joined = _line_end(text, place), 1
        while text.count(b'"', place, end) % 2 and joined < _MOST_IN_QUOTES and end < len(text):
            end, joined = _line_end(text, end + 1), joined + 1
        if text.count(b'"', place, end) % 2:
            end, joined = _line_end(text, place), 1
        yield _Line(place, number, text[place:end].decode(errors="replace").replace("\n", " "))
        place, number = end + 1, number + joined


def _line_end(text: bytes, place: int) -> int:
    end = text.find(b"\n", place)
    return len(text) if end < 0 else end


def _separator(lines: Sequence[str]) -> str:
    """Return the separator by which most cells are numbers; white space where that explains all."""
    scores: dict[str, tuple[int, float]] = {}
    for separator in (*_SEPARATORS, _WHITE):
        rows = [split_line(line, separator) for line in lines]
        width = _width(rows)
        values = [row for row in rows if len(row) == width and any(map(is_number, row))]
        cells = sum(1 for row in values for cell in row if cell)
        found = sum(1 for row in values for cell in row if is_number(cell))
        if values and (width > 1 or separator == _WHITE):
            scores[separator] = (found, found / cells)
    white = scores.get(_WHITE, (0, 0.0))
    others = {separator: score for separator, score in scores.items() if separator != _WHITE}
    if not others:
        return _WHITE
    best = max(others, key=lambda separator: others[separator])
    if best == "," and _one_column(lines):
        return _WHITE
    found, share = others[best]
    return _WHITE if white[1] >= _CLEARLY > share and white[0] >= found else best


def _one_column(lines: Sequence[str]) -> bool:
    """Tell whether commas are those of decimals in a column that stands alone below its name."""
    numbers = [is_number(line.strip()) for line in lines]
    first = numbers.index(True) if True in numbers else 0
    named = first > 0 and "," not in lines[first - 1]
    return named and all(numbers[first:]) and any(_DECIMAL_ALONE.fullmatch(line) for line in lines[first:])


def _width(rows: Sequence[Sequence[str]]) -> int:
    """Return the number of cells in those rows that together hold most numbers."""
    counts: Counter[int] = Counter()
    for row in rows:
        counts[len(row)] += sum(map(is_number, row))
    return max(counts, key=lambda width: counts[width], default=0)


def _trimmed(row: list[str], width: int) -> list[str]:
    """Return a row without the empty cells that separators at its end make."""
    return row[:width] if not any(row[width:]) else row


def _share(rows: Sequence[Sequence[str]], place: int) -> float:
    cells = [row[place] for row in rows if not _is_missing(row[place])]
    return sum(map(is_number, cells)) / len(cells) if cells else 0.0


def _start(rows: Sequence[Sequence[str]], numeric: Sequence[bool], fewest: int) -> int:
    """Return the first row whose cells are numbers wherever the column is of numbers."""
    for place, row in enumerate(rows):
        own = [cell for cell, number in zip(row, numeric, strict=False) if number]
        whole = any(map(is_number, own)) and all(is_number(cell) or _is_missing(cell) for cell in own)
        if whole and fewest <= len(row) <= len(numeric):
            return place
    return next(place for place, row in enumerate(rows) if len(row) == len(numeric))


def _is_missing(cell: str) -> bool:
    return is_plain(cell) and not is_number(cell)
