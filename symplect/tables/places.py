"""Where the rows of a table stand in its file, so that a message can name the line to mend."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Integer

from symplect.tables.encoding import changed

Lines = range | Int[np.ndarray, " _"]


@dataclass(frozen=True, eq=False)
class Place:
    """A table and where its rows come from; as text, its name.

    Attributes:
        name: Name of the file or of the table.
        lines: Line of every row as it was read, from 1; `None` where a file has no lines.
        rows: Row as it was read of every row, from 0, where runs that stood side by side were stacked.
    """

    name: str
    lines: Lines | None = None
    rows: Integer[np.ndarray, " rows"] | None = None

    def __str__(self) -> str:
        return self.name

    def row(self, row: int) -> str:
        """Return a row for a message.

        Example:
            >>> Place("a.csv", lines=range(3, 9)).row(1), Place("a.npz").row(1)
            ('row 2 (line 4)', 'row 2')
        """
        row = row if self.rows is None else int(self.rows[row])
        return f"row {row + 1}" + ("" if self.lines is None else f" (line {self.lines[row]})")


def edited(
    body: bytes, lines: Lines, pattern: re.Pattern[bytes], edit: Callable[[bytes, int], bytes] | None = None
) -> tuple[bytes, Lines]:
    """Drop or edit the lines of a text that match.

    Args:
        body: Text.
        lines: Lines of the text.
        pattern: Pattern of whole lines, their ends included.
        edit: Map of a line and its number to what stands in its place; all are dropped unless given.

    Returns:
        The text, and the lines that are left.

    Example:
        >>> text, lines = edited(b"1\\n# a\\n2\\n", range(5, 8), re.compile(rb"^#.*\\n", re.MULTILINE))
        >>> text, lines.tolist()
        (b'1\\n2\\n', [5, 7])
    """
    if not pattern.search(body):
        return body, lines
    left: list[np.ndarray] = []
    before = 0

    def of_piece(piece: bytes) -> bytes:
        nonlocal before
        ends = np.flatnonzero(np.frombuffer(piece, np.uint8) == ord("\n"))
        places = np.fromiter((found.start() for found in pattern.finditer(piece)), np.int64)
        own = lines[before : before + len(ends) + (not piece.endswith(b"\n"))]
        before += len(own)
        kept = np.ones(len(own), bool)
        numbers = np.searchsorted(ends, places)
        kept[numbers] = False
        following = iter(numbers.tolist())

        def of_line(found: re.Match[bytes]) -> bytes:
            number = next(following)
            said = edit(found.group(), int(own[number])) if edit else b""
            kept[number] = bool(said)
            return said

        new = pattern.sub(of_line if edit else b"", piece)
        left.append(np.asarray(own, np.int32)[kept])
        return new

    return changed(body, of_piece), np.concatenate(left)


def of_rows(lines: Lines, body: bytes, rows: int) -> Lines | None:
    """Return the line at which every row begins: a quoted cell may hold ends of lines.

    Args:
        lines: Lines of the text.
        body: Text.
        rows: Number of rows that were made of it.

    Returns:
        One line per row; `None` where the text does not explain the number of rows.
    """
    if len(lines) != rows:
        marks = np.frombuffer(body, np.uint8)
        begins = np.concatenate([[0], np.flatnonzero(marks == ord("\n")) + 1])[: len(lines)]
        closed = np.searchsorted(np.flatnonzero(marks == ord('"')), begins) % 2 == 0
        lines = np.asarray(lines, np.int32)[closed]
    return lines if len(lines) == rows else None
