"""What CONTRIBUTING.md tells newcomers: each of its lines, followed in a copy of the package and taken to its end."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import symplect
from tests.conftest import made_once
from tests.newcomer import FILES, LINES
from tests.test_explorer_page import until

ROOT = Path(__file__).parent.parent


def python(folder, *words):
    """Runs Python with the copy of the package in a folder."""
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-2000:]
    return done.stdout


def command(folder, *words):
    code = f"import sys; sys.argv = ['symplect', *{list(map(str, words))!r}]; from symplect.cli import main; main()"
    return python(folder, "-c", code)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Returns a folder with the package, all new members in it, and a reproduction of the new task."""

    def make(folder):
        shutil.copytree(
            Path(symplect.__file__).parent, folder / "symplect", ignore=shutil.ignore_patterns("__pycache__")
        )
        for name, text in FILES.items():
            assert not (folder / "symplect" / name).exists()
            (folder / "symplect" / name).write_text(text)
        for name, pairs in LINES.items():
            path = folder / "symplect" / name
            for old, new in pairs:
                assert path.read_text().count(old) == 1, f"{name}: {old}"
                path.write_text(path.read_text().replace(old, new))
        command(folder, "reproduce", "newcomers-task", "--out", "runs/own")

    return made_once(tmp_path_factory, "newcomer", make)


@pytest.mark.slow
def test_a_system_a_task_a_basis_a_fit_and_a_model_are_fitted_and_saved(copy):
    results = json.loads((copy / "runs/own/results.json").read_text())["runs"]
    errors = {run["model"]: run["field_error"] for run in results}
    assert set(errors) == {"baseline", "hnn", "residual", "lstsq"}
    assert errors["lstsq"] < 1e-6
    assert max(errors.values()) < 1


@pytest.mark.slow
def test_they_are_loaded_and_certified(copy):
    said = command(copy, "certify", "runs/own")
    assert all(model in said for model in ("residual", "lstsq"))
    code = "import symplect; run = symplect.load('runs/own/newcomers-task/{}/seed-0'); print(type(run.model).__name__)"
    assert python(copy, "-c", code.format("residual")).strip() == "NewcomersHNN"
    assert python(copy, "-c", code.format("lstsq")).strip() == "FeatureHamiltonian"


@pytest.mark.slow
def test_a_figure_and_a_part_of_a_page_are_shown(copy):
    command(copy, "report", "runs/own")
    page = (copy / "runs/own/report.html").read_text()
    assert "Where paths end" in page
    assert "A part by a newcomer." in page


@pytest.mark.slow
def test_the_explorer_moves_the_new_models_and_runs_the_new_script(copy, browser):
    command(copy, "explore", "runs/own")
    page = browser.new_page()
    page.goto((copy / "runs/own/explorer.html").as_uri())
    page.wait_for_selector("html[data-ready]")
    assert page.title().endswith(", by a newcomer")
    for model in ("residual", "lstsq"):
        page.get_by_label("Model").select_option(label=model)
        until(page, f"symplect.shown.pathsKnown && symplect.shown.learned.name === '{model}'")
        paths = "symplect.shown.paths.filter((path) => path.model.role === 'learned')"
        assert np.all(np.isfinite(page.evaluate(f"{paths}.flatMap((path) => Array.from(path.forward))")))
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["onnx", "json", "stablehlo", "sizes"])
def test_the_new_model_is_exported_and_so_it_is_in_the_new_format(copy, ending):
    for model in ("residual", "lstsq"):
        command(copy, "export", f"runs/own/newcomers-task/{model}/seed-0", "--out", f"{model}.{ending}")
        assert (copy / f"{model}.{ending}").stat().st_size > 0
    if ending == "sizes":
        assert (copy / "lstsq.sizes").read_text() == "4"


@pytest.mark.slow
def test_a_solver_moves_what_there_is(copy):
    code = (
        "import numpy as np; from symplect.integrate import SymplecticEuler, rollout; "
        "from symplect.systems import NewcomersSpring; times = np.linspace(0, 50, 2501); "
        "spring = NewcomersSpring(); start = np.array([1.0, 0.0]); "
        "paths = [rollout(spring, start, times, solver=SymplecticEuler(k)).states for k in (1, 2)]; "
        "print(*(float(np.ptp([spring.hamiltonian(z) for z in path[::25]])) for path in paths))"
    )
    coarse, fine = map(float, python(copy, "-c", code).split())
    assert 1.8 < coarse / fine < 2.2


@pytest.mark.slow
def test_a_file_format_is_read_and_fitted(copy):
    t = np.arange(0, 10, 0.05)
    rows = "\n".join(f"{a}|{b}|{c}" for a, b, c in zip(t, np.cos(2 * t), -2 * np.sin(2 * t), strict=True))
    (copy / "own.bars").write_text("t|x|v\n" + rows + "\n")
    said = command(copy, "fit", "own.bars", "--q", "x", "--velocity", "v", "--time", "t", "--method", "closed-form")
    assert "between bars" in said
    assert "Energy is conserved" in said or "not known" in said


def test_every_line_for_newcomers_is_tried():
    """The places that CONTRIBUTING.md names are those that the copy changes."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    table = re.findall(r"^\| (.+?) \| `(.+?)` \| `(.+?)`", text, re.MULTILINE)
    assert {line for _, _, line in table} == set(LINES)
    folders = {str(Path(name).parent) + "/" for name in FILES}
    assert {folder for _, folder, _ in table} - {"views/report/page.html.jinja"} == folders
