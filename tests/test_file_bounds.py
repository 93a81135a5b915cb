"""Files of any kind are read or refused within memory and time; what changed since it was written is refused."""

import gzip
import io
import json
import os
import subprocess
import sys
import zipfile

import equinox as eqx
import h5py
import jax
import numpy as np
import polars as pl
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from symplect.data import Trajectories
from symplect.errors import InputError
from symplect.files import read_json, read_tree, write_tree
from symplect.runs import MODEL_FILE, load_model, load_run, save_run
from symplect.tables import Columns, read
from tests.malformed import T, V, X, array, own_run, zipped

ROLES = Columns(q=("x",), p=("v",), time="t")
FREE = 2**30  # bytes that any file may take, beside twice its size
SECONDS = 60.0

PROBE = r"""
import re, resource, sys, time
from pathlib import Path
from symplect.errors import InputError
from symplect.tables import Columns, read
from symplect.runs import load_run
path, kind = Path(sys.argv[1]), sys.argv[2]
began = time.monotonic()
try:
    read(path, Columns(q=("x",), p=("v",), time="t")) if kind == "table" else load_run(path)
    said = "read"
except InputError as error:
    said = str(error)
own = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])  # ru_maxrss has that of the parent
print(1024 * max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss), time.monotonic() - began, said)
"""


def probed(path, kind="table"):
    """Returns peak memory in bytes, seconds and what was said, of reading in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, path, kind], capture_output=True, text=True, timeout=3 * SECONDS
    )
    assert done.returncode == 0, done.stderr
    memory, seconds, said = done.stdout.split(maxsplit=2)
    return int(memory), float(seconds), said.strip()


def zeros(number):
    """Returns an archive of three arrays of so many zeros of one byte each."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in "txv":
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                file.write(array(f"({number},)", "'|i1'", body=b""))
                for start in range(0, number, 10**7):
                    file.write(bytes(min(10**7, number - start)))
    return raw.getvalue()


def filled(chunks, length, most):
    raw = io.BytesIO()
    with h5py.File(raw, "w") as file:
        for name in "txv":
            file.create_dataset(name, (length,), "i1", chunks=(chunks,), maxshape=(most,), compression="gzip")
    return raw.getvalue()


def parquet(number):
    raw = io.BytesIO()
    pl.select(t=pl.repeat(0, number, dtype=pl.Int8)).with_columns(x="t", v="t").write_parquet(raw)
    return raw.getvalue()


BOMBS = {
    "zeros.npz": lambda: zeros(300_000_000),
    "fewer-zeros.npz": lambda: zeros(1_300_000),  # are read
    "zeros.npy": lambda: array("(400000000, 1)", "'|i1'", body=b""),
    "filled.h5": lambda: filled(10**6, 10**9, 10**9),
    "chunk.h5": lambda: filled(2 * 10**9, 30, None),
    "zeros.parquet": lambda: parquet(30_000_000),
    "names.jsonl": lambda: "".join(f'{{"c{i}": 1}}\n' for i in range(70_000)).encode(),
    "sparse.jsonl": lambda: "".join(f'{{"t": {i}, "c{i % 3000}": 1}}\n' for i in range(60_000)).encode(),
    "lists.json": lambda: b'{"t": [' + b"[]," * 5_000_000 + b"[]]}",
    "deep.json": lambda: b"[" * 10**7,
    "ones.csv.gz": lambda: gzip.compress(b"t,x,v\n" + b"1,2,3\n" * 10**7, 6),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_table_is_read_or_refused_within_memory_and_time(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(BOMBS[name]())
    memory, seconds, said = probed(path)
    assert said.startswith("expected "), said
    assert memory < FREE + 2 * path.stat().st_size
    assert seconds < SECONDS


SMALL = {
    "zeros.npz": (lambda: zeros(10_000_000), "at most .* values, for its size, found 10000000"),
    "filled.h5": (lambda: filled(10**6, 10**9, 10**9), "found 1000000000"),
    "chunk.h5": (lambda: filled(2 * 10**9, 30, None), "found 2000000000"),
    "names.jsonl": (BOMBS["names.jsonl"], "values, for its size"),
    "deep.json": (BOMBS["deep.json"], "bytes of memory"),
    "ones.csv.gz": (BOMBS["ones.csv.gz"], "to unpack to at most .* bytes, for its size"),
}


@pytest.mark.parametrize("name", SMALL)
def test_what_unpacks_to_far_more_than_its_size_is_refused(tmp_path, name):
    content, message = SMALL[name]
    path = tmp_path / name
    path.write_bytes(content())
    with pytest.raises(InputError, match=message):
        read(path, ROLES)


def test_small_integers_that_are_packed_as_measured_data_are_read(tmp_path):
    number = 1_000_000
    noise = np.random.default_rng(0).integers(-2000, 2000, (2, number), dtype=np.int16)
    np.savez_compressed(tmp_path / "a.npz", t=np.arange(number, dtype=np.int32), x=noise[0], v=noise[1])
    assert read(tmp_path / "a.npz", ROLES).data.lengths == (number,)


# Files that are not what they say

HONEST = {"t": array(body=T.tobytes()), "x": array(body=X.tobytes()), "v": array()}
LIES = {
    "shorter": {name: array("(20,)", body=own[-240:]) for name, own in HONEST.items()},
    "of smaller numbers": {name: array(kind="'<f4'", body=own[-240:]) for name, own in HONEST.items()},
    "longer": HONEST | {"v": array("(31,)")},
    "with more behind it": HONEST | {"v": array(body=V.tobytes() + b"\0")},
}


@pytest.mark.parametrize("lie", LIES)
def test_an_array_that_is_not_as_large_as_it_says_is_refused(tmp_path, lie):
    path = tmp_path / "a.npz"
    path.write_bytes(zipped([(f"{name}.npy", own) for name, own in LIES[lie].items()]))
    with pytest.raises(InputError, match="header promises"):
        read(path, ROLES)


def places(folder):
    os.mkfifo(folder / "pipe")
    (folder / "zero").symlink_to("/dev/zero")
    (folder / "folder").mkdir()
    return folder / "pipe", folder / "zero", folder / "folder"


FILES = ["config.json", "metrics.json", "history.npz", "rollout.npz", MODEL_FILE]


@pytest.mark.parametrize("name", FILES)
def test_a_pipe_or_a_device_in_a_run_is_refused_and_not_waited_for(tmp_path, name):
    save_run(tmp_path / "run", own_run())
    for place in places(tmp_path):
        (tmp_path / "run" / name).unlink()
        (tmp_path / "run" / name).symlink_to(place)
        with pytest.raises(InputError, match="expected a file, found a "):
            load_run(tmp_path / "run")


@pytest.mark.parametrize(
    "content", ['{"a": ' + "9" * 400 + "}", '{"a": 1e999}', '{"a": Infinity}', '{"a": "' + "x" * 10**4 + '"}']
)
def test_metrics_that_are_no_numbers_are_refused_in_a_short_line(tmp_path, content):
    save_run(tmp_path / "run", own_run())
    (tmp_path / "run" / "metrics.json").write_text(content)
    with pytest.raises(InputError, match=r"metrics\.json") as found:
        load_run(tmp_path / "run")
    assert len(str(found.value)) < 600


def test_json_larger_than_any_of_ours_is_refused(tmp_path):
    path = tmp_path / "config.json"
    with path.open("wb") as file:
        file.truncate(2**27)
    with pytest.raises(InputError, match="at most 67108864 bytes"):
        read_json(path)
    path.write_text('{"a": [' + "{}," * 3_000_000 + "{}]}")
    with pytest.raises(InputError, match="bytes of memory"):
        read_json(path)


# Weights


def test_weights_that_changed_since_they_were_written_are_refused(tmp_path):
    run = own_run()
    save_run(tmp_path / "run", run)
    path = tmp_path / "run" / MODEL_FILE
    whole = path.read_bytes()
    for place in range(1, 8 * 3, 3):  # in the numbers, which are the last bytes
        path.write_bytes(whole[:-place] + bytes([whole[-place] ^ 1]) + whole[len(whole) - place + 1 :])
        with pytest.raises(InputError, match="checksum"):
            load_model(path)
    path.write_bytes(whole)
    assert eqx.tree_equal(load_model(path), run.model)


def test_a_configuration_that_changed_is_refused_too(tmp_path):
    path = tmp_path / "a.safetensors"
    tree = {"a": np.arange(3.0)}
    write_tree(path, tree, {"mass": 1.5})
    path.write_bytes(path.read_bytes().replace(b"1.5", b"2.5"))
    with pytest.raises(InputError, match="checksum"):
        read_tree(path, tree)


def test_the_numbers_of_two_arrays_that_changed_places_are_noticed(tmp_path):
    path = tmp_path / "a.safetensors"
    tree = {"a": np.zeros(3), "b": np.ones(3)}
    write_tree(path, tree, {})
    with safe_open(path, "numpy") as content:
        header = content.metadata()
    save_file({"a": np.ones(3), "b": np.zeros(3)}, path, header)
    with pytest.raises(InputError, match="checksum"):
        read_tree(path, tree)


def test_weights_from_before_there_were_checksums_are_read(tmp_path):
    path = tmp_path / "a.safetensors"
    tree = {"a": np.arange(3.0)}
    save_file(tree, path, {"symplect": json.dumps({})})
    np.testing.assert_array_equal(read_tree(path, jax.tree.map(np.zeros_like, tree))["a"], tree["a"])


# Many trials


def test_trials_one_by_one_are_those_that_are_selected():
    lengths = (3, 1, 5)
    data = Trajectories(np.arange(9.0), np.arange(18.0).reshape(9, 2), lengths, inputs=np.arange(9.0)[:, None])
    for number, trial in enumerate(data):
        own = data.select([number])
        assert trial.lengths == own.lengths
        for name in ("times", "states", "inputs"):
            np.testing.assert_array_equal(getattr(trial, name), getattr(own, name))
