"""A Dask scheduler and workers on this machine, for as long as a test needs them."""

import json
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace

QUIET = ["--host", "127.0.0.1", "--no-dashboard"]


@contextmanager
def dask(folder, workers=2):
    """Runs a scheduler, and workers of one thread that are started anew when they die.

    Yields the scheduler's process, its address, and the workers' processes.
    """
    found = folder / "scheduler.json"
    with ExitStack() as stack:
        process = stack.enter_context(_running("scheduler", folder, "--port", "0", "--scheduler-file", str(found)))
        _wait_for(found)
        started = []
        for number in range(workers):
            place = ["--scheduler-file", str(found), "--local-directory", str(folder / f"worker-{number}")]
            worker = stack.enter_context(_running("worker", folder, *place, "--nthreads", "1", "--death-timeout", "60"))
            started.append(worker)
        yield SimpleNamespace(process=process, address=json.loads(found.read_text())["address"], workers=started)


@contextmanager
def _running(name, folder, *arguments):
    command = [sys.executable, "-m", f"distributed.cli.dask_{name}", *QUIET, *arguments]
    with open(folder / f"{name}.log", "a") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:  # a worker without its scheduler looks for it for a minute
                process.kill()
                process.wait(60)


def _wait_for(path, seconds=60):
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.1)
