"""Formats beside text: every one gives the same numbers, or a line that says what to do."""

import datetime
import gzip
import io
import json
import pickle

import numpy as np
import polars as pl
import pytest
from scipy.io import savemat

from symplect.errors import InputError
from symplect.tables import Columns, read
from tests.malformed import Marker

TIMES = np.linspace(0.0, 5.9, 60)
SWING = np.stack([np.cos(TIMES), -np.sin(TIMES)], axis=1)
FRAME = pl.DataFrame({"t": TIMES, "x": SWING[:, 0], "v": SWING[:, 1]})
LISTS = FRAME.to_dict(as_series=False)
ROLES = Columns(q=("x",), p=("v",), time="t")
MATRIX = Columns(q=("2",), p=("3",), time="1")
VECTOR = Columns(q=("z1",), p=("z2",), time="t")


def npy(array):
    raw = io.BytesIO()
    np.save(raw, array)
    return raw.getvalue()


def npz(**arrays):
    raw = io.BytesIO()
    np.savez(raw, **arrays)
    return raw.getvalue()


def mat(**variables):
    raw = io.BytesIO()
    savemat(raw, variables, do_compression=True)
    return raw.getvalue()


def excel(rows, *before):
    openpyxl = pytest.importorskip("openpyxl")
    book, raw = openpyxl.Workbook(), io.BytesIO()
    for sheet in before:
        book.create_sheet(sheet, 0).append(["made by hand"])
    for row in rows:
        book["Sheet"].append(list(row))
    book.save(raw)
    return raw.getvalue()


def hdf5(**arrays):
    h5py = pytest.importorskip("h5py")
    raw = io.BytesIO()
    with h5py.File(raw, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file[name.replace("_", "/")] = array
    return raw.getvalue()


def records(frame=FRAME):
    return frame.to_dicts()


def structured():
    array = np.zeros(60, [("t", "f8"), ("x", "f8"), ("v", "f8")])
    for name in "txv":
        array[name] = FRAME[name].to_numpy()
    return array


def objects(by_row):
    named = {str(i): row for i, row in enumerate(records())}
    return named if by_row else {name: {i: row[name] for i, row in named.items()} for name in "txv"}


HEAD = [("Rig", 3), ("t", "x", "v"), ("s", "m", "m/s")]

FORMATS = {
    "json columns": ("a.json", json.dumps(LISTS), ROLES),
    "json records": ("a.json", json.dumps(records()), ROLES),
    "json rows": ("a.json", json.dumps([list(row) for row in FRAME.rows()]), MATRIX),
    "json rows with names": ("a.json", json.dumps([["t", "x", "v"], *map(list, FRAME.rows())]), ROLES),
    "json within an object": ("a.json", json.dumps({"device": "rig", "data": records()}), ROLES),
    "json columns within an object": ("a.json", json.dumps({"data": LISTS}), ROLES),
    "json of pandas": ("a.json", json.dumps(objects(False)), ROLES),
    "json of pandas by row": ("a.json", json.dumps(objects(True)), ROLES),
    "json of pandas, split": (
        "a.json",
        json.dumps({"columns": list("txv"), "index": list(range(60)), "data": [list(row) for row in FRAME.rows()]}),
        ROLES,
    ),
    "json nested objects": (
        "a.json",
        json.dumps([{"t": row["t"], "state": {"x": row["x"], "v": row["v"]}} for row in records()]),
        Columns(q=("state.x",), p=("state.v",), time="t"),
    ),
    "json nested lists": ("a.json", json.dumps({"t": LISTS["t"], "z": SWING.tolist()}), VECTOR),
    "json lines with lists": (
        "a.jsonl",
        "\n".join(json.dumps({"t": row["t"], "z": [row["x"], row["v"]]}) for row in records()),
        VECTOR,
    ),
    "npy matrix": ("a.npy", npy(FRAME.to_numpy()), MATRIX),
    "npy records": ("a.npy", npy(structured()), ROLES),
    "npz beside single values": ("a.npz", npz(**{n: FRAME[n].to_numpy() for n in "txv"}, rate=np.array(10.0)), ROLES),
    "csv.gz": ("a.csv.gz", gzip.compress(FRAME.write_csv().encode()), ROLES),
    "txt.gz in two parts": (
        "a.txt.gz",
        b"".join(map(gzip.compress, (FRAME.write_csv().encode()[:900], FRAME.write_csv().encode()[900:]))),
        ROLES,
    ),
    "json.gz": ("a.json.gz", gzip.compress(json.dumps(LISTS).encode()), ROLES),
    "excel": ("a.xlsx", excel([*HEAD[1:2], *FRAME.rows()]), ROLES),
    "excel with a title and units": ("a.xlsx", excel([*HEAD, *FRAME.rows()]), ROLES),
    "excel, second sheet": ("a.xlsx", excel([*HEAD[1:2], *FRAME.rows()], "About"), ROLES),
    "excel, indented": ("a.xlsx", excel([(), (None, *"txv"), *((None, *row) for row in FRAME.rows())]), ROLES),
    "matlab": ("a.mat", mat(t=TIMES, x=SWING[:, 0], v=SWING[:, 1], rate=10.0), ROLES),
    "matlab columns and matrices": ("a.mat", mat(t=TIMES[:, None], z=SWING), VECTOR),
    "matlab structure": (
        "a.mat",
        mat(run={"t": TIMES, "z": SWING, "who": "me"}),
        Columns(q=("run.z1",), p=("run.z2",), time="run.t"),
    ),
    "matlab 7.3": ("a.mat", hdf5(t=TIMES[None], z=SWING.T), VECTOR),
    "an unknown ending": ("a.log", FRAME.write_csv(), ROLES),
    "no ending": ("a", FRAME.write_csv(), ROLES),
}  # fmt: skip


def written(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_numbers(tmp_path, name):
    file, content, roles = FORMATS[name]
    found = read(written(tmp_path, file, content), roles)
    np.testing.assert_allclose(found.data.times, TIMES, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.data.states, SWING, rtol=0, atol=1e-12)
    assert found.data.lengths == (60,)


def test_what_is_no_column_is_named(tmp_path):
    content = npz(**{n: FRAME[n].to_numpy() for n in "txv"}, rate=np.array(10.0), unit=np.array("m"))
    assert any("rate, unit left out" in note for note in read(written(tmp_path, "a.npz", content), ROLES).notes)
    content = json.dumps({**LISTS, "device": "rig"})
    assert any("device left out" in note for note in read(written(tmp_path, "a.json", content), ROLES).notes)
    content = excel([*HEAD[1:2], *FRAME.rows()], "About")
    assert any("'Sheet' is read" in note for note in read(written(tmp_path, "a.xlsx", content), ROLES).notes)


def test_an_empty_cell_of_a_workbook_is_a_missing_value(tmp_path):
    rows = [(*row[:2], None) if i in (0, 7, 59) else row for i, row in enumerate(FRAME.rows())]
    found = read(written(tmp_path, "a.xlsx", excel([*HEAD[1:2], *rows])), ROLES)
    np.testing.assert_allclose(found.data.times, np.delete(TIMES, [0, 7, 59]), rtol=1e-14)


def test_dates_in_a_workbook_become_seconds(tmp_path):
    stamps = [datetime.datetime(2026, 11, 26, 23, 59, 50) + datetime.timedelta(seconds=s) for s in range(20)]
    rows = [(stamp, *row[1:]) for stamp, row in zip(stamps, FRAME.rows(), strict=False)]
    found = read(written(tmp_path, "a.xlsx", excel([*HEAD[1:2], *rows])), ROLES)
    np.testing.assert_allclose(found.data.times, np.arange(20.0), atol=1e-5)


STARTS = np.array([1.0, 0.5, 0.25])[:, None]
MANY = {"x": STARTS * SWING[:, 0], "v": STARTS * SWING[:, 1]}
CUBE = np.stack([MANY["x"], MANY["v"]], axis=2)

TRIALS = {
    "cube and its times": (npz(t=np.tile(TIMES, (3, 1)), z=CUBE), VECTOR),
    "cube and one clock": (npz(t=TIMES, z=CUBE), VECTOR),
    "clocks that go on": (npz(t=TIMES + 10.0 * np.arange(3)[:, None], z=CUBE), VECTOR),
    "cube without times": (npz(z=CUBE), Columns(q=("z1",), p=("z2",), dt=0.1)),
    "matrices": (npz(t=np.tile(TIMES, (3, 1)), **MANY), ROLES),
    "matrices and one clock": (npz(t=TIMES, **MANY), ROLES),
    "cube beside a mass per trial": (npz(t=TIMES, z=CUBE, m=np.ones(3)), VECTOR),
}


@pytest.mark.parametrize("name", TRIALS)
def test_trials_side_by_side_are_trials(tmp_path, name):
    content, roles = TRIALS[name]
    found = read(written(tmp_path, "a.npz", content), roles)
    assert found.data.lengths == (60, 60, 60)
    np.testing.assert_allclose(found.data.paths(), CUBE, rtol=0, atol=1e-12)
    for trial in found.data:
        np.testing.assert_allclose(trial.times - trial.times[0], TIMES, rtol=0, atol=1e-12)


def test_trials_in_json_are_trials(tmp_path):
    content = json.dumps(
        {f"run {k}": {"t": LISTS["t"], "x": MANY["x"][k].tolist(), "v": MANY["v"][k].tolist()} for k in range(3)}
    )
    found = read(written(tmp_path, "a.json", content), ROLES)
    np.testing.assert_allclose(found.data.paths(), CUBE, rtol=0, atol=1e-12)


def test_nan_in_json_is_a_missing_value(tmp_path):
    rows = [{**row, "x": float("nan")} if i == 7 else row for i, row in enumerate(records())]
    for name, content in (("a.json", json.dumps(rows)), ("a.jsonl", "\n".join(map(json.dumps, rows)))):
        found = read(written(tmp_path, name, content), ROLES)
        np.testing.assert_array_equal(found.data.times, np.delete(TIMES, 7))


def odd_array(**odd):
    arrays = {"t": TIMES, "x": SWING[:, 0], "v": SWING[:, 1]} | odd
    return npz(**arrays)


REFUSED = {
    "a pickle": ("a.pkl", pickle.dumps(LISTS), "a pickle, which is never loaded.*np.savez.*to_csv"),
    "a pickle as csv": ("a.csv", pickle.dumps(LISTS), "a pickle, which is never loaded"),
    "a pickle without an ending": ("a", pickle.dumps(LISTS, 4), "a pickle, which is never loaded"),
    "objects": ("a.npy", None, "Python objects"),
    "gzip as csv": ("a.csv", gzip.compress(b"t,x,v\n"), "give it an ending such as .csv.gz"),
    "hdf5 as text": ("a.dat", b"\x89HDF\r\n\x1a\n", "give it the ending .h5"),
    "old excel": ("a.xls", b"\xd0\xcf\x11\xe0", "save it as .xlsx"),
    "an archive": ("a.zip", b"PK\x03\x04", "unpack it"),
    "atoms": ("a.xyz", "2\n\nH 0 0 0\nH 1 0 0\n" * 9, "atoms frame by frame"),
    "atoms as text": ("a.txt", "2\n\nH 0 0 0\nH 1 0 0\n" * 9, "atoms frame by frame"),
    "dumped atoms": ("a.dat", "ITEM: TIMESTEP\n0\n", "atoms frame by frame"),
    "bytes": ("a.bin", bytes(range(256)) * 9, "convert it"),
    "a matrix over an array": ("a.npz", odd_array(x=SWING, x1=TIMES), "two columns 'x1'"),
    "a matrix under an array": ("a.npz", npz(t=TIMES, v=TIMES, x1=TIMES, x=SWING), "two columns 'x1'"),
    "complex numbers": ("a.npz", odd_array(x=SWING[:, 0] + 1j), "x is no array"),
    "lengths": ("a.npz", odd_array(x=SWING[:30, 0]), "one length.*'x': 30"),
    "trials that differ": ("a.npz", npz(t=TIMES, z=CUBE, y=CUBE[:2]), "same trials and times"),
    "json of unequal lists": ("a.json", json.dumps({**LISTS, "x": [1, 2]}), "one length"),
    "json of a number": ("a.json", "7", "neither an object nor a list"),
    "json of words": ("a.json", json.dumps({**LISTS, "x": ["one", *LISTS["x"][1:]]}), "'one' in row 1"),
    "json of numbers and lists": (
        "a.jsonl", "\n".join(json.dumps(row) for row in [*records()[:9], {"t": 9, "x": [1], "v": 1}]), "in some records"
    ),
    "json cut off": ("a.jsonl", "\n".join(map(json.dumps, records()))[:-9], "line 60 is no JSON"),
    "json of too many digits": ("a.json", json.dumps({**LISTS, "x": [10**400, *LISTS["x"][1:]]}), "found inf in row 1"),
    "gzip cut off": ("a.csv.gz", gzip.compress(FRAME.write_csv().encode())[:-20], "cut off"),
    "a workbook of words": ("a.xlsx", excel([("a", "b")] * 9), "no sheet with 3 rows of numbers"),
    "a workbook that is none": ("a.xlsx", b"PK\x03\x04" + bytes(100), "unreadable"),
    "matlab that is none": ("a.mat", b"MATLAB 5.0 MAT-file" + bytes(200), "unreadable"),
    "matlab without numbers": ("a.mat", mat(name="rig"), "unreadable"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_refused_with_what_to_do(tmp_path, name):
    file, content, message = REFUSED[name]
    if content is None:
        raw = io.BytesIO()
        np.save(raw, np.array([Marker(tmp_path / "opened")] * 9, dtype=object), allow_pickle=True)
        content = raw.getvalue()
    path = written(tmp_path, file, content)
    with pytest.raises(InputError, match=message) as found:
        read(path, ROLES)
    assert str(path) in str(found.value) or path.name in str(found.value)
    assert "symplect-" not in str(found.value)  # no temporary folder is named
    assert not (tmp_path / "opened").exists()
