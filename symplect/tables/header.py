"""Names of a table's columns, from the lines above its values."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from symplect.tables.cells import is_number
from symplect.tables.unit_names import is_unit, split_unit

_COMMENTS = ("%", "#", "//", "@", "!")
_MOST_ROWS = 3  # of a header: long names, short names, units
_AXIS = re.compile(r'@\s*([xy])axis\s+label\s+"(.*)"')
_LEGEND = re.compile(r'@\s*s\d+\s+legend\s+"(.*)"')
_ATTRIBUTE = re.compile(r"@attribute\s+(?:'([^']*)'|(\S+))\s", re.IGNORECASE)
_REMARKS = ("comment", "comments", "remark", "remarks", "notes")  # a last column that rows leave out
_MARK = re.compile(r"[\t;|,]")
_WIDE = re.compile(r"\t|\s{2,}")
_UNIT_WORD = re.compile(r"\s+(?=[\[(])|\s+(?=/\s)|(?<=\s/)\s+")  # blanks between a name and its unit

Split = Callable[[str], list[str]]
Row = list[str]


@dataclass(frozen=True)
class Header:
    """What the lines above the values say.

    Attributes:
        names: Names of columns, with their units in brackets where a line of units stands below.
        lines: Number of lines above the values that were used.
        notes: What was noticed.
    """

    names: tuple[str, ...]
    lines: int = 0
    notes: tuple[str, ...] = ()


def is_comment(line: str) -> bool:
    """Tell whether a line is a comment."""
    return line.lstrip().startswith(_COMMENTS)


def find_header(
    above: Sequence[str], comments: Sequence[str], outside: str, split: Split, body: Sequence[Sequence[str]]
) -> Header:
    """Find the names of columns.

    Args:
        above: Lines above the values that are no comments.
        comments: Comments above the values.
        outside: Line of names that stood outside of the table; empty if there is none.
        split: Function that splits a line as those of values are split.
        body: Rows of values, all of one width.
    """
    if outside and (row := _fitted(outside, split, body)):
        return Header(tuple(row))
    if found := _named_above(above, split, body):
        return found
    if labels := _labels(comments, len(body[0])):
        return Header(labels)
    said = [line.strip().lstrip("%#/!@").strip() for line in comments]
    said = [line for line in said if line]
    if found := _named_in_comments(said, split, body):
        return found
    return _by_number(said, body)


def _named_above(above: Sequence[str], split: Split, body: Sequence[Sequence[str]]) -> Header | None:
    rows: list[Row] = []  # from the lowest
    lines = list(reversed(above[-_MOST_ROWS - 1 :]))
    for line in lines:
        row = _fitted(line, split, body)
        if row is None or any(map(is_number, row)):
            break
        rows.append(row)
    if not rows:
        return None
    if len(rows) == 1:
        return Header(tuple(rows[0]), 1)
    place = next((k for k, row in enumerate(rows[:_MOST_ROWS]) if _is_units(row) and len(rows) > 1), None)
    units = rows.pop(place) if place is not None else None
    used = 1 if units is None else 2
    names = stated = rows[0]
    separated = units is not None or _MARK.search(lines[1]) is not None  # and no title of as many words
    if len(rows) > 1 and _is_group(rows[1], names):
        names, used = _grouped(rows[1], names), used + 1
    elif (
        len(rows) == 2 and separated and all(map(bool, rows[1])) and len(set(names)) == len(names)
    ):  # long names above short ones
        names = [long if long == short else f"{long} ({short})" for long, short in zip(rows[1], names, strict=True)]
        used += 1
    notes = (f"units are taken from a line of their own: {', '.join(filter(None, units))[:60]}",) if units else ()
    return Header(tuple(_with_units(names, units, stated)), used, notes)


def _named_in_comments(said: Sequence[str], split: Split, body: Sequence[Sequence[str]]) -> Header | None:
    row = _fitted(said[-1], split, body) if said else None
    if row is None or any(map(is_number, row)):
        return None
    above = _fitted(said[-2], split, body) if len(said) > 1 and _is_units(row) else None
    return Header(tuple(row if above is None else _with_units(above, row, above)))


def _by_number(said: Sequence[str], body: Sequence[Sequence[str]]) -> Header:
    width = len(body[0])
    first = " ".join(body[0][:8])[:80]
    words = said[0].split() if len(said) == 1 else []
    why = f"the header names {len(words)} of {width} columns" if 0 < len(words) < width else "no header"
    note = f"{why}, so {'they' if words and len(words) < width else 'columns'} go by number; the first row is {first}"
    return Header(tuple(str(place + 1) for place in range(width)), 0, (note,))


def _fitted(line: str, split: Split, body: Sequence[Sequence[str]]) -> Row | None:
    """Return a line's cells if they are as many as columns, whatever blanks are in the names."""
    width = len(body[0])
    row = split(line)
    while len(row) > width and (not row[-1] or row[-1].lower() in _REMARKS):
        row.pop()
    if len(row) == width:
        return row
    if len(row) == width - 1 and _is_index(body):
        return ["", *row]
    if len(row) == width - 1 and width > 1 and not any(values[-1] for values in body):
        return [*row, ""]
    words = re.sub(r"\s+", " ", line.strip())
    tries = (
        _WIDE.split(line.strip()),
        _UNIT_WORD.sub("\0", words).split(" "),
        re.split(r"[\s,;|]+", line.strip(" \t,;|")),
    )
    return next(
        ([cell.replace("\0", " ").strip('" ') for cell in cells] for cells in tries if len(cells) == width), None
    )


def _is_index(body: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first column counts rows, as in tables whose names leave it out."""
    cells = [values[0] for values in body]
    return len(cells) > 1 and any(cells == [str(start + row) for row in range(len(cells))] for start in (0, 1))


def _is_units(row: Row) -> bool:
    cells = [cell for cell in row if cell]
    known = sum(1 for cell in cells if is_unit(cell) or re.fullmatch(r"[\[(].*[\])]", cell))
    return bool(cells) and 2 * known > len(cells)


def _with_units(names: Row, units: Row | None, stated: Row) -> Row:
    """Put units behind names, unless the names as they were stated have them."""
    if units is None:
        return names
    bare = [re.sub(r"^[\[(]\s*|\s*[\])]$", "", unit) if re.fullmatch(r"[\[(].*[\])]", unit) else unit for unit in units]
    said = zip(names, bare, stated, strict=True)
    return [
        f"{name} [{unit}]" if unit not in ("", "-") and not split_unit(own)[1] else name for name, unit, own in said
    ]


def _is_group(above: Row, names: Row) -> bool:
    """Tell whether a row names groups of columns: names below it repeat."""
    known = [name for name in names if name]
    return len(set(known)) < len(known) and any(above)


def _grouped(above: Row, names: Row) -> Row:
    """Put the name of its group before every column's; a group goes on until the next."""
    found: Row = []
    group = ""
    for over, name in zip(above, names, strict=True):
        group = over or group
        found.append(f"{group} {name}" if group and name else name)
    return found


def _labels(comments: Sequence[str], width: int) -> tuple[str, ...]:
    """Return the labels of a plot's axes and curves, or the attributes of a data set, if they name all columns."""
    attributes = [found.group(1) or found.group(2) for line in comments if (found := _ATTRIBUTE.match(line.strip()))]
    if len(attributes) == width:
        return tuple(attributes)
    axes = {found.group(1): found.group(2) for line in comments if (found := _AXIS.match(line.strip()))}
    legends = [found.group(1) for line in comments if (found := _LEGEND.match(line.strip()))]
    if "x" not in axes or width < 2:
        return ()
    label, unit = split_unit(axes.get("y", ""))
    if width == 2 and label:
        name = f"{label} ({legends[0]})" if legends and legends[0] != label else label
        return axes["x"], f"{name} [{unit}]" if unit else name
    if len(legends) != width - 1:
        return ()
    plain = "," not in axes.get("y", "")
    return axes["x"], *(f"{name} [{unit}]" if unit and plain and not split_unit(name)[1] else name for name in legends)
