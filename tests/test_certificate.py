"""Certificates separate: what is right passes with every solver, what is broken is flagged; then the command."""

import json
import re
import shutil
from typing import ClassVar, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import HNN, Baseline, fit
from symplect.dynamics import AbstractSeparableHamiltonian, split
from symplect.errors import InputError
from symplect.evaluation import certificate
from symplect.evaluation.certification import FORMER_NAMES, MEANINGS, Certificate, Row
from symplect.evaluation.held_out import SOLVER
from symplect.evaluation.structure import flow_jacobians
from symplect.files import read_json, write_json
from symplect.integrate import RK4, AbstractFixedStep, ImplicitMidpoint, Leapfrog, Yoshida4
from symplect.integrate.leapfrog import _kick
from symplect.results.certificates import _table, certify
from symplect.results.content import read_certificate, verdict
from symplect.runs import TaskConfig, TaskRun
from symplect.systems import MassSpring, Pendulum
from tests.members import SYSTEMS, member
from tests.refusals import call, refused

TIMES = np.linspace(0.0, 4.0, 81)
STRUCTURE = list(MEANINGS)[:6]
DRIFT = {"energy_trend", "energy_change"}


@final
class WrongDrift(AbstractFixedStep):
    """A leapfrog with p in place of dH/dp: symplectic, reversible, and right where the mass is one."""

    order: ClassVar[int] = 2
    substeps: int = eqx.field(static=True, default=1)

    def step(self, dynamics, z, t, h):
        q, p = split(_kick(dynamics, z, h / 2))
        return _kick(dynamics, jnp.concatenate([q + h * p, p]), h / 2)


@final
class WrongLastStage(AbstractFixedStep):
    """An RK4 whose last stage is taken at half a step."""

    order: ClassVar[int] = 4
    substeps: int = eqx.field(static=True, default=1)

    def step(self, dynamics, z, t, h):
        f = dynamics.time_derivative
        k1 = f(z, t)
        k2 = f(z + h / 2 * k1, t + h / 2)
        k3 = f(z + h / 2 * k2, t + h / 2)
        k4 = f(z + h / 2 * k3, t + h)
        return z + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


MASSES_ARE_ONE = {"three bodies", "Henon-Heiles"}
SEPARABLE = [name for name in SYSTEMS if isinstance(member(name)[0], AbstractSeparableHamiltonian)]
EVERY = [(name, solver) for name in SYSTEMS for solver in (RK4(8), ImplicitMidpoint(8))]
EVERY += [(name, solver) for name in SEPARABLE for solver in (Leapfrog(8), Yoshida4(8))]
BROKEN = [(name, WrongLastStage(8)) for name in SYSTEMS]
BROKEN += [(name, WrongDrift(8)) for name in SEPARABLE if name not in MASSES_ARE_ONE]


AT_ONCE = [("pendulum", RK4(8)), ("pendulum", Leapfrog(8))]  # one that is symplectic and one that is not
NEAR = np.array([[1.0], [0.98], [1.02], [0.99]])


def quick(cases, fast=("pendulum",)):
    """Marks all but a few systems as slow: the others take their time to compile."""
    return [pytest.param(*case, marks=() if case[0] in fast else pytest.mark.slow) for case in cases]


def certified(name, solver):
    system, start = member(name)
    return certificate(system, NEAR * np.asarray(start), TIMES, solver=solver)


@pytest.mark.parametrize("name", quick([(name,) for name in SYSTEMS]))
def test_the_truth_passes(name):
    found = certified(name, SOLVER)
    assert found.flagged == ()
    assert [row.name for row in found.rows if row.passed] == STRUCTURE[1:]
    assert found["symplectic_defect"].value < 1e-10


@pytest.mark.parametrize("name", quick([(name,) for name in SYSTEMS]))
def test_a_plain_network_is_flagged(name):
    system, start = member(name)
    plain = Baseline(jax.random.key(0), system.degrees_of_freedom, width=16)
    found = certificate(plain, NEAR * np.asarray(start), TIMES, truth=system)
    assert {*DRIFT, "symplectic_defect", "volume_error"} <= set(found.flagged)
    assert found["reversibility_error"].passed  # every smooth flow can be run backward


@pytest.mark.parametrize(
    ("name", "solver"),
    [pytest.param(*case, marks=() if case in AT_ONCE else pytest.mark.slow) for case in EVERY],
    ids=str,
)
def test_the_truth_passes_with_every_solver(name, solver):
    found = certified(name, solver)
    assert found.flagged == ()
    assert [row.name for row in found.rows if row.passed] == STRUCTURE
    assert found.solver == repr(solver)
    if not isinstance(solver, RK4):
        assert max(found[row].value for row in STRUCTURE[3:]) < 1e-11


@pytest.mark.parametrize(("name", "solver"), quick(BROKEN), ids=str)
def test_a_broken_solver_is_flagged(name, solver):
    flagged = set(certified(name, solver).flagged)
    assert {"solver_error", "energy_change"} <= flagged
    # the wrong drift is symplectic and reversible all the same
    assert {"reversibility_error", "symplectic_defect"} & flagged == (
        {"reversibility_error", "symplectic_defect"} if isinstance(solver, WrongLastStage) else set()
    )


@pytest.mark.slow
def test_a_plain_network_is_flagged_with_fixed_steps_too():
    """What it loses does not vanish with the step."""
    system, start = member("pendulum")
    plain = Baseline(jax.random.key(0), 1, width=16)
    found = certificate(plain, NEAR * np.asarray(start), TIMES, truth=system, solver=RK4(8))
    assert set(found.flagged) >= {*DRIFT, "symplectic_defect", "volume_error"}
    assert found["solver_error"].passed
    assert found["reversibility_error"].passed


STARTS = np.array([[1.0, 0.0], [0.3, 0.5], [-0.5, 0.7], [0.2, -0.3]])


@pytest.mark.slow
def test_the_truth_knows_itself():
    system = MassSpring.reference()
    found = certificate(system, STARTS, TIMES, truth=system, training_energy=1.5)
    assert found.flagged == ()
    assert found["energy_unexplained"].value < 1e-20
    assert found["frequency_bias"].value < 1e-8
    assert found["out_of_distribution"].value == pytest.approx(1.0)


@pytest.mark.slow
def test_another_frequency_is_a_bias_and_no_loss_of_structure():
    found = certificate(MassSpring(k=2.5, m=0.5), STARTS, TIMES, truth=MassSpring.reference(), training_energy=1.5)
    assert found.flagged == ("frequency_bias",)
    assert found["frequency_bias"].value == pytest.approx(np.sqrt(1.25) - 1, rel=1e-2)
    assert found["energy_unexplained"].passed
    assert found["out_of_distribution"].value == pytest.approx(1.0, rel=1e-3)  # a spring is the same at every energy


@pytest.mark.parametrize(("k", "m"), [(4.0, 0.25), (-2.0, -0.5)])
def test_another_speed_or_direction_is_flagged(k, m):
    """Twice H and minus H have the orbits of H, but not its motion."""
    found = certificate(MassSpring(k=k, m=m), STARTS, TIMES, truth=MassSpring.reference())
    assert "path_field_error" in found.flagged
    assert found["energy_unexplained"].passed


def test_a_start_at_rest_is_no_error():
    found = certificate(Pendulum.reference(), np.array([[0.0, 0.0], [1.0, 0.0]] * 2), TIMES)
    assert found.flagged == ()
    assert found["energy_change"].value == pytest.approx(0.0, abs=1e-8)


def test_a_model_that_is_right_at_small_energy_alone_is_flagged_outside():
    """A spring for a pendulum."""
    spring, pendulum = MassSpring(k=3.0, m=0.5), Pendulum.reference()
    found = certificate(spring, 0.05 * STARTS, TIMES, truth=pendulum, training_energy=4.0)
    assert found.flagged == ("out_of_distribution",)


@pytest.mark.slow
def test_an_untrained_model_keeps_the_structure_and_misses_the_truth():
    model = HNN(jax.random.key(0), 1, width=16)
    found = certificate(model, STARTS, TIMES, truth=MassSpring.reference())
    assert found["energy_change"].passed
    assert found["volume_error"].passed
    assert "energy_unexplained" in found.flagged
    assert np.isnan(found["frequency_bias"].value) or found["frequency_bias"].value > 0.1


def test_what_does_not_apply_neither_passes_nor_fails():
    plain = Baseline(jax.random.key(0), 1, width=16)
    found = certificate(plain, STARTS, TIMES)
    assert [row.name for row in found.rows if row.passed is not None] == STRUCTURE[3:]
    assert all((row.value is None) == (row.limit is None) == (row.passed is None) for row in found.rows)


def test_one_energy_explains_none_and_a_pendulum_that_turns_over_has_no_frequency():
    system = Pendulum.reference()
    starts = np.array([[0.0, 3.0]] * 4)
    found = certificate(system, starts, TIMES, truth=system)
    assert found.flagged == ()
    assert found["energy_unexplained"].passed is found["frequency_bias"].passed is None


@pytest.mark.parametrize(
    ("k", "times", "failure"), [(-0.1, TIMES, "does not oscillate"), (-1000.0, 10 * TIMES, "diverged")]
)
def test_a_path_without_a_frequency_says_why_and_one_that_leaves_the_finite_numbers_is_flagged(k, times, failure):
    found = certificate(MassSpring(k=k, m=1.0), STARTS, times, truth=MassSpring.reference())
    assert found["frequency_bias"].passed is False
    assert found["frequency_bias"].failure == failure
    assert found["path_field_error"].failure is None
    diverged = failure == "diverged"
    assert bool(np.isnan(found["reversibility_error"].value)) is diverged
    assert ("reversibility_error" in found.flagged) is diverged


def test_an_unknown_row_is_refused():
    found = Certificate("RK4", (Row("volume_error", 0.0, 1.0, True, MEANINGS["volume_error"]),))
    assert found["volume_error"].passed
    with pytest.raises(InputError, match=r"expected a row out of .*volume_error.*, found 'field_error'"):
        found["field_error"]


def test_the_variational_equation_gives_the_derivative_of_the_flow():
    system, states = member("pendulum")[0], jnp.asarray(STARTS)
    by_steps = flow_jacobians(system, states, 0.3, RK4(200))
    np.testing.assert_allclose(flow_jacobians(system, states, 0.3, SOLVER), by_steps, atol=1e-8)


@pytest.mark.parametrize(("starts", "times"), [(STARTS[0], TIMES), (STARTS, TIMES[:2]), (STARTS[:, :1], TIMES)])
def test_wrong_calls_are_refused(starts, times):
    with pytest.raises(
        InputError, match=r"expected (one row per start and at least three times|starts with 2 entries)"
    ):
        certificate(MassSpring.reference(), starts, times)


# The command


@pytest.fixture
def own(reproduced, tmp_path):
    shutil.copytree(reproduced, tmp_path / "paper")
    return tmp_path / "paper"


@pytest.mark.parametrize(("clock", "length"), [(1.0, 1.0), (1e-12, 1e-12), (1e9, 1e-9)])
def test_the_certificate_of_own_data_does_not_depend_on_units(tmp_path, clock, length):
    t = np.arange(200) * 0.05
    table = {"t": clock * t, "x": length * np.cos(1.3 * t), "v": -1.3 * length / clock * np.sin(1.3 * t)}
    fit(table, q="x", velocity="v", time="t", method="closed-form").save(tmp_path / "run")
    certify(tmp_path / "run")
    rows = {row["name"]: row for row in read_json(tmp_path / "run" / "certificate.json")["rows"]}
    for name in ("energy_trend", "energy_change", "reversibility_error", "symplectic_defect"):
        assert rows[name]["passed"], rows[name]


@pytest.mark.slow
def test_every_run_is_certified_and_the_baseline_stands_beside(own, monkeypatch, capsys):
    call(monkeypatch, "certify", own)
    printed = capsys.readouterr().out
    assert "1 Ideal mass-spring" in printed
    assert "The largest error of 2 seeds." in printed
    lines = [[cell.strip() for cell in line.split("|")] for line in printed.splitlines() if "|" in line]
    rows = {line[1]: line for line in lines}
    assert rows["row"][2:5] == ["limit", "baseline", "hnn"]
    for name in ("energy_change", "symplectic_defect", "volume_error"):
        assert rows[name][3].endswith("✗")
        assert not rows[name][4].endswith("✗")
    assert rows["energy_unexplained"][3] == "-"
    assert len({len(line) for line in printed.splitlines() if "|" in line}) == 1  # aligned
    for folder in own.glob("mass-spring/*/seed-*"):
        content = read_json(folder / "certificate.json")
        assert content["solver"] == repr(SOLVER)
        assert [row["name"] for row in content["rows"]] == list(MEANINGS)


def test_one_run_brings_its_baseline(own):
    text = certify(own / "mass-spring" / "hnn" / "seed-1")
    assert re.search(r"\| baseline +\| hnn ", text)
    assert sorted(path.parent.relative_to(own).as_posix() for path in own.rglob("certificate.json")) == [
        "mass-spring/baseline/seed-1", "mass-spring/hnn/seed-1",
    ]  # fmt: skip
    shutil.rmtree(own / "mass-spring" / "baseline")
    assert "baseline" not in certify(own / "mass-spring" / "hnn" / "seed-1")


def test_a_path_that_loses_energy_has_no_true_hamiltonian(own):
    folder = own / "mass-spring" / "hnn" / "seed-0"
    with np.load(folder / "rollout.npz") as content:
        arrays = dict(content)
    arrays["energy_truth"] *= np.linspace(1.0, 0.5, 100)
    np.savez(folder / "rollout.npz", **arrays)
    text = certify(folder.parent)
    assert "frequency_bias" in text  # of the other seed
    rows = {row["name"]: row for row in read_json(folder / "certificate.json")["rows"]}
    assert rows["frequency_bias"] == {**rows["frequency_bias"], "value": None, "limit": None, "passed": None}
    assert rows["volume_error"]["passed"] is True
    shutil.rmtree(folder.parent / "seed-1")
    text = certify(folder.parent)
    assert "there is no true Hamiltonian" in text
    assert "frequency_bias" not in text


def test_a_name_has_one_meaning(own):
    """Names that stand in `metrics.json` and in the certificate stand for the same number there."""
    folder = own / "mass-spring" / "baseline" / "seed-0"
    certify(folder)
    measured = read_json(folder / "metrics.json")
    rows = {row["name"]: row["value"] for row in read_json(folder / "certificate.json")["rows"]}
    assert rows.keys() & measured.keys() == {"reversibility_error", "frequency_bias"}
    assert FORMER_NAMES.keys() <= measured.keys()
    for name in rows.keys() & measured.keys():
        assert rows[name] == pytest.approx(measured[name], rel=1e-3)


def test_certificates_of_versions_before_are_read_by_todays_names(tmp_path):
    old = {"name": "energy_drift_max", "value": None, "limit": 1e-5, "passed": False, "meaning": "of the energy"}
    new = {**old, "name": "frequency_bias", "failure": "does not oscillate"}
    write_json(tmp_path / "certificate.json", {"solver": "RK4", "rows": [old, new]})
    rows = read_certificate(tmp_path)
    assert [(row.name, row.value, row.failure) for row in rows] == [
        ("energy_change", None, None), ("frequency_bias", None, "does not oscillate"),
    ]  # fmt: skip
    assert verdict(rows) == "flagged: energy_change, frequency_bias"


def test_the_table_says_why_there_is_no_number_and_what_a_ratio_means():
    rows = {name: Row(name, 0.1, 1.0, True, meaning) for name, meaning in MEANINGS.items()}
    rows["frequency_bias"] = Row("frequency_bias", np.nan, 0.1, False, "", "does not oscillate")
    run = TaskRun(TaskConfig("mass-spring", "hnn", 0, {}, ""), {}, {}, {}, Baseline(jax.random.key(0), 1, width=4))
    text = _table("a task", [(run, Certificate("RK4", tuple(rows.values())))])
    assert re.search(r"\| frequency_bias +\| 1.00e-1 \| does not oscillate ✗ \|", text)
    assert "is a ratio" not in text
    rows["out_of_distribution"] = Row("out_of_distribution", 20.0, 10.0, False, "")
    assert "out_of_distribution is a ratio" in _table("a task", [(run, Certificate("RK4", tuple(rows.values())))])


def test_half_written_runs_are_left_alone(own):
    shutil.copytree(own / "mass-spring" / "hnn" / "seed-0", own / "mass-spring" / "hnn" / ".seed-0.abc" / "seed-0")
    certify(own / "mass-spring" / "hnn")
    assert len(list(own.rglob("certificate.json"))) == 2


@pytest.mark.parametrize("place", ["nowhere", "file", "empty"])
def test_a_place_without_runs_ends_with_code_2(tmp_path, capsys, monkeypatch, place):
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "empty").mkdir()
    line = refused(capsys, monkeypatch, "certify", tmp_path / place)
    assert re.search(r"found none at .*symplect reproduce", line)


@pytest.mark.parametrize("damage", ["model.safetensors", "config.json"])
def test_a_broken_run_ends_with_code_2(own, capsys, monkeypatch, damage):
    folder = own / "mass-spring" / "hnn" / "seed-0"
    if damage == "config.json":
        config = json.loads((folder / damage).read_text()) | {"task": "spring"}
        (folder / damage).write_text(json.dumps(config))
        message = "expected runs of a task out of mass-spring, .* found 'spring'"
    else:
        (folder / damage).write_bytes(b"half")
        message = "model.safetensors as symplect wrote it, found it unreadable"
    assert re.search(message, refused(capsys, monkeypatch, "certify", folder))
    assert not (folder / "certificate.json").exists()
