"""A sweep through the command line: its table, its index, and that it goes on where it stopped."""

import json
import multiprocessing
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from symplect.errors import InputError
from symplect.experiments.schedule import jobs_of
from symplect.experiments.sweep import read_index
from symplect.experiments.sweep.index import begin, expect, note, row_of
from symplect.experiments.sweep.work import work
from symplect.results.content import read_content
from symplect.runs import load_run
from tests.conftest import made_once
from tests.refusals import refused
from tests.sweep_calls import write_many
from tests.sweeps import AS_SWEPT, job_of, numbers, sweep_of, swept_into, wait_for, words


@pytest.fixture(scope="session")
def swept(tmp_path_factory):
    """Returns the folder of a small sweep; tests copy it before they change it."""

    def make(folder):
        (folder / "printed").write_text(swept_into(folder / "sweep", *AS_SWEPT, "--workers", 2))

    return made_once(tmp_path_factory, "small-sweep", make) / "sweep"


@pytest.fixture
def own(swept, tmp_path):
    return Path(shutil.copytree(swept, tmp_path / "sweep"))


def test_a_sweep_prints_and_keeps_a_table(swept):
    table = (swept / "sweep.md").read_text()
    assert table.strip() in (swept.parent / "printed").read_text()
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if "hnn" in line]
    assert [line[:4] for line in lines] == [["mass-spring", "hnn", f"steps=20,width={width}", "2"] for width in (4, 8)]
    folder = swept / "steps=20,width=8" / "mass-spring" / "hnn"
    measured = [json.loads((folder / f"seed-{k}" / "metrics.json").read_text())["field_error"] for k in range(2)]
    shown = [float(word) for word in lines[1][4].split(" ± ")]
    np.testing.assert_allclose(shown, [np.mean(measured), np.std(measured, ddof=1)], rtol=5e-3)


def test_every_run_is_what_its_folder_says(swept):
    for row in read_index(swept):
        run = load_run(swept / row["folder"])
        assert run.model.network.configuration["width"] == row["settings"]["width"] == run.config.settings["width"]
        assert run.history["step"].tolist() == [20]
        assert (row["state"], row["attempts"]) == ("finished", 1)
        assert row["metrics"] == json.loads((swept / row["folder"] / "metrics.json").read_text())
    assert len(read_index(swept)) == 4
    assert not list(swept.rglob("*.lock"))
    assert not list(swept.rglob("*checkpoint*"))


def test_each_choice_of_settings_is_read_as_a_reproduction(swept):
    content = read_content(swept / "steps=20,width=4")
    assert len(content.runs) == 2
    assert content.command.startswith("symplect sweep mass-spring --models hnn --seeds 2 --set width=4 --set steps=20 ")
    assert content.command.endswith("/sweep")  # the folder of the sweep, not that of the settings
    one = read_content(swept / "steps=20,width=4" / "mass-spring" / "hnn" / "seed-1")
    assert one.command == "symplect sweep mass-spring --models hnn --seeds 2 --set steps=20 --set width=4"


@pytest.mark.slow
def test_what_is_finished_is_kept_and_what_is_lost_comes_back_in_the_same_numbers(own, swept):
    lost = own / "steps=20,width=8" / "mass-spring" / "hnn" / "seed-1"
    kept = {path: path.stat().st_mtime_ns for path in own.rglob("model.safetensors") if path.parent != lost}
    shutil.rmtree(lost)
    swept_into(own, *AS_SWEPT, "--workers", 1)
    assert kept == {path: path.stat().st_mtime_ns for path in own.rglob("model.safetensors") if path.parent != lost}
    assert numbers(own) == numbers(swept)


def test_a_run_that_someone_is_at_is_taken_and_one_that_is_there_is_kept(own):
    job = jobs_of(sweep_of(own).choices, own, {})[0]
    folder = job.runs[0].folder
    written = (folder / "model.safetensors").stat().st_mtime_ns
    assert work(job) == "finished"
    assert (folder / "model.safetensors").stat().st_mtime_ns == written
    with job.runs[0].held():
        assert work(job) == "taken"


@pytest.mark.slow
def test_seeds_that_train_together_end_in_the_same_numbers(tmp_path, swept):
    swept_into(tmp_path / "sweep", *AS_SWEPT, "--workers", 1, "--together", 2)
    assert numbers(tmp_path / "sweep") == numbers(swept)


def test_other_settings_are_refused_and_nothing_is_lost(own, monkeypatch, capfd):
    (own / "steps=20,width=4").rename(own / "steps=30,width=4")
    before = sorted(own.rglob("*"))
    line = refused(capfd, monkeypatch, "sweep", *AS_SWEPT[:-2], "--set", "steps=30", "--out", own)
    assert re.search(r"to be made with settings .*30.*found .*20", line)
    assert sorted(own.rglob("*")) == before


@pytest.mark.slow
def test_two_sweeps_at_once_do_every_run_once(own, swept):
    shutil.rmtree(own / "steps=20,width=4" / "mass-spring")
    command = words(*AS_SWEPT, "--workers", 1, "--out", own)
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=600)
        assert process.returncode == 0, errors
    rows = [row for row in read_index(own) if row["settings"]["width"] == 4]
    assert [row["attempts"] for row in rows] == [1, 1]
    assert len({row["worker"] for row in rows}) == 2
    assert numbers(own) == numbers(swept)


@pytest.mark.slow
def test_a_run_that_fails_is_named(tmp_path):
    command = words("mass-spring", "--models", "baseline", "--set", "learning_rate=1e30", "--set", "width=4")
    done = subprocess.run([*command, "--out", tmp_path], capture_output=True, text=True)
    assert done.returncode == 1
    folder = "learning_rate=1e+30,width=4/mass-spring/baseline/seed-0"
    reason = "FitError: the loss left the finite numbers near step 0"
    assert f"Failed: {folder}: {reason}" in done.stdout
    assert done.stderr.count(f"{folder}: {reason}") == 3
    assert [(row["folder"], row["state"], row["attempts"]) for row in read_index(tmp_path)] == [(folder, "failed", 3)]


@pytest.mark.slow
def test_ctrl_c_saves_and_says_so(tmp_path):
    command = words("mass-spring", "--models", "hnn", "--set", "steps=1000000", "--set", "width=4", "--out", tmp_path)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    checkpoint = tmp_path / "steps=1000000,width=4" / "mass-spring" / "hnn" / "seed-0.checkpoint.safetensors"
    wait_for(checkpoint.exists, 120)
    before = checkpoint.stat().st_mtime_ns
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from here" in errors
    assert "Traceback" not in errors
    assert checkpoint.stat().st_mtime_ns > before
    assert [row["state"] for row in read_index(tmp_path)] == ["waiting"]


def test_help_needs_no_jax():
    script = (
        "import sys\nfrom symplect.cli import main\nsys.argv = ['symplect', 'sweep', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    print('jax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False"


# The index


def test_many_processes_write_and_nothing_is_lost(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=write_many, args=(tmp_path, 0, 10)) for _ in range(2)]
    writers += [spawn.Process(target=write_many, args=(tmp_path, 10 * k, 10)) for k in range(1, 3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    rows = {row["seed"]: row for row in (row_of(job_of(tmp_path, seed).runs[0], tmp_path) for seed in range(30))}
    assert [rows[seed]["attempts"] for seed in range(30)] == [2] * 10 + [1] * 20
    assert all(row["error"] == f"error of {seed}" and row["state"] == "failed" for seed, row in rows.items())


def test_a_sweep_of_an_earlier_version_has_its_runs_in_the_index(own, swept):
    """It has neither a list of what was asked for nor a status in each run, but a database that nobody reads."""
    for path in (own / "sweep.json", *own.rglob("status.json")):
        path.unlink()
    (own / "index.sqlite").write_bytes(b"SQLite format 3")
    history = {"attempts": 0, "worker": None, "started": None}
    expected = [{**row, **history, "ended": None} for row in read_index(swept)]
    assert [{**row, "ended": None} for row in read_index(own)] == expected
    assert all(row["ended"] for row in read_index(own))


def test_the_index_follows_the_runs(own):
    gone, lost, alive = jobs_of(sweep_of(own).choices, own, {})[:3]
    for job in (gone, lost, alive):
        shutil.rmtree(job.runs[0].folder)
    for job in (lost, alive):
        begin(job.runs[0])
    with alive.runs[0].held():
        state = {row["folder"]: row["state"] for row in read_index(own)}
    assert [state.pop(job.folders[0]) for job in (gone, lost, alive)] == ["waiting"] * 2 + ["running"]
    assert set(state.values()) == {"finished"}


@pytest.mark.parametrize("said", [b"{", b"[]", b'{"state": "running"}'])
def test_a_status_that_is_broken_is_none_and_what_it_lacks_is_as_if_new(own, said):
    for path in own.rglob("status.json"):
        path.write_bytes(said)
    assert {(row["state"], row["attempts"]) for row in read_index(own)} == {("finished", 0)}


def test_a_broken_list_of_what_was_asked_for_is_named(own):
    (own / "sweep.json").write_bytes(b"no list")
    with pytest.raises(InputError, match=r"sweep.json as symplect wrote it"):
        read_index(own)


def test_what_failed_or_was_stopped_waits_when_it_is_asked_for_again(tmp_path):
    runs = [job_of(tmp_path, seed).runs[0] for seed in range(3)]
    for run, state in zip(runs, ("failed", "stopped", "running"), strict=True):
        begin(run)
        note(run, state, "for a reason")
    with runs[2].held():
        expect(tmp_path, [*runs, job_of(tmp_path, 3).runs[0]])
        rows = [(row["state"], row["error"], row["attempts"]) for row in read_index(tmp_path)]
    again, new = ("waiting", None, 1), ("waiting", None, 0)
    assert rows == [again, again, ("running", "for a reason", 1), new]


def test_what_is_no_sweep_has_no_index(tmp_path):
    with pytest.raises(InputError, match=r"expected .* to be the folder of a sweep"):
        read_index(tmp_path / "none")
    assert not list(tmp_path.iterdir())
