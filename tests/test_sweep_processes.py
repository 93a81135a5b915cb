"""Local processes: a killed one takes no other with it, and what still runs is told to save."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from symplect.errors import LostError
from symplect.experiments.sweep import local
from symplect.experiments.sweep.local import local_executor
from tests.sweep_calls import hear_nothing, sleep_and_tell
from tests.sweeps import wait_for


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


def test_what_a_worker_unpickles_needs_no_jax():
    """A worker of SLURM or Dask has not been told of double precision and of one thread until it is called."""
    script = "import sys, symplect.experiments.sweep.worker\nprint('jax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False"
