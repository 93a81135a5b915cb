"""Parquet, decoded in a process of its own: some broken bytes end the process that decodes them."""

import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

from symplect.errors import InputError, UnreadableError
from symplect.files import MOST_ARRAYS
from symplect.tables import decode_parquet
from symplect.tables.arrays import most_cells

_SECONDS = 60  # that decoding may take


def read_parquet(path: Path) -> pl.DataFrame:
    """Read the columns of one value a row; others are left empty, but keep their type.

    Raises:
        InputError: too large, or broken.
    """
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            raise UnreadableError("it is no Parquet")
    with tempfile.TemporaryDirectory(prefix="symplect-") as folder:
        out = Path(folder) / "table.arrow"
        largest = 8 * most_cells(path)
        command = [sys.executable, "-I", decode_parquet.__file__, path.absolute(), out, largest, MOST_ARRAYS, *sys.path]
        try:
            done = subprocess.run(
                list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise InputError(
                f"expected {path} to be decoded in {_SECONDS} s, found it unfinished: keep fewer rows"
            ) from None
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            ours = done.returncode > 0 and len(lines) == 1  # not a traceback
            raise UnreadableError(lines[0] if ours else "its bytes are broken, or memory ran out")
        return pl.read_ipc(out.read_bytes())
