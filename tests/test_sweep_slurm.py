"""SLURM: what becomes of its jobs, first by a cluster that does as it is told, then by a real one."""

import subprocess
import sys
import threading
from concurrent.futures import BrokenExecutor, CancelledError

import pytest
from filelock import FileLock

from symplect.errors import InputError, LostError, NotAvailableError
from symplect.experiments.sweep import open_executor, read_index
from symplect.experiments.sweep.cluster import AbstractCluster, ClusterExecutor, RefusedError
from symplect.experiments.sweep.executors import slurm_options
from symplect.experiments.sweep.slurm import discard_abandoned
from tests.refusals import refused
from tests.slurm_daemon import configure, needs_slurm, slurm
from tests.sweeps import (
    MODELS,
    SEEDS,
    WIDTHS,
    assert_part_of,
    numbers,
    runs_that_are,
    sweep,
    sweeping,
    swept_here,
    wait_for,
)


class ToldCluster(AbstractCluster):
    """Runs nothing by itself: the test says which job ends, and how."""

    def __init__(self):
        self.calls, self.queue, self.done, self.cancelled = {}, [], [], []
        self.refusals = 0
        self.looks = threading.Semaphore(0)
        self.answers = True

    def start(self, calls):
        if self.refusals:
            self.refusals -= 1
            raise RefusedError("the queue is full")
        names = [str(len(self.calls) + number) for number in range(len(calls))]
        self.calls |= dict(zip(names, calls, strict=True))
        self.queue += names
        return names

    def finished(self):
        return list(self.done)

    def take(self, job):
        self.done.remove(job)
        return self.calls[job]()

    def alive(self):
        self.looks.release()
        return list(self.queue) if self.answers else None

    def last_words(self, job):
        return f"job {job} was killed"

    def cancel(self, jobs):
        self.cancelled += jobs

    def finish(self, job):
        self.queue.remove(job)
        self.done.append(job)

    def look(self, times):
        """Waits until the queue was looked into so many times more."""
        while self.looks.acquire(blocking=False):
            pass
        for _ in range(times):
            assert self.looks.acquire(timeout=10)


@pytest.fixture
def cluster():
    return ToldCluster()


@pytest.fixture
def executor(cluster):
    executor = ClusterExecutor(cluster, workers=2, pause=0.001)
    yield executor
    executor.shutdown(cancel_futures=True)


def test_results_and_errors_come_back(cluster, executor):
    right, wrong = executor.submit(divmod, 7, 2), executor.submit(divmod, 7, 0)
    cluster.look(2)
    cluster.finish("0")
    cluster.finish("1")
    assert right.result(10) == (3, 1)
    assert isinstance(wrong.exception(10), ZeroDivisionError)


def test_no_more_jobs_than_workers_are_in_the_queue(cluster, executor):
    futures = [executor.submit(divmod, number, 2) for number in range(5)]
    for job in map(str, range(5)):
        cluster.look(2)
        assert len(cluster.queue) == min(2, 5 - int(job))
        cluster.finish(job)
    assert [future.result(10) for future in futures] == [divmod(number, 2) for number in range(5)]


def test_a_job_that_is_gone_without_a_result_is_lost(cluster, executor):
    """So were one that was cancelled, timed out, ran out of memory, or was preempted: none leaves a result."""
    gone, stays = executor.submit(divmod, 1, 1), executor.submit(divmod, 1, 1)
    cluster.look(2)
    cluster.queue.remove("0")
    with pytest.raises(LostError, match="job 0 was killed"):
        gone.result(10)
    cluster.look(3)
    assert not stays.done()


def test_a_result_that_a_shared_disk_shows_late_is_no_loss(cluster, executor):
    late = executor.submit(divmod, 1, 1)
    cluster.look(2)
    cluster.alive = lambda: cluster.done.append("0") or []
    assert late.result(10) == (1, 0)


def test_a_controller_that_does_not_answer_loses_nothing(cluster, executor):
    future = executor.submit(divmod, 1, 1)
    cluster.look(2)
    cluster.answers, cluster.queue = False, []
    cluster.look(5)
    assert not future.done()
    cluster.done.append("0")
    assert future.result(10) == (1, 0)


def test_a_full_queue_is_asked_again(cluster, executor):
    cluster.refusals = 5
    future = executor.submit(divmod, 1, 1)
    cluster.look(3)
    cluster.finish("0")
    assert future.result(10) == (1, 0)


def test_a_cluster_that_goes_on_refusing_is_named(cluster, executor):
    cluster.refusals = 1000
    with pytest.raises(LostError, match="the queue is full"):
        executor.submit(divmod, 1, 1).result(10)


def test_jobs_end_with_the_sweep(cluster, executor):
    futures = [executor.submit(divmod, 1, 1) for _ in range(3)]
    cluster.look(2)
    executor.shutdown(cancel_futures=True)
    assert cluster.cancelled == ["0", "1"]
    assert all(isinstance(future.exception(10), CancelledError) for future in futures)
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(divmod, 1, 1)


def test_nobody_waits_for_a_thread_that_died(cluster, executor):
    future = executor.submit(divmod, 1, 1)
    cluster.look(2)
    cluster.finished = lambda: 1 / 0
    with pytest.raises(BrokenExecutor, match="ZeroDivisionError"):
        future.result(10)


@pytest.mark.parametrize("text", ["short", "partition:", ":short", "partition:short,60"])
def test_an_option_without_a_value_is_refused(text):
    with pytest.raises(InputError, match="expected an option of sbatch"):
        slurm_options(text)


def test_no_slurm_on_this_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="expected sbatch on this machine, found none"):
        enter(tmp_path)


@pytest.mark.parametrize("on", ["slurm", "slurm=partition", "nowhere", "local=3", "dask", "dask=nowhere"])
def test_a_place_that_is_none_ends_the_command_with_code_2(on, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    refused(capsys, monkeypatch, "sweep", "mass-spring", "--seeds", "1", "--out", tmp_path / "sweep", "--on", on)
    assert not list(tmp_path.iterdir()), "nothing is written for a sweep that cannot be"


def test_no_submitit(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "submitit", None)
    monkeypatch.delitem(sys.modules, "symplect.experiments.sweep.slurm", raising=False)
    with pytest.raises(NotAvailableError, match=r'pip install "symplect\[cluster\]"'):
        enter(tmp_path)


def enter(folder, on="slurm"):
    with open_executor(on, 2, folder):
        pass


def test_what_a_killed_coordinator_left_goes_and_the_rest_stays(tmp_path):
    """A dead one's lock is free, a living one's is held, and one that kept logs of failed jobs has removed it."""
    for name in ("slurm-dead", "slurm-alive", "slurm-logs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1_0_log.out").touch()
    (tmp_path / "slurm-dead" / "coordinator.lock").touch()
    with FileLock(tmp_path / "slurm-alive" / "coordinator.lock"):
        discard_abandoned(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["slurm-alive", "slurm-logs"]


@pytest.fixture(scope="module")
def daemon():
    with slurm():
        yield


@needs_slurm
def test_a_real_job_returns_or_raises(daemon, tmp_path):
    with open_executor("slurm=partition:main,time:10", 2, tmp_path) as executor:
        right, wrong = executor.submit(divmod, 7, 2), executor.submit(divmod, 7, 0)
        assert right.result(60) == (3, 1)
        assert isinstance(wrong.exception(60), ZeroDivisionError)
    (logs,) = tmp_path.iterdir()
    assert any("ZeroDivisionError" in path.read_text() for path in logs.glob("*.out")), "logs of what failed are kept"


@needs_slurm
def test_nothing_is_left_of_jobs_that_went_well(daemon, tmp_path):
    with open_executor("slurm", 2, tmp_path) as executor:
        assert executor.submit(divmod, 7, 2).result(60) == (3, 1)
    assert not list(tmp_path.iterdir())


@needs_slurm
@pytest.mark.parametrize("options", ["partition:nowhere", "time:soon", "colour:red", "mem:900T"])
def test_options_that_slurm_would_refuse_are_named_at_once(daemon, tmp_path, options):
    with pytest.raises(
        InputError, match=f"expected options that sbatch takes, found --{options.replace(':', '=')}: it"
    ):
        enter(tmp_path, f"slurm={options}")


@needs_slurm
def test_a_controller_that_is_down_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_CONF", str(configure(tmp_path)))
    with pytest.raises(InputError, match="expected SLURM's controller to answer"):
        enter(tmp_path)


def running_jobs():
    asked = ["squeue", "--noheader", "--array", "--states=RUNNING", "--format=%i"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.slow
@needs_slurm
def test_slurm_ends_in_the_numbers_of_one_machine(daemon, tmp_path, tmp_path_factory):
    sweep(tmp_path, on="slurm")
    found = numbers(tmp_path)
    assert len(found) == SEEDS * WIDTHS * MODELS
    assert found == numbers(swept_here(tmp_path_factory))


@pytest.mark.slow
@needs_slurm
def test_a_cancelled_job_is_named_and_run_again(daemon, tmp_path, tmp_path_factory):
    with sweeping(tmp_path, on="slurm", seeds=2, widths="10") as process:
        wait_for(lambda: runs_that_are("running", tmp_path))
        subprocess.run(["scancel", running_jobs()[0]], check=True)
        said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert "lost, SLURM job" in said
    assert_part_of(tmp_path, swept_here(tmp_path_factory), runs=4)


@pytest.mark.slow
@needs_slurm
def test_a_killed_coordinator_costs_nothing(daemon, tmp_path, tmp_path_factory):
    """Its jobs go on without it; the next one neither loses nor repeats what they do."""
    with sweeping(tmp_path, on="slurm", seeds=3, widths="10") as process:
        wait_for(lambda: runs_that_are("finished", tmp_path) and runs_that_are("running", tmp_path))
        process.kill()
    sweep(tmp_path, on="slurm", seeds=3, widths="10")
    assert [row["attempts"] for row in read_index(tmp_path)] == [1] * 6
    assert_part_of(tmp_path, swept_here(tmp_path_factory), runs=6)
