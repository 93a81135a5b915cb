"""Tables in files, by their ending; nothing in them is ever run."""

import glob
import tempfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from symplect.errors import InputError, NotAvailableError, UnreadableError, one_line
from symplect.files import require_regular
from symplect.tables.array_files import read_hdf5, read_matlab, read_npy, read_npz
from symplect.tables.arrays import frame_of_arrays as frame_of_arrays
from symplect.tables.excel import excel_as_text
from symplect.tables.json_table import read_json_lines, read_json_table
from symplect.tables.not_read import refuse_by_beginning, refuse_by_ending
from symplect.tables.parquet import read_parquet
from symplect.tables.places import Lines
from symplect.tables.text import read_lines

Table = tuple[pl.DataFrame, list[str]]

TEXT = (".csv", ".tsv", ".txt", ".dat", ".asc", ".xvg")
READERS: dict[str, Callable[[Path], Table]] = {
    ".parquet": lambda path: (read_parquet(path), []),
    ".npz": read_npz,
    ".npy": read_npy,
    ".json": read_json_table,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".h5": read_hdf5,
    ".hdf5": read_hdf5,
    ".mat": read_matlab,
}
"""Files that are no text, by their ending: a table, and what was noticed about it."""

_WORKBOOKS = (".xlsx", ".xlsm")
ENDINGS = (*TEXT, *READERS, *_WORKBOOKS, ".gz")

_FREE = 2**24  # bytes that any compressed text may unpack to
_EXPANSION = 8  # bytes of text for each byte of compressed text; measured data are not packed closer
_PIECE = 2**20  # bytes that are unpacked at a time
_SAMPLE = 2**16  # bytes that tell whether a file is text


def find_files(patterns: Sequence[str | Path]) -> list[Path]:
    """Return the files that were named, or that patterns such as `swing-*.csv` match, in order.

    Raises:
        InputError: no such file, or something that is not a file.
    """
    found: list[Path] = []
    for pattern in map(str, patterns):
        path = Path(pattern)
        if "\0" in pattern:
            raise InputError(f"expected a file, found a name with a NUL character, {pattern!r}")
        matches = [path] if _exists(path) else [Path(name) for name in sorted(glob.glob(pattern))]
        if not matches:
            raise InputError(f"expected a file {pattern}, found none: is the folder right?")
        found += matches
    for path in found:
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "something that is no file"
            raise InputError(f"expected a file, found {kind} at {path}: name the files in it, as in '{path}/*.csv'")
    return list(dict.fromkeys(found))


def read_file(path: Path) -> tuple[pl.DataFrame, list[str], Lines | None]:
    """Return one table, what was noticed about it, and the line of every row in a file of text.

    Raises:
        InputError: it is broken, too large, or of a kind that is not read.
        NotAvailableError: reading it needs a package that is not installed.
    """
    ending = path.suffix.lower()
    try:
        require_regular(path)
        if ending in READERS:
            return *READERS[ending](path), None
        if ending in _WORKBOOKS:
            return *_as_text(path, *excel_as_text(path)), None
        if ending == ".gz":
            return _gzip(path)
        refuse_by_ending(path)
        refuse_by_beginning(path)
        if ending not in TEXT:
            _require_text(path)
        return read_lines(path)
    except (InputError, NotAvailableError):
        raise
    except (Exception, pl.exceptions.PanicException) as error:  # broken bytes call forth every kind
        kind = f"a table ending in {ending}" if ending else "a table as text"
        reason = one_line(error, 200) if isinstance(error, UnreadableError) else "its bytes are broken"
        raise InputError(f"expected {path} to be {kind}, found it unreadable ({reason}): save it again") from error


def _require_text(path: Path) -> None:
    """Refuse a file of unknown ending that is no text."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(
            f"expected a table as text or a file that ends in {', '.join(ENDINGS)}, found bytes of something else in "
            f"{path}: convert it to one of these"
        )


def _gzip(path: Path) -> tuple[pl.DataFrame, list[str], Lines | None]:
    """Read compressed text, or compressed JSON, as what its ending before `.gz` says."""
    inner = Path(path.stem).suffix.lower()
    with tempfile.TemporaryDirectory(prefix="symplect-") as folder:
        plain = Path(folder) / ("table" + (inner if inner in (*TEXT, ".json", ".jsonl", ".ndjson") else ".txt"))
        with path.open("rb") as file, plain.open("wb") as out:
            most = _FREE + _EXPANSION * path.stat().st_size
            unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
            size, raw = 0, b""
            while raw := unpack.unconsumed_tail or unpack.unused_data.lstrip(b"\0") or file.read(_PIECE):
                if unpack.eof:  # several compressed files may follow one another
                    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
                size += out.write(unpack.decompress(raw, _PIECE))
                if size > most:
                    raise InputError(
                        f"expected {path} to unpack to at most {most} bytes, for its size, found more: "
                        "unpack it, or save it as Parquet"
                    )
            if not unpack.eof:
                raise UnreadableError("it is cut off")
        return _named(path, plain)


def _as_text(path: Path, content: str, notes: list[str]) -> Table:
    with tempfile.TemporaryDirectory(prefix="symplect-") as folder:
        plain = Path(folder) / "table.tsv"
        plain.write_text(content, encoding="utf-8")
        table, noticed, _ = _named(path, plain)  # whose lines are no rows of the workbook
    return table, [*notes, *noticed]


def _named(path: Path, plain: Path) -> tuple[pl.DataFrame, list[str], Lines | None]:
    """Read a temporary file; messages name the one that it was made from."""
    try:
        return read_file(plain)
    except InputError as error:
        raise InputError(str(error).replace(str(plain), str(path))) from error


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long for any file
        return False
