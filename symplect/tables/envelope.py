"""What programs put around a table: a line that names the separator, marks of an ephemeris, a monitor's clock."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from symplect.errors import InputError
from symplect.tables.encoding import changed

_DECLARED = re.compile(rb'\A\s*"?sep=(.)"?[ \t]*\n', re.IGNORECASE)
_MONITOR = re.compile(rb"^(\d\d:\d\d:\d\d\.\d+) -> ?(.*)$", re.MULTILINE)
_TUPLE = re.compile(rb"^[ \t]*[(\[]([^()\[\]\n]*)[)\]][ \t]*[,;]?[ \t]*$", re.MULTILINE)
_SAMPLE = 2**16  # bytes that are looked at


@dataclass(frozen=True)
class Sheet:
    """A table as text.

    Attributes:
        text: Lines in UTF-8.
        separator: Separator that the file declares; empty if it does not.
        lines_above: Lines of the file before the text.
        names: Line with the names of columns that stood outside of the text; empty if there is none.
        notes: What was noticed.
    """

    text: bytes
    separator: str = ""
    lines_above: int = 0
    names: str = ""
    notes: tuple[str, ...] = ()


def unwrap(path: Path, text: bytes) -> Sheet:
    """Take a table out of what a program put around it.

    Args:
        path: File that messages name.
        text: Lines in UTF-8.

    Raises:
        InputError: An ephemeris that is no table.
    """
    sheet = _declared(Sheet(text))
    for step in (_ephemeris, _without_clock, _without_brackets):
        sheet = step(path, sheet)
    return sheet


def _declared(sheet: Sheet) -> Sheet:
    found = _DECLARED.match(sheet.text)
    if not found:
        return sheet
    above = found.group().count(b"\n")
    return replace(sheet, text=sheet.text[found.end() :], separator=found.group(1).decode("latin-1"), lines_above=above)


def _ephemeris(path: Path, sheet: Sheet) -> Sheet:
    """Keep what stands between $$SOE and $$EOE; the names stand above in the last line with commas."""
    start, end = sheet.text.find(b"$$SOE"), sheet.text.find(b"$$EOE")
    if start < 0:
        return sheet
    head = sheet.text[:start].decode().splitlines()
    body = sheet.text[start + 5 : end if end > start else None].lstrip(b" \t").removeprefix(b"\n")
    first = body.split(b"\n", 1)[0]
    if b"," not in first:
        found = first[:40].decode(errors="replace")
        raise InputError(
            f"expected {path} to have one line per time between $$SOE and $$EOE, found {found!r} "
            f"in line {len(head) + 2}: ask Horizons for CSV format"
        )
    width = first.count(b",")
    names = next((line for line in reversed(head) if line.count(",") == width), "")
    return replace(sheet, text=body, separator=",", lines_above=sheet.lines_above + len(head) + 1, names=names)


def _without_clock(path: Path, sheet: Sheet) -> Sheet:
    """Move the clock that a serial monitor puts before every line behind it, as a last column."""
    del path
    sample = _sample(sheet.text)
    found = _MONITOR.findall(sample)
    if len(found) < 2 or 10 * len(found) < 9 * sum(1 for line in sample.split(b"\n") if line.strip()):
        return sheet
    said = found[len(found) // 2][1]
    separator = next(
        (mark for mark in (b"\t", b";", b",") if mark in said), b"\t" if b" " not in said.strip() else b" "
    )
    text = changed(sheet.text, lambda part: _MONITOR.sub(rb"\2" + separator + rb"\1", part))
    return replace(sheet, text=text, notes=(*sheet.notes, "the clock of the serial monitor is the last column"))


def _without_brackets(path: Path, sheet: Sheet) -> Sheet:
    """Take the brackets off lines that are tuples or lists."""
    del path
    sample = _sample(sheet.text)
    if 10 * len(_TUPLE.findall(sample)) < 9 * sum(1 for line in sample.split(b"\n") if line.strip()):
        return sheet
    return replace(sheet, text=changed(sheet.text, lambda part: _TUPLE.sub(rb"\1", part)))


def _sample(text: bytes) -> bytes:
    return text[:_SAMPLE].rsplit(b"\n", 1)[0] if len(text) > _SAMPLE else text
