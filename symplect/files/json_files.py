"""JSON of bounded size, written whole."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from symplect.errors import InputError, UnreadableError, one_line
from symplect.files.atomic import writing
from symplect.files.bounds import read_bounded, read_own

Kind = TypeVar("Kind")

_MOST_JSON = 2**26  # bytes of a JSON file of ours: a thousand times the usual
_JSON_BYTES = {b"{": 232, b"[": 88, b",": 34, b'"': 30}  # of Python objects, per character that makes them
_DIGITS = 308  # of an integer: any of more is beyond the range of double precision
_MOST_OBJECTS = 2**29  # bytes of Python objects out of one JSON file


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write JSON whole or not at all; numbers that are not finite become null."""
    with writing(path) as temporary:
        temporary.write_text(json.dumps(_nullify(content), indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, object]:
    """Read what `write_json` wrote.

    Raises:
        InputError: no such file, or not JSON.
    """
    return require_object(path, read_own(path, lambda: parsed_json(path, read_bounded(path, _MOST_JSON))))


def require_object(path: Path, content: object) -> dict[str, object]:
    """Return what a JSON file holds.

    Raises:
        InputError: it is no JSON object.
    """
    if not isinstance(content, dict):
        raise InputError(
            f"expected {path} to hold a JSON object, found a {type(content).__name__}: it was not written by symplect"
        )
    return content


def typed_json(content: object, kind: type[Kind], path: Path, remedy: str = "run again, to another folder") -> Kind:
    """Return what JSON says as a dataclass or typed dictionary; entries that the type does not have are left out.

    Args:
        content: JSON, parsed.
        kind: type of what is expected.
        path: its file, for messages.
        remedy: way out, for messages.

    Raises:
        InputError: something is missing, or of another type.
    """
    try:
        return msgspec.convert(content, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        found = one_line(error, 300)
        raise InputError(f"expected {path} as symplect wrote it, found {found}: {remedy}") from error


def parsed_json(path: Path, content: bytes, integer: Callable[[str], int | float] | None = None) -> object:
    """Return what JSON says; its size as Python objects is bounded before any are made.

    Args:
        path: The file's name, for messages.
        content: JSON as bytes.
        integer: Number out of the digits of an integer; those of more than 64 bits are refused unless given.

    Raises:
        InputError: It would need too much memory.
        ValueError: It is not JSON.
    """
    size = sum(content.count(mark) * each for mark, each in _JSON_BYTES.items())
    if size > _MOST_OBJECTS:
        raise InputError(
            f"expected {path} to need at most {_MOST_OBJECTS} bytes of memory, found about {size}: "
            "keep less, or save it in another format"
        )
    return json.loads(content, parse_int=integer or _integer)


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise UnreadableError(f"an integer of {len(digits)} digits")
    return int(digits)


def _nullify(content: object) -> object:
    if isinstance(content, Mapping):
        return {key: _nullify(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_nullify(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
