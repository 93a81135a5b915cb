"""User journeys through the real command line."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from symplect.experiments.plan import Plan
from symplect.experiments.reproduction import reproduce
from symplect.runs import load_run
from tests.needs import FOLDER, needs_measurements
from tests.refusals import SYMPLECT, call, refused

AS_REPRODUCED = ("--seeds", 2, "--steps", 150, "--models", "baseline", "hnn")


def run(*arguments, **environment):
    """Runs the command line in a process of its own."""
    return subprocess.run(
        [SYMPLECT, *map(str, arguments)], capture_output=True, text=True, env={**os.environ, **environment}, timeout=300
    )


def results(out):
    """Returns results.json without what time and place make different."""
    content = json.loads((out / "results.json").read_text())
    for row in content["runs"]:
        for name in [name for name in row if name.endswith("_seconds")]:
            del row[name]
    content["settings"].pop("out")
    return content


@pytest.fixture
def own(reproduced, tmp_path):
    """A copy of the small reproduction that a test may break."""
    shutil.copytree(reproduced, tmp_path / "paper")
    return tmp_path / "paper"


def test_the_tasks_are_listed(monkeypatch, capsys):
    call(monkeypatch, "tasks")
    printed = capsys.readouterr().out
    for name in ("mass-spring", "pendulum", "real-pendulum", "two-body", "three-body", "Schmidt and Lipson"):
        assert name in printed


def test_a_reproduction_prints_and_keeps_the_table(reproduced):
    table = (reproduced / "table.md").read_text()
    assert table.strip() in (reproduced.parent / "printed").read_text()
    assert "3.67e-2" in table  # published
    assert "mean ± standard deviation over 2 seeds" in table
    assert "[1] The losses sit on the noise" in table
    rows = [line.split("|") for line in table.splitlines() if "Ideal mass-spring" in line]
    assert [row[2].strip() for row in rows] == ["baseline", "hnn"]
    measured = [run["test_loss"] for run in results(reproduced)["runs"] if run["model"] == "hnn"]
    shown = re.match(r"(\S+) ± (\S+)", rows[1][6].strip())
    np.testing.assert_allclose(
        [float(shown[1]), float(shown[2])], [np.mean(measured), np.std(measured, ddof=1)], rtol=5e-3
    )


def test_the_command_line_computes_in_double_and_keeps_what_it_compiled(tmp_path):
    """In a process of its own: once the package is imported it is too late for environment variables."""
    script = (
        "import sys; from symplect.cli import main; sys.argv = ['symplect', 'tasks']; main()\n"
        "import jax; print(jax.numpy.zeros(1).dtype, jax.config.jax_compilation_cache_dir)"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    del environment["JAX_COMPILATION_CACHE_DIR"]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert done.stdout.splitlines()[-1] == f"float64 {tmp_path / 'symplect' / 'compiled'}"


def test_the_run_folder_is_the_documented_one(reproduced):
    assert sorted(path.name for path in reproduced.iterdir()) == ["mass-spring", "results.json", "table.md"]
    folder = reproduced / "mass-spring" / "hnn" / "seed-1"
    assert {path.name for path in folder.iterdir()} == {
        "config.json", "metrics.json", "history.npz", "rollout.npz", "model.safetensors", "status.json",
    }  # fmt: skip
    assert sorted(path.name for path in folder.parent.iterdir()) == ["seed-0", "seed-1"]
    run = load_run(folder)
    assert run.config.settings["steps"] == 150
    assert run.metrics["field_error"] > 0
    assert run.history["step"].tolist() == [100, 150]
    assert run.rollout["prediction"].shape == (15, 100, 2)
    assert run.rollout["prediction"].dtype == np.float64  # though the model is in single precision


def test_what_is_finished_is_kept(own, monkeypatch, capsys):
    before = {path: path.stat().st_mtime_ns for path in own.rglob("*.safetensors")}
    call(monkeypatch, "reproduce", "mass-spring", *AS_REPRODUCED, "--out", own)
    assert capsys.readouterr().err.count("finished before, kept") == 4
    assert before == {path: path.stat().st_mtime_ns for path in own.rglob("*.safetensors")}


def test_a_lost_run_comes_back_in_the_same_numbers(own, reproduced, monkeypatch):
    shutil.rmtree(own / "mass-spring" / "hnn" / "seed-1")
    call(monkeypatch, "reproduce", "mass-spring", *AS_REPRODUCED, "--out", own)
    assert results(own) == results(reproduced)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["spring"], "expected a task out of mass-spring, .* found 'spring'"),
        (["mass-spring", "--models", "mlp"], "expected a model out of baseline, hnn, .*, found 'mlp'"),
        (["mass-spring", "--steps", "0"], "at least one step, found 0"),
        (["mass-spring", "--steps", "-5"], "at least one step, found -5"),
        (["mass-spring", "--seeds", "0"], "at least one seed, found 0"),
        (["mass-spring", "--seeds", "-1"], "at least one seed, found -1"),
    ],
)
def test_wrong_calls_end_with_code_2(capsys, monkeypatch, tmp_path, arguments, message):
    assert re.search(message, refused(capsys, monkeypatch, "reproduce", *arguments, "--out", tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["reproduce", "--steps", "many"], ["reprodce"], ["reproduce", "--color", "red"]])
def test_what_cannot_be_parsed_ends_with_code_2(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_an_output_folder_that_cannot_be_written(capsys, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    line = refused(capsys, monkeypatch, "reproduce", "mass-spring", "--out", tmp_path / "file" / "out")
    assert "expected to write" in line
    assert (tmp_path / "file").read_text() == "in the way"


def test_other_settings_are_refused_and_nothing_is_lost(own, reproduced, capsys, monkeypatch):
    line = refused(capsys, monkeypatch, "reproduce", "mass-spring", "--steps", 100, "--out", own)
    assert re.search(r"seed-0 to be made with settings .*100.*found .*150.*another folder with --out", line)
    assert results(own) == results(reproduced)


@pytest.mark.parametrize("name", ["metrics.json", "model.safetensors"])
def test_a_corrupted_run_is_refused_and_nothing_is_lost(own, reproduced, capsys, monkeypatch, name):
    (own / "mass-spring" / "hnn" / "seed-0" / name).write_bytes(b'{"half": ')
    line = refused(capsys, monkeypatch, "reproduce", "mass-spring", *AS_REPRODUCED, "--out", own)
    assert re.search(f"{name}.*delete its folder and run again", line)
    assert results(own) == results(reproduced)


def test_a_data_folder_without_the_file(capsys, monkeypatch, tmp_path):
    line = refused(capsys, monkeypatch, "reproduce", "real-pendulum", "--data", tmp_path, "--out", tmp_path / "out")
    assert "expected invar_datasets.zip in" in line


@pytest.mark.parametrize("damage", ["truncated", "altered"])
def test_a_damaged_data_file(capsys, monkeypatch, tmp_path, damage):
    (tmp_path / "invar_datasets.zip").write_bytes({"truncated": b"PK\x03\x04", "altered": b"PK" + bytes(1000)}[damage])
    line = refused(capsys, monkeypatch, "reproduce", "real-pendulum", "--data", tmp_path, "--out", tmp_path / "out")
    assert "truncated or altered" in line


def test_without_network_the_other_tasks_go_on(own, monkeypatch, capsys):
    monkeypatch.delenv("SYMPLECT_DATA", raising=False)
    monkeypatch.setattr("pooch.retrieve", lambda *_, **__: (_ for _ in ()).throw(ConnectionError("no route")))
    call(monkeypatch, "reproduce", "real-pendulum", "mass-spring", *AS_REPRODUCED, "--out", own)
    assert "Not run: real-pendulum: the measurements could not be downloaded" in (own / "table.md").read_text()
    assert "--data or SYMPLECT_DATA" in results(own)["not_run"]["real-pendulum"]
    assert len(results(own)["runs"]) == 4


@pytest.mark.slow
@needs_measurements
def test_the_measured_pendulum_is_reproduced(tmp_path):
    text = reproduce(Plan(["real-pendulum"], ["hnn"], seeds=1, out=tmp_path, data=FOLDER, settings={"steps": 20}))
    assert "3 Real pendulum" in text
    assert "contraction" in text


@pytest.mark.slow
def test_a_full_disk_ends_with_code_2(tmp_path):
    """A real failure while a run is written: files may not grow beyond 20 kB."""
    script = (
        "import resource, sys; from symplect.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "sys.argv = 'symplect reproduce mass-spring --models hnn --steps 1 --out'.split() + sys.argv[1:]\n"
        "main()"
    )
    environment = {**os.environ, "JAX_ENABLE_COMPILATION_CACHE": "false"}
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, env=environment)
    assert done.returncode == 2, done.stderr
    assert "symplect: expected to write" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "mass-spring" / "hnn" / "seed-0").exists()
    assert json.loads((tmp_path / "results.json").read_text())["runs"] == []


def kill_and_restart(out, tasks, steps, kills):
    """Runs once undisturbed, and once with kills at random moments; both must end in the same results."""

    def start(name):
        models = ["baseline", "hnn", "cleaned", "pair-distances"]
        command = [SYMPLECT, "reproduce", *tasks, "--models", *models, "--steps", str(steps), "--out", str(out / name)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    began = time.monotonic()
    undisturbed = start("undisturbed")
    _, errors = undisturbed.communicate()
    whole = time.monotonic() - began
    assert undisturbed.returncode == 0, errors
    moments = random.Random(7)
    for _ in range(kills):
        process = start("killed")
        time.sleep(moments.uniform(0.2, 0.8) * whole)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    last = start("killed")
    _, errors = last.communicate()
    assert last.returncode == 0, errors
    assert results(out / "killed") == results(out / "undisturbed")
    assert not list((out / "killed").rglob(".*"))
    assert not list((out / "killed").rglob("*checkpoint*"))


@pytest.mark.slow
def test_killed_five_times_and_restarted_ends_in_the_same_numbers(tmp_path):
    kill_and_restart(tmp_path, ["mass-spring", "two-body"], steps=600, kills=5)


def test_ctrl_c_saves_and_says_so(tmp_path):
    process = subprocess.Popen(
        [SYMPLECT, "reproduce", "mass-spring", "--models", "hnn", "--steps", "100000", "--out", str(tmp_path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    checkpoint = tmp_path / "mass-spring" / "hnn" / "seed-0.checkpoint.safetensors"
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from here" in errors
    assert "Traceback" not in errors
    assert checkpoint.exists()
