"""What is said about energy: from the model that is saved, and no more than its data carry."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from symplect import PortHamiltonian, Trajectories, add_noise, simulate
from symplect.auto.bodies import order_of_bodies, with_masses
from symplect.auto.energy import (
    Energy,
    contraction,
    contracts,
    energy_trend,
    frequency_drift,
    losses,
    only_slows_down,
)
from symplect.auto.verdict import energy_sentence
from symplect.models import FeatureField, FeatureHamiltonian, NonlinearFriction
from symplect.models.features import CentreDistance, InversePowers, Polynomial
from symplect.systems import MassSpring
from symplect.tables import Columns, read

SPRING = MassSpring(k=1.0, m=1.0)
TIMES = np.linspace(0.0, 30.0, 600)


def solved(field, starts, times, noise=0.0, seed=0):
    """Returns paths of an equation that SciPy solves."""
    paths = np.stack(
        [solve_ivp(field, times[[0, -1]], z, t_eval=times, rtol=1e-10, atol=1e-12).y.T for z in np.atleast_2d(starts)]
    )
    return Trajectories.stack(times, paths + noise * np.random.default_rng(seed).standard_normal(paths.shape))


def damped(friction):
    return solved(lambda t, z: [z[1], -z[0] - friction(z[1])], [[1.0, 0.0], [0.5, 0.0], [2.0, 0.0]], TIMES)


def test_a_kept_energy_has_no_trend_and_a_lost_one_has():
    kept = add_noise(simulate(SPRING, np.array([[1.0, 0.0], [0.5, 0.0]]), TIMES), 0.01, np.random.default_rng(0))
    assert not energy_trend(SPRING, kept).significant
    lost = energy_trend(SPRING, damped(lambda v: 0.01 * v))
    assert lost.significant
    assert lost.slope < 0
    assert energy_trend(SPRING, damped(lambda v: -0.01 * v)).slope > 0


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_a_trend_does_not_know_units(unit):
    data = damped(lambda v: 0.01 * v)
    slow = Trajectories(data.times * unit, data.states * np.array([unit, 1.0]), data.lengths)
    np.testing.assert_allclose(energy_trend(SPRING, slow).total, energy_trend(SPRING, slow).total)
    assert energy_trend(MassSpring(k=unit**-2, m=1.0), slow).total == pytest.approx(energy_trend(SPRING, data).total)


def test_friction_in_proportion_to_the_velocity_is_one_number():
    model = PortHamiltonian(SPRING, jnp.array([[0.2**0.5]]))
    found = losses(model, damped(lambda v: 0.2 * v), 0.01)
    assert found.friction == "friction"
    assert found.low == found.high == pytest.approx(0.2)
    assert 0.002 <= found.error < 0.004


@pytest.mark.parametrize(
    ("word", "law", "friction"),
    [
        ("dry friction", lambda v: 0.02 * np.tanh(v / 0.01), (0.02, 0.0)),
        ("quadratic drag", lambda v: 0.05 * v * abs(v), (0.0, 0.05)),
    ],
)
def test_other_friction_is_a_range_over_amplitudes_and_its_word(word, law, friction):
    dry, drag = (jnp.array([coefficient**0.5]) for coefficient in friction)
    friction = NonlinearFriction(dry, drag, (0.01,))
    model = PortHamiltonian(SPRING, jnp.zeros((1, 1)), nonlinear=friction)
    data = damped(law)
    found = losses(model, data, 0.01)
    assert found.friction == word
    by_hand = [np.mean(law(path[:, 1]) * path[:, 1]) / np.mean(path[:, 1] ** 2) for path in data.paths()]
    assert found.low == pytest.approx(min(by_hand), rel=1e-3)
    assert found.high == pytest.approx(max(by_hand), rel=1e-3)
    said = energy_sentence(found, read({"t": TIMES, "x": np.sin(TIMES), "v": np.cos(TIMES)}, COLUMNS))
    assert word in said
    assert "±" not in said


COLUMNS = Columns(q=("x",), velocity=("v",), time="t")


def field(matrix):
    return FeatureField(Polynomial(len(matrix), 1), jnp.asarray(np.asarray(matrix, float).T), None, len(matrix) // 2)


def test_volume_tells_a_limit_cycle_from_momenta_that_are_not_canonical():
    """A charge in a magnetic field keeps its energy and the volume of (x, v), though v is no canonical momentum."""
    magnetic = np.array([[0, 0, 1, 0], [0, 0, 0, 1], [-1, 0, 0, 2], [0, -1, -2, 0]])
    paths = solved(lambda t, z: magnetic @ z, np.random.default_rng(0).uniform(-1, 1, (5, 4)), TIMES)
    assert not contracts(contraction(field(magnetic), paths))
    spiral = np.array([[0.0, 1.0], [-1.0, -0.3]])
    paths = solved(lambda t, z: spiral @ z, [[1.0, 0.0], [0.4, 0.2]], TIMES)
    assert contraction(field(spiral), paths).slope == pytest.approx(-0.3)
    assert contracts(contraction(field(spiral), paths))


def test_a_stiffness_that_drifts_changes_the_frequency():
    times = np.linspace(0.0, 60.0, 1200)
    drifting = solved(lambda t, z: [z[1], -4 * (1 + 0.3 * t / 60) * z[0]], [1.0, 0.0], times, noise=0.003)
    model = FeatureHamiltonian(Polynomial(2, 2), jnp.array([0.0, 0.0, 2.3, 0.0, 0.5]))
    assert frequency_drift(model, drifting, (True, True)) == pytest.approx(np.sqrt(1.3) - 1, rel=0.2)
    steady = solved(lambda t, z: [z[1], -5 * z[0]], [1.0, 0.0], times, noise=0.003)
    assert frequency_drift(model, steady, (True, True)) == 0.0


ONE_WAY = {
    "rotor with dry friction": (lambda t, z: [z[1], -0.2], [[0.0, 4.0], [0.0, 6.0]], True),
    "up a slope and back": (lambda t, z: [z[1], -1.0], [[0.0, 4.0], [0.0, 6.0]], False),
    "down a slope": (lambda t, z: [z[1], 1.0], [[0.0, 4.0], [0.0, 6.0]], False),
    "both ways": (lambda t, z: [z[1], -0.2 * np.sign(z[1])], [[0.0, 4.0], [0.0, -6.0]], False),
    "free": (lambda t, z: [z[1], 0.0], [[0.0, 4.0]], False),
    "a level that falls": (lambda t, z: [z[1], z[0] / 36], [[2.4, -0.4]], True),
}


@pytest.mark.parametrize("name", ONE_WAY)
def test_what_moves_one_way_ever_slower_may_have_dry_friction(name):
    law, starts, expected = ONE_WAY[name]
    data = solved(law, starts, np.linspace(0.0, 12.0, 240), noise=0.002)
    assert only_slows_down(data, [0]) == [0] * expected
    assert only_slows_down(data, []) == []


@pytest.mark.parametrize(
    ("energy", "conserves", "words"),
    [
        (Energy("conserved", high=0.01), True, "conserved, as far as these data tell: a loss above 1 %"),
        (Energy("lost", 0.1, 0.1, 0.01, "friction"), False, "10 ± 1 %"),
        (Energy("lost", 0.0112, 0.0112, 0.00054, "friction"), False, ": 1.12 ± 0.05 %"),
        (Energy("lost", 1001.3, 1001.3, 5.0, "friction"), False, "decays at a rate of 1,001 ± 5 per unit of time"),
        (Energy("conserved", high=77.3), True, "a loss at a rate above 77 per unit of time would show"),
        (Energy("lost", 2.0, 3.5, 0.0, "dry friction"), False, "by dry friction, at a rate of 2 to 3.5 per unit"),
        (Energy("not conserved", reason="phase space contracts"), False, "not conserved: phase space contracts"),
        (Energy("unknown", reason="an input is missing"), None, "not known: an input is missing"),
    ],
)
def test_a_sentence_says_what_is_known_and_nothing_else(energy, conserves, words):
    said = energy_sentence(energy, read({"t": TIMES, "x": np.sin(TIMES), "v": np.cos(TIMES)}, COLUMNS))
    assert energy.conserves is conserves
    assert words in said


def test_coordinates_of_bodies_are_listed_by_axis_and_body():
    assert order_of_bodies(["x1", "y1", "x2", "y2"]) == ((0, 2), (1, 3))
    assert order_of_bodies(["x_1 [m]", "x_2 [m]", "y_1 [m]", "y_2 [m]"]) == ((0, 1), (2, 3))
    assert order_of_bodies(["x", "y"]) is None


def two_bodies(trap=0.0, noise=1e-4):
    def move(t, z):
        d = z[2:4] - z[:2]
        pull = d / np.hypot(*d) ** 3
        return np.concatenate([z[4:], 3 * pull - trap * z[:2], -pull])

    data = solved(move, [1, 0, -1 / 3, 0, 0, 0.9, 0, -0.3], np.arange(0, 20, 0.05), noise)
    names = ("x1", "y1", "x2", "y2", "vx1", "vy1", "vx2", "vy2")
    return {"t": data.times} | {name: data.states[:, i] for i, name in enumerate(names)}


BODIES = Columns(q=("x1", "y1", "x2", "y2"), velocity=("vx1", "vy1", "vx2", "vy2"), time="t")


def test_masses_come_from_the_total_momentum_where_there_is_one():
    found = with_masses(read(two_bodies(), BODIES), ((0, 2), (1, 3)))
    np.testing.assert_allclose(found.columns.mass, [1, 1, 3, 3], rtol=1e-3)
    momenta = found.data.states[:, 4:]
    assert np.max(np.std(momenta[:, :2] + momenta[:, 2:], axis=0)) < 1e-3
    assert any("1 : 3" in note for note in found.notes)
    alone = read(two_bodies(trap=0.3), BODIES)
    assert with_masses(alone, ((0, 2), (1, 3))) is alone


def test_a_central_potential_sees_the_distance_alone():
    features = CentreDistance(InversePowers((1, -2)))
    np.testing.assert_allclose(features(jnp.array([0.0, 2.0, 0.0])), [0.5, 4.0])
    path = np.random.default_rng(0).uniform(0.5, 2.0, (50, 2))
    assert np.all(np.abs(np.asarray(CentreDistance.over_data(path)(jnp.array(path[0])))) <= 1)


def test_a_held_input_acts_until_the_next_one():
    spring = PortHamiltonian(SPRING, jnp.zeros((1, 1)), jnp.array([[0.0], [1.0]]), held=True)
    pushed = spring.driven(jnp.array([0.0, 1.0, 2.0]), jnp.array([[1.0], [5.0], [3.0]]))
    force = [float(pushed.time_derivative(jnp.zeros(2), t)[1]) for t in (0.0, 0.5, 1.0, 1.5, 2.5)]
    assert force == [1.0, 1.0, 3.0, 5.0, 3.0]  # at a jump, the mean of both sides
