"""Figures: they show the runs' numbers, in one colour for each model, on axes that say what they are."""

import dataclasses

import numpy as np
import plotly.graph_objects as go
import pytest

from symplect.dynamics import energies, vector_field
from symplect.errors import InputError
from symplect.experiments.tasks import TASKS
from symplect.runs import load_run
from symplect.views.plots import colour, energy_step, gallery, name
from symplect.views.plots.energies import energies_by_start, energy_errors_by_task
from symplect.views.plots.fields import data_and_fields
from symplect.views.plots.latent import latent_space
from symplect.views.plots.learning import learning_curves
from symplect.views.plots.orbits import energies_above_orbits, orbits_for_long
from symplect.views.plots.phase import observed_and_predicted, phase_portraits
from symplect.views.plots.pixels import film_strips
from tests.fake_runs import STARTS, pixel_runs, published_runs

WHO = ("truth", "baseline", "hnn", "pixel-hnn")


@pytest.fixture(scope="module")
def runs(reproduced):
    """Small real runs of task 1, made-up ones of the others."""
    real = [load_run(path.parent) for path in sorted(reproduced.rglob("seed-0/config.json"))]
    return [*real, *(run for task in STARTS for run in published_runs(task)), *pixel_runs()]


@pytest.fixture(scope="module")
def drawn(runs):
    return {picture.name: picture.draw(runs) for picture in gallery()}


def run_of(runs, task, model):
    return next(run for run in runs if (run.config.task, run.config.model) == (task, model))


def panel(figure, title):
    """Returns the traces of the panel with that title by their names."""
    titles = [annotation.text for annotation in figure.layout.annotations]
    row, column = divmod(titles.index(title), len(figure._grid_ref[0]))
    return {trace.name: trace for trace in figure.select_traces(row=row + 1, col=column + 1)}


NAMES = [picture.name for picture in gallery()]


def test_every_figure_of_the_paper_but_the_diagram_is_there():
    assert [f"figure-{number}" for number in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11)] == [n for n in NAMES if "figure" in n]


@pytest.mark.parametrize("figure", NAMES)
def test_axes_say_what_they_are(drawn, figure):
    for trace in drawn[figure].data:
        for letter in "xy":
            axis = drawn[figure].layout[f"{letter}axis" + (getattr(trace, f"{letter}axis") or letter)[1:]]
            assert axis.title.text or axis.ticktext, f"{trace.name}, {letter}"


@pytest.mark.parametrize("figure", NAMES)
def test_a_model_has_one_colour_everywhere(drawn, figure):
    """A trace that is named for a model, or that stands in a panel named for one, has its colour."""
    found = 0
    for trace in drawn[figure].data:
        for who in WHO:
            if trace.name and trace.name.split(",")[0].split(":")[0] == name(who):
                assert {trace.line.color, trace.marker.color} - {None} == {colour(who)}
                found += 1
    assert found or figure in ("figure-5", "figure-11")
    assert len({colour(who) for who in WHO}) == 4


@pytest.mark.parametrize("figure", NAMES)
def test_the_legend_names_everything_once(drawn, figure):
    shown = [trace.name for trace in drawn[figure].data if trace.showlegend]
    assert shown
    assert len(shown) == len(set(shown))


@pytest.mark.parametrize("picture", gallery(), ids=NAMES)
def test_without_its_runs_a_figure_says_what_to_do(picture):
    with pytest.raises(InputError, match=f"expected a run of .*{picture.tasks[-1]}.* `symplect reproduce "):
        picture.draw([])


@pytest.mark.parametrize("model", ["baseline", "hnn"])
def test_one_model_alone_is_drawn_and_leaves_no_panel_empty(runs, model):
    alone = [run for run in runs if run.config.model == model]
    other = {"baseline": "HNN", "hnn": "baseline"}[model]
    for picture in gallery():
        if model == "hnn" or picture.name not in ("figure-5", "figure-11"):
            figure = picture.draw(alone)
            assert not any(other in trace.name for trace in figure.data if trace.name), picture.name
            assert len({trace.xaxis for trace in figure.data}) >= len(figure.layout.annotations), picture.name


def test_phase_portraits_hold_what_they_promise(runs):
    figure = phase_portraits(runs)
    path = panel(figure, "Ideal mass-spring: paths in the phase plane")
    states = {who: np.stack([path[who].x, path[who].y], axis=1) for who in ("truth", "baseline", "HNN")}
    np.testing.assert_allclose(states["HNN"][0], [1.0, 0.0])
    error = panel(figure, "Ideal mass-spring: squared error of the state")["baseline"].y
    np.testing.assert_allclose(error, np.sum((states["baseline"] - states["truth"]) ** 2, axis=1))
    energy = panel(figure, "Ideal mass-spring: true energy")
    np.testing.assert_allclose(energy["truth"].y, 1.0, rtol=1e-6)
    np.testing.assert_allclose(energy["HNN"].y, energies(TASKS["mass-spring"].energy.hamiltonian, states["HNN"]))
    conserved = panel(figure, "Ideal mass-spring: what the HNN conserves")
    np.testing.assert_allclose(conserved["HNN"].y, conserved["HNN"].y[0], rtol=1e-5)
    assert np.ptp(conserved["baseline"].y) > 10 * np.ptp(conserved["HNN"].y)


def test_noisy_states_are_the_training_data(runs):
    states = panel(observed_and_predicted(runs), "training data")["noisy states"]
    data = TASKS["mass-spring"].make_data(0, None, None).train.states
    np.testing.assert_array_equal(np.stack([states.x, states.y], axis=1), data)


def arrow_lines(trace):
    starts, ends, _ = np.stack([trace.x, trace.y], axis=1).reshape(-1, 3, 2).transpose(1, 0, 2)
    return starts, ends - starts


def test_arrows_of_the_data_point_along_the_derivatives(runs):
    starts, vectors = arrow_lines(
        panel(data_and_fields(runs), "Ideal mass-spring: test data")["state and its derivative"]
    )
    data = TASKS["mass-spring"].make_data(0, None, None).test
    rows = [int(np.argmin(np.sum((data.states - start) ** 2, axis=1))) for start in starts]
    np.testing.assert_allclose(data.states[rows], starts)
    scale = np.sum(vectors * data.derivatives[rows]) / np.sum(data.derivatives[rows] ** 2)
    np.testing.assert_allclose(vectors, scale * data.derivatives[rows], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("model", ["baseline", "hnn"])
def test_each_field_is_its_own_models(runs, model):
    """In the paper's code the last panel shows the baseline's field by mistake."""
    found = panel(data_and_fields(runs), f"Ideal mass-spring: field of the {name(model)}")
    starts, vectors = arrow_lines(found["field"])
    expected = np.asarray(vector_field(run_of(runs, "mass-spring", model).model, starts))
    np.testing.assert_allclose(vectors / np.linalg.norm(vectors), expected / np.linalg.norm(expected), atol=1e-5)


def test_energies_by_start_are_the_stored_ones(runs):
    figure = energies_by_start(runs, "two-body")
    for model in ("baseline", "hnn"):
        stored = run_of(runs, "two-body", model).rollout
        np.testing.assert_array_equal(panel(figure, "start 2")[name(model)].y, stored["energy_prediction"][1])
    np.testing.assert_array_equal(panel(figure, "start 2")["truth"].y, stored["energy_truth"][1])


def test_energy_errors_have_the_metrics_as_their_mean(runs):
    figure = energy_errors_by_task(runs)
    means = [trace.x[0] for trace in figure.data if trace.name == "HNN, mean"]
    expected = [run.metrics["energy_mse"] for run in runs if run.config.model == "hnn"]
    np.testing.assert_allclose(means, expected)


def test_learning_curves_are_the_histories(runs):
    found = panel(learning_curves(runs), "Ideal mass-spring")["HNN, test"]
    history = run_of(runs, "mass-spring", "hnn").history
    np.testing.assert_array_equal(found.x, history["step"])
    np.testing.assert_array_equal(found.y, history["test_loss"])


@pytest.mark.parametrize(("task", "bodies"), [("two-body", 2), ("three-body", 3)])
def test_orbits_start_where_models_are_judged_and_energies_add_up(runs, task, bodies):
    figure, start = energies_above_orbits(runs, task), run_of(runs, task, "hnn").rollout["truth"][0, 0]
    for body in range(bodies):
        orbit = panel(figure, "HNN: orbits")[f"body {body + 1}"]
        np.testing.assert_allclose([orbit.x[0], orbit.y[0]], [start[body], start[bodies + body]])
        assert orbit.line.color == colour("hnn")
    parts = panel(figure, "truth: energies")
    np.testing.assert_allclose(parts["kinetic"].y + parts["potential"].y, parts["total energy"].y)
    true = energies(TASKS[task].energy.hamiltonian, start)
    np.testing.assert_allclose(parts["total energy"].y, true, rtol=1e-6)


def test_two_bodies_are_followed_for_twice_the_time(runs):
    judged = run_of(runs, "two-body", "hnn").rollout["t"][-1]
    figure = orbits_for_long(runs, "two-body")
    assert panel(figure, "HNN: energies of the prediction")["kinetic"].x[-1] == 2 * judged


def test_a_new_task_gets_every_picture_that_fits_it(monkeypatch):
    number = len(gallery())
    for new, like in (("springs", "mass-spring"), ("stars", "two-body"), ("camera", "pixel-pendulum")):
        monkeypatch.setitem(TASKS, new, dataclasses.replace(TASKS[like], name=new, published={}))
    shown = {picture.name: picture.tasks for picture in gallery()}
    assert len(shown) == number + 3  # bodies have figures of their own
    assert shown["stars-orbits"] == shown["stars-long"] == shown["stars-starts"] == ("stars",)
    assert all("springs" in shown[figure] for figure in ("figure-2", "figure-7"))
    assert all("camera" in shown[figure] for figure in ("figure-4", "figure-5", "figure-11"))


def test_what_blows_up_does_not_ruin_the_axes(runs):
    tame, wild = (run_of(runs, "two-body", model) for model in ("baseline", "hnn"))
    wild = dataclasses.replace(wild, rollout={**wild.rollout, "energy_prediction": 1e6 * wild.rollout["energy_truth"]})
    ranges = [energies_by_start(own, "two-body").layout.yaxis.range for own in ([tame, wild], [tame])]
    assert ranges[0] == ranges[1]


def test_film_strips_show_the_stored_frames(runs):
    figure = film_strips(runs)
    (picture,) = (trace.z for trace in figure.data if isinstance(trace, go.Heatmap))
    films = [run_of(runs, "pixel-pendulum", model).rollout["frames_prediction"][0] for model in WHO[1:]]
    np.testing.assert_array_equal(
        picture[:28, :28], run_of(runs, "pixel-pendulum", "hnn").rollout["frames_truth"][0, 0]
    )
    for number, film in enumerate(films, 1):
        np.testing.assert_array_equal(picture[30 * number : 30 * number + 28, :28], film[0])
        np.testing.assert_array_equal(picture[30 * number : 30 * number + 28, -30:-2], film[-1])
    assert [colour(who) in label for who, label in zip(WHO, figure.layout.yaxis.ticktext, strict=True)] == [True] * 4
    angle = panel(figure, "the pendulum's angle")["pixel HNN"]
    np.testing.assert_array_equal(angle.y, run_of(runs, "pixel-pendulum", "pixel-hnn").rollout["prediction"][0, :, 0])


def test_energy_is_added_between_two_levels(runs):
    run = run_of(runs, "pixel-pendulum", "hnn")
    step = energy_step(run.model, run.rollout, np.linspace(0.0, 5.0, 20))
    low, climb, high = (
        np.asarray(energies(run.model.hamiltonian, part)) for part in (step.before, step.climb, step.after)
    )
    np.testing.assert_allclose(low, low[0], atol=1e-4)
    np.testing.assert_allclose(climb, np.linspace(low[-1], high[0], len(climb)), atol=1e-4)
    np.testing.assert_allclose(high, high[0], atol=1e-4)
    np.testing.assert_allclose(step.climb[0], step.before[-1])


def test_latent_space_shows_the_same_data_twice(runs):
    figure, stored = latent_space(runs), run_of(runs, "pixel-pendulum", "pixel-hnn").rollout
    latent, true = (panel(figure, f"pixel HNN: {what}")["data"] for what in ("latent space", "true phase plane"))
    np.testing.assert_array_equal(latent.x, stored["latent_training"][:, 0])
    np.testing.assert_array_equal(true.y, stored["state_training"][:, 1])
    np.testing.assert_array_equal(latent.marker.color, true.marker.color)


def test_without_a_hamiltonian_there_is_no_latent_energy(runs):
    with pytest.raises(InputError, match="with a Hamiltonian, found baseline"):
        latent_space([run_of(runs, "pixel-pendulum", "baseline")])
