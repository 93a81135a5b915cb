"""The tasks of arms and chains: their data obey mechanics, and folders of their runs can be looked at."""

import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect.dynamics import energies, vector_field
from symplect.experiments.paper_table import Row, other_cells, table
from symplect.experiments.plan import Plan
from symplect.experiments.tasks import TASKS
from symplect.experiments.tasks import chain_pendulum as chains
from symplect.experiments.tasks import two_link_arm as arms
from symplect.systems import TwoLinkArm
from symplect.views.explorer.systems import systems
from symplect.views.report import report
from tests.explorer_folders import saved
from tests.fake_runs import TRAINING, made_up_training, runs_of_every_method

OURS = [name for name in TASKS if name.startswith("chain-") or name == "two-link-arm"]


def test_what_names_no_task_runs_those_of_before():
    assert set(TASKS) - set(Plan().tasks) == set(OURS) == set(Plan(OURS).tasks)


@pytest.mark.parametrize("links", [1, 2, 5])
def test_places_of_bobs_have_the_energies_of_the_chain(links):
    system = chains.chain(links)
    states = chains.random_starts(system, np.random.default_rng(0), 20)
    places, v = np.split(chains.cartesian(system, states[:, None])[:, 0], 2, axis=1)
    m = np.tile(np.asarray(system.masses), 2)
    heights = places[:, links:] @ np.asarray(system.masses)
    expected = v**2 @ m / 2 + heights + float(np.sum(system._carried * system.lengths))
    np.testing.assert_allclose(energies(system.hamiltonian, jnp.asarray(states)), expected, rtol=1e-12)


def test_chunks_are_neighbouring_samples_of_true_paths(monkeypatch):
    monkeypatch.setattr(chains, "TIMES", chains.TIMES[:10])
    system = chains.chain(1)
    found = chains.chunks(system, np.random.default_rng(0), 6)
    assert found.lengths == (chains.SAMPLES,) * 6
    np.testing.assert_allclose(np.diff(found.times[: chains.SAMPLES]), 0.03)
    np.testing.assert_allclose(found.derivatives, vector_field(system, jnp.asarray(found.states)), rtol=1e-9)
    along = np.asarray(energies(system.hamiltonian, jnp.asarray(found.states))).reshape(6, -1)
    assert np.max(np.ptp(along, axis=1)) < 1e-8
    assert np.std(along[:, 0]) > 0.01


def test_the_path_error_is_that_of_places_and_velocities():
    system = chains.chain(1)
    path = chains.random_starts(system, np.random.default_rng(0), 3)[:, None].repeat(4, axis=1)
    assert chains.path_error(system, path, path) == pytest.approx(np.finfo(float).eps)
    hanging, up = np.zeros((1, 4, 2)), np.full((1, 4, 2), [np.pi / 2, 0.0])
    assert chains.path_error(system, hanging, up) == pytest.approx(1.0)  # at right angles


@pytest.fixture(scope="module")
def drawing():
    return arms.Drawing.random(TwoLinkArm(), np.random.default_rng(1), 150)


def test_the_hand_follows_its_curve_as_the_torques_move_it(drawing):
    motions = arms.measured([drawing])
    q, v = np.split(motions.states, 2, axis=1)
    a = motions.derivatives[:, 2:]
    np.testing.assert_allclose(np.gradient(q, arms.STEP, axis=0)[1:-1], v[1:-1], atol=0.05 * np.std(v))
    np.testing.assert_allclose(np.gradient(v, arms.STEP, axis=0)[1:-1], a[1:-1], atol=0.05 * np.std(a))
    hand = np.cumsum([np.cos(np.cumsum(q, axis=1)), np.sin(np.cumsum(q, axis=1))], axis=2)[:, :, 1].T
    assert np.max(np.linalg.norm(hand - arms.CENTRE, axis=1)) == pytest.approx(arms.RADIUS, rel=1e-3)
    energy = np.asarray(jax.vmap(TwoLinkArm().hamiltonian)(jnp.asarray(arms.canonical(TwoLinkArm(), motions).states)))
    power = np.sum(v * motions.inputs, axis=1)
    work = np.concatenate([[0.0], np.cumsum((power[1:] + power[:-1]) / 2 * arms.STEP)])
    np.testing.assert_allclose(energy - energy[0], work, atol=0.01 * np.ptp(energy))


def test_the_true_arm_makes_no_driven_error(drawing):
    arm, motions = TwoLinkArm(), arms.measured([drawing])
    test = arms.canonical(arm, motions)
    data = arms.ArmData(arm, test, test, lambda: test, motions=motions, drawings=[drawing])
    found = arms.driven_metrics(drawing.arm, data)
    assert found["torque_nmse"] < 1e-25
    assert found["acceleration_nmse"] < 1e-25
    assert found["driven_time"] == pytest.approx(149 * arms.STEP)
    heavier = arms.driven_metrics(TwoLinkArm(m2=jnp.asarray(1.5)), data)
    assert heavier["torque_nmse"] > 0.01
    assert heavier["driven_time"] < 1


def test_chunks_of_positions_and_velocities_are_enough(monkeypatch):
    monkeypatch.setattr(chains, "CHUNKS", 60)
    monkeypatch.setattr(chains, "TEST_CHUNKS", 10)
    data = chains.make_data(2, 0, None, None)
    fitted = TASKS["chain-pendulum-2"].methods["mechanics"].fit(data, seed=0, progress=None)
    states = jnp.asarray(data.test.states)
    np.testing.assert_allclose(vector_field(fitted.model, states), data.test.derivatives, atol=1e-8)
    assert fitted.metrics["least_mass"] > 0


def test_numbers_of_others_have_a_table_of_their_own():
    paper = Row("mass-spring", "hnn", 0, {"train_loss": 0.03})
    assert other_cells([paper]) == ([], [])
    ours = [Row("chain-pendulum-2", model, 0, {"path_error": 2e-5}) for model in ("hnn", "mechanics")]
    (header, hnn, mechanics), (note,) = other_cells([paper, *ours])
    assert header == ["task", "model", "measure", "published", "measured"]
    assert hnn[1:] == ["hnn", "path error", "1.90e-3 [1]", "2.00e-5"]
    assert mechanics[3:] == ["1.10e-4 [1]", "2.00e-5"]
    assert note.startswith("[1] Published: Finzi, Wang and Wilson 2020")
    assert "path error" in table([paper, *ours], {})
    assert "path error" not in table([paper], {})


@pytest.mark.parametrize("task", ["chain-pendulum-2", pytest.param("two-link-arm", marks=pytest.mark.slow)])
def test_their_runs_are_reported_and_explored(tmp_path, monkeypatch, task):
    monkeypatch.setattr(TRAINING, made_up_training)
    places = saved(tmp_path, runs_of_every_method(task))
    (system,) = systems(places[0])["systems"]
    assert {model["name"] for model in system["models"]} == {"truth", *TASKS[task].methods}
    assert TASKS[task].source in system["subtitle"]
    report(places[0], tmp_path / "report.html")
    assert TASKS[task].title in (tmp_path / "report.html").read_text()


@pytest.mark.slow
def test_a_chain_from_data_to_the_page(tmp_path):
    out = tmp_path / "chain"
    for words in (
        ["reproduce", "chain-pendulum-1", "--models", "mechanical-hnn", "mechanics", "--steps", "20", "--out", out],
        ["certify", out],
        ["explore", out],
        ["report", out],
    ):
        command = [Path(sys.executable).with_name("symplect"), *words]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
    assert "path error" in (out / "table.md").read_text()
    assert "Numbers that others published" in (out / "report.html").read_text()
