"""Tables in JSON: columns, records or lines of records, nested by one level."""

from collections.abc import Iterable, Mapping, Sequence
from json import JSONDecoder
from pathlib import Path

import polars as pl

from symplect.errors import UnreadableError, one_line
from symplect.files import parsed_json, read_bounded
from symplect.tables.arrays import TRIAL, require_cells

_MOST_BYTES = 2**28  # of a JSON file
_LONGEST = 2**20  # bytes of a line
_PIECE = 2**22  # bytes of lines at a time
_DIGITS = 20  # from which on no integer fits into a column
_INTEGERS = range(-(2**63), 2**63)  # that a column may hold


def read_json_table(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Read an object of columns, a list of records or of rows, or an object that holds one of these.

    Raises:
        InputError: It is too large.
        ValueError: It is no table.
    """
    content = parsed_json(path, read_bounded(path, _MOST_BYTES), _integer)
    return _table(path, content, outermost=True)


def read_json_lines(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Read an object a line; lines with ever new names would make a table far larger than its file.

    Raises:
        InputError: It is too large.
        ValueError: A line is no object.
    """
    parts: list[pl.DataFrame] = []
    names = dict[str, bool]()
    rows = number = 0
    with path.open("rb") as file:
        while lines := file.readlines(_PIECE):
            records = [_record(at, line) for at, line in enumerate(lines, number + 1) if line.strip()]
            number, rows = number + len(lines), rows + len(records)
            columns = _columns(path, records, names)
            require_cells(path, rows * len(names), len(names))
            parts.append(pl.DataFrame([_series(name, values) for name, values in columns.items()]))
    if not rows:
        raise UnreadableError("no line with an object")
    return _below(parts), []


def _record(number: int, line: bytes) -> dict[str, object]:
    if len(line) > _LONGEST:
        raise UnreadableError(f"line {number} has more than {_LONGEST} bytes")
    try:
        record = _DECODER.decode(line.decode())
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"line {number} is no JSON: {one_line(error, 80)}") from error
    if not isinstance(record, dict):
        raise UnreadableError(f"line {number} is no object; name the file .json if it holds a list")
    return record


def _table(path: Path, content: object, *, outermost: bool = False) -> tuple[pl.DataFrame, list[str]]:
    if isinstance(content, list):
        return _frame(path, _of_list(path, content)), []
    if not isinstance(content, dict):
        raise UnreadableError("neither an object nor a list")
    names, rows = content.get("columns"), content.get("data")
    if isinstance(names, list) and isinstance(rows, list):  # pandas, orient="split"
        return _frame(path, _of_rows(rows, [str(name) for name in names])), []
    lists = {name: own for name, own in content.items() if isinstance(own, list)}
    objects = {name: own for name, own in content.items() if isinstance(own, dict)}
    if len(lists) == 1 and outermost and _is_table(next(iter(lists.values()))):
        return _table(path, next(iter(lists.values())))[0], _left_out(content, lists)
    if lists:
        return _frame(path, _expanded(lists)), _left_out(content, lists)
    if outermost and len(objects) == 1:
        return _table(path, next(iter(objects.values())))[0], _left_out(content, objects)
    if not objects:
        raise UnreadableError("no list in it")
    if outermost and all(any(isinstance(own, list) for own in part.values()) for part in objects.values()):
        return _trials(path, objects), _left_out(content, objects)
    return _frame(path, _of_objects(path, objects)), _left_out(content, objects)


def _is_table(own: Sequence[object]) -> bool:
    return bool(own) and all(isinstance(row, dict | list) for row in own)


def _left_out(content: Mapping[str, object], taken: Mapping[str, object]) -> list[str]:
    left = [one_line(name, 40) for name in content if name not in taken]
    shown = ", ".join(left[:6]) + (", ..." if len(left) > 6 else "")
    return [f"what is no list is no column: {shown} left out"] if left else []


def _of_list(path: Path, content: Sequence[object]) -> dict[str, list[object]]:
    records = [row for row in content if isinstance(row, dict)]
    if records and len(records) == len(content):
        return _columns(path, records, {})
    rows = [row for row in content if isinstance(row, list)]
    if rows and len(rows) == len(content):
        names = [name for name in rows[0] if isinstance(name, str)]
        if names and len(names) == len(rows[0]) and len(rows) > 1:
            return _of_rows(rows[1:], names)
        return _of_rows(rows, [str(i + 1) for i in range(len(rows[0]))])
    raise UnreadableError("a list of something else than records or rows")


def _of_rows(rows: Sequence[object], names: Sequence[str]) -> dict[str, list[object]]:
    if len(set(names)) != len(names):
        raise UnreadableError("two columns of one name")
    columns: list[list[object]] = [[] for _ in names]
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != len(names):
            raise UnreadableError(f"row {number} is no list of {len(names)} values")
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return dict(zip(names, columns, strict=True))


def _of_objects(path: Path, objects: Mapping[str, Mapping[str, object]]) -> dict[str, list[object]]:
    """Return columns out of objects of objects, which pandas writes by column or by row."""
    inner = list(next(iter(objects.values())))
    if any(list(own) != inner for own in objects.values()):
        raise UnreadableError("objects with different names")
    if all(name.isdigit() for name in objects) and not all(name.isdigit() for name in inner):
        return _columns(path, list(objects.values()), {})
    return {name: list(own.values()) for name, own in objects.items()}


def _trials(path: Path, objects: Mapping[str, Mapping[str, object]]) -> pl.DataFrame:
    parts: list[pl.DataFrame] = []
    for label, content in objects.items():
        own = _frame(path, _expanded({name: rows for name, rows in content.items() if isinstance(rows, list)}))
        parts.append(own.with_columns(pl.lit(label).alias(TRIAL)))
    if any(set(part.columns) != set(parts[0].columns) for part in parts):
        raise UnreadableError("trials with different names of columns")
    return _below(parts)


def _expanded(lists: Mapping[str, Sequence[object]]) -> dict[str, list[object]]:
    """Return columns, where a list of lists of one length is a matrix."""
    found: dict[str, list[object]] = {}
    for name, own in lists.items():
        rows = [row for row in own if isinstance(row, list)]
        if len(rows) == len(own) and len({len(row) for row in rows}) == 1:
            columns = {f"{name}{i + 1}": [row[i] for row in rows] for i in range(len(rows[0]))}
        else:
            columns = {name: list(own)}
        if twice := columns.keys() & found.keys():
            raise UnreadableError(
                f"two columns {one_line(min(twice), 40)!r}, one of them out of the matrix: rename one"
            )
        found |= columns
    return found


def _columns(path: Path, records: Sequence[Mapping[str, object]], names: dict[str, bool]) -> dict[str, list[object]]:
    """Return the columns of records; values of objects and lists in them get the name of both.

    Args:
        path: The file, for messages.
        records: Objects of the same names, some of which may lack.
        names: Whether each name that was seen so far holds values; false where it holds objects or lists. Added to.
    """
    columns: dict[str, list[object]] = {}
    for row, record in enumerate(records):
        for name, value in _flat(record, names):
            if name not in columns:
                require_cells(path, (len(columns) + 1) * len(records), len(columns) + 1)
                columns[name] = [None] * row
            own = columns[name]
            own.extend([None] * (row - len(own)))
            own.append(value)
    for own in columns.values():
        own.extend([None] * (len(records) - len(own)))
    return columns


def _flat(record: Mapping[str, object], names: dict[str, bool]) -> Iterable[tuple[str, object]]:
    for name, value in record.items():
        nested = isinstance(value, dict | list)
        if value is not None and names.setdefault(name, not nested) == nested:
            raise UnreadableError(
                f"{one_line(name, 40)!r} holds a number in some records and a list or an object in others"
            )
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", own) for inner, own in value.items())
        elif isinstance(value, list):
            yield from ((f"{name}{place}", own) for place, own in enumerate(value, 1))
        else:
            yield name, value


def _frame(path: Path, columns: Mapping[str, list[object]]) -> pl.DataFrame:
    lengths = {one_line(name, 40): len(values) for name, values in columns.items()}
    if not lengths or len(set(lengths.values())) > 1:
        raise UnreadableError(f"expected columns of one length, found {dict(list(lengths.items())[:6])}")
    require_cells(path, sum(lengths.values()), len(lengths))
    return pl.DataFrame([_series(name, values) for name, values in columns.items()])


def _series(name: str, values: list[object]) -> pl.Series:
    """Return a column of one type: of numbers, or of text, in which a number that is none can be named."""
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {bool}:
        return pl.Series(name, values, pl.Boolean)
    if kinds == {int} and all(value is None or value in _INTEGERS for value in values):
        return pl.Series(name, values, pl.Int64)
    if kinds <= {int, float}:
        numbers = [float(value) if isinstance(value, int | float) else None for value in values]
        return pl.Series(name, numbers, pl.Float64)
    return pl.Series(name, [value if value is None or isinstance(value, str) else repr(value) for value in values])


def _below(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return tables one below the other; a column that is text in one is text in all."""
    texts = {name for part in parts for name, kind in part.schema.items() if kind == pl.String}
    own = [part.with_columns(pl.col(name).cast(pl.String) for name in part.columns if name in texts) for part in parts]
    return pl.concat(own, how="diagonal_relaxed")


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < _DIGITS else float(digits)


_DECODER = JSONDecoder(parse_int=_integer)
