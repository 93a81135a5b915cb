"""The report: one page that holds the runs, asks nobody outside for anything, and can be read on a phone."""

import base64
import html
import io
import json
import re
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

from symplect import cli
from symplect.errors import InputError
from symplect.files import read_json, write_json
from symplect.views.report import report
from tests.fake_runs import TIMES, TRAINING, made_up_training, reproduction


@pytest.fixture(scope="module", autouse=True)
def training():
    """Data of tasks are not simulated again for the explorer, but made up."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(TRAINING, made_up_training)
        yield


@pytest.fixture(scope="module")
def folder(reproduced, tmp_path_factory):
    """Returns a reproduction with runs of every task but the measured pendulum, which was not at hand."""
    out = tmp_path_factory.mktemp("report") / "paper"
    results = reproduction(reproduced, out)
    results["not_run"] = {"real-pendulum": "no measurements <script>alert('here')</script>"}
    write_json(out / "results.json", results)
    rows = [
        {"name": "volume_error", "value": 1.25e-9, "limit": 1e-6, "passed": True, "meaning": "change of volume"},
        {"name": "energy_drift", "value": 0.5, "limit": 1e-3, "passed": False, "meaning": "change of energy"},
        {"name": "out_of_distribution", "value": None, "limit": None, "passed": None, "meaning": "does not apply"},
    ]
    write_json(out / "mass-spring" / "hnn" / "seed-0" / "certificate.json", {"solver": "RK4", "rows": rows})
    return out


@pytest.fixture(scope="module")
def page(folder):
    report(folder, folder / "report.html")
    return (folder / "report.html").read_text()


def cells(page, section):
    """Returns the text of all cells of the first table in a section, line by line."""
    table = re.search(rf'<section id="{section}">.*?<table>(.*?)</table>', page, re.DOTALL)[1]
    lines = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    return [[html.unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line)] for line in lines]


def test_the_page_has_the_table_with_its_notes(reproduced, tmp_path):
    report(reproduced, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    lines = (reproduced / "table.md").read_text().splitlines()
    expected = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    assert cells(page, "table") == expected
    for note in [line.strip() for line in lines if line.startswith("[")]:
        assert note in html.unescape(page)


def test_the_summary_has_the_energy_errors(folder, page):
    runs = read_json(folder / "results.json")["runs"]
    baseline, hnn = (
        np.mean([run["energy_mse"] for run in runs if (run["task"], run["model"]) == ("mass-spring", model)])
        for model in ("baseline", "hnn")
    )
    header, *lines = cells(page, "summary")
    assert header == ["task", "baseline", "HNN", "pixel HNN", "ratio"]
    line = next(line for line in lines if line[0] == "Ideal mass-spring")
    assert [float(line[column].split(" ±")[0]) for column in (1, 2)] == pytest.approx([baseline, hnn], rel=5e-3)
    assert float(line[4].replace(",", "")) == pytest.approx(baseline / hnn, rel=0.06)


def test_every_figure_is_named_described_and_in_the_contents(page):
    titles = re.findall(r'<h3 id="(.*?)-title">', page)
    assert len(titles) == 12 + 1  # the gallery and the animation
    for title in titles:
        assert f'href="#{title}"' in page
    assert len(re.findall(r'role="img"\s+aria-label="[^"]{80,}"', page)) == 12
    assert page.count("<figcaption>") == 13


def test_what_comes_from_files_is_escaped(page):
    assert "<script>alert" not in page
    assert "no measurements &lt;script&gt;" in page


def test_certificates_are_shown_and_otherwise_the_command_that_makes_them(page, reproduced, tmp_path):
    assert "Ideal mass-spring, HNN, seed 0: flagged: energy_drift" in page
    assert cells(page, "certificates") == [
        ["name", "value", "limit", "passed", "meaning"],
        ["volume_error", "1.25e-09", "1e-06", "yes", "change of volume"],
        ["energy_drift", "0.5", "0.001", "no", "change of energy"],
    ]
    report(reproduced / "mass-spring" / "hnn" / "seed-0", tmp_path / "report.html")
    assert "symplect certify" in (tmp_path / "report.html").read_text()


def test_the_command_makes_the_runs_again(page):
    assert re.search(
        r"<code>symplect reproduce mass-spring --models baseline hnn --seeds 2 --steps 150 --out \S+/paper\n", page
    )


def test_settings_and_versions_are_told(page):
    assert ["steps", "150"] in cells(page, "settings")
    assert re.search(r"<th scope=\"row\">jax</th><td>[\d.]+</td>", page)


def test_the_same_runs_make_the_same_page(folder, page):
    report(folder, folder / "again.html")
    assert (folder / "again.html").read_text() == page
    assert len(page) < 4_000_000


def test_one_run_has_its_own_figures_only(folder, tmp_path):
    report(folder / "mass-spring" / "hnn" / "seed-0", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert re.findall(r'<h3 id="(.*?)-title">', page) == [
        "energy-errors",
        "figure-1",
        "figure-2",
        "figure-7",
        "learning",
    ]
    assert "symplect reproduce mass-spring --models hnn --seeds 1 --steps 150" in page
    assert "Not drawn" not in page


def test_what_cannot_be_drawn_is_named_with_the_remedy(folder, tmp_path):
    report(folder / "pixel-pendulum" / "baseline" / "seed-0", tmp_path / "report.html")
    page = html.unescape((tmp_path / "report.html").read_text())
    assert "Figure 5: adding energy in latent space: expected a run of pixel-pendulum with a Hamiltonian" in page


# The animation


def test_the_animation_shows_truth_models_and_added_energy(folder, page):
    content = (folder / "pixel-pendulum.gif").read_bytes()
    assert base64.b64encode(content).decode() in page
    film = Image.open(io.BytesIO(content))
    assert film.n_frames == TIMES
    panels = 4 + 2  # truth and three models; energy added to the two that have a Hamiltonian
    assert film.size[0] == panels * 180 + 12
    film.close()


def test_without_pillow_the_page_names_the_extra(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "symplect.views.report.animation", None)
    report(folder / "pixel-pendulum" / "hnn" / "seed-0", tmp_path / "report.html")
    assert 'pip install "symplect[pixels]"' in html.unescape((tmp_path / "report.html").read_text())
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


# The command


def call(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["symplect", "report", *map(str, arguments)])
    cli.main()


def test_the_command_prints_where_the_page_is(folder, monkeypatch, capsys, tmp_path):
    run = tmp_path / "seed-0"
    shutil.copytree(folder / "mass-spring" / "hnn" / "seed-0", run)
    call(monkeypatch, run)
    assert capsys.readouterr().out.strip() == str(run / "report.html")
    assert (run / "report.html").exists()


def damaged(name, content):
    def damage(folder):
        (folder / name).write_text(content)

    return damage


DAMAGES = {
    "nothing there": (shutil.rmtree, "found neither results.json nor config.json"),
    "half a file": (damaged("results.json", '{"runs": ['), "results.json as symplect wrote it, found it unreadable"),
    "another file": (damaged("results.json", "{}"), "results.json as symplect wrote it, found .*required field `runs`"),
    "no runs": (
        damaged("results.json", json.dumps({"runs": [], "versions": {}, "not_run": {}, "settings": {
            "tasks": ["pendulum"], "models": None, "seeds": 1, "out": "runs/paper", "data": None, "steps": None}})),
        "finished runs in .*symplect reproduce pendulum --seeds 1 --out runs/paper",
    ),
    "a lost run": (lambda folder: shutil.rmtree(folder / "mass-spring"), "config.json, found none"),
    "a run of something else": (
        damaged("mass-spring/hnn/seed-0/config.json", '{"task": "spring"}'),
        "missing required field `model`",
    ),
    "a model the task has not": (
        damaged("mass-spring/hnn/seed-0/config.json", json.dumps({
            "task": "mass-spring", "model": "transformer", "seed": 0, "settings": {}, "version": "0"})),
        "found 'transformer' of 'mass-spring'",
    ),
    "a broken certificate": (damaged("mass-spring/hnn/seed-0/certificate.json", "{}"), "missing required field"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_no_run_ends_with_code_2_and_leaves_nothing(reproduced, monkeypatch, capsys, tmp_path, damage):
    shutil.copytree(reproduced, tmp_path / "paper")
    break_it, message = DAMAGES[damage]
    break_it(tmp_path / "paper")
    with pytest.raises(SystemExit) as stop:
        call(monkeypatch, tmp_path / "paper", "--out", tmp_path / "report.html")
    assert stop.value.code == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert re.search("symplect: expected .*" + message, line), line
    assert not (tmp_path / "report.html").exists()


def test_a_place_that_cannot_be_written_is_named(reproduced, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"expected to write .*report\.html"):
        report(reproduced, tmp_path / "file" / "report.html")


# In a browser


@pytest.fixture(scope="module", params=[1400, 400])
def opened(browser, folder, page, request):
    """Returns the page in a window, all its figures drawn, with what it said and asked for."""
    del page
    view = browser.new_page(viewport={"width": request.param, "height": 900})
    said, asked = [], []
    view.on("console", lambda message: said.append(message.text))
    view.on("pageerror", lambda error: said.append(str(error)))
    view.on("request", lambda asking: asked.append(asking.url))
    view.goto((folder / "report.html").as_uri())
    view.wait_for_function("globalThis.Plotly !== undefined")
    view.evaluate("drawAll()")
    yield view, said, asked
    view.close()


def test_in_a_browser_it_is_whole_silent_and_alone(opened, folder):
    view, said, asked = opened
    assert view.locator(".plot .main-svg").count() >= 12
    assert said == []
    assert {url for url in asked if not url.startswith(("data:", "blob:"))} == {(folder / "report.html").as_uri()}


def test_in_a_browser_nothing_is_wider_than_the_page(opened):
    view, *_ = opened
    width = view.viewport_size["width"]
    assert view.evaluate("document.documentElement.scrollWidth") <= width
    for box in view.locator(".scroll").all():
        assert box.bounding_box()["width"] <= width
        assert box.get_attribute("tabindex") == "0"
    boxes = view.evaluate(
        "[...document.querySelectorAll('.plot')].map(p => [p.clientWidth, p.querySelector('.main-svg').clientWidth])"
    )
    assert all(box == drawn for box, drawn in boxes)


def test_in_a_browser_figures_are_drawn_when_they_come_near(browser, folder, page):
    del page
    view = browser.new_page(viewport={"width": 1400, "height": 900})
    view.goto((folder / "report.html").as_uri())
    assert view.locator("#learning-plot .main-svg").count() == 0
    view.locator("#learning-plot").scroll_into_view_if_needed()
    view.wait_for_selector("#learning-plot .main-svg")
    view.close()
