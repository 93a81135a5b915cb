"""Bounds on what is read, whatever a file says of itself."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from symplect.errors import InputError, one_line

Result = TypeVar("Result")

LARGEST = 2**31
"""Bytes that the values of one file may need, whatever the file says."""

MOST_ARRAYS = 100_000
"""Arrays of one file, or columns of one table."""


def require_regular(path: Path) -> None:
    """Make sure that a path is a file with an end: reading a pipe or a device may wait for ever.

    Raises:
        InputError: something else is there.
        FileNotFoundError: nothing is there.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        kind = "a folder" if path.is_dir() else "a pipe, device or socket"
        raise InputError(f"expected a file, found {kind} at {path}: copy what is in it into a file")


def read_bounded(path: Path, most: int) -> bytes:
    """Return the bytes of a file.

    Args:
        path: The file.
        most: Largest size in bytes.

    Raises:
        InputError: It is larger, or no regular file.
        FileNotFoundError: Nothing is there.
    """
    require_regular(path)
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise InputError(f"expected {path} to have at most {most} bytes, found more: is it the right file?")
    return content


def require_size(path: Path, size: int, arrays: int = 1) -> None:
    """Raise InputError if decompressed values exceed the limit.

    Raises:
        InputError: more bytes, or more arrays, than are read.
    """
    if size > LARGEST:
        raise InputError(
            f"expected {path} to unpack to at most {LARGEST} bytes, found {size}: keep fewer rows or columns"
        )
    if arrays > MOST_ARRAYS:
        raise InputError(f"expected {path} to have at most {MOST_ARRAYS} columns, found {arrays}: keep fewer")


def read_own(path: Path, read: Callable[[], Result]) -> Result:
    """Return what a function reads out of a file of ours; whatever goes wrong is an InputError in one line."""
    try:
        return read()
    except FileNotFoundError:
        raise InputError(f"expected a file {path}, found none: is the folder a run of symplect?") from None
    except InputError:
        raise
    except Exception as error:  # broken bytes call forth every kind, from recursion to tokens
        reason = one_line(error, 200)
        raise InputError(
            f"expected {path} as symplect wrote it, found it unreadable ({reason}): delete its folder and run again"
        ) from error
