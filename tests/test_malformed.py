"""What cannot be read is refused in one line, soon, within memory, and without running what is in it."""

import contextlib
import dataclasses
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import h5py
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from symplect import cli
from symplect.errors import InputError
from symplect.runs import MODEL_FILE, load_run, save_run
from symplect.tables import Columns, Reading, read
from tests.fake_runs import published_runs
from tests.malformed import FILES, FRAME, WHOLE, Marker, array, hdf5, npz, own_run, parquet, text, zipped

ROLES = Columns(q=("x",), p=("v",), time="t")
NAMED = ("--q", "x", "--p", "v", "--time", "t")
SYMPLECT = str(Path(sys.executable).with_name("symplect"))
SECONDS = 10.0  # that a refusal may take, on a machine with other work


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def call(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["symplect", *map(str, arguments)])
    cli.main()


def refused(capfd, monkeypatch, *arguments):
    """Returns the one line of a call in this process; file descriptors are watched, since Rust writes there."""
    with pytest.raises(SystemExit) as stop:
        call(monkeypatch, *arguments)
    return one_line(stop.value.code, capfd.readouterr().err)


def one_line(code, errors):
    assert code == 2, errors
    assert errors.startswith("symplect: "), errors
    assert errors.count("\n") == 1
    assert len(errors) < 2100
    assert errors.strip("\n").isprintable()
    return errors


def in_a_process(*arguments, memory=2**33, cwd=None):
    """Returns code and errors of a call in a process of its own with so much memory."""

    limited = ["sh", "-c", f'ulimit -v {memory // 1024} && exec "$@"', "sh", SYMPLECT, *map(str, arguments)]
    done = subprocess.run(limited, capture_output=True, text=True, timeout=60, cwd=cwd)
    return done.returncode, done.stderr


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


# Runs


@pytest.fixture
def own(tmp_path):
    save_run(tmp_path / "run", own_run())
    return tmp_path / "run"


def commands(folder):
    """Returns a call of every command that takes a run."""
    table = write(folder.parent, "table.csv", text())
    return [
        ("simulate", folder, "--until", 1, "--dt", 0.1, "--start", 1, 0, "--out", folder.parent / "path.csv"),
        ("evaluate", folder, table),
        ("certify", folder),
        ("report", folder, "--out", folder.parent / "page.html"),
        ("export", folder, "--out", folder.parent / "model.json"),
    ]


def configured(folder, change):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    change(config)
    path.write_text(json.dumps(config))


def data(**odd):
    return lambda config: config["data"].update(odd)


def top(**odd):
    return lambda config: config.update(odd)


CONFIGURATIONS = {
    "data a word": top(data="x"),
    "data a list": top(data=[]),
    "data nothing": top(data=None),
    "no data": top(data={}),
    "names a word": data(names="xv"),
    "names of numbers": data(names=[1, 2]),
    "one name": data(names=["x"]),
    "names nested": data(names=[["x"], ["v"]]),
    "no names": data(names=None),
    "units": data(units=[1, 2]),
    "units of one": data(units=["m"]),
    "sources": data(sources=[]),
    "sources of numbers": data(sources=[1]),
    "observed": data(observed=[1, 1]),
    "observed one": data(observed=[True]),
    "columns": data(columns=[]),
    "understood": data(understood=7),
    "time unit": data(time_unit={}),
    "model": top(model=["Hamiltonian"]),
    "seed": top(seed="0"),
    "verdict": top(verdict=None),
    "method": top(method={}),
}


@pytest.mark.slow
def test_a_run_that_is_whole_is_taken(own, monkeypatch):
    for arguments in commands(own):
        call(monkeypatch, *arguments)
    assert load_run(own).config.verdict == "Energy is conserved."


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_configuration_from_elsewhere_is_refused(own, capfd, monkeypatch, name):
    configured(own, CONFIGURATIONS[name])
    before = sorted(path.name for path in own.iterdir())
    for arguments in commands(own):
        refused(capfd, monkeypatch, *arguments)
    assert sorted(path.name for path in own.iterdir()) == before
    assert sorted(path.name for path in own.parent.iterdir()) == ["run", "table.csv"]


ROLES_IN_FILES = {
    "q a word": {"q": "x"},
    "q of numbers": {"q": [1]},
    "q nested": {"q": [["x"]]},
    "time a list": {"time": ["t"]},
    "dt a word": {"dt": "0.1"},
    "mass a word": {"mass": ["1"]},
    "another role": {"r": ["x"]},
    "both": {"velocity": ["v"]},
}


@pytest.mark.parametrize("name", ROLES_IN_FILES)
def test_roles_from_elsewhere_are_refused(own, capfd, monkeypatch, name):
    configured(own, lambda config: config["data"]["columns"].update(ROLES_IN_FILES[name]))
    refused(capfd, monkeypatch, *commands(own)[1])


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "1", "null", "\0", '{"a": ' * 5000, "[" * 100_000, '{"a": ' + "9" * 5000 + "}", b"\xff\xfe"],
)
@pytest.mark.parametrize("name", ["config.json", "metrics.json"])
def test_broken_json_in_a_run_is_refused(own, capfd, monkeypatch, name, content):
    write(own, name, content)
    refused(capfd, monkeypatch, *commands(own)[0])
    refused(capfd, monkeypatch, *commands(own)[3])


@pytest.mark.parametrize("name", ["config.json", "metrics.json", "history.npz", "rollout.npz"])
def test_a_run_that_lacks_a_file_is_refused(own, capfd, monkeypatch, name):
    (own / name).unlink()
    for arguments in commands(own):
        refused(capfd, monkeypatch, *arguments)


def test_weights_that_lack_are_refused(own, capfd, monkeypatch):
    (own / MODEL_FILE).unlink()
    for arguments in commands(own):
        refused(capfd, monkeypatch, *arguments)


@pytest.mark.parametrize(
    "change",
    [
        {"train": None},
        {"train": np.zeros(3)},
        {"train": np.zeros((3, 5))},
        {"train": np.array(["a"])},
        {"lengths": None},
        {"lengths": np.array([7])},
        {"lengths": np.array([-1, 31])},
        {"lengths": np.array([30.0])},
        {"t": np.zeros(3)},
        {"truth": np.zeros((30, 3))},
        {"prediction": np.zeros((29, 2))},
        {"t": None},
    ],
)
def test_paths_of_another_shape_are_refused(own, capfd, monkeypatch, change):
    whole = own_run()
    rollout = {name: values for name, values in (dict(whole.rollout) | change).items() if values is not None}
    shutil.rmtree(own)
    save_run(own, dataclasses.replace(whole, rollout=rollout))
    for arguments in commands(own):
        refused(capfd, monkeypatch, *arguments)


def weights(name="FeatureHamiltonian", **odd):
    """Returns a weights file's header."""
    features = {"kind": "Polynomial", "dimension": 2, "degree": 2}
    own = {
        "kind": name,
        "features": features,
        "weights": {"shape": [5], "dtype": "float32"},
        "size": 1,
        "newtonian": False,
    }
    return {"model": name, "configuration": own | odd}


HEADERS = {
    "nothing": {},
    "a list": [1],
    "no model": {"configuration": {}},
    "no configuration": {"model": "HNN"},
    "another": weights("Popen"),
    "a path": weights("../../etc/passwd"),
    "a list for a name": {"model": [], "configuration": {}},
    "a word for sizes": {"model": "HNN", "configuration": "x"},
    "unknown sizes": {"model": "HNN", "configuration": {"a": 1}},
    "words for sizes": {"model": "HNN", "configuration": {"degrees_of_freedom": "one"}},
    "endless": {"model": "HNN", "configuration": {"degrees_of_freedom": 1, "depth": 10**9}},
    "vast": {"model": "HNN", "configuration": {"degrees_of_freedom": 1, "width": 10**9}},
    "vaster": {"model": "HNN", "configuration": {"degrees_of_freedom": 10**30}},
    "negative": {"model": "HNN", "configuration": {"degrees_of_freedom": -1}},
    "deep": {"model": "FeatureHamiltonian", "configuration": json.loads("[" * 400 + "]" * 400)},
    "missing parts": {"model": "FeatureHamiltonian", "configuration": {"kind": "FeatureHamiltonian"}},
    "size a word": weights(size="one"),
    "size vast": weights(size=10**12),
    "size negative": weights(size=-1),
    "other features": weights(features=7),
    "features of another kind": weights(features={"kind": "HNN"}),
    "degree vast": weights(features={"kind": "Polynomial", "dimension": 2, "degree": 10**9}),
    "degree negative": weights(features={"kind": "Polynomial", "dimension": 2, "degree": -1}),
    "degree a word": weights(features={"kind": "Polynomial", "dimension": 2, "degree": "two"}),
    "dimension": weights(features={"kind": "Polynomial", "dimension": 40, "degree": 40}),
    "weights vast": weights(weights={"shape": [10**12], "dtype": "float32"}),
    "weights negative": weights(weights={"shape": [-5], "dtype": "float32"}),
    "weights of words": weights(weights={"shape": ["a"], "dtype": "float32"}),
    "weights of objects": weights(weights={"shape": [5], "dtype": "object"}),
    "weights of nothing": weights(weights={"shape": None, "dtype": "float32"}),
    "more weights": weights(weights={"shape": [6], "dtype": "float32"}),
}


@pytest.mark.parametrize("name", HEADERS)
def test_weights_from_elsewhere_are_refused(own, capfd, monkeypatch, name):
    save_file({"weights": np.zeros(5, np.float32)}, own / MODEL_FILE, {"symplect": json.dumps(HEADERS[name])})
    began = time.monotonic()
    refused(capfd, monkeypatch, *commands(own)[0])
    assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 8,
        b"\xff" * 8,
        struct.pack("<Q", 2**40) + b"{}",
        struct.pack("<Q", 2) + b"{}",
        b"PK\x03\x04",
        b"{}",
        struct.pack("<Q", 5000) + b"[" * 5000,
        b"\x80\x04K\x01.",
    ],
)
def test_what_is_no_safetensors_is_refused(own, capfd, monkeypatch, content):
    write(own, MODEL_FILE, content)
    for arguments in commands(own):
        refused(capfd, monkeypatch, *arguments)


def test_a_header_that_no_tensor_fits(own, capfd, monkeypatch):
    raw = json.dumps({"weights": {"dtype": "F64", "shape": [2**40], "data_offsets": [0, 2**43]}}).encode()
    write(own, MODEL_FILE, struct.pack("<Q", len(raw)) + raw)
    refused(capfd, monkeypatch, *commands(own)[0])
    save_file({"weights": np.zeros(5, np.float32)}, own / MODEL_FILE)
    refused(capfd, monkeypatch, *commands(own)[0])


@pytest.mark.slow
def test_html_in_a_run_stays_text(own, monkeypatch):
    bad = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    configured(own, data(names=[bad, "../../v"], units=[bad, bad], sources=[bad], understood=bad, time_unit=bad))
    configured(own, top(verdict=bad, cautions=[bad], method=bad, model=bad))
    path, _, _, page, model = commands(own)
    for arguments in (path, page, model):
        call(monkeypatch, *arguments)
    shown = (own.parent / "page.html").read_text()
    assert "<script>alert" not in shown
    assert "<img src=x" not in shown
    assert sorted(path.name for path in own.parent.iterdir()) == [
        "model.json",
        "page.html",
        "path.csv",
        "run",
        "table.csv",
    ]


@pytest.mark.slow
def test_tasks_with_other_files_are_refused(tmp_path, capfd, monkeypatch):
    folder = tmp_path / "run"

    def refuse(command, **odd):
        configured(folder, top(**odd))
        refused(capfd, monkeypatch, command, folder)
        shutil.rmtree(folder)
        save_run(folder, whole)

    whole = published_runs("pendulum")[1]
    save_run(folder, whole)
    for odd in ({"task": []}, {"task": "../.."}, {"model": {}}, {"seed": "0"}, {"settings": 7}, {"seed": None}):
        refuse("report", **odd)
    for odd in ({"task": []}, {"task": "../.."}, {"model": {}}, {"seed": "0"}):
        refuse("certify", **odd)
    np.savez(folder / "rollout.npz", t=np.zeros(3))
    for command in ("certify", "report"):
        refused(capfd, monkeypatch, command, folder)
    (folder / "results.json").write_text('{"runs": [7], "settings": {}, "versions": {}, "not_run": {}}')
    refused(capfd, monkeypatch, "report", folder)


# No code


def test_a_pickle_is_not_opened(tmp_path):
    objects = io.BytesIO()
    np.save(objects, np.array([Marker(tmp_path / "opened")], dtype=object), allow_pickle=True)
    raw = objects.getvalue()
    pickled = raw[raw.index(b"\n", 64) + 1 :]
    for number, content in enumerate((raw, pickled, npz(raw), npz(pickled), zipped([*WHOLE, ("more.npy", raw)]))):
        for ending in (".npz", ".csv", ".parquet", ".jsonl", ".h5"):
            with pytest.raises(InputError):
                read(write(tmp_path, f"objects{number}{ending}", content), ROLES)
    assert not (tmp_path / "opened").exists()


WATCH = """
import os, sys
from pathlib import Path
from symplect.errors import InputError
from symplect.tables import Columns, read
from symplect.runs import load_run
from symplect.files import read_arrays

tables, run, hostile = map(Path, sys.argv[1:4])
roles = Columns(q=("x",), p=("v",), time="t")

def all_of_them():
    for path in sorted(tables.iterdir()):
        read(path, roles)
    load_run(run)
    for path in sorted(hostile.iterdir()):
        for reads in (lambda: read(path, roles), lambda: read_arrays(path)):
            try:
                reads()
                raise AssertionError(path)
            except InputError:
                pass

def watch(event, arguments):
    if not watching:
        return
    if event == "subprocess.Popen":  # the decoder of Parquet, and nothing else
        assert arguments[1][1:3] == ["-I", decoder], arguments
    if event == "compile":  # NumPy parses the header of an array as a literal, which is not run
        assert arguments[1] == "<unknown>", arguments
    assert event not in FORBIDDEN, (event, arguments)
    assert not event.startswith(("ctypes.", "marshal.", "code.", "os.exec")), (event, arguments)

FORBIDDEN = (
    "exec", "import", "pickle.find_class", "os.system", "os.spawn", "os.fork", "function.__new__", "socket.connect",
)
watching = False
from symplect.tables import decode_parquet
decoder = decode_parquet.__file__
all_of_them()  # once before, so that everything is imported
sys.addaudithook(watch)
watching = True
all_of_them()
watching = False
print("nothing ran")
"""


@pytest.mark.slow
def test_nothing_that_is_read_runs_code(own, tmp_path):
    """Every kind of file and a run, under an audit hook that forbids unpickling, importing and executing."""
    tables, hostile = tmp_path / "tables", tmp_path / "hostile"
    tables.mkdir()
    hostile.mkdir()

    def fill(file):
        file["t"], file["x"], file["v"] = (FRAME[name].to_numpy() for name in "txv")

    contents = {
        "a.csv": text(),
        "a.txt": text(separator="\t", header="t\tx\tv"),
        "a.npz": zipped(WHOLE),
        "a.parquet": parquet(FRAME),
        "a.jsonl": FRAME.write_ndjson(),
        "a.h5": hdf5(fill),
    }
    for name, content in contents.items():
        write(tables, name, content)
    objects = io.BytesIO()
    np.save(objects, np.array([Marker(tmp_path / "opened")], dtype=object), allow_pickle=True)
    write(hostile, "objects.npz", npz(objects.getvalue()))
    write(hostile, "call.npz", npz(array(kind="__import__('os').system('true')")))
    done = subprocess.run(
        [sys.executable, "-c", WATCH, tables, own, hostile], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "nothing ran", done.stderr
    assert not (tmp_path / "opened").exists()


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
