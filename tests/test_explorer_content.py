"""What the explorer's page holds: every model of every task, small enough, whole, and from whatever folder."""

import base64
import json
import re
import shutil
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect.errors import InputError, NotAvailableError
from symplect.experiments.tasks import TASKS
from symplect.mechanics import AbstractMechanical
from symplect.models import PortHamiltonian
from symplect.runs import save_run
from symplect.views.explorer.page import explore, explorer_page
from symplect.views.explorer.parts import clock, round_number, thinned
from symplect.views.explorer.pixels import later_frame
from symplect.views.explorer.systems import systems
from symplect.views.report import report
from tests import programs
from tests.explorer_folders import BAD, POINTS, changed, content, hostile, only, reproduction, reseeded, saved, unpacked
from tests.fake_runs import TRAINING, made_up_training, runs_of_every_method
from tests.malformed import own_run


@pytest.fixture(autouse=True)
def training(monkeypatch):
    """Data of tasks are not simulated again, but made up."""
    monkeypatch.setattr(TRAINING, made_up_training)


# Every model of every task


def agree(payload, functions, states, rounding=1e-5):
    """The programs compute what functions compute, in the precision of the payload."""
    arrays, precision = programs.decoded(payload), np.dtype(payload["precision"])
    states = states.astype(precision)
    for what, function in functions.items():
        expected = np.asarray(jax.jit(jax.vmap(function))(jnp.asarray(states))).reshape(len(states), -1)
        found = np.stack([programs.run(payload["programs"][what], arrays, state) for state in states])
        atol = np.max(np.abs(expected)) * (1e-11 if precision == np.float64 else rounding)
        np.testing.assert_allclose(found, expected, rtol=rounding, atol=atol)


def functions_of(model):
    found = {"field": model.time_derivative, "jacobian": jax.jacfwd(model.time_derivative)}
    if hasattr(model, "hamiltonian"):
        found |= {"hamiltonian": model.hamiltonian, "gradient": jax.grad(model.hamiltonian)}
    return found


def each(tasks, quick):
    """Marks all but a few tasks as slow."""
    return [pytest.param(task, marks=() if task in quick else pytest.mark.slow) for task in tasks]


@pytest.mark.parametrize("task", each(TASKS, quick=("pendulum", "real-pendulum", "pixel-pendulum")))
def test_every_model_of_every_task_is_moved_as_in_python(tmp_path, task):
    runs = runs_of_every_method(task)
    found = systems(saved(tmp_path, runs)[0])
    assert found["omitted"] == []
    states = np.random.default_rng(0).uniform(0.9, 1.1, (3, 1)) * runs[0].rollout["truth"][:, 5]
    models = {model["name"]: model for system in found["systems"] for model in system["models"]}
    expected = {run.config.model: run.model for run in runs}
    if TASKS[task].truth_known and task != "pixel-pendulum":
        expected = {"truth": TASKS[task].energy} | expected
    assert list(models) == list(expected)
    for name, model in expected.items():
        agree(models[name]["model"], functions_of(model), states)
        assert models[name]["friction"] == isinstance(model, PortHamiltonian)
        assert models[name]["role"] == (name if name in ("truth", "baseline") else "learned")


@pytest.mark.parametrize("task", each(sorted(TASKS.keys() - {"pixel-pendulum"}), quick=("pendulum", "real-pendulum")))
def test_a_system_says_what_the_page_shows(tmp_path, task):
    runs = runs_of_every_method(task)
    system = only(systems(reproduction(tmp_path, runs)))
    dimension = 2 * TASKS[task].energy.degrees_of_freedom
    assert system["shown"] == "hnn"
    assert len(system["coordinates"]) == len(system["start"]) == dimension
    assert (system["horizon"], system["step"]) == (3.0, 0.01)
    assert (system["data"]["shown"], system["data"]["total"]) == (100, 1234)
    assert len(base64.b64decode(system["data"]["states"])) == 4 * 100 * dimension
    assert system["bodies"] == {"two-body": {"count": 2}, "three-body": {"count": 3}}.get(task)
    assert bool(system["measured"]) == (not TASKS[task].truth_known)
    names = [coordinate["name"] for coordinate in system["coordinates"]]
    if task == "two-body":
        assert names == ["x1", "x2", "y1", "y2", "px1", "px2", "py1", "py2"]
    separable = {model["name"] for model in system["models"] if model["separable"]}
    coupled = isinstance(TASKS[task].energy, AbstractMechanical) or task == "double-pendulum"
    assert ("truth" in separable) == (TASKS[task].truth_known and not coupled)
    assert ("pair-distances" in separable) == (task in ("two-body", "three-body"))
    assert not separable & {"baseline", "hnn", "closed-form", "dissipative"}


def test_pixels_are_decoded_as_in_python(tmp_path):
    runs = runs_of_every_method("pixel-pendulum")
    found = systems(saved(tmp_path, runs)[1])["systems"]
    assert [system["shown"] for system in found] == ["hnn", "baseline", "pixel-hnn"]  # the given one first
    latent = runs[1].rollout["latent_training"][:20].astype(np.float32)
    for system, run in zip(found, [runs[1], runs[0], runs[2]], strict=True):
        assert system["image"] == {"side": 28}
        (model,) = system["models"]
        exact = np.asarray(jax.vmap(run.model.decode)(jnp.asarray(latent)))[:, 784:]
        np.testing.assert_array_equal(jax.vmap(later_frame(run.model))(jnp.asarray(latent)), exact)
        decode, arrays = model["decoder"]["programs"]["decode"], programs.decoded(model["decoder"])
        frames = np.stack([programs.run(decode, arrays, state) for state in latent])
        assert any(isinstance(array, dict) for array in model["decoder"]["arrays"])
        assert np.max(np.abs(frames - exact)) < 0.01 * np.ptp(exact)
        assert not any(len(array) == 1568 for array in arrays)  # the earlier frame's are left out


def test_one_run_brings_its_siblings_and_is_shown_first(tmp_path):
    places = saved(tmp_path, runs_of_every_method("pendulum"))
    system = only(systems(places[2]))
    assert system["shown"] == places[2].parent.name
    assert {model["name"] for model in system["models"]} == {"truth", *TASKS["pendulum"].methods}
    shutil.copytree(places[0], tmp_path / "alone")
    alone = only(systems(tmp_path / "alone"))
    assert ([model["name"] for model in alone["models"]], alone["shown"]) == (["truth", "baseline"], "baseline")


def test_the_first_seed_of_a_task_is_taken(tmp_path):
    runs = runs_of_every_method("pendulum")[:2]
    folder = reproduction(tmp_path, runs)
    later = [reseeded(1)(run) for run in runs]
    for run in later:
        save_run(folder / "pendulum" / run.config.model / "seed-1", run)
    results = json.loads((folder / "results.json").read_text())
    results["runs"] += [{**row, "seed": 1} for row in results["runs"]]
    (folder / "results.json").write_text(json.dumps(results))
    assert only(systems(folder))["subtitle"].endswith("seed 0.")


def test_without_the_data_a_note_says_why(tmp_path, monkeypatch):
    def missing(*_):
        raise NotAvailableError("the measurements could not be downloaded")

    monkeypatch.setattr(TRAINING, missing)
    system = only(systems(reproduction(tmp_path, runs_of_every_method("real-pendulum"))))
    assert (system["data"]["shown"], system["data"]["total"]) == (0, 0)
    assert system["notes"][0] == "No training states: the measurements could not be downloaded"
    assert len(system["measured"]) == 3


def test_certificates_come_along(tmp_path):
    places = saved(tmp_path, runs_of_every_method("pendulum")[:2])
    rows = [
        {"name": "volume_error", "value": 1.25e-9, "limit": 1e-6, "passed": True, "meaning": "change of volume"},
        {"name": "energy_drift", "value": None, "limit": 1e-3, "passed": False, "meaning": "change of energy"},
        {"name": "field_error", "value": None, "limit": None, "passed": None, "meaning": "does not apply"},
    ]
    rows[1]["failure"] = "does not oscillate"
    (places[1] / "certificate.json").write_text(json.dumps({"solver": "RK4", "rows": rows}))
    found = {model["name"]: model["certificate"] for model in only(systems(places[1]))["models"]}
    assert found["truth"] is found["baseline"] is None
    rows[1]["value"] = rows[1].pop("failure")
    assert found["hnn"] == {"verdict": "flagged: energy_drift", "rows": rows[:2]}


@pytest.mark.slow
def test_training_states_are_those_of_the_fit(reproduced, monkeypatch):
    monkeypatch.undo()
    system = only(systems(reproduced))
    expected = TASKS["mass-spring"].make_data(0, None, None).train.states
    found = np.frombuffer(base64.b64decode(system["data"]["states"]), "<f4").reshape(-1, 2)
    np.testing.assert_array_equal(found, expected.astype(np.float32))
    assert (np.min(expected, axis=0) <= system["start"]).all()
    assert (system["start"] <= np.max(expected, axis=0)).all()


# People's own data


def test_own_data_bring_their_measured_paths(tmp_path):
    save_run(tmp_path / "swing", own_run())
    system = only(systems(tmp_path / "swing"))
    assert (system["title"], system["subtitle"]) == ("swing", "Learned from swing.csv, method closed-form.")
    assert [coordinate["name"] for coordinate in system["coordinates"]] == ["x", "v"]
    assert [model["role"] for model in system["models"]] == ["learned"]
    (path,) = system["measured"]
    np.testing.assert_allclose(path["states"], own_run().rollout["truth"], rtol=1e-8)
    assert system["start"] == path["states"][0]
    assert system["time"] == "time (s)"
    assert (system["horizon"], system["step"]) == (3.0, 0.01)
    assert system["notes"] == ["Energy is conserved."]


def test_long_paths_are_thinned_and_cut(tmp_path):
    t = np.linspace(0.0, 1000.0, 100_000)
    states = np.stack([np.cos(t), -np.sin(t)], axis=1)
    system = only(
        systems(
            changed(tmp_path / "run", train=states, t=t, truth=states, prediction=states, lengths=np.array([100_000]))
        )
    )
    (path,) = system["measured"]
    assert len(path["times"]) == 400
    assert path["times"][-1] == pytest.approx(4 * system["horizon"], rel=0.01)
    assert system["horizon"] == pytest.approx(4 * 2 * np.pi, rel=0.05)


def test_of_a_million_points_a_few_are_shown(tmp_path):
    states = np.random.default_rng(0).standard_normal((1_000_000, 2))
    system = only(systems(changed(tmp_path / "run", train=states)))
    assert (system["data"]["shown"], system["data"]["total"]) == (POINTS, 1_000_000)
    assert len(base64.b64decode(system["data"]["states"])) == POINTS * 2 * 4


def test_steps_are_round_and_about_four_hundred():
    for duration in np.geomspace(1e-9, 1e9, 200):
        found = clock(float(duration))
        assert 250 < found["horizon"] / found["step"] < 650
        assert re.fullmatch(r"[125]e[+-]\d\d", f"{found['step']:.0e}")
        assert found["horizon"] == pytest.approx(duration, rel=0.002)
    assert round_number(1.4) == 1.0


def test_thinning_keeps_both_ends():
    assert thinned(np.arange(11), 3).tolist() == [0, 5, 10]
    assert thinned(np.arange(2), 3).tolist() == [0, 1]
    assert thinned(np.arange(0), 3).tolist() == []


# The page


@pytest.mark.parametrize("task", ["pendulum", "two-body"])
def test_a_page_of_published_networks_is_small(tmp_path, monkeypatch, task):
    monkeypatch.setattr(TRAINING, lambda *_: (np.zeros((0, 2)), 0))
    runs = [run for run in runs_of_every_method(task, width=200) if run.config.model in ("baseline", "hnn")]
    assert len(explorer_page(saved(tmp_path, runs)[0])) < 1_000_000


def test_the_same_run_gives_the_same_bytes(tmp_path):
    save_run(tmp_path / "run", own_run())
    explore(tmp_path / "run", tmp_path / "one.html")
    explore(tmp_path / "run", tmp_path / "two.html")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_what_comes_from_files_stays_text(tmp_path):
    page = explorer_page(hostile(tmp_path / "a & <b>"))
    assert page.isascii() or "\u2028" not in page
    assert "<script>document" not in page
    assert "<img" not in page
    assert only(content(page))["notes"][0] == BAD
    assert only(content(page))["title"] == "a & <b>"
    kinds = re.findall(r"<script([^>]*)>", page)
    assert [re.search(r'type="(.*?)"', kind)[1] for kind in kinds] == [
        "text/plain",
        "text/plain",
        "importmap",
        "module",
    ]


def test_a_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    save_run(tmp_path / "run", own_run())
    (tmp_path / "page.html").write_text("before")
    with monkeypatch.context() as broken:
        broken.setattr(Path, "write_text", lambda *_, **__: (_ for _ in ()).throw(OSError("no room")))
        with pytest.raises(InputError, match=r"expected to write .*page\.html"):
            explore(tmp_path / "run", tmp_path / "page.html")
    with pytest.raises(InputError, match="expected to write"):
        explore(tmp_path / "run", tmp_path / "page.html" / "below.html")
    assert (tmp_path / "page.html").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "run"]


# In a report


@pytest.mark.slow
def test_a_report_holds_the_explorer_or_says_why_not(tmp_path, monkeypatch):
    save_run(tmp_path / "run", own_run())
    report(tmp_path / "run", tmp_path / "run" / "report.html")
    assert 'href="explorer.html"' not in (tmp_path / "run" / "report.html").read_text()
    explore(tmp_path / "run", tmp_path / "run" / "explorer.html")
    report(tmp_path / "run", tmp_path / "run" / "report.html")
    page = (tmp_path / "run" / "report.html").read_text()
    assert '<iframe class="explorer" title="Explorer of run" sandbox="allow-scripts">' in page
    assert unpacked(page, "explorer").startswith("<!DOCTYPE html>")
    assert 'href="explorer.html"' in page

    def refuse(_):
        raise InputError("expected <finite> weights")

    monkeypatch.setattr("symplect.views.report.explorer.explorer_page", refuse)
    report(tmp_path / "run", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "These runs cannot be explored: expected &lt;finite&gt; weights" in page
    assert "<iframe" not in page


# In a browser


def opened(browser, path):
    """Returns a page in a window, with what it said and asked for."""
    view, said, asked = browser.new_page(), [], []
    view.on("console", lambda message: said.append(message.text))
    view.on("pageerror", lambda error: said.append(str(error)))
    view.on("request", lambda asking: asked.append(asking.url))
    view.goto(path.as_uri())
    return view, said, asked


READY = "document.documentElement.dataset.ready === 'yes'"


def test_in_a_browser_the_page_runs_alone(browser, tmp_path):
    explore(hostile(tmp_path / "run"), tmp_path / "page.html")
    view, said, asked = opened(browser, tmp_path / "page.html")
    view.wait_for_function(READY)
    assert said == []
    assert {url for url in asked if not url.startswith("data:")} == {(tmp_path / "page.html").as_uri()}
    assert "bad" not in view.evaluate("({...document.documentElement.dataset})")
    view.close()


@pytest.mark.parametrize("injected", ["<script>{}</script>", "<script type=module>{}</script>", '<p onclick="{}">'])
def test_in_a_browser_what_is_injected_does_not_run(browser, tmp_path, injected):
    save_run(tmp_path / "run", own_run())
    page = explorer_page(tmp_path / "run")
    bad = injected.format("document.documentElement.dataset.bad = 1")
    (tmp_path / "page.html").write_text(page.replace("<main", f"{bad}<main", 1))
    view, said, _ = opened(browser, tmp_path / "page.html")
    view.wait_for_function(READY)
    view.evaluate("document.querySelector('p').click()")
    assert "bad" not in view.evaluate("({...document.documentElement.dataset})")
    assert "Content Security Policy" in said[0]
    view.close()


@pytest.mark.slow
def test_in_a_browser_it_runs_inside_the_report(browser, tmp_path):
    save_run(tmp_path / "run", own_run())
    report(tmp_path / "run", tmp_path / "report.html")
    view, said, asked = opened(browser, tmp_path / "report.html")
    view.locator("iframe.explorer").scroll_into_view_if_needed()
    frame = view.locator("iframe.explorer").element_handle().content_frame()
    frame.wait_for_url("about:srcdoc")
    frame.wait_for_function(READY)
    assert said == []
    assert {url for url in asked if not url.startswith(("data:", "blob:"))} == {(tmp_path / "report.html").as_uri()}
    view.close()
