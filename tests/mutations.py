"""Tables that are written in odd ways or broken, drawn by a seed, with what may be read out of them."""

import gzip
import io
import json
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace

import h5py
import numpy as np
import polars as pl
from scipy.io import savemat

SAMPLES = 60
TIMES = np.round(0.05 * np.arange(SAMPLES), 4)
ROWS = np.round(np.column_stack([TIMES, 1.2 * np.cos(2.1 * TIMES), -2.52 * np.sin(2.1 * TIMES)]), 6)
"""What every table holds: time, position and momentum."""

ODD_CELLS = (
    "1e400", "-1e400", "1e-400", "1e101", "nan", "-inf", "Infinity", "0x1F", "1_000", "1,5", "1.234,5", "１２", "−1",
    "--", "#REF!", "#DIV/0!", "", " ", "'", "''", "`1`", "1.2.3", "1e5e5", "1e", "9" * 400, "a" * 5000, "=1+1",
    "<b>1</b>", "\u202e1", "TRUE", "12:30", "2026-13-45", "1/2", "5 kg", "1 2", "½", "∞", "NULL", "1j", "(1)", "$1",
    "0b1", "1d5", "\u00a01", "\ufeff1", "\u0661", "+-1", "1e+", ".", "-", "e", "1٫5", "\x1b[31m1", "\x7f", "\x85",
)  # fmt: skip
ODD_NAMES = (
    "", " ", "x" * 100_000, "π", "\u202ename", "a\tb", "a,b", "a;b", '"', "a\nb", "\x07", "<img>", "t", "nan", "1",
    "1e5", "x [m", "x ] [", "()", "[]", "°", "%", "#", "@", "//", "None", "__class__", "../../x", "{0}", "%s", "$HOME",
    "🕰",
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """One file.

    Attributes:
        label: what was done to it.
        name: file name, whose ending says what it is.
        content: bytes.
        strange: number of samples that may differ from those of `ROWS`; None for any, where damage cannot be seen.
        by_number: whether its columns go by number.
        plain: whether it must be read, since nothing is wrong with it.
    """

    label: str
    name: str
    content: bytes
    strange: int | None = 0
    by_number: bool = False
    plain: bool = False


def choice(rng: np.random.Generator, options):
    """Return one of the options as it is, not as an array's element."""
    return options[int(rng.integers(len(options)))]


@dataclass(frozen=True)
class Layout:
    """How a text is written: harmless differences."""

    separator: str = ","
    decimal: str = "."
    quoted: bool = False
    line_end: str = "\n"
    encoding: str = "utf-8"
    names: tuple[str, ...] = ("t", "x", "v")
    head: str = ""
    tail: str = ""

    def text(self, rows: list[list[str]]) -> bytes:
        """Return cells as a file."""
        quote = '"' if self.quoted else ""
        lines = [self.separator.join(quote + cell + quote for cell in row) for row in [list(self.names), *rows]]
        return (self.head + self.line_end.join(lines) + self.line_end + self.tail).encode(self.encoding)

    def cells(self) -> list[list[str]]:
        """Return the samples as cells."""
        return [[f"{value:.6f}".replace(".", self.decimal) for value in row] for row in ROWS]


def layout(rng: np.random.Generator) -> Layout:
    """Draw a harmless layout."""
    separator = choice(rng, [",", ";", "\t", "|", " ", ", ", "  "])
    decimal = choice(rng, [".", ","]) if "," not in separator else "."
    names = choice(rng, [("t", "x", "v"), ("t [s]", "x [m]", "v [m/s]"), ("t (s)", "x (m)", "v (m/s)")])
    names = ("t", "x", "v") if " " in separator else names
    return Layout(
        separator,
        decimal,
        quoted=bool(rng.random() < 0.2) and " " not in separator,
        line_end=choice(rng, ["\n", "\r\n", "\r"]),
        encoding=choice(rng, ["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
        names=names,
        head=choice(rng, ["", "", "# rig 3\n", "% rig 3\n% l = 1\n"]),
        tail=choice(rng, ["", "", "\n", "\n\n  \n"]),
    )


def written(seed: int) -> Table:
    """Return a whole table in a random layout."""
    how = layout(np.random.default_rng([1, seed]))
    return Table(f"layout {how}", "table.csv", how.text(how.cells()), plain=True)


def odd_cell(rng, rows, how):
    cell = choice(rng, ODD_CELLS)
    rows[int(rng.integers(len(rows)))][int(rng.integers(3))] = cell
    return f"cell {cell[:20]!r}", 1


def odd_cells(rng, rows, how):
    cell, column = choice(rng, ODD_CELLS), int(rng.integers(3))
    for row in rows[:: int(rng.integers(1, 4))]:
        row[column] = cell
    return f"many cells {cell[:20]!r} in column {column}", SAMPLES


def ragged(rng, rows, how):
    places = rng.choice(len(rows), int(rng.integers(1, 6)), replace=False)
    for place in places:
        rows[place] = rows[place][:-1] if rng.random() < 0.5 else [*rows[place], "7"]
    return "ragged lines", len(places)


def repeated(rng, rows, how):
    for place in rng.choice(len(rows), 5, replace=False):
        rows.insert(int(place), list(rows[int(place)]))
    return "repeated lines", 0


def shuffled(rng, rows, how):
    rng.shuffle(rows)
    return "shuffled lines", 0


def header_again(rng, rows, how):
    rows.insert(int(rng.integers(2, len(rows))), list(how.names))
    return "the header again", 0


def another_separator(rng, rows, how):
    rows[int(rng.integers(len(rows)))][0] += choice(rng, [",", ";", "\t", "|"])
    return "a separator too many", 1


def open_quote(rng, rows, how):
    rows[int(rng.integers(len(rows)))][int(rng.integers(3))] = '"1.0'
    return "a quote that never closes", 1


def words_below(rng, rows, how):
    rows += [["Mean", "0.1", "0.2"], ["End of data"]]
    return "words below the table", 0


DAMAGES: tuple[Callable, ...] = (
    odd_cell, odd_cell, odd_cells, ragged, repeated, shuffled, header_again, another_separator, open_quote, words_below,
)  # fmt: skip


def damaged(seed: int) -> Table:
    """Return a text of which lines or cells are damaged, once or twice."""
    rng = np.random.default_rng([2, seed])
    how = replace(layout(rng), encoding=choice(rng, ["utf-8", "utf-8-sig", "utf-16"]))
    rows, labels, strange = how.cells(), [], 0
    for damage in rng.choice(len(DAMAGES), int(rng.integers(1, 3)), replace=False):
        label, own = DAMAGES[damage](rng, rows, how)
        labels.append(label)
        strange += own
    return Table(f"{', '.join(labels)} in {how}", "table.csv", how.text(rows), strange)


def headed(seed: int) -> Table:
    """Return a text with odd names of columns, or without some."""
    rng = np.random.default_rng([3, seed])
    how, name = replace(layout(rng), encoding="utf-8"), choice(rng, ODD_NAMES)
    rows = how.cells()
    kind = int(rng.integers(4))
    if kind == 0:  # a fourth column
        how = replace(how, names=(*how.names, name))
        rows = [[*row, "1"] for row in rows]
    if kind == 1:  # a name replaced
        how = replace(how, names=(*how.names[:2], name))
    if kind == 2:  # a name twice
        how = replace(how, names=(how.names[0], how.names[1], how.names[1]))
    if kind == 3:  # fewer or more names than columns
        how = replace(how, names=how.names[:2] if rng.random() < 0.5 else (*how.names, name))
    label = f"names {[own[:20] for own in how.names]}, separated by {how.separator!r}"
    return Table(label, "table.csv", how.text(rows), None if kind else 0)


def noisy_text(seed: int) -> Table:
    """Return a text with random bytes below its header, or cut."""
    rng = np.random.default_rng([4, seed])
    how = Layout(choice(rng, [",", ";", "\t"]), quoted=bool(rng.random() < 0.3))
    raw = bytearray(how.text(how.cells()))
    count = int(rng.integers(1, 12))
    for place in rng.integers(raw.index(b"\n") + 1, len(raw), count):
        raw[place] = choice(rng, [0, 10, 13, 34, 44, 59, 0xFF, 0xC3, int(rng.integers(256))])
    if rng.random() < 0.3:
        return Table("text cut", "table.csv", bytes(raw[: int(rng.integers(len(raw)))]), 2 * count + 2)
    return Table(f"{count} random bytes in a text", "table.csv", bytes(raw), 2 * count)


def _frame() -> pl.DataFrame:
    return pl.DataFrame({name: ROWS[:, place] for place, name in enumerate("txv")})


def _written_by(write: Callable) -> bytes:
    raw = io.BytesIO()
    write(raw)
    return raw.getvalue()


def _hdf5(raw: io.BytesIO) -> None:
    with h5py.File(raw, "w") as file:
        for place, name in enumerate("txv"):
            file[name] = ROWS[:, place]


def _workbook(raw: io.BytesIO) -> None:
    """Write the smallest workbook of one sheet."""
    start, about = '<?xml version="1.0" encoding="UTF-8"?>', "http://schemas.openxmlformats.org"
    names = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in "txv")
    lines = "".join("<row>" + "".join(f"<c><v>{value}</v></c>" for value in row) + "</row>" for row in ROWS.tolist())
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    relation = f"{about}/officeDocument/2006/relationships"
    members = {
        "[Content_Types].xml": f'<Types xmlns="{about}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{about}/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{about}/spreadsheetml/2006/main" xmlns:r="{relation}">'
        '<sheets><sheet name="Data" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{about}/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{relation}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{about}/spreadsheetml/2006/main">'
        f"<sheetData><row>{names}</row>{lines}</sheetData></worksheet>",
    }
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), start + content, zipfile.ZIP_DEFLATED)


def whole_files() -> dict[str, bytes]:
    """Return one whole file of every binary format and of JSON, by its ending."""
    frame, columns = _frame(), {name: ROWS[:, place] for place, name in enumerate("txv")}
    return {
        "npz": _written_by(lambda raw: np.savez_compressed(raw, **columns)),
        "npy": _written_by(lambda raw: np.save(raw, ROWS)),
        "json": json.dumps({name: own.tolist() for name, own in columns.items()}).encode(),
        "jsonl": frame.write_ndjson().encode(),
        "parquet": _written_by(frame.write_parquet),
        "h5": _written_by(_hdf5),
        "mat": _written_by(lambda raw: savemat(raw, columns)),
        "xlsx": _written_by(_workbook),
        "csv.gz": gzip.compress(frame.write_csv().encode(), mtime=0),
        "pkl": pickle.dumps(columns),
    }


CHECKED = ("npz", "csv.gz")
"""Formats with sums of their content, so that damage is always seen."""


def broken(ending: str, whole: bytes, seed: int) -> Table:
    """Return a file of which bytes are flipped, cut, removed, added or zeroed."""
    rng = np.random.default_rng([5, seed])
    raw, kind = bytearray(whole), int(rng.integers(7))
    place, length = int(rng.integers(len(raw))), int(rng.integers(1, 40))
    if kind <= 2:
        for own in rng.integers(len(raw), size=(1, 3, 12)[kind]):
            raw[own] ^= int(rng.integers(1, 256))
    elif kind == 3:
        del raw[place:]
    elif kind == 4:
        del raw[place : place + length]
    elif kind == 5:
        raw[place:place] = rng.bytes(length)
    else:
        raw[place : place + length] = bytes(len(raw[place : place + length]))
    label = ("1 byte", "3 bytes", "12 bytes", "cut", "bytes removed", "bytes added", "bytes zeroed")[kind]
    strange = 0 if ending in CHECKED else None
    return Table(f"{ending}: {label}, seed {seed}", f"table.{ending}", bytes(raw), strange, ending == "npy")


def _bomb(raw: io.BytesIO) -> None:
    with h5py.File(raw, "w") as file:
        for name in "txv":
            file.create_dataset(name, (300_000_000,), "i1", chunks=(10_000_000,), compression="gzip")


def oversized() -> list[Table]:
    """Return small files that become large, and ones that are large in an odd way."""
    zeros = np.zeros(200_000_000, np.int8)
    line = "1," * 1_500_000
    names = "\n".join(json.dumps({f"name{i}": 1.0}) for i in range(20_000))
    return [
        Table("gzip of 300 MB", "table.csv.gz", gzip.compress(b"t,x,v\n" + b"0,0,0\n" * 50_000_000, 1, mtime=0), None),
        Table("NPZ of zeros", "table.npz", _written_by(lambda raw: np.savez_compressed(raw, t=zeros, x=zeros)), None),
        Table("HDF5 of nothing", "table.h5", _written_by(_bomb), None),
        Table("ever new names", "table.jsonl", names.encode(), None),
        Table("nested JSON", "table.json", b"[" * 100_000 + b"]" * 100_000, None),
        Table("a line of 3 MB", "table.csv", ("t,x,v\n" + line + "\n").encode(), None),
        Table("a cell of 20 MB", "table.csv", b"t,x,v\n0," + b"1" * 20_000_000 + b",1\n", None),
        Table("only separators", "table.csv", b",,,\n" * 500_000, None),
        Table("only quotes", "table.csv", b'"' * 1_000_001, None),
        Table("only line ends", "table.csv", b"\n" * 5_000_000, None),
        Table("empty", "table.csv", b"", None),
        Table("one byte", "table.parquet", b"P", None),
        Table("zeros", "table.xlsx", bytes(1000), None),
    ]
