"""Files that are no tables, or tables that cannot be understood, and a run to be spoilt: all made as needed."""

import gzip
import io
import json
import pickle
import struct
import warnings
import zipfile

import h5py
import jax.numpy as jnp
import numpy as np
import polars as pl

from symplect.models import FeatureHamiltonian
from symplect.models.features import Polynomial
from symplect.runs import CandidateRecord, TableConfig, TableRecord, TableRun
from symplect.tables import Columns

T = np.linspace(0.0, 3.0, 30)
X, V = np.cos(T), -np.sin(T)
FRAME = pl.DataFrame({"t": T, "x": X, "v": V})
ROWS = [[f"{value:.6g}" for value in row] for row in FRAME.iter_rows()]


def text(rows=ROWS, header="t,x,v", separator=","):
    """Returns a table as text."""
    return "\n".join([header, *(separator.join(row) for row in rows)]) + "\n"


def with_cell(cell, row=10, column=1, separator=","):
    """Returns a table as text that is whole but for one cell."""
    rows = [list(own) for own in ROWS]
    rows[row][column] = cell
    return text(rows, header=separator.join("txv"), separator=separator)


def with_column(name, values):
    """Returns a table as text with other values in one column."""
    return FRAME.with_columns(pl.Series(name, values)).write_csv()


def array(shape="(30,)", kind="'<f8'", body=None, version=1, header=None):
    """Returns the bytes of an `.npy` file whose header may say anything."""
    said = header or f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}"
    raw = said.encode() + b"\n"
    return (
        b"\x93NUMPY"
        + bytes([version, 0])
        + struct.pack("<H" if version == 1 else "<I", len(raw))
        + raw
        + (V.tobytes() if body is None else body)
    )


def zipped(members, method=zipfile.ZIP_DEFLATED):
    """Returns the bytes of an archive; names may repeat."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", method) as archive:
        for name, content in members:
            information = zipfile.ZipInfo(name)
            information.compress_type = method
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of names that repeat
                archive.writestr(information, content)
    return raw.getvalue()


WHOLE = [("t.npy", array(body=T.tobytes())), ("x.npy", array(body=X.tobytes())), ("v.npy", array())]


def npz(third):
    """Returns an `.npz` file with another third array."""
    return zipped([*WHOLE[:2], ("v.npy", third)])


def patched(raw, offset_local, offset_central, value):
    """Returns an archive whose first member says something else about itself."""
    found = bytearray(raw)
    for mark, offset in ((b"PK\x03\x04", offset_local), (b"PK\x01\x02", offset_central)):
        place = found.find(mark) + offset
        found[place : place + len(value)] = value
    return bytes(found)


def parquet(frame, **options):
    """Returns a frame as Parquet."""
    raw = io.BytesIO()
    frame.write_parquet(raw, **options)
    return raw.getvalue()


def hdf5(fill):
    """Returns an HDF5 file that a function fills."""
    raw = io.BytesIO()
    with h5py.File(raw, "w") as file:
        fill(file)
    return raw.getvalue()


def lines(*odd):
    """Returns JSON lines with odd ones among them."""
    good = [json.dumps(row) for row in FRAME.to_dicts()]
    return "\n".join([*good[:5], *odd, *good[5:]]) + "\n"


class Marker:
    """What writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def _cells():
    odd = [
        "1.0abc", "1.2.3", "0x10", "--1", "1e", "e5", "1_000", "１２", "½", "true", "$5", "5 kg", "5%", "#REF!", "#N/A",
        "1/2", "2024-01-01", "1 2", "'1'", "=A1+A2", "+ 1", "<b>1</b>", "nan nan", "1;2", "1j", "(1)", "1:30",
        "π", "NULLS", "inf.", "1..2", "1e+", "0b1", "1,5.0,", "\u202e1", "𝟙", "1\u00a0000", "%", "1f",
    ]  # fmt: skip
    wild = ["inf", "-inf", "+Infinity", "INF", "1e101", "-1e200", "1e309", "1e5000", "9" * 400]
    found = {f"text-{cell}": with_cell(cell) for cell in odd}
    found |= {f"wild-{cell[:9]}": with_cell(cell) for cell in wild}
    found |= {f"time-{cell[:9]}": with_cell(cell, column=0) for cell in ("noon", "inf", "1e200", "2024-01-01 00:00:00")}
    found |= {f"semicolon-{cell}": with_cell(cell, separator=";") for cell in ("1,2,3", "1.000,5", "x")}
    found |= {f"tab-{cell}": with_cell(cell, separator="\t") for cell in ("1..0", "one")}
    return {name: (f"table{i}.csv", content) for i, (name, content) in enumerate(found.items())}


def _texts():
    good = text()
    random = np.random.default_rng(0)
    stamps = [f"2024-01-01 00:00:{i:02d}" if i % 2 else str(i) for i in range(30)]
    found = {
        "empty": "",
        "newline": "\n",
        "blank": "   \n\t\n",
        "only-bom": "\ufeff",
        "only-comments": "# a\n% b\n",
        "header": "t,x,v\n",
        "header-and-units": "t,x,v\ns,m,m/s\n",
        "one-row": "t,x,v\n1,2,3\n",
        "no-header": "1,2,3",
        "one-word": "t",
        "commas": ",,,\n,,,\n",
        "semicolons": ";;;\n;;;",
        "all-missing": "t,x,v\n,,\n,,\n",
        "one-quote": '"',
        "quoted-newline": '"\n"',
        "carriage-returns": "t,x,v\r1,2,3\r",
        "percent": "%",
        "nul": "\0" * 100,
        "nul-in-a-cell": with_cell("1\0"),
        "escape": with_cell("\x1b[31m"),
        "bell": with_cell("\x07"),
        "delete": with_cell("\x7f"),
        "unit-separators": text(separator="\x1f"),
        "too-long-row": good + "1,2,3,4\n",
        "too-long-rows": good.replace("\n", "\n1,2,3,4,5\n", 3),
        "quote-opens": with_cell('"0.5'),
        "quote-closes": with_cell('0.5"'),
        "quotes-double": with_cell('""0.5"'),
        "html": "<html><body><table><tr><td>1</td></tr>",
        "json": '{"t": 1}',
        "prose": "This is not a table.\nIt says so.\n",
        "names-alike": good.replace("v", "x", 1),
        "no-names": ",,\n" + good[6:],
        "html-names": good.replace("v", "<script>alert(1)</script>", 1),
        "long-name": good.replace("v", "v" * 1_000_000, 1),
        "brackets": good.replace("v", "(" * 50_000, 1),
        "spaces-and-bracket": good.replace("v", "v" + " " * 50_000 + "[", 1),
        "digits": with_cell("1" * 200_000 + "x"),
        "digits-in-the-header": "1" * 200_000 + "x,1,2\n" + good[6:],
        "name-with-newline": good.replace("t", '"t\nx"', 1),
        "name-with-direction": good.replace("v", "\u202ev", 1),
        "ten-thousand": ",".join(["1"] * 10_000),
        "equal-times": with_column("t", [1.0] * 30),
        "nan-times": with_column("t", [float("nan")] * 30),
        "constant": with_column("x", [1.0] * 30),
        "missing": with_column("v", [None] * 30),
        "mixed-dates": with_column("t", stamps),
        "no-such-dates": with_column("t", [f"2024-13-41 0:0:{i}" for i in range(30)]),
        "alternating": "\n".join(f"{i},{'x' if i % 2 else 1},3" for i in range(30)),
        "one-column": "x\n1\n2\n3\n",
        "only-half-a-row": "t,x,v\n1\n2\n",
        "base64": "AAAA" * 500,
        "yaml": "t: 1\nx: 2\n",
        "latex": r"1 & 2 & 3 \\",
    }
    found |= {
        f"separated-by-{sep!r}": text(separator=sep, header=sep.join("txv")) for sep in (":", "/", "&", "^", "~", "::")
    }
    for encoding in ("utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "cp037", "cp500", "cp1140"):
        found[encoding] = good.encode(encoding)
    found |= {"odd-utf-16": good.encode("utf-16")[:-1], "surrogates": b"\xff\xfe" + b"\x00\xd8" * 9}
    found |= {"gzip": gzip.compress(good.encode()), "zip": zipped(WHOLE), "parquet-inside": parquet(FRAME)}
    found |= {
        "png": b"\x89PNG\r\n\x1a\n" + bytes(50),
        "elf": b"\x7fELF" + bytes(99),
        "pdf": b"%PDF-1.7\n%\xe2\xe3\n1 0 obj",
    }
    found |= {f"random-{i}": random.bytes(500 * i) for i in range(1, 7)}
    found |= {f"printable-{i}": random.integers(32, 127, 500 * i).astype(np.uint8).tobytes() for i in range(1, 5)}
    ends = (".csv", ".txt", ".tsv", ".dat", ".asc")
    return {f"{name}": (f"file{i}{ends[i % 5]}", content) for i, (name, content) in enumerate(found.items())}


def _npz():
    shapes = [
        "(1000000000000,)", "(-5,)", "(-1,-30)", "(0,1000000000000)", "(1000000000000,0)", "(2,1000000)", "(30,0)",
        "(0,)", "()", "(30,1,1)", "(9223372036854775807,9223372036854775807)", "(99999999999999999999999,)", "(1.5,)",
        "'a'", "[30]", "(True,)", "None", "(30,-1)", "(0,-1)", "(0, 20000000)", "(10**9,)", "(29,)",
    ]  # fmt: skip
    kinds = [
        "'|O'", "'<U1000000000'", "'|V8'", "[('a','<f8')]", "'<M8[s]'", "'<m8[s]'", "'<c16'", "('<f8',(2,))", "'junk'",
        "'O'", "'<f8,<O'", "'|S0'", "'<U0'", "__import__('os').system('true')", "[('a','O')]",
    ]  # fmt: skip
    headers = [
        "{",
        "(" * 9000,
        "-" * 9000 + "1",
        "[" * 5000,
        "{'descr': '<f8'}",
        "\0" * 99,
        "9" * 9000,
        "{1: 2}",
        "'" * 20000,
    ]
    found = {f"shape-{shape}": npz(array(shape)) for shape in shapes}
    found |= {f"kind-{kind}": npz(array(kind=kind)) for kind in kinds}
    for version in (1, 2):
        found |= {f"head-{i}-{version}": npz(array(header=said, version=version)) for i, said in enumerate(headers)}
    good = zipped(WHOLE)
    objects = io.BytesIO()
    np.save(objects, np.array([1, "a", None] * 10, dtype=object), allow_pickle=True)
    found |= {
        "pickle": pickle.dumps([1.0]),
        "objects": npz(objects.getvalue()),
        "pickle-member": npz(pickle.dumps([1.0])),
        "npy": array(),
        "no-members": zipped([]),
        "cut": good[:-30],
        "cut-early": good[:100],
        "empty": b"",
        "csv": text(),
        "text-member": npz(b"hello"),
        "version-3": npz(array(version=3)),
        "version-9": npz(array(version=9)),
        "climbing": zipped([("../../" + name, content) for name, content in WHOLE]),
        "rooted": zipped([("/etc/" + name, content) for name, content in WHOLE]),
        "twice": zipped([*WHOLE, *WHOLE]),
        "folder": zipped([("d/", b""), *WHOLE]),
        "lengths": npz(array("(5,)", body=V[:5].tobytes())),
        "encrypted": patched(good, 6, 8, b"\1"),
        "method-99": patched(good, 8, 10, b"\x63\0"),
        "small-lie": patched(good, 22, 24, struct.pack("<I", 10)),
        "large-lie": patched(good, 22, 24, b"\xf0\xff\xff\x7f"),
        "broken-deflate": patched(good, 40, 999, b"\xff" * 40),
        "broken-bzip2": patched(zipped(WHOLE, 12), 40, 999, b"\xff" * 40),
        "broken-lzma": patched(zipped(WHOLE, 14), 40, 999, b"\xff" * 60),
        "wide": npz(array("(1, 2000000)", body=bytes(16_000_000))),
        "infinite": npz(array(body=np.full(30, np.inf).tobytes())),
        "nested": zipped([("v.npz", good)]),
    }
    return {f"npz-{name}": (f"arrays{i}.npz", content) for i, (name, content) in enumerate(found.items())}


def _parquet():
    good = parquet(FRAME)
    columns = {
        "list": [[1.0]] * 30,
        "struct": [{"a": 1.0}] * 30,
        "binary": [b"1.0"] * 30,
        "words": ["a"] * 30,
        "same": [True] * 30,
        "duration": pl.Series(range(30)).cast(pl.Duration),
        "nothing": [None] * 30,
        "clock": pl.Series(range(30)).cast(pl.Time),
        "category": pl.Series(["a"] * 30, dtype=pl.Categorical),
        "array": pl.Series([[1.0, 2.0]] * 30, dtype=pl.Array(pl.Float64, 2)),
        "infinite": [float("inf")] * 30,
    }
    found = {name: parquet(FRAME.with_columns(pl.Series("v", values))) for name, values in columns.items()}
    found |= {
        f"cut-{length}": good[:length] for length in (0, 3, 4, 8, 50, len(good) // 2, len(good) - 8, len(good) - 1)
    }
    found |= {
        "csv": text(),
        "ones": b"PAR1" + b"\xff" * 500 + b"PAR1",
        "no-rows": parquet(FRAME[:0]),
        "zeros": b"PAR1" + bytes(500) + struct.pack("<I", 500) + b"PAR1",
        "no-columns": parquet(pl.DataFrame()),
        "long-footer": good[:-8] + struct.pack("<I", 2**31 - 1) + b"PAR1",
        "encrypted": good[:-4] + b"PARE",
        "one-row": parquet(FRAME[:1]),
        "pages": good[:4] + b"\xff" * (len(good) - 900) + good[-896:],
    }
    return {f"parquet-{name}": (f"table{i}.parquet", content) for i, (name, content) in enumerate(found.items())}


def _json():
    found = {
        "empty": "",
        "blank": "\n\n",
        "brace": "{",
        "list": "[1, 2]",
        "number": "1",
        "null": "null",
        "word": '"a"',
        "cut": lines()[:-9],
        "garbage": lines("garbage"),
        "null-line": lines("null"),
        "list-line": lines("[1, 2]"),
        "words": lines('{"t": 1, "x": "a", "v": 1}'),
        "lists": lines('{"t": 1, "x": [1], "v": 1}'),
        "objects": lines('{"t": 1, "x": {"a": 1}, "v": 1}'),
        "huge": lines('{"t": 1, "x": 1e999, "v": 1}'),
        "true": lines('{"t": 1, "x": true, "v": 1}'),
        "no-keys": "{}\n{}\n",
        "array": json.dumps(FRAME.to_dicts()),
        "utf-16": lines().encode("utf-16"),
        "bytes": b"\xff\xfe\xfd" * 50,
        "nul": b"\0" * 100,
        "newline-in-a-name": lines().replace('"t"', '"a\\nb"'),
        "surrogate": '{"x": "\\ud800"}\n',
        "escape-in-a-name": lines().replace('"t"', '"\\u001b[31m"'),
        "deep": '{"x":' + "[" * 100_000,
        "deep-objects": '{"a":' * 50_000 + "1" + "}" * 50_000,
        "deep-but-whole": '{"x":' + "[" * 300 + "1" + "]" * 300 + "}",
        "ever-new-names": "".join(f'{{"c{i}": 1}}\n' for i in range(10_000)),
    }
    ends = (".jsonl", ".ndjson")
    return {f"json-{name}": (f"lines{i}{ends[i % 2]}", content) for i, (name, content) in enumerate(found.items())}


def _hdf5():
    def basic(file):
        file["t"], file["x"], file["v"] = T, X, V

    def outside(file):
        file["t"] = T
        file["x"], file["v"] = h5py.ExternalLink("whole.h5", "/x"), h5py.ExternalLink("/etc/passwd", "/v")

    def virtual(file):
        file["t"] = T
        for name in "xv":
            layout = h5py.VirtualLayout((30,), "f8")
            layout[:] = h5py.VirtualSource("whole.h5", name, (30,))
            file.create_virtual_dataset(name, layout)

    def raw(file):
        file["t"], file["v"] = T, V
        file.create_dataset("x", (30,), "f8", external=[("/etc/passwd", 0, 240)])

    good = hdf5(basic)
    found = {
        "empty": hdf5(lambda file: None),
        "group": hdf5(lambda file: file.create_group("a")),
        "no-bytes": b"",
        "cut": good[: len(good) // 2],
        "cut-early": good[:10],
        "csv": text(),
        "outside": hdf5(outside),
        "virtual": hdf5(virtual),
        "raw": hdf5(raw),
        "scalar": hdf5(lambda file: file.__setitem__("x", 1.0)),
        "huge": hdf5(lambda file: file.create_dataset("x", (10**12,), "f8", chunks=(10**6,))),
        "wide": hdf5(lambda file: file.create_dataset("x", (1, 10**6), "f4")),
        "no-values": hdf5(lambda file: file.__setitem__("x", h5py.Empty("f8"))),
        "cube": hdf5(lambda file: file.__setitem__("x", np.zeros((3, 3, 3)))),
        "compound": hdf5(lambda file: file.create_dataset("x", (30,), [("a", "f8")])),
        "ragged": hdf5(lambda file: file.create_dataset("x", (3,), h5py.vlen_dtype("f8"))),
        "references": hdf5(lambda file: file.create_dataset("x", (3,), h5py.ref_dtype)),
        "broken": good[:800] + b"\xff" * 200 + good[1000:],
    }
    return {f"hdf5-{name}": (f"sets{i}.h5", content) for i, (name, content) in enumerate(found.items())}


FILES = {**_cells(), **_texts(), **_npz(), **_parquet(), **_json(), **_hdf5()}
"""A file's name and what is in it, by what is wrong with it."""


def own_run():
    """Returns a run of people's own data that nobody fitted."""
    weights = jnp.array([0.0, 0.0, 0.5, 0.0, 0.5])
    states = np.stack([X, V], axis=1)
    table = TableRecord(
        columns=Columns(q=("x",), p=("v",), time="t"),
        names=("x", "v"),
        units=(),
        time_unit="s",
        observed=(True, True),
        sources=("swing.csv",),
        understood="Read from swing.csv",
    )
    config = TableConfig(
        data=table,
        method="closed-form",
        model="Hamiltonian",
        seed=0,
        verdict="Energy is conserved.",
        candidates=(CandidateRecord("closed-form", "Hamiltonian", held_out_error=0.1, spread=0.1, seconds=1.0),),
        version="0.1.0",
    )
    rollout = {"train": states, "t": T, "truth": states, "prediction": states, "lengths": np.array([30])}
    metrics = {"held_out_error": 0.1, "rest_energy": 0.0}
    return TableRun(config, metrics, {}, rollout, FeatureHamiltonian(Polynomial(2, degree=2), weights))
