"""Dask: what becomes of its calls, on a scheduler and workers that are processes of their own."""

import os
import signal
import sys
import time
from concurrent.futures import BrokenExecutor

import pytest

from symplect.errors import InputError, LostError, NotAvailableError
from symplect.experiments.sweep import open_executor, read_index
from tests.dask_scheduler import dask
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


def enter(address, folder):
    with open_executor(f"dask={address}", 2, folder):
        pass


@pytest.mark.parametrize("address", ["", "nowhere", "carrier-pigeon://host:1", "tcp://127.0.0.1:port"])
def test_what_is_no_address_is_refused(address, tmp_path):
    with pytest.raises(InputError, match=r"expected a Dask scheduler at .*, found .*: start one with"):
        enter(address, tmp_path)


def test_an_address_where_nobody_answers_is_refused_soon(tmp_path):
    began = time.monotonic()
    with pytest.raises(InputError, match=r"expected a Dask scheduler at tcp://127\.0\.0\.1:9, found"):
        enter("tcp://127.0.0.1:9", tmp_path)
    assert time.monotonic() - began < 15


def test_no_dask(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "symplect.experiments.sweep.dask", raising=False)
    with pytest.raises(NotAvailableError, match=r'pip install "symplect\[cluster\]"'):
        enter("tcp://127.0.0.1:8786", tmp_path)


DIE = "import os, time; time.sleep(1); os._exit(1)"  # not at once: who dies before Dask sees it start stays dead


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    with dask(tmp_path_factory.mktemp("dask")) as scheduler:
        yield scheduler


def test_calls_return_or_raise_or_are_lost(scheduler, tmp_path):
    with open_executor(f"dask={scheduler.address}", 2, tmp_path) as executor:
        calls = [executor.submit(divmod, 7, 2), executor.submit(divmod, 7, 0)]
        assert calls[0].result(60) == (3, 1)
        assert isinstance(calls[1].exception(60), ZeroDivisionError)
        with pytest.raises(LostError, match="4 workers died while they ran it"):
            executor.submit(exec, DIE).result(120)
        again = [executor.submit(time.time) for _ in range(2)]
        assert again[0].result(60) != again[1].result(60), "a call is not taken for one that was made before"


def test_a_scheduler_that_is_gone_breaks_the_executor(tmp_path):
    with dask(tmp_path) as scheduler, open_executor(f"dask={scheduler.address}", 2, tmp_path) as executor:
        call = executor.submit(time.sleep, 60)
        scheduler.process.send_signal(signal.SIGKILL)
        with pytest.raises(BrokenExecutor, match="the Dask scheduler is gone"):
            call.result(60)


def test_no_worker_is_waited_for_in_words_and_not_for_ever(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("symplect.experiments.sweep.dask._PATIENCE_SECONDS", 1.0)
    with dask(tmp_path, workers=0) as scheduler:
        with pytest.raises(InputError, match=r"expected a Dask worker at .*, found none in 1 s: start one"):
            enter(scheduler.address, tmp_path)
        assert "waiting 1 s for one; start one, as in `dask worker tcp://" in capsys.readouterr().err


def test_calls_without_a_worker_are_taken_back(tmp_path, monkeypatch):
    """Dask itself would wait in silence."""
    monkeypatch.setattr("symplect.experiments.sweep.dask._LOOK_SECONDS", 0.1)
    monkeypatch.setattr("symplect.experiments.sweep.dask._ALONE_SECONDS", 1.0)
    with dask(tmp_path, workers=1) as scheduler, open_executor(f"dask={scheduler.address}", 1, tmp_path) as executor:
        assert executor.submit(divmod, 7, 2).result(60) == (3, 1)
        scheduler.workers[0].terminate()
        scheduler.workers[0].wait(60)  # on its way out it would still answer
        with pytest.raises(BrokenExecutor, match="the last Dask worker is gone"):
            executor.submit(divmod, 7, 2).result(60)


@pytest.mark.slow
def test_dask_ends_in_the_numbers_of_one_machine(scheduler, tmp_path, tmp_path_factory):
    sweep(tmp_path, on=f"dask={scheduler.address}")
    found = numbers(tmp_path)
    assert len(found) == SEEDS * WIDTHS * MODELS
    assert found == numbers(swept_here(tmp_path_factory))


@pytest.mark.slow
def test_a_run_whose_worker_is_killed_is_run_again(scheduler, tmp_path, tmp_path_factory):
    with sweeping(tmp_path, on=f"dask={scheduler.address}", seeds=2, widths="10") as process:
        victim = wait_for(lambda: killed_meanwhile(tmp_path))
        said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    attempts = {row["folder"]: row["attempts"] for row in read_index(tmp_path)}
    assert attempts.pop(victim) == 2
    assert set(attempts.values()) == {1}
    assert_part_of(tmp_path, swept_here(tmp_path_factory), runs=4)


def killed_meanwhile(out):
    """Returns the run whose worker was killed while it was at it, or `None` if none was."""
    for row in runs_that_are("running", out):
        worker = int(row["worker"].split()[-1])
        os.kill(worker, signal.SIGSTOP)  # so that the run cannot end before
        unfinished = not (out / row["folder"]).exists()
        os.kill(worker, signal.SIGKILL if unfinished else signal.SIGCONT)
        if unfinished:
            return row["folder"]
    return None
