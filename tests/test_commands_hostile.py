"""Commands among hostile things: odd names, other terminals, closed pipes, full devices, models that blow up."""

import dataclasses
import errno
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest

from symplect import cli
from symplect.errors import InputError
from symplect.experiments.plan import Plan
from symplect.experiments.reproduction import reproduce
from symplect.experiments.training import config_of
from symplect.files import discard_leftovers, read_json, writing
from symplect.models import FeatureHamiltonian
from symplect.models.features import Polynomial
from symplect.results import predictions
from symplect.runs import TaskRun, load_run, save_run
from symplect.tables import Columns
from tests.malformed import FRAME, own_run
from tests.refusals import SYMPLECT, call


def ended(monkeypatch, capsys, *arguments):
    """Returns the code of a call that ends early, and its one line."""
    with pytest.raises(SystemExit) as stop:
        call(monkeypatch, *arguments)
    said = capsys.readouterr()
    assert said.err.count("\n") <= 1
    return stop.value.code, said.err.strip(), said.out


def named(folder, *names, **more):
    """Writes a run whose coordinates have other names; H = (x² + v²) / 2."""
    run = own_run()
    data = dataclasses.replace(run.config.data, names=names)
    save_run(folder, dataclasses.replace(run, config=dataclasses.replace(run.config, data=data)))
    return folder


def unstable(folder, strength=1.0):
    """Writes a run whose paths leave the finite numbers: H = v² / 2 - strength x⁴."""
    features = Polynomial(2, degree=4)
    columns = np.array(features(jnp.array([2.0, 0.0]))), np.array(features(jnp.array([0.0, 3.0])))
    weights = np.where(columns[0] == 16, -strength, 0.0) + np.where(columns[1] == 9, 0.5, 0.0)
    save_run(folder, dataclasses.replace(own_run(), model=FeatureHamiltonian(features, jnp.asarray(weights))))
    return folder


# Columns of a simulation

NAMES = {
    ("x", "v"): ["x", "v"],
    ("x [m]", "v [m/s]"): ["x", "v"],
    ("x [m]", "x [m/s]"): ["x [m]", "x [m/s]"],
    ("x (m)", "x [m]"): ["x (m)", "x [m]"],
    ("x", "x"): ["x", "x_2"],
    ("x", "x [m]"): ["x", "x [m]"],
    ("time", "energy"): ["time_2", "energy_2"],
    ("trial [1]", "time [s]"): ["trial_2", "time_2"],
    ("energy", "energy_2"): ["energy_3", "energy_2"],
    ("file", "allow_pickle"): ["file", "allow_pickle"],
    ("a/b", "../c"): ["a/b", "../c"],
    ("\ud800", "v"): ["?", "v"],
}


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("ending", ["csv", "parquet", "npz"])
def test_simulate_keeps_every_column(tmp_path, monkeypatch, names, ending):
    path = tmp_path / f"path.{ending}"
    run = named(tmp_path / "run", *names)
    call(monkeypatch, "simulate", run, "--start", 0.5, 0, "--until", 2, "--dt", 0.5, "--out", path)
    if ending == "npz":
        with np.load(path) as found:
            columns = {name: found[name] for name in found.files}
    else:
        found = {"csv": pl.read_csv, "parquet": pl.read_parquet}[ending](path)
        columns = {name: found[name].to_numpy() for name in found.columns}
    assert list(columns) == ["trial", "time", *NAMES[names], "energy"]
    times = np.arange(0, 2.1, 0.5)
    for name, truth in zip(NAMES[names], (0.5 * np.cos(times), -0.5 * np.sin(times)), strict=True):
        np.testing.assert_allclose(columns[name], truth, atol=1e-6)
    np.testing.assert_allclose(columns["energy"], 0.125, atol=1e-6)


@pytest.mark.parametrize("names", [names for names in NAMES if names[0] != names[1] and "\ud800" not in names])
def test_starts_are_found_by_the_names_of_either_table(tmp_path, names):
    run = load_run(named(tmp_path / "run", *names))
    for given in (names, NAMES[names]):
        table = pl.DataFrame({given[1]: [0.25, 0.5], "more": [7.0, 8.0], given[0]: [1.0, 2.0]})
        table.write_csv(tmp_path / "starts.csv")
        np.testing.assert_array_equal(predictions.read_starts(tmp_path / "starts.csv", run), [[1.0, 0.25], [2.0, 0.5]])


def test_what_simulate_wrote_is_taken_as_starts(tmp_path):
    run = load_run(named(tmp_path / "run", "time", "energy"))
    table = predictions.simulate(run, np.array([[1.0, 0.25]]), 1.0, 0.5)
    predictions.write_table(table, tmp_path / "path.csv")
    found = predictions.read_starts(tmp_path / "path.csv", run)
    np.testing.assert_allclose(found[0], [1.0, 0.25])
    np.testing.assert_allclose(found[-1], [np.cos(1) + 0.25 * np.sin(1), 0.25 * np.cos(1) - np.sin(1)], atol=1e-6)


# Numbers that are not finite, and long times


@pytest.mark.parametrize("start", ["1e300", "-1e200", "1e155"])
def test_an_energy_that_is_not_finite_is_refused(tmp_path, monkeypatch, capsys, start):
    run, out = named(tmp_path / "run", "x", "v"), tmp_path / "path.csv"
    words = ("--start", start, 0, "--until", 1, "--dt", 0.5, "--out", out)
    code, line, _ = ended(monkeypatch, capsys, "simulate", run, *words)
    assert code == 2
    assert line.startswith("symplect: expected a finite energy, found inf")
    assert not out.exists()


def test_a_path_that_blows_up_is_refused_with_its_time(tmp_path, monkeypatch, capsys):
    run, out = unstable(tmp_path / "run"), tmp_path / "path.csv"
    words = ("--start", 1, 0.5, "--until", 5, "--dt", 0.01, "--out", out)
    code, line, _ = ended(monkeypatch, capsys, "simulate", run, *words)
    assert code == 2
    assert "found one that leaves the finite numbers soon after time 0.8" in line
    assert "max_steps" not in line
    assert not out.exists()


def test_a_long_path_of_what_stays_finite_is_followed(tmp_path):
    """A turn takes some thirty steps of the solver: thousands of turns take more than it makes at once."""
    run = load_run(named(tmp_path / "run", "x", "v"))
    for until, step in ((6000.0, 1500.0), (1500.0, 0.5), (-6000.0, 6000.0)):
        found = predictions.simulate(run, np.array([[1.0, 0.0], [0.0, 0.5]]), until, step)
        times = found["time"].to_numpy()
        assert times[-1] == pytest.approx(until)
        own = found["trial"].to_numpy() == 0
        np.testing.assert_allclose(found["x"].to_numpy()[own], np.cos(times[own]), atol=1e-4)
        np.testing.assert_allclose(found["x"].to_numpy()[~own], 0.5 * np.sin(times[~own]), atol=1e-4)


def test_times_of_any_size_are_followed(tmp_path):
    run = load_run(named(tmp_path / "run", "x", "v"))
    found = predictions.simulate(run, np.array([[1.0, 0.0]]), 1e-299, 1e-300)
    np.testing.assert_allclose(found["x"].to_numpy(), 1.0)


def test_a_model_that_leaves_the_finite_numbers_is_said_to(tmp_path, monkeypatch, capsys):
    """Its error alone, which has a bound, would not tell; what is predicted for a while is no failure."""
    times = np.linspace(0, 3, 60)
    far = pl.DataFrame({"t": times, "x": 2 * np.cos(times), "v": -2 * np.sin(times)})
    far.write_csv(tmp_path / "far.csv")
    call(monkeypatch, "evaluate", unstable(tmp_path / "run"), tmp_path / "far.csv")
    said = "warning: the model leaves the finite numbers on 1 of 1 paths"
    assert said in capsys.readouterr().out
    code, error, out = ended(monkeypatch, capsys, "evaluate", unstable(tmp_path / "wild", 1e4), tmp_path / "far.csv")
    assert (code, error) == (1, "")
    assert said in out


def test_a_model_that_predicts_no_better_than_the_mean_is_said_to(tmp_path, monkeypatch, capsys):
    pl.DataFrame({"t": 3 * FRAME["t"], "x": FRAME["v"], "v": FRAME["x"]}).write_csv(tmp_path / "other.csv")
    call(monkeypatch, "evaluate", named(tmp_path / "run", "x", "v"), tmp_path / "other.csv")
    said = capsys.readouterr().out
    assert "warning: the model does not predict these data" in said
    FRAME.write_csv(tmp_path / "own.csv")
    call(monkeypatch, "evaluate", tmp_path / "run", tmp_path / "own.csv")
    assert "warning" not in capsys.readouterr().out
    own = Columns(q=("x",), p=("v",), time="t")
    found = predictions.evaluate(load_run(tmp_path / "run"), [tmp_path / "own.csv"], own)
    assert (found["paths"], found["finite"]) == (1, 1)
    assert found["held_out_error"] < 1e-4


# Names, and terminals


@pytest.fixture
def odd(tmp_path):
    """A table, and a run, at places whose names are no UTF-8."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    (folder / os.fsdecode(b"t\xff.csv")).write_text(FRAME.write_csv())
    run = own_run()
    data = dataclasses.replace(run.config.data, sources=(os.fsdecode(b"t\xff.csv"),), names=("\udcff", "v"))
    config = dataclasses.replace(run.config, data=data, verdict="\udcffé ±")
    save_run(folder / "run", dataclasses.replace(run, config=config))
    return folder


def process(*arguments, **environment):
    words = [word if isinstance(word, bytes) else os.fsencode(str(word)) for word in (SYMPLECT, *arguments)]
    return subprocess.run(words, capture_output=True, timeout=300, env={**os.environ, **environment})


def test_names_that_are_no_utf_8_are_taken_by_every_command(odd, monkeypatch, capsys):
    table = odd / os.fsdecode(b"t\xff.csv")
    run = odd / "run"
    call(monkeypatch, "simulate", run, "--start", 1, 0, "--until", 1, "--dt", 0.5, "--out", odd / "path.csv")
    call(monkeypatch, "evaluate", run, table, "--q", "x", "--p", "v", "--time", "t")
    call(monkeypatch, "certify", run)
    call(monkeypatch, "report", run)
    call(monkeypatch, "explore", run)
    call(monkeypatch, "export", run, "--out", odd / "model.json")
    assert "?é ±" in (run / "report.html").read_text(encoding="utf-8")
    assert capsys.readouterr().err == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "terminal",
    [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"TERM": "dumb"}],
)
def test_a_fit_of_odd_names_ends_with_its_verdict_on_any_terminal(odd, terminal):
    out, table = odd / os.fsdecode(b"r\xff"), odd / os.fsdecode(b"t\xff.csv")
    words = ("--q", "x", "--p", "v", "--time", "t", "--method", "closed-form", "--out", out)
    done = process("fit", table, *words, **terminal)
    assert (done.returncode, done.stderr) == (0, b"")
    assert load_run(out).config.verdict.encode("ascii", "backslashreplace")[:60] in done.stdout
    assert (out / "report.html").stat().st_size > 100_000


def writer(stdout, *arguments):
    return subprocess.Popen([SYMPLECT, *arguments], stdout=stdout, stderr=subprocess.PIPE)


@pytest.mark.parametrize("arguments", [["tasks"], ["--help"], ["fit", "--help"]])
def test_a_closed_pipe_ends_quietly_and_a_full_device_in_a_line(arguments):
    with writer(subprocess.PIPE, *arguments) as closed:
        closed.stdout.close()
        assert closed.stderr.read() == b""
    assert closed.returncode == 141
    with open("/dev/full", "w") as full, writer(full, *arguments) as device:
        assert device.stderr.read().splitlines() == [
            b"symplect: expected to write what the command prints, found: No space left on device: "
            b"mend that and run again"
        ]
    assert device.returncode == 1


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyError("x"), 1, "an error inside symplect, KeyError('x'): please report it, with SYMPLECT_DEBUG=1"),
        (RuntimeError("two\nlines"), 1, r"an error inside symplect, RuntimeError('two\nlines'): please report"),
        (RecursionError(), 1, "an error inside symplect, RecursionError()"),
        (MemoryError(), 1, "expected enough memory"),
        (
            OSError(errno.ENOSPC, "No space left on device", "a.csv"),
            1,
            "expected to read or write a.csv, found: No space",
        ),
        (ConnectionResetError("gone"), 1, "an error inside symplect, ConnectionResetError('gone')"),
        (InputError("expected a,\nfound b"), 2, "expected a, found b"),
        (KeyboardInterrupt(), 130, "interrupted; the same command begins anew"),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_whatever_happens_inside_is_one_line(monkeypatch, capsys, error, code, said):
    def fail():
        warnings.warn("of another package", RuntimeWarning, stacklevel=1)
        raise error

    monkeypatch.setitem(cli.COMMANDS, "tasks", fail)
    found, line, out = ended(monkeypatch, capsys, "tasks")
    assert (found, out) == (code, "")
    assert line.removeprefix("symplect: ").startswith(said)
    if not isinstance(error, KeyError):
        return
    monkeypatch.setenv("SYMPLECT_DEBUG", "1")
    with pytest.raises(RuntimeWarning):  # which these tests make an error of
        call(monkeypatch, "tasks")


# Two processes, and those that were ended


def test_a_temporary_folder_of_a_process_that_lives_stays(tmp_path):
    """Two commands may write the same file at the same time: neither takes the other's folder away."""
    with writing(tmp_path / "results.json") as first:
        discard_leftovers(tmp_path / "results.json")
        assert first.parent.exists()
        first.write_text("{}")
    script = (
        "import sys, time; from pathlib import Path; from symplect.files import writing\n"
        "with writing(Path(sys.argv[1])) as place:\n    place.mkdir(); print('there', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", script, tmp_path / "seed-[0]"], stdout=subprocess.PIPE)
    assert other.stdout.readline() == b"there\n"
    discard_leftovers(tmp_path / "seed-[0]")
    assert len(list(tmp_path.glob(".seed*"))) == 1
    other.send_signal(signal.SIGKILL)
    other.wait()
    other.stdout.close()
    discard_leftovers(tmp_path / "seed-[0]")
    assert not list(tmp_path.glob(".seed*"))
    assert read_json(tmp_path / "results.json") == {}


def test_a_temporary_folder_of_another_machine_stays_for_a_day(tmp_path):
    there = tmp_path / ".seed-0.00000000-1-abcdefgh"
    there.mkdir()
    discard_leftovers(tmp_path / "seed-0")
    assert there.exists()
    os.utime(there, (0, 0))
    discard_leftovers(tmp_path / "seed-0")
    assert not there.exists()


def test_two_reproductions_into_one_folder_share_the_work(tmp_path, monkeypatch, capsys):
    """Each makes what the other is not at, and both end with the whole table; nothing is made twice."""
    made, at_once = [], threading.Barrier(2, timeout=60)

    def make(run, data, *_):
        made.append(run.model)
        at_once.wait()  # both are at work
        finished = TaskRun(config_of(run), {"energy_mse": 1.0}, {}, {}, own_run().model)
        save_run(run.folder, finished)
        return finished

    monkeypatch.setattr("symplect.experiments.training.train", make)
    monkeypatch.setattr("symplect.experiments.sweep.work.data_of", lambda *_: None)
    plan = Plan(["mass-spring"], ["baseline", "hnn"], 1, tmp_path)
    tables = {}
    both = [threading.Thread(target=lambda i=i: tables.update({i: reproduce(plan)})) for i in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(120)
    assert sorted(made) == ["baseline", "hnn"]
    assert tables[0] == tables[1]
    assert "another process is at it" in capsys.readouterr().err
    assert len(read_json(tmp_path / "results.json")["runs"]) == 2
    assert not [path for path in tmp_path.rglob("*") if path.suffix == ".lock" or path.name.startswith(".")]


@pytest.mark.slow
def test_ctrl_c_in_a_fit_promises_nothing(tmp_path):
    FRAME.write_csv(tmp_path / "a.csv")
    words = [SYMPLECT, "fit", "a.csv", "--q", "x", "--p", "v", "--time", "t", "--method", "gradient"]
    fit = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert fit.stdout.readline()
    time.sleep(2)
    fit.send_signal(signal.SIGINT)
    _, errors = fit.communicate(timeout=120)
    assert fit.returncode == 130
    assert errors.strip().splitlines()[-1] == "symplect: interrupted; the same command begins anew"
    assert not (tmp_path / "runs").exists()
