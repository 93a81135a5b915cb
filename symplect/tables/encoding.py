"""From the bytes of a file to clean UTF-8 with one kind of line end."""

import re
from collections.abc import Callable
from pathlib import Path

from symplect.errors import InputError

_LONGEST = 2**22  # bytes of a line
_CHUNK = 2**22  # bytes that are changed together
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_END_OF_FILE = b"\0\x1a"  # padding of loggers that write whole blocks, and of CP/M


def clean_text(path: Path, raw: bytes) -> tuple[bytes, list[str]]:
    """Decode a text, whatever its encoding and line ends.

    Args:
        path: File that messages name.
        raw: Content of the file.

    Returns:
        UTF-8 without a byte order mark, lines that end in a newline, and what was noticed.

    Raises:
        InputError: Bytes that no text has, or a line too long for a table.
    """
    raw, notes = _as_utf8(path, raw)
    if raw.endswith((b"\0", b"\x1a")) and raw.strip(_END_OF_FILE):
        raw = raw.rstrip(_END_OF_FILE)
        notes.append("the padding at the end is left out")
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if found := _CONTROL.search(raw):
        line = raw.count(b"\n", 0, found.start()) + 1
        raise InputError(
            f"expected {path} to be a table as text, found the byte {ord(found.group()):#04x} in line {line}: "
            "save it as CSV in UTF-8, or give it the ending of what it is"
        )
    _require_lines(path, raw)
    return raw, notes


def changed(text: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Change a text piece by piece, since a substitution takes many times the memory of what it changes.

    Args:
        text: Lines.
        change: Function of whole lines.

    Example:
        >>> changed(b"a\\nb\\n", bytes.upper)
        b'A\\nB\\n'
    """
    pieces: list[bytes] = []
    start = 0
    while start < len(text):
        end = text.find(b"\n", start + _CHUNK) + 1 or len(text)
        pieces.append(change(text[start:end]))
        start = end
    return b"".join(pieces)


def _as_utf8(path: Path, raw: bytes) -> tuple[bytes, list[str]]:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return raw.decode("utf-16").encode(), ["read as UTF-16"]
        except UnicodeError as error:
            raise InputError(
                f"expected {path} to be a table as text, found UTF-16 that is broken: save it as CSV in UTF-8"
            ) from error
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if raw.isascii():
        return raw, []
    try:
        raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace").encode(), ["not UTF-8: names are read as Latin-1"]
    return raw, []


def _require_lines(path: Path, raw: bytes) -> None:
    """Refuse a line that is longer than those of tables, found by looking from one place to the next."""
    start = 0
    while len(raw) - start > _LONGEST:
        end = raw.rfind(b"\n", start, start + _LONGEST + 1)
        if end < 0:
            line = raw.count(b"\n", 0, start) + 1
            raise InputError(
                f"expected {path} to have lines of at most {_LONGEST} bytes, found a longer one in line {line}: "
                "is it a table as text?"
            )
        start = end + 1
