"""A small sweep through the real command line, and what it left."""

import json
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from symplect.experiments.grid import name_of
from symplect.experiments.plan import Plan
from symplect.experiments.sweep import read_index
from symplect.experiments.sweep.job import Job
from symplect.experiments.training_run import TrainingRun
from tests.conftest import made_once
from tests.refusals import SYMPLECT

SEEDS, WIDTHS, MODELS = 4, 2, 2
AS_SWEPT = ("mass-spring", "--models", "hnn", "--seeds", 2, "--set", "width=4,8", "--set", "steps=20")


def words(*arguments):
    return [SYMPLECT, "sweep", *map(str, arguments)]


def swept_into(folder, *arguments):
    done = subprocess.run(words(*arguments, "--out", folder), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


def sweep_of(out):
    """Returns the plan that a sweep as `AS_SWEPT` is made by."""
    return Plan(["mass-spring"], ["hnn"], 2, out, grid={"width": [4, 8], "steps": [20]})


def job_of(out, seed, stop=False, **settings):
    """Returns one run of a sweep of springs as a worker is told it."""
    run = TrainingRun("mass-spring", "hnn", seed, Path(out) / name_of(settings), settings)
    return Job((run,), Path(out), stop_hopeless=stop)


def command(out, on="local", seeds=SEEDS, widths="10,20"):
    """Returns the words of a sweep by two workers."""
    settings = ["--models", "baseline", "hnn", "--seeds", seeds, "--set", f"width={widths}", "--set", "steps=150"]
    return words("mass-spring", *settings, "--on", on, "--workers", 2, "--out", out)


def sweep(out, **options):
    """Runs a sweep to its end and returns what it said."""
    done = subprocess.run(command(out, **options), capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    return done


def swept_here(factory):
    """Returns the folder of a sweep that was undisturbed and on this machine alone."""
    return made_once(factory, "swept", lambda folder: sweep(folder / "sweep")) / "sweep"


@contextmanager
def sweeping(out, **options):
    """Gives a sweep that goes on meanwhile."""
    with subprocess.Popen(
        command(out, **options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(what, seconds=300):
    """Returns what a call returns once that is something."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)
    return found


def runs_that_are(state, out):
    """Returns the rows of the index in one state."""
    rows = read_index(out) if (out / "sweep.json").exists() else []
    return [row for row in rows if row["state"] == state]


def numbers(out):
    """Returns the metrics, except seconds, and the file of weights, of each run."""
    found = {}
    for path in Path(out).glob("*/*/*/seed-*/metrics.json"):
        metrics = {name: value for name, value in json.loads(path.read_text()).items() if "seconds" not in name}
        weights = path.with_name("model.safetensors").read_bytes()
        found[str(path.parent.relative_to(out))] = metrics, weights
    return found


def assert_part_of(out, whole, runs):
    """So many runs ended, each in the numbers of the sweep of which they are a part."""
    found, expected = numbers(out), numbers(whole)
    assert len(found) == runs
    assert found == {run: expected[run] for run in found}
