"""Broken files of runs, many and seeded: every command takes or refuses them in one line, soon and within memory."""

import io
import json
import os
import random
import resource
import shutil
import signal
import sys
import warnings
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import numpy as np
import pytest

from symplect import cli
from symplect.runs import MODEL_FILE, save_run
from tests.fake_runs import published_runs
from tests.malformed import FRAME, own_run

CASES, SEED = 520, 20
SECONDS = 60
JSON = ("config.json", "metrics.json")
ARRAYS = ("history.npz", "rollout.npz")
FILES = (*JSON, *ARRAYS, "model.safetensors")
ODD = [
    None, True, -1, 0, 7, 10**400, 2**63, 1e308, -1e-320, float("nan"), float("inf"), "", "x" * 100_000, "\ud800",
    "</script>", "../../etc/passwd", "\x1b[31m\n", [], {}, [[]], [None], {"a": {}}, [1e308, "a"], ["x"] * 1000,
]  # fmt: skip
SHAPES = [(), (0,), (1,), (30,), (2, 30), (30, 2), (30, 3), (0, 2), (2, 2, 2), (1, 1, 1, 1)]
KINDS = ["f8", "f4", "f2", "i8", "i1", "u8", "?", "c16", "U3", "S3", "M8[s]", "V4"]


def flipped(path, rng):
    """Changes some bytes."""
    raw = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 1, 3, 30])):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    path.write_bytes(raw)


def cut(path, rng):
    """Leaves the end out."""
    raw = path.read_bytes()
    path.write_bytes(raw[: rng.randrange(len(raw))])


def longer(path, rng):
    """Puts something behind, or in between."""
    raw = path.read_bytes()
    place = rng.choice([len(raw), rng.randrange(len(raw))])
    path.write_bytes(raw[:place] + rng.randbytes(rng.choice([1, 100])) + raw[place:])


def missing(path, rng):
    path.unlink()


def other_kind(path, rng):
    """Puts something there that is no regular file."""
    path.unlink()
    match rng.choice(["folder", "loop", "nowhere", "zero", "pipe", "full", "memory"]):
        case "folder":
            path.mkdir()
        case "loop":
            path.symlink_to(path.name)
        case "nowhere":
            path.symlink_to("missing")
        case "pipe":
            os.mkfifo(path)
        case kind:
            path.symlink_to({"zero": "/dev/zero", "full": "/dev/full", "memory": "/proc/self/mem"}[kind])


def swapped(path, rng):
    """Puts another file of the run there."""
    shutil.copy(path.parent / rng.choice(FILES), path.with_name("copy"))
    path.with_name("copy").rename(path)


def other_value(path, rng):
    """Changes a value of JSON, however deep."""
    whole = json.loads(path.read_text())
    part = whole
    while True:
        key = rng.choice(list(part) if isinstance(part, dict) else range(len(part)))
        if isinstance(part[key], dict | list) and part[key] and rng.random() < 0.7:
            part = part[key]
            continue
        match rng.choice(["other", "other", "other", "gone", "more", "deep"]):
            case "gone":
                del part[key]
            case "more" if isinstance(part, dict):
                part[rng.choice(["task", "data", "extra", "\ud800", ""])] = rng.choice(ODD)
            case "deep":
                part[key] = json.loads("[" * 300 + "]" * 300)
            case _:
                part[key] = rng.choice(ODD)
        break
    path.write_text(json.dumps(whole))


def other_array(path, rng):
    """Changes an array's shape, type or values, or takes it away."""
    with np.load(path) as found:
        arrays = dict(found)
    name = rng.choice([*arrays, "extra"])
    match rng.choice(["shape", "kind", "values", "gone"]):
        case "gone":
            arrays.pop(name, None)
        case "values" if name in arrays and arrays[name].dtype.kind == "f":
            arrays[name] = np.full_like(arrays[name], rng.choice([np.nan, np.inf, 0.0, 1e300, -1e-310]))
        case "kind" if name in arrays:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                arrays[name] = arrays[name].astype(rng.choice(KINDS[:10]))
        case _:
            arrays[name] = np.zeros(rng.choice(SHAPES), rng.choice(KINDS))
    np.savez(path, **arrays)


def huge_array(path, rng):
    """Promises more than a memory holds, in few bytes."""
    np.savez_compressed(path, train=np.zeros((rng.choice([2**22, 2**25]), 2), np.int8))


ANY = [flipped, flipped, cut, longer, missing, other_kind, swapped]


def mutated(folder, rng):
    """Changes one file of a run, or two."""
    for name in rng.sample(FILES, rng.choice([1, 1, 1, 2])):
        more = {JSON: [other_value] * 9, ARRAYS: [*[other_array] * 6, huge_array]}
        changes = ANY + next((own for names, own in more.items() if name in names), [])
        path = folder / name
        if path.is_file():
            rng.choice(changes)(path, rng)


def commands(folder, table):
    """Returns a call of every command that reads a run."""
    out = folder.parent / "out"
    return [
        ("simulate", folder, "--until", 1, "--dt", 0.5, "--start", 0.9, 0.1, "--out", out / "path.csv"),
        ("evaluate", folder, table),
        ("certify", folder),
        ("report", folder, "--out", out / "page.html"),
        ("explore", folder, "--out", out / "explorer.html"),
        ("export", folder, "--out", out / "model.json"),
    ]


@contextmanager
def within(seconds):
    """Raises in this very place when it takes longer."""

    def late(*_):
        raise TimeoutError(f"no end within {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def called(monkeypatch, arguments):
    """Returns code, output and errors of a call in this process."""
    monkeypatch.setattr(sys, "argv", ["symplect", *map(str, arguments)])
    code, out, errors = 0, io.StringIO(), io.StringIO()
    with within(SECONDS), redirect_stdout(out), redirect_stderr(errors):
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code
    return code, out.getvalue(), errors.getvalue()


def assert_sound(case, code, out, errors, written):
    """A call is done, and what it wrote is finite, or it is refused in one line and has written nothing."""
    assert code in (0, 1, 2), case
    assert "Traceback" not in out + errors, case
    assert "inside symplect" not in errors, (case, errors)
    if code == 2:
        assert errors.startswith("symplect: expected "), (case, errors)
        assert errors.count("\n") == 1, (case, errors)
        assert len(errors) < 2100, case
        assert not written, case
    if written and written[0].name == "path.csv":
        rows = [line.split(",") for line in written[0].read_text().splitlines()[-2:]]
        assert np.all(np.isfinite(np.array([row[-4:] for row in rows], float))), case


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_broken_runs_are_taken_or_refused(tmp_path, monkeypatch, part):
    """Each of hundreds goes through one command, in turn; weights carry a checksum, so other ones are refused."""
    (tmp_path / "table.csv").write_text(FRAME.write_csv())
    (tmp_path / "out").mkdir()
    run = tmp_path / "run"
    whole = [own_run(), published_runs("pendulum")[1]]
    refusals, before = 0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(part, CASES, 8):
        rng = random.Random(f"{SEED}-{number}")
        shutil.rmtree(run, ignore_errors=True)
        save_run(run, whole[number % 5 == 4])
        weights = (run / MODEL_FILE).read_bytes()
        mutated(run, rng)
        spoilt = not (run / MODEL_FILE).is_file() or (run / MODEL_FILE).read_bytes() != weights
        arguments = commands(run, tmp_path / "table.csv")[number // 8 % 6]
        code, out, errors = called(monkeypatch, arguments)
        written = list((tmp_path / "out").iterdir())
        assert_sound(f"case {number}, {arguments[0]}", code, out, errors, written)
        assert code == 2 or not spoilt, f"case {number}: other weights are taken"
        refusals += code == 2
        for path in written:
            path.unlink()
    assert refusals > CASES / 8 / 4, "most of what is broken is refused"
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    assert grown < 3 * 2**30
