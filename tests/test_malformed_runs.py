"""A run that is not as it was written is refused, and nothing that is read runs code."""

import dataclasses
import io
import json
import shutil
import struct
import subprocess
import sys
import time

import numpy as np
import pytest
from safetensors.numpy import save_file

from symplect.errors import InputError
from symplect.runs import MODEL_FILE, load_run, save_run
from symplect.tables import read
from tests.fake_runs import published_runs
from tests.malformed import FRAME, WHOLE, Marker, array, hdf5, npz, own_run, parquet, text, zipped
from tests.refusals import ROLES, SECONDS, call, refused, write


@pytest.fixture(autouse=True)
def no_fit(monkeypatch):
    """What is malformed is refused before anything is fitted."""

    def fitted(*_, **__):
        raise AssertionError("a fit was begun")

    monkeypatch.setattr("symplect.auto.fit_reading", fitted)


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
