"""Files and folders that are whole or absent, also after a crash."""

import glob
import os
import re
import shutil
import socket
import tempfile
import time
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from symplect.errors import InputError

_HOST = f"{zlib.crc32(socket.gethostname().encode()):08x}"  # short, since names have at most 255 bytes
_DAY = 86400.0  # seconds


@contextmanager
def writing(path: Path) -> Generator[Path]:
    """Give a temporary path beside `path`, file or folder, and renames it when all is written.

    A crash leaves the old file, or none, and never half of one.

    Raises:
        InputError: the place cannot be written, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        holder = Path(tempfile.mkdtemp(prefix=f".{path.name}.{_HOST}-{os.getpid()}-", dir=path.parent))
        try:
            yield holder / path.name
            os.replace(holder / path.name, path)
        finally:
            shutil.rmtree(holder, ignore_errors=True)
    except OSError as error:
        raise InputError(
            f"expected to write {path}, found: {error.strerror or error}: make room or give another place; "
            "what was finished before is kept"
        ) from error


def require_place(path: Path) -> None:
    """Make sure that `path` could be written, before hours are spent on what goes there; leaves nothing.

    Raises:
        InputError: it could not.
    """
    try:
        above = next(folder for folder in path.absolute().parents if folder.exists())
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=above):
            pass
    except OSError as error:
        raise InputError(
            f"expected to write {path}, found: {error.strerror or error}: give another place with --out"
        ) from error


def discard_leftovers(path: Path) -> None:
    """Remove what a killed process left of its writing of `path`; a process that lives goes on with its own."""
    for holder in path.parent.glob(f".{glob.escape(path.name)}.*"):
        if not _in_use(holder):
            shutil.rmtree(holder, ignore_errors=True)


def _in_use(holder: Path) -> bool:
    """Whether a temporary folder belongs to a process that lives; of other machines, whether it is a day old."""
    owner = re.match(r"([0-9a-f]{8})-(\d+)-", holder.name.rpartition(".")[2])
    if owner is None:  # of an earlier version
        return False
    if owner[1] != _HOST or os.name != "posix":
        try:
            return time.time() - holder.stat().st_mtime < _DAY
        except OSError:
            return False
    try:
        os.kill(int(owner[2]), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # of another user
        return True
    return True
