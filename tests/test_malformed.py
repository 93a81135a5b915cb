"""A table that cannot be read is refused in one line, soon, within memory."""

import contextlib
import os
import time
import zipfile

import h5py
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from symplect.errors import InputError
from symplect.tables import Columns, Reading, read
from tests.malformed import FILES, FRAME, WHOLE, array, hdf5, npz, parquet, text, zipped
from tests.refusals import NAMED, ROLES, SECONDS, in_a_process, one_line, refused, write


@pytest.fixture(autouse=True)
def no_fit(monkeypatch):
    """What is malformed is refused before anything is fitted."""

    def fitted(*_, **__):
        raise AssertionError("a fit was begun")

    monkeypatch.setattr("symplect.auto.fit_reading", fitted)


# Files


def test_there_are_many():
    assert len(FILES) >= 200


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("parquet")])
def test_a_malformed_file_is_refused(tmp_path, name):
    began = time.monotonic()
    with pytest.raises(InputError) as found:
        read(write(tmp_path, *FILES[name]), ROLES)
    assert time.monotonic() - began < SECONDS
    assert str(found.value).startswith("expected ")
    assert len(str(found.value)) < 2000


REPRESENTATIVES = [
    "text-5 kg",
    "wild-inf",
    "wild-1e101",
    "time-noon",
    "separated-by-':'",
    "empty",
    "header",
    "one-row",
    "nul-in-a-cell",
    "escape",
    "utf-16-le",
    "utf-32",
    "cp037",
    "random-1",
    "ten-thousand",
    "too-long-row",
    "quote-opens",
    "equal-times",
    "nan-times",
    "constant",
    "missing",
    "mixed-dates",
    "long-name",
    "names-alike",
    "html-names",
    "name-with-newline",
    "npz-pickle",
    "npz-objects",
    "npz-shape-(1000000000000,)",
    "npz-climbing",
    "npz-twice",
    "npz-cut",
    "npz-encrypted",
    "npz-head-2-1",
    "parquet-cut-50",
    "parquet-list",
    "parquet-binary",
    "parquet-pages",
    "json-deep",
    "json-array",
    "json-newline-in-a-name",
    "json-escape-in-a-name",
    "json-ever-new-names",
    "hdf5-cut",
    "hdf5-outside",
    "hdf5-virtual",
    "hdf5-huge",
    "hdf5-empty",
]


@pytest.mark.parametrize("name", REPRESENTATIVES)
def test_the_command_line_refuses_it_in_one_line(capfd, monkeypatch, tmp_path, name):
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, *FILES[name])
    refused(capfd, monkeypatch, "fit", path.name, *NAMED)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("parquet")])
def test_a_malformed_parquet_is_refused(capfd, tmp_path, name):
    with pytest.raises(InputError, match="expected"):
        read(write(tmp_path, *FILES[name]), ROLES)
    assert capfd.readouterr().err == ""  # no panic is printed


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(30))
def test_a_parquet_with_broken_bytes_does_not_end_the_process(capfd, tmp_path, seed):
    random = np.random.default_rng(seed)
    raw = bytearray(parquet(FRAME))
    for place in random.integers(4, len(raw) - 8, 4):
        raw[place] = random.integers(256)
    with contextlib.suppress(InputError):
        read(write(tmp_path, "broken.parquet", bytes(raw)), ROLES)
    assert capfd.readouterr().err == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["text-5 kg", "npz-pickle", "parquet-pages", "json-deep", "hdf5-cut"])
def test_a_process_of_its_own_says_the_same(tmp_path, name):
    path = write(tmp_path, *FILES[name])
    one_line(*in_a_process("fit", path, *NAMED, cwd=tmp_path))
    assert list(tmp_path.iterdir()) == [path]


def places(folder):
    """Returns what is named and is no file that could be read."""
    os.mkfifo(folder / "pipe.csv")
    (folder / "folder.csv").mkdir()
    (folder / "loop.csv").symlink_to("loop.csv")
    (folder / "nowhere.csv").symlink_to("missing")
    (folder / "unreadable.csv").symlink_to("/proc/self/mem")  # root reads everything else
    (folder / "zero.csv").symlink_to("/dev/zero")
    return {
        "missing": "missing.csv",
        "a folder": "folder.csv",
        "a pipe": "pipe.csv",
        "a loop": "loop.csv",
        "a dead link": "nowhere.csv",
        "unreadable": "unreadable.csv",
        "a device": "zero.csv",
        "a device by name": "/dev/zero",
        "no such pattern": "swing-*.csv",
        "a pattern of folders": "fold*",
        "all": "**",
        "a long name": "a" * 5000 + ".csv",
        "a bracket": "[.csv",
        "an ending": "/etc/passwd",
        "nothing": "",
        "a newline": "a\nb.csv",
        "a NUL": "a\0.csv",
        "terminal": "\x1b[31m.csv",
        "not Unicode": "\udcff.csv",
        "an address": "https://example.org/a.csv",
    }


def test_what_is_no_file_is_refused(capfd, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in places(tmp_path).values():
        refused(capfd, monkeypatch, "fit", name, *NAMED)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--q x --p v --velocity v --time t", "found both"),
        ("--q x --p v --time t --dt 0.1", "found both"),
        ("--q x --p v --dt -0.1", "positive time step"),
        ("--q x --p v --dt 0", "positive time step"),
        ("--q x --p v --dt nan", "positive time step"),
        ("--q x --p v --dt inf", "positive time step"),
        ("--q x --p v x --time t", "1 columns for p"),
        ("--q x v --p v --time t", "2 columns for p"),
        ("--q x --p v", "give time or dt"),
        ("--q y --p v --time t", "a column 'y'"),
        ("--q 0 --p v --time t", "a column '0'"),
        ("--q 4 --p v --time t", "a column '4'"),
        ("--q ² --p v --time t", "a column '²'"),
        ("--q x --p v --time clock", "a column 'clock'"),
        ("--q x --p v --time t --trial run", "a column 'run'"),
        ("--q x --p v --time t --angle v", "angles out of"),
        ("--q x --velocity v --mass -1 --time t", "positive masses"),
        ("--q x --velocity v --mass nan --time t", "positive masses"),
        ("--q x --velocity v --mass inf --time t", "positive masses"),
        ("--q x --velocity v --mass 1 2 --time t", "one mass"),
        ("--q x --p v --mass 1 --time t", "masses alone"),
        ("--q x --p v --dq v --time t", "one of the two"),
        ("--q x --dq v --dp v --time t", "positions alone"),
        ("--q x --p x --time t", "'x' twice"),
        ("--q x x --p v v --time t", "'x' twice"),
        ("--q x --p v --time 2", "'x' twice"),
        ("--q x --p v --time t --trial t", "2 whole samples or more"),
        ("--q x --time t --trial t", "5 whole samples or more"),
    ],
)
def test_roles_that_contradict_one_another(capfd, monkeypatch, tmp_path, arguments, message):
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, "table.csv", text())
    assert message in refused(capfd, monkeypatch, "fit", path.name, *arguments.split())
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", ["there", "there/", "file/below", "dead", "/proc/symplect/run", "n" * 300])
def test_an_output_that_cannot_be_written_is_refused_first(capfd, monkeypatch, tmp_path, place):
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, "table.csv", text())
    (tmp_path / "there").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "dead").symlink_to("missing")
    before = sorted(tmp_path.rglob("*"))
    refused(capfd, monkeypatch, "fit", path.name, *NAMED, "--out", place)
    assert sorted(tmp_path.rglob("*")) == before


# Bombs


def bomb_of_zip(folder):
    path = folder / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("x.npy", array("(287500000,)", body=b""))
        for number in range(23):
            archive.writestr(f"x{number}.npy", bytes(10**8))
    return path


def bomb_of_parquet(folder):
    path = folder / "bomb.parquet"
    pl.select(t=pl.repeat(0, 200_000_000, dtype=pl.Int8)).with_columns(x="t", v="t").write_parquet(path)
    return path


def bomb_of_words(folder):
    path = folder / "words.parquet"
    pl.DataFrame({name: [name * 2**22] * 200 for name in "txv"}).write_parquet(path)
    return path


def bomb_of_chunks(folder):
    path = folder / "chunks.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (10**12,), "f8", chunks=(10**6,), compression="gzip")
    return path


def line(character):
    return lambda folder: write(folder, "line.csv", character * 50_000_000)


BOMBS = {
    "zip": bomb_of_zip,
    "chunks": bomb_of_chunks,
    "parquet": bomb_of_parquet,
    "words": bomb_of_words,
    "a line of digits": line("1"),
    "a line of commas": line(","),
    "a line of spaces": line("1 "),
    "a line of letters": line("a"),
    "wide and long": lambda folder: write(folder, "wide.csv", "," * 90_000 + "\n" + "1\n" * 1_000_000),
    "many columns": lambda folder: write(folder, "columns.npz", npz(array("(1, 20000000)", body=bytes(160_000_000)))),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_what_unpacks_to_more_than_memory_is_refused(tmp_path, name):
    path = BOMBS[name](tmp_path)
    began = time.monotonic()
    one_line(*in_a_process("fit", path, *NAMED, memory=2**34, cwd=tmp_path))
    assert time.monotonic() - began < 3 * SECONDS
    assert list(tmp_path.iterdir()) == [path]


# Anything at all

SHARED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(SHARED, max_examples=60)
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(lambda own: own.encode("utf-8", "replace")))
@example(content=b"t,x,v\n0,0,0\n5e-324,1,1\n1e-323,2,2\n1.5e-323,3,0\n2e-323,4,1\n")
@pytest.mark.parametrize("ending", [".csv", ".txt", ".npz", ".jsonl", ".h5"])
def test_any_bytes_are_read_or_refused(tmp_path, ending, content):
    path = write(tmp_path, "any" + ending, content)
    for roles in (ROLES, Columns(q=("1",), dt=1.0)):
        with contextlib.suppress(InputError):
            assert isinstance(read(path, roles), Reading)


@settings(SHARED, max_examples=60)
@given(places=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6))
@pytest.mark.parametrize("ending", [".csv", ".npz", ".jsonl", ".h5"])
def test_whole_files_with_broken_bytes_are_read_or_refused(tmp_path, ending, places):
    whole = {".csv": text().encode(), ".npz": zipped(WHOLE), ".jsonl": FRAME.write_ndjson().encode(), ".h5": HDF5}
    content = bytearray(whole[ending])
    for place, byte in places:
        content[place % len(content)] = byte
    with contextlib.suppress(InputError):
        assert isinstance(read(write(tmp_path, "any" + ending, bytes(content)), ROLES), Reading)


HDF5 = hdf5(lambda file: [file.create_dataset(name, data=FRAME[name].to_numpy()) for name in "txv"])
NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False) | st.integers(-1000, 1000).map(float)


@settings(SHARED, max_examples=50)
@given(
    rows=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=3, max_size=20),
    separator=st.sampled_from([",", ";", "\t", "|", " ", "   "]),
    decimal=st.sampled_from([".", ","]),
    header=st.sampled_from(
        ["t{0}x{0}v", "t [s]{0}x [m]{0}v [m/s]", '"t"{0}"x"{0}"v"', "t{0}x{0}v\ns{0}m{0}m/s", "# t x v"]
    ),
    comment=st.sampled_from(["", "# made by hand\n", "% one\n% two\n\n"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    style=st.sampled_from(["{!r}", "{:+.17g}", "{:.17e}"]),
    last=st.booleans(),
)
@example(  # "0 100" may be a number too
    rows=[(0.0, 0.0), (0.0, 100.0), (100.0, 100.0)], separator=" ", decimal=",", header="t{0}x{0}v", comment="",
    end="\n", style="{!r}", last=False,
)  # fmt: skip
def test_a_table_comes_back_from_any_style_of_text(
    tmp_path, rows, separator, decimal, header, comment, end, style, last
):
    rows = [(float(i), *row) for i, row in enumerate(rows)]
    if any(len(set(column)) < 2 for column in zip(*rows, strict=True)):
        return  # what does not move is refused
    if decimal == ",":
        separator = ";" if separator == "," else separator
    shown = [separator.join(style.format(value).replace(".", decimal) for value in row) for row in rows]
    if "[" in header and separator.strip(" ") == "":
        header = header.replace(" [", "[")  # where white space separates, no name has any
    content = comment + header.format(separator) + "\n" + "\n".join(shown) + "\n" * last
    path = write(tmp_path, "table.csv", content.replace("\n", end))
    found = read(path, ROLES)
    np.testing.assert_allclose(found.data.states, np.array(rows)[:, 1:], rtol=1e-15, atol=0)
    np.testing.assert_allclose(found.data.times, np.array(rows)[:, 0])
