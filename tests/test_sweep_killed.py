"""Workers are killed every ten seconds and the coordinator twice; the sweep ends as if nothing had been."""

import contextlib
import os
import random
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from symplect.experiments.sweep import read_index
from tests.sweeps import numbers, runs_that_are, wait_for, words

RUNS = 64
COMMAND = ["mass-spring", "--models", "hnn", "baseline", "--seeds", 16, "--workers", 2]
COMMAND += ["--set", "width=8,16", "--set", "steps=1000"]


def start(out):
    return subprocess.Popen(words(*COMMAND, "--out", out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def kill_a_worker_every_ten_seconds(out, over, killed):
    choice = random.Random(5)
    while not over.wait(10):
        if running := runs_that_are("running", out):
            worker = int(choice.choice(running)["worker"].split()[1])
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
                killed.append(worker)


@pytest.mark.slow
def test_killed_workers_and_coordinators_change_no_number(tmp_path):
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    process = start(undisturbed)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    over, killed = threading.Event(), []
    killer = threading.Thread(target=kill_a_worker_every_ten_seconds, args=(disturbed, over, killed))
    killer.start()
    try:
        for done in (RUNS // 4, RUNS // 2):
            coordinator = start(disturbed)
            wait_for(lambda done=done: len(runs_that_are("finished", disturbed)) >= done, 900)
            coordinator.kill()
            coordinator.communicate()
        last = start(disturbed)
        _, errors = last.communicate()
        assert last.returncode == 0, errors
    finally:
        over.set()
        killer.join()
    assert len(killed) >= 3
    rows = read_index(disturbed)
    assert (len(rows), {row["state"] for row in rows}) == (RUNS, {"finished"})
    assert len(list(disturbed.rglob("config.json"))) == RUNS
    assert numbers(disturbed) == numbers(undisturbed)
    assert left_over(disturbed) == []


def left_over(out):
    return [path for name in (".*", "*checkpoint*", "*.lock") for path in Path(out).rglob(name)]
