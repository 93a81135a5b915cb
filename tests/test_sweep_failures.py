"""Jobs that fail, are lost or taken are asked for again; those that are hopeless are stopped."""

import os
import time
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from symplect.errors import LostError
from symplect.experiments.sweep import read_index, scheduler
from symplect.experiments.sweep.early_stopping import median_of_means
from symplect.experiments.sweep.index import expect, row_of
from symplect.experiments.sweep.job import JobError
from symplect.experiments.sweep.summary import summary
from symplect.experiments.sweep.work import work
from symplect.runs import load_run
from tests.sweeps import job_of


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
