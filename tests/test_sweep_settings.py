"""The settings of a sweep: combined, told by folders, made into jobs, and refused before anything runs."""

import re
from pathlib import Path

import pytest

from symplect.errors import InputError
from symplect.experiments.grid import choices, name_of, read_grid, settings_of
from symplect.experiments.plan import Plan
from symplect.experiments.schedule import jobs_of
from symplect.experiments.sweep import sweep
from symplect.experiments.sweep.local import local_executor
from tests.refusals import refused


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
def test_wrong_calls_end_with_code_2_before_anything_runs(monkeypatch, capfd, tmp_path, given, message):
    models = [] if "--models" in given else ["--models", "hnn"]
    words = ["sweep", "mass-spring", *models, *given, "--out", tmp_path / "out"]
    assert re.search(message, refused(capfd, monkeypatch, *words))
    assert not list(tmp_path.rglob("config.json"))


def test_seeds_in_one_program_are_not_stopped():
    plan = Plan(["pendulum"], ["hnn"], 2, Path("runs"))
    with pytest.raises(InputError, match="leave --together or --stop-hopeless out"):
        sweep(plan, lambda: local_executor(1), together=2, stop_hopeless=True)


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
