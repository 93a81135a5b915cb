"""From columns of text to numbers: decimal commas, thousands, units in cells, and the minus of typesetters."""

import re
from collections.abc import Sequence

import polars as pl

from symplect.tables.unit_names import is_unit, split_unit

MISSING = ["", "nan", "NaN", "NAN", "NA", "N/A", "n/a", "null", "NULL", "None", "-", "--", "?"]
"""What stands for a value that was not measured."""

_EXPONENT = r"(?:[eEdD][+-]?\d+)?"
_POINT = rf"^[+-]?(?:\d+\.?\d*|\.\d+){_EXPONENT}$|^[+-]?(?i:nan|inf|infinity)$"
_COMMA = rf"^[+-]?(?:\d+,?\d*|,\d+){_EXPONENT}$"
_COMMA_GROUPS = r"^[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?$"  # 1,234.5
_POINT_GROUPS = r"^[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?$"  # 1.234,5
_SPACE_GROUPS = r"^[+-]?\d{1,3}(?:[ \x{a0}\x{202f}'’]\d{3})+(?:[.,]\d*)?$"
_WITH_UNIT = r"^([+-]?[.,]?\d(?:[\d.,]*(?:[eE][+-]?\d+)?))[ \x{a0}]*(\S.*)$"
_MINUS = r"^[−–‒﹣－]"
_BLANK = " \t\xa0\u202f"
_LONG = r"^[+-]?\d{16,19}$"  # an integer with more digits than a float holds
_FEWEST_GROUPED = 2  # cells with thousands: one alone may be a slip

_PLAIN_CELL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_ANY_CELL = re.compile(
    r"[+−–-]?(?:\d+(?:[.,]\d*)?|[.,]\d+|\d{1,3}(?:[,.' \xa0\u202f]\d{3})+(?:[.,]\d*)?)"
    r"(?:[eEdD][+-]?\d+)?(?:[ \xa0]?(\D+))?"
)


def is_plain(cell: str) -> bool:
    """Tell whether a cell is a number as programs write it, or missing."""
    return cell in MISSING or _PLAIN_CELL.fullmatch(cell) is not None


def is_number(cell: str) -> bool:
    """Tell whether a cell is a number in any spelling, such as 1.234,5 or 0.3 rad.

    Example:
        >>> [is_number(cell) for cell in ("1e-3", "1.234,5", "0.3 rad", "3 May", "")]
        [True, True, True, False, False]
    """
    if _PLAIN_CELL.fullmatch(cell):
        return True
    found = _ANY_CELL.fullmatch(cell) if len(cell) < 100 else None
    return found is not None and (found.group(1) is None or is_unit(found.group(1)))


def is_long_integer(cell: str) -> bool:
    """Tell whether a cell is an integer with more digits than a float holds, such as nanoseconds since 1970."""
    return re.match(_LONG, cell) is not None


def only_decimal_commas(cells: Sequence[str]) -> bool:
    """Tell whether cells are numbers with commas for decimals, some of which cannot be commas of thousands."""
    said = [cell for cell in cells if cell not in MISSING]
    return all(re.match(_COMMA, cell) for cell in said) and any(
        "," in cell and not re.match(_COMMA_GROUPS, cell) for cell in said
    )


def number_like(column: pl.Series) -> pl.Series:
    """Tell of every cell whether it is a number in any spelling; null where it is missing."""
    cells = _tidy(column)
    return cells.str.contains(
        f"{_POINT}|{_COMMA}|{_COMMA_GROUPS}|{_POINT_GROUPS}|{_SPACE_GROUPS}"
    ) | cells.str.contains(r"^[+-]?[.,]?\d[\d.,]*(?:[eE][+-]?\d+)?[ \x{a0}]*[^\d\s:.,/-][^\d:]{0,9}$")


def numeric_columns(table: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Turn every column of text that holds numbers alone into numbers.

    A comma is the mark of decimals or of thousands by its column as a whole; where that does not settle it, by the
    other columns; where they do not either, the column stays text.

    Args:
        table: Columns of text, or of numbers already.

    Returns:
        The table, whose columns of words and dates are as they were, and what was noticed.
    """
    notes: list[str] = []
    columns: dict[str, pl.Series] = {}
    tidied: dict[str, pl.Series] = {}
    for column in table:
        name = column.name
        if column.dtype == pl.String:
            cells, unit = _without_unit(_tidy(column))
            if unit:
                notes.append(f"the unit {unit} stands in the cells of {name}")
                name = name if split_unit(name)[1] else f"{name} [{unit}]"
            tidied[name] = cells
            column = column.str.strip_chars(_BLANK)
        columns[name] = column.alias(name)
    marks = {name: _decimal_marks(cells) for name, cells in tidied.items()}
    sure = {mark for mark, others in marks.values() if mark and not others}
    if any(column.dtype == pl.Float64 for column in table):
        sure.add(".")
    usual = sure.pop() if len(sure) == 1 else ""
    commas = False
    for name, cells in tidied.items():
        mark, ambiguous = marks[name]
        if ambiguous:
            mark = usual if usual and (usual == "," or _grouped(cells, _COMMA_GROUPS)) else mark
        if not mark and not ambiguous:
            columns[name] = _with_points(columns[name], cells)
        found = _numbers(cells, mark) if mark else None
        if found is not None:
            columns[name], grouped = found
            commas |= mark == "," and bool(cells.str.contains(",", literal=True).any())
            notes += [f"separators of thousands in {name}"] if grouped else []
    return pl.DataFrame([column.alias(name) for name, column in columns.items()]), (
        ["decimal commas"] if commas else []
    ) + notes


def _tidy(column: pl.Series) -> pl.Series:
    cells = column.str.strip_chars(_BLANK)
    cells = cells.set(cells.is_in(MISSING), None)
    return cells.str.replace(_MINUS, "-")


def _without_unit(cells: pl.Series) -> tuple[pl.Series, str]:
    """Return the numbers of cells that all have one unit, and the unit; other cells as they are."""
    whole = cells.drop_nulls()
    if not len(whole) or not whole.head(1).str.contains(_WITH_UNIT).all():
        return cells, ""
    units = whole.str.extract(_WITH_UNIT, 2)
    unit = units[0]
    if unit is None or not is_unit(unit) or not (units == unit).fill_null(value=False).all():
        return cells, ""
    return cells.str.extract(_WITH_UNIT, 1), unit


def _decimal_marks(cells: pl.Series) -> tuple[str, bool]:
    """Return the mark of decimals, empty if there is none that fits, and whether it could be the other."""
    whole = cells.drop_nulls()
    whole = _without_spaces(whole) if _grouped(whole, _SPACE_GROUPS) else whole
    if not len(whole):
        return ".", True
    plain = whole.str.contains(_POINT)
    if plain.all():
        points = whole.str.contains(".", literal=True)
        return ".", not points.any() or bool((whole.str.contains(_POINT_GROUPS) | ~points).all())
    groups = whole.str.contains(_COMMA_GROUPS)
    point = (plain | groups).all() and _consistent(whole, groups, ".")
    other = whole.str.contains(_POINT_GROUPS)
    comma = (whole.str.contains(_COMMA) | other).all() and _consistent(whole, other, ",")
    commas = whole.str.contains(",", literal=True)
    if comma and (commas & ~groups).any():
        return ",", False
    if comma:
        return ("," if len(whole) > 1 and commas.all() else ""), True
    return ("." if point else ""), False


def _with_points(column: pl.Series, cells: pl.Series) -> pl.Series:
    """Write decimal points in a column of decimal commas, so that only the cells that are no numbers stay odd."""
    regular = cells.str.contains(_COMMA)
    if 2 * int(regular.sum()) <= cells.count():
        return column
    return column.zip_with(~regular.fill_null(value=False), cells.str.replace(",", ".", literal=True))


def _consistent(cells: pl.Series, groups: pl.Series, mark: str) -> bool:
    """Tell whether thousands are marked with decimals in all cells or in none, and more than once."""
    if not groups.any():
        return True
    decimals = cells.str.contains(mark, literal=True)
    alike = not decimals.any() or bool((decimals | ~groups).all())
    return alike and int(groups.sum()) >= _FEWEST_GROUPED


def _grouped(cells: pl.Series, pattern: str) -> bool:
    return int(cells.str.contains(pattern).sum()) >= _FEWEST_GROUPED


def _without_spaces(cells: pl.Series) -> pl.Series:
    return cells.str.replace_all(r"[ \x{a0}\x{202f}'’]", "")


def _numbers(cells: pl.Series, mark: str) -> tuple[pl.Series, bool] | None:
    """Return numbers, and whether they had separators of thousands; nothing if some cell is no number."""
    spaced = _grouped(cells, _SPACE_GROUPS)
    cells = _without_spaces(cells) if spaced else cells
    separator = "," if mark == "." else "."
    pattern = _COMMA_GROUPS if mark == "." else _POINT_GROUPS
    groups = bool(cells.str.contains(pattern).any())
    if groups:
        cells = cells.str.replace_all(separator, "", literal=True)
    if mark == ",":
        cells = cells.str.replace(",", ".", literal=True)
    if cells.count() and cells.str.contains(_LONG).all():
        found = cells.cast(pl.Int64, strict=False)
        if found.null_count() == cells.null_count():
            return found, groups or spaced
    cells = cells.str.replace(r"^([+-]?[\d.]+)[dD]", "${1}e")
    found = cells.cast(pl.Float64, strict=False)
    return None if found.null_count() > cells.null_count() else (found, groups or spaced)
