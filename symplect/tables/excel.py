"""Excel's workbooks, as the text that a spreadsheet program would export."""

import datetime
import math
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path

from symplect.errors import NotAvailableError, UnreadableError, one_line
from symplect.tables.arrays import require_cells

_CELL = 8  # bytes of XML that the shortest cell takes, at least
_ENOUGH = 3  # rows with numbers, of a sheet that holds a table


def excel_as_text(path: Path) -> tuple[str, list[str]]:
    """Return the first sheet of a workbook that holds numbers, with tabs between cells; no formula is evaluated.

    Raises:
        NotAvailableError: It needs a package that is not installed.
        ValueError: No sheet holds a table.
    """
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise NotAvailableError('reading Excel needs openpyxl: pip install "symplect[excel]"') from None
    with zipfile.ZipFile(path) as archive:
        require_cells(path, sum(member.file_size for member in archive.infolist()) // _CELL // 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of openpyxl, about parts of a workbook that are not kept
        workbook = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        try:
            for sheet in workbook.worksheets:
                sheet.reset_dimensions()  # what a file says of its size need not be so
                rows = _rows(path, sheet.iter_rows(values_only=True))
                if sum(any(isinstance(cell, int | float) for cell in row) for row in rows) >= _ENOUGH:
                    several = len(workbook.worksheets) > 1
                    notes = [f"sheet {one_line(sheet.title, 40)!r} is read, and no other"] if several else []
                    return _text(rows), notes
        finally:
            workbook.close()
    raise UnreadableError(f"no sheet with {_ENOUGH} rows of numbers")


def _rows(path: Path, rows: Iterable[tuple[object, ...]]) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    cells = 0
    for row in rows:
        cells += len(row) + 1
        require_cells(path, cells)
        if any(cell is not None for cell in row):
            found.append(row)
    return found


def _text(rows: list[tuple[object, ...]]) -> str:
    width = max(map(len, rows))
    used = [place for place in range(width) if any(place < len(row) and row[place] is not None for row in rows)]
    cells = [[_said(row[place]) if place < len(row) else "" for place in used] for row in rows]
    head = next((number for number, row in enumerate(cells) if all(row)), 0)
    lines = ["\t".join(row) for row in cells]
    return "\n".join([*(line.rstrip("\t") for line in lines[:head]), *lines[head:], ""])  # a title has fewer cells


def _said(cell: object) -> str:
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, datetime.timedelta):
        return repr(cell.total_seconds())
    if isinstance(cell, datetime.datetime | datetime.time):
        return cell.isoformat(*(" ",) if isinstance(cell, datetime.datetime) else ())
    return " ".join(str(cell).split())
