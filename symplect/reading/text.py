"""Tables as text: what separates their columns, where the names stand, how decimals are written."""

import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from symplect.errors import InputError, one_line
from symplect.files import require_size

_LARGEST = 2**29  # bytes, of which a few copies are made
_LONGEST = 2**22  # characters of a line
_CELL = 16  # bytes of memory that even an empty cell needs
_COMMENTS = ("%", "#")
_SEPARATORS = ("\t", ";", "|", ",", " ")  # in order of preference
_SAMPLE = 200  # lines that are looked at
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_LINE_END = re.compile("\r\n|\r|\n")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
MISSING = ["", "nan", "NaN", "NAN", "NA", "N/A", "n/a", "null", "NULL", "None", "-", "--", "?"]
"""What stands for a value that was not measured."""


@dataclass(frozen=True)
class Layout:
    """How a text is laid out.

    Attributes:
        separator: of columns; a space stands for any white space.
        decimal_comma: whether `1,5` is one and a half.
        names: of the columns.
        first: line of the first values, from 0.
        notes: what was noticed.
    """

    separator: str
    decimal_comma: bool
    names: tuple[str, ...]
    first: int
    notes: tuple[str, ...]


def read_text(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Returns a text's columns, as text, and what was noticed.

    Comments begin with `%` or `#`; the last one before the values may hold the names.

    Raises:
        InputError: it is no table.
    """
    content, notes = _decoded(path)
    lines = _LINE_END.split(content)  # and not where a name holds what Unicode calls the end of a line
    _require_lines(path, lines)
    layout = _layout(path, lines)
    return _parsed(path, lines[layout.first :], layout), [*notes, *layout.notes]


def _decoded(path: Path) -> tuple[str, list[str]]:
    if (size := path.stat().st_size) > _LARGEST:
        raise InputError(f"expected {path} to have at most {_LARGEST} bytes of text, found {size}: save it as Parquet")
    raw = path.read_bytes()
    notes: list[str] = []
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
        notes.append("read as UTF-16")
    else:
        encoding = "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
        notes.append("not UTF-8: names are read as Latin-1")
    if found := _CONTROL.search(text):
        place = text.count("\n", 0, found.start()) + 1
        raise InputError(
            f"expected {path} to be a table as text, found the byte {ord(found.group()):#04x} in line {place}: "
            "save it as CSV in UTF-8, or give it the ending of what it is"
        )
    return text, notes


def _require_lines(path: Path, lines: list[str]) -> None:
    for number, line in enumerate(lines, 1):
        if len(line) > _LONGEST:
            raise InputError(
                f"expected {path} to have lines of at most {_LONGEST} characters, found {len(line)} in line {number}: "
                "is it a table as text?"
            )


def _layout(path: Path, lines: list[str]) -> Layout:
    kept = [i for i, line in enumerate(lines[: 10 * _SAMPLE]) if line.strip() and not _is_comment(line)][:_SAMPLE]
    if not kept:
        raise InputError(f"expected {path} to hold a table, found no line with values: is it the right file?")
    sample = [lines[i] for i in kept]
    separator = _separator(sample)
    fields: list[list[str]] = []
    for line in sample:
        fields.append(_fields(line, separator))
        require_size(path, _CELL * len(lines) * len(fields[-1]), len(fields[-1]))
    width = Counter(map(len, fields)).most_common(1)[0][0]
    start = next(k for k, row in enumerate(fields) if len(row) == width)
    decimal_comma = separator != "," and any(_DECIMAL_COMMA.fullmatch(f) for row in fields[start:] for f in row)
    notes = [f"{start} lines before the table are left out"] if start else []
    notes += ["decimal commas"] if decimal_comma else []
    names, first, more = _header(lines, kept, fields, start, decimal_comma)
    return Layout(separator, decimal_comma, names, first, (*notes, *more))


def _header(
    lines: list[str], kept: list[int], fields: list[list[str]], start: int, decimal_comma: bool
) -> tuple[tuple[str, ...], int, list[str]]:
    """Returns the names, the line of the first values and what was noticed."""
    head, width = fields[start], len(fields[start])
    if _is_header(head, decimal_comma):
        below = start + 1
        if below < len(fields) and _is_units(fields[below], decimal_comma) and len(fields) > below + 1:
            names = [f"{name} [{unit}]" if unit else name for name, unit in zip(head, fields[below], strict=False)]
            return tuple(names), kept[below] + 1, [f"line {kept[below] + 1} taken for units"]
        return tuple(head), kept[start] + 1, []
    comments = [line for line in lines[: kept[start]] if _is_comment(line) and line.strip("%# \t\r")]
    said = re.split(r"[\s,;|]+", comments[-1].strip("%# \t\r")) if comments else []
    if len(said) == width:
        return tuple(said), kept[start], []
    numbers = tuple(str(i + 1) for i in range(width))
    first = " ".join(f"{float(field):.4g}" if _NUMBER.fullmatch(field) else field for field in head[:8])
    if said and len(comments) == 1 and len(said) < width:
        note = f"the header names {len(said)} of {width} columns, so they go by number; the first row is {first}"
        return numbers, kept[start], [note]
    return numbers, kept[start], [f"no header, so columns go by number; the first row is {first}"]


def _is_header(row: list[str], decimal_comma: bool) -> bool:
    return any(not _is_value(field, decimal_comma) for field in row)


def _is_units(row: list[str], decimal_comma: bool) -> bool:
    return all(not _is_value(field, decimal_comma) or not field for field in row) and any(row)


def _is_value(field: str, decimal_comma: bool) -> bool:
    text = field.replace(",", ".") if decimal_comma else field
    return field in MISSING or _NUMBER.fullmatch(text) is not None


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith(_COMMENTS)


def _separator(sample: list[str]) -> str:
    """Returns the first separator that most lines have, equally often; white space unless there is one."""
    for separator in _SEPARATORS[:-1]:
        counts = Counter(line.count(separator) for line in sample)
        count, lines = counts.most_common(1)[0]
        if count > 0 and 2 * lines > len(sample) and not _only_decimal(sample, separator):
            return separator
    return " "


def _only_decimal(sample: list[str], separator: str) -> bool:
    """Whether commas are those of decimals, in columns that white space separates."""
    if separator != ",":
        return False
    below = sample[2:] or sample[1:]  # names, and units
    words = [word for line in below for word in line.split()]
    return len(words) > len(below) and all(_DECIMAL_COMMA.fullmatch(word) or _is_value(word, False) for word in words)


def _fields(line: str, separator: str) -> list[str]:
    parts = line.split() if separator == " " else line.split(separator)
    return [part.strip().strip('"').strip() for part in parts]


def _parsed(path: Path, lines: list[str], layout: Layout) -> pl.DataFrame:
    rows = [line for line in lines if line.strip() and not _is_comment(line)]
    separator = layout.separator
    if separator == " ":
        rows, separator = ["\t".join(line.split()) for line in rows], "\t"
    try:
        table = pl.read_csv(
            io.BytesIO("\n".join(rows).encode()),
            has_header=False,
            separator=separator,
            schema=dict.fromkeys(_distinct(layout.names), pl.String),
        )
    except (pl.exceptions.PolarsError, OverflowError) as error:
        reason = one_line(error, 200)
        raise InputError(
            f"expected {path} to have {len(layout.names)} columns in every line, found otherwise ({reason}): "
            "mend the lines, or delete them"
        ) from error
    if layout.decimal_comma:
        table = table.with_columns(pl.all().str.replace(",", ".", literal=True))
    return table


def _distinct(names: tuple[str, ...]) -> list[str]:
    """Columns of one name get a number; an empty name is the column's number."""
    seen: Counter[str] = Counter()
    found: list[str] = []
    for place, name in enumerate(names, 1):
        label = name or str(place)
        seen[label] += 1
        found.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return found
