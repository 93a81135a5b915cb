"""Sweeps: settings, the index, jobs that fail or are lost, processes, and journeys through the command line."""

import json
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from symplect import cli
from symplect.errors import InputError, LostError
from symplect.experiments.grid import choices, name_of, read_grid, settings_of
from symplect.experiments.plan import Plan
from symplect.experiments.schedule import jobs_of
from symplect.experiments.sweep import local, read_index, scheduler
from symplect.experiments.sweep import sweep as run_sweep
from symplect.experiments.sweep.early_stopping import median_of_means
from symplect.experiments.sweep.index import begin, expect, note, row_of
from symplect.experiments.sweep.job import Job, JobError
from symplect.experiments.sweep.local import local_executor
from symplect.experiments.sweep.summary import summary
from symplect.experiments.sweep.work import work
from symplect.experiments.training_run import TrainingRun
from symplect.results.content import read_content
from symplect.runs import load_run
from tests.conftest import made_once
from tests.sweep_calls import hear_nothing, sleep_and_tell, write_many

SYMPLECT = str(Path(sys.executable).with_name("symplect"))
AS_SWEPT = ("mass-spring", "--models", "hnn", "--seeds", 2, "--set", "width=4,8", "--set", "steps=20")


def words(*arguments):
    return [SYMPLECT, "sweep", *map(str, arguments)]


def job_of(out, seed, stop=False, **settings):
    """Returns one run of a sweep of springs as a worker is told it."""
    run = TrainingRun("mass-spring", "hnn", seed, Path(out) / name_of(settings), settings)
    return Job((run,), Path(out), stop_hopeless=stop)


def sweep_of(out):
    """Returns the plan that `swept` is made by."""
    return Plan(["mass-spring"], ["hnn"], 2, out, grid={"width": [4, 8], "steps": [20]})


def swept_into(folder, *arguments):
    done = subprocess.run(words(*arguments, "--out", folder), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def swept(tmp_path_factory):
    """Returns the folder of a small sweep; tests copy it before they change it."""

    def make(folder):
        (folder / "printed").write_text(swept_into(folder / "sweep", *AS_SWEPT, "--workers", 2))

    return made_once(tmp_path_factory, "small-sweep", make) / "sweep"


@pytest.fixture
def own(swept, tmp_path):
    return Path(shutil.copytree(swept, tmp_path / "sweep"))


def call(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["symplect", "sweep", *map(str, arguments)])
    cli.main()


# Hopeless runs


def test_three_finished_runs_give_a_median_of_means():
    finished = [np.array([4.0, 2.0, 0.0]), np.array([1.0, 1.0]), np.array([9.0, 9.0])]
    assert median_of_means(finished, 2) == 3.0
    assert median_of_means(finished, 99) == 2.0
    assert median_of_means(finished[1:], 2) == np.inf


@pytest.mark.slow
def test_a_hopeless_run_is_given_up_and_goes_on_when_asked_to(tmp_path):
    def job(rate, seed=0, stop=True):
        return job_of(tmp_path, seed, stop, learning_rate=rate, steps=600, width=8)

    expect(tmp_path, [])
    for rate in (5e-3, 1e-2, 2e-2):
        assert work(job(rate)) == "finished"
    Path(tmp_path, "broken", "mass-spring", "hnn", "seed-0").mkdir(parents=True)
    Path(tmp_path, "broken", "mass-spring", "hnn", "seed-0", "history.npz").write_text("junk")
    hopeless, other = job(1e-9), job(1e-9, seed=1)
    for _ in range(2):  # asked for again, it does not get further
        assert work(hopeless) == "finished"
        rows = {row["folder"]: row for row in read_index(tmp_path)}
        assert rows[hopeless.folders[0]]["state"] == "stopped"
        assert "after 200 of 600 steps a test loss of" in rows[hopeless.folders[0]]["error"]
    assert not hopeless.runs[0].folder.exists()
    assert not hopeless.runs[0].lock.exists()
    assert "Stopped: " in summary(rows.values(), {})
    assert "too good" in summary(rows.values(), {})
    work(other)  # of other data, so that there is nothing to compare it with
    assert other.runs[0].folder.exists()

    work(job(1e-9, stop=False))
    assert np.all(np.isfinite(load_run(hopeless.runs[0].folder).history["test_loss"]))
    rows = read_index(tmp_path)
    assert {row["state"] for row in rows} == {"finished"}
    assert "too good" not in summary(rows, {})


def test_seeds_in_one_program_are_not_stopped():
    plan = Plan(["pendulum"], ["hnn"], 2, Path("runs"))
    with pytest.raises(InputError, match="leave --together or --stop-hopeless out"):
        run_sweep(plan, lambda: local_executor(1), together=2, stop_hopeless=True)


# Settings


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"width": 50},
        {"learning_rate": 1e-3, "cosine": True, "batch_size": None, "activation": "tanh"},
        {"learning_rate": 0.1 + 0.2},
    ],
)
def test_a_folder_tells_its_settings(settings):
    assert settings_of(name_of(settings)) == settings
    assert name_of(settings) == name_of(dict(reversed(settings.items())))


def test_all_combinations_are_there_once():
    found = choices(read_grid(["width=50,100,50", "depth=1,2,3"]))
    assert len(found) == 6
    assert len({name_of(choice) for choice in found}) == 6


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--set", "width"], "expected a setting with its values, found 'width'"),
        (["--set", "=5"], "expected a setting with its values"),
        (["--set", "width=5,,6"], "expected a setting with its values"),
        (["--set", "width=5", "--set", "width=6"], "expected width once"),
        (["--set", "breadth=5"], "setting of hnn of mass-spring out of steps, .*width, .*found 'breadth'"),
        (["--set", "features=5"], "out of steps, .*found 'features'"),
        (
            ["--models", "hnn", "closed-form", "--set", "width=5"],
            "of closed-form of .*features.*found 'width'.*--models",
        ),
        (["--set", "width=wide"], "expected width to be of kind int, found 'wide'"),
        (["--set", "width=50.5"], "expected width to be of kind int, found 50.5"),
        (["--set", "width=0"], "positive sizes, found .*width=0"),
        (["--set", "activation=relu"], "an activation out of .*found 'relu'"),
        (["--set", "learning_rate=-1"], "a positive learning rate"),
        (["--set", "steps=0"], "at least one step"),
        (["--seeds", "0"], "at least one seed"),
        (["--together", "0"], "at least one seed of a job"),
        (["--models", "mlp"], "expected a model out of"),
        (["--workers", "0"], "at least one worker, found 0"),
        (["--on", "moon"], "expected --on local, slurm or dask"),
    ],
)
def test_wrong_calls_end_with_code_2_before_anything_runs(monkeypatch, capsys, tmp_path, given, message):
    models = [] if "--models" in given else ["--models", "hnn"]
    with pytest.raises(SystemExit) as stop:
        call(monkeypatch, "mass-spring", *models, *given, "--out", tmp_path / "out")
    assert stop.value.code == 2
    assert re.search(message, capsys.readouterr().err.strip().splitlines()[-1])
    assert not list(tmp_path.rglob("config.json"))


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


# Jobs that fail, are lost or taken


class Bar:
    done = 0

    def update(self):
        self.done += 1


class Told(Executor):
    """Does at once what it is told of each job: a list of results and errors by seed."""

    def __init__(self, told):
        self.told, self.asked = told, []

    def submit(self, fn, /, *args, **kwargs):
        seed = args[0].runs[0].seed
        self.asked.append(seed)
        said = self.told[seed].pop(0)
        if isinstance(said, BrokenExecutor):
            raise said
        future = Future()
        future.set_exception(said) if isinstance(said, Exception) else future.set_result(said)
        return future


def told(monkeypatch, out, opened=None, **by_seed):
    """Hands out a job per seed; returns the executor, the states of the index and the number that the bar shows."""
    monkeypatch.setattr(scheduler, "_LATER_SECONDS", 0.01)
    executor, bar = Told({int(name[1:]): list(said) for name, said in by_seed.items()}), Bar()
    jobs = [job_of(out, seed) for seed in executor.told]

    @contextmanager
    def open_executor():
        if opened is not None:
            opened.append(True)
        yield executor

    scheduler.run_jobs(jobs, scheduler.RestartingExecutor(open_executor), 2, bar.update)
    rows = [row_of(job.runs[0], out) for job in jobs]
    return executor, {row["seed"]: (row["state"], row["error"]) for row in rows}, bar.done


def test_a_job_that_fails_is_tried_three_times_and_named(monkeypatch, tmp_path, capfd):
    good, bad = [JobError("no"), JobError("no"), "finished"], [JobError("first"), JobError("second"), JobError("third")]
    executor, states, done = told(monkeypatch, tmp_path, s0=good, s1=bad)
    assert (executor.asked.count(0), executor.asked.count(1), done) == (3, 3, 2)
    assert states[1] == ("failed", "third")
    assert states[0][0] == "waiting"  # as nobody ran it
    said = capfd.readouterr().err
    assert "default/mass-spring/hnn/seed-1: second: tried again" in said
    assert "default/mass-spring/hnn/seed-1: third: given up" in said


def test_a_job_whose_worker_is_lost_goes_on_as_long_as_it_gets_on(monkeypatch, tmp_path):
    checkpoint = tmp_path / "default/mass-spring/hnn/seed-0.checkpoint.safetensors"
    checkpoint.parent.mkdir(parents=True)
    reached = scheduler._reached

    def progress(job):
        if job.runs[0].seed == 0:
            checkpoint.write_text("further")
            os.utime(checkpoint, ns=(0, time.monotonic_ns()))
        return reached(job)

    monkeypatch.setattr(scheduler, "_reached", progress)
    losses = [LostError("killed")] * 80
    executor, states, done = told(monkeypatch, tmp_path, s0=[*losses, "finished"], s1=losses)
    assert executor.asked.count(0) == 81
    assert executor.asked.count(1) == 50
    assert (states[1], done) == (("failed", "lost, killed"), 2)
    assert states[0][0] == "waiting"


def test_a_broken_executor_is_opened_anew(monkeypatch, tmp_path):
    opened = []
    _, states, done = told(monkeypatch, tmp_path, opened, s0=[BrokenExecutor("gone"), "finished"], s1=["finished"])
    assert (len(opened), done) == (2, 2)
    assert states == {0: ("waiting", "lost, gone"), 1: ("waiting", None)}


def test_a_job_that_another_sweep_is_at_is_asked_for_later_and_named_once(monkeypatch, tmp_path, capfd):
    executor, states, done = told(monkeypatch, tmp_path, s0=["taken", "taken", "finished"], s1=["finished"])
    assert (executor.asked.count(0), done) == (3, 2)
    assert set(states.values()) == {("waiting", None)}
    assert capfd.readouterr().err.count("another process is at it") == 1


def test_a_run_that_someone_is_at_is_taken_and_one_that_is_there_is_kept(own):
    job = jobs_of(sweep_of(own).choices, own, {})[0]
    folder = job.runs[0].folder
    written = (folder / "model.safetensors").stat().st_mtime_ns
    assert work(job) == "finished"
    assert (folder / "model.safetensors").stat().st_mtime_ns == written
    with job.runs[0].held():
        assert work(job) == "taken"


# Processes


def test_local_processes_return_results_and_errors():
    with local_executor(2) as executor:
        assert [executor.submit(pow, base, 2).result() for base in range(4)] == [0, 1, 4, 9]
        assert executor.submit(os.getpid).result() != os.getpid()
        with pytest.raises(ZeroDivisionError):
            executor.submit(divmod, 1, 0).result()


def test_a_killed_process_takes_no_other_with_it():
    with local_executor(2) as executor:
        other = executor.submit(time.sleep, 2)
        victim = executor.submit(os.kill, executor.submit(os.getpid).result(), signal.SIGKILL)
        with pytest.raises(LostError):
            victim.result()
        assert other.result() is None
        assert executor.submit(pow, 3, 2).result() == 9  # in a new one


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_still_runs_is_told_to_save(tmp_path):
    path = tmp_path / "told"
    with local_executor(1) as executor:
        running, queued = executor.submit(sleep_and_tell, path), executor.submit(pow, 2, 2)
        wait_for(path.exists)
    assert path.read_text() == "saved"
    assert isinstance(running.exception(), LostError)
    assert queued.cancelled()


def test_what_does_not_hear_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(local, "_GRACE_SECONDS", 0.2)
    path = tmp_path / "told"
    with local_executor(1) as executor:
        running = executor.submit(hear_nothing, path)
        wait_for(path.exists)
        began = time.monotonic()
    assert time.monotonic() - began < 20
    assert isinstance(running.exception(), LostError)


def test_workers_end_with_a_killed_coordinator():
    script = (
        "import os, time\n"
        "from symplect.experiments.sweep.local import local_executor\n"
        "if __name__ == '__main__':\n"
        "    with local_executor(1) as executor:\n"
        "        print(executor.submit(os.getpid).result(), flush=True)\n"
        "        executor.submit(time.sleep, 60).result()\n"
    )
    coordinator = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    worker = Path("/proc") / coordinator.stdout.readline().strip()
    assert worker.exists()
    coordinator.kill()
    coordinator.communicate()
    wait_for(lambda: not worker.exists(), 10)


# Journeys


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


@pytest.mark.slow
def test_seeds_that_train_together_end_in_the_same_numbers(tmp_path, swept):
    swept_into(tmp_path / "sweep", *AS_SWEPT, "--workers", 1, "--together", 2)
    assert numbers(tmp_path / "sweep") == numbers(swept)


def test_jobs_hold_so_many_seeds():
    plan = Plan(["mass-spring"], ["baseline", "hnn"], 5, Path("out"), grid={"width": [4, 8]})
    jobs = jobs_of(plan.choices, plan.out, {}, together=2)
    seeds = [tuple(run.seed for run in job.runs) for job in jobs if job.runs[0].model == "hnn"]
    assert seeds == [(0, 1)] * 2 + [(2, 3)] * 2 + [(4,)] * 2
    folders = [folder for job in jobs for folder in job.folders]
    assert len(set(folders)) == len(folders) == 20


def test_what_is_named_twice_is_run_once():
    """A job of one run twice would wait for its own lock for ever."""
    plan = Plan(["mass-spring"] * 2, ["hnn"], 2, Path("out"), grid={"width": [4, 4]})
    folders = [folder for job in jobs_of(plan.choices, plan.out, {}, together=2) for folder in job.folders]
    assert folders == [f"width=4/mass-spring/hnn/seed-{seed}" for seed in range(2)]


def numbers(out):
    """Returns what does not depend on time and place: metrics and the bytes of the weights, by folder."""
    return {
        row["folder"]: (
            {name: value for name, value in row["metrics"].items() if not name.endswith("_seconds")},
            (out / row["folder"] / "model.safetensors").read_bytes(),
        )
        for row in read_index(out)
    }


def test_other_settings_are_refused_and_nothing_is_lost(own, monkeypatch, capsys):
    (own / "steps=20,width=4").rename(own / "steps=30,width=4")
    before = sorted(own.rglob("*"))
    with pytest.raises(SystemExit):
        call(monkeypatch, *AS_SWEPT[:-2], "--set", "steps=30", "--out", own)
    assert re.search(r"to be made with settings .*30.*found .*20", capsys.readouterr().err)
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


def test_what_a_worker_unpickles_needs_no_jax():
    """A worker of SLURM or Dask has not been told of double precision and of one thread until it is called."""
    script = "import sys, symplect.experiments.sweep.worker\nprint('jax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False"
