"""Kinds of files that are no tables, or are not read, each with what to do."""

import re
from pathlib import Path

from symplect.errors import InputError

_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_ARRAYS = "np.savez('{stem}.npz', t=t, x=x, v=v)"
_RUNS_CODE = (
    "a pickle, which is never loaded, because that would run code in it: load it where it was made, and save its "
    f"arrays with {_ARRAYS}, or a frame with frame.to_csv('{{stem}}.csv')"
)
_FRAMES = f"a file of atoms frame by frame: save times and coordinates as columns, as in {_ARRAYS}"
_UNPACK = "an archive: unpack it and name the tables in it"
_SHEET = "a spreadsheet that is not read: save it as .xlsx or .csv"
_STATISTICS = "a file of another program: save it there as .csv"

_ENDINGS = {
    **dict.fromkeys((".pkl", ".pickle", ".p", ".joblib", ".dill", ".pt", ".pth"), _RUNS_CODE),
    **dict.fromkeys((".xyz", ".extxyz", ".lammpstrj", ".dump", ".gro", ".pdb", ".xtc", ".trr", ".dcd"), _FRAMES),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".7z", ".rar", ".bz2", ".xz", ".zst"), _UNPACK),
    **dict.fromkeys((".xls", ".xlsb", ".ods", ".numbers"), _SHEET),
    **dict.fromkeys((".rds", ".rdata", ".sav", ".dta", ".sas7bdat", ".feather", ".arrow", ".tdms"), _STATISTICS),
}
_BEGINNINGS = {
    b"\x1f\x8b": "compressed text: give it an ending such as .csv.gz",
    b"PK\x03\x04": "an archive, or a workbook of Excel: give it the ending .npz or .xlsx, or unpack it",
    b"PAR1": "Parquet: give it the ending .parquet",
    b"\x89HDF": "HDF5: give it the ending .h5",
    b"\x93NUMPY": "an array of NumPy: give it the ending .npy",
    b"MATLAB ": "a file of MATLAB: give it the ending .mat",
    b"\xd0\xcf\x11\xe0": _SHEET,
    b"BZh": _UNPACK,
    b"\xfd7zXZ": _UNPACK,
    b"%PDF": "a PDF: save its table as .csv",
    b"{\\rtf": "a document: save its table as .csv",
    b"ITEM: TIMESTEP": _FRAMES,
}
_XYZ = re.compile(rb"\s*(\d{1,7})\s*\r?\n[^\r\n]*\r?\n\s*[A-Z][a-z]?\d*(\s+[-+.\deE]+){3}")


def refuse_by_ending(path: Path) -> None:
    """Refuse a file whose ending tells that it is not read.

    Raises:
        InputError: It is, with what to do.
    """
    _refuse(path, _ENDINGS.get(path.suffix.lower()))


def refuse_by_beginning(path: Path) -> None:
    """Refuse a file that should be text, and whose first bytes tell that it is something else.

    Raises:
        InputError: It is, with what to do.
    """
    with path.open("rb") as file:
        head = file.read(2**12)
    if _PICKLE.match(head) and (b"\0" in head or b"." in head[-1:] or len(head) > 2):
        _refuse(path, _RUNS_CODE)
    _refuse(path, next((kind for mark, kind in _BEGINNINGS.items() if head.startswith(mark)), None))
    _refuse(path, _FRAMES if _XYZ.match(head) else None)


def _refuse(path: Path, kind: str | None) -> None:
    if kind is not None:
        stem = "table" if "'" in path.stem else path.stem
        raise InputError(f"expected a table in {path}, found {kind.replace('{stem}', stem)}")
