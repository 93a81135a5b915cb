"""Mass matrix and potential from positions and velocities: how near the fit comes, what it says and refuses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import Trajectories, fit_mechanics, rollout
from symplect.dynamics import energies, vector_field
from symplect.errors import FitError, InputError
from symplect.fitting.field_of import mass_matrices
from symplect.mechanics import AbstractMechanical
from symplect.models import EulerLagrange, NonlinearFriction, PortHamiltonian
from symplect.models.features import Fourier, Polynomial, Projected, RandomTanh
from symplect.systems import CartPole, ChainPendulum
from tests.members import SYSTEMS, member

MECHANICAL = [name for name, (make, _) in SYSTEMS.items() if isinstance(make(), AbstractMechanical)]
WAVES = Fourier.up_to(2, 1)
DOUBLE = ChainPendulum([1.0, 0.7], [1.0, 0.8])
OF_ANGLE = Projected(Fourier.up_to(1, 1), np.array([[0.0, 1.0]]), np.zeros(2))
OF_PLACE = Projected(Polynomial(1, 1), np.array([[1.0, 0.0]]), np.zeros(2))


@pytest.fixture(scope="module")
def dense():
    """Returns twelve paths of 4 s of a double pendulum at 100 Hz; the last two spin."""
    starts = np.random.default_rng(0).uniform(-1.5, 1.5, (12, 4))
    starts[-2:, 2:] = [[14.0, 14.0], [-12.0, 15.0]]
    times = np.linspace(0.0, 4.0, 401)
    return times, np.asarray(rollout(EulerLagrange(DOUBLE), starts, times).check().states)


def record(times, states, rows=slice(None, None, 5), noise=0.0):
    """Returns some samples of each path, at 20 Hz unless other rows are given, with noise in parts of the spread."""
    rng = np.random.default_rng(1)
    found = states + noise * np.std(states, axis=(0, 1)) * rng.standard_normal(states.shape)
    return Trajectories.stack(times[rows], found[:, rows])


def field_error(found, states, system=DOUBLE):
    """Returns the error of accelerations over their size."""
    at = jnp.asarray(states.reshape(-1, states.shape[-1]))
    n = at.shape[1] // 2
    ours, real = (np.asarray(vector_field(each, at))[:, n:] for each in (found.model, EulerLagrange(system)))
    return np.linalg.norm(ours - real) / np.linalg.norm(real)


# How near


def test_clean_paths_give_the_motion_and_the_energy_up_to_a_factor(dense):
    times, states = dense
    found = fit_mechanics(record(times, states[:10]), WAVES, WAVES)
    assert field_error(found, states[:10]) < 1e-4
    assert not found.scaled
    q = np.moveaxis(states[:10:3, ::20, :2], -1, 0).reshape(2, -1)
    ours, real = mass_matrices(found.model.mechanical, q), np.asarray(jax.vmap(DOUBLE.mass_matrix)(jnp.asarray(q.T)))
    ratio = ours.transpose(2, 0, 1) / np.where(np.abs(real) > 0.1, real, np.nan)
    assert np.nanstd(ratio) < 1e-3 * np.nanmean(ratio)


def test_noise_of_a_percent_leaves_a_few(dense):
    times, states = dense
    found = fit_mechanics(record(times, states[:10], noise=0.01), WAVES, WAVES)
    assert field_error(found, states[:10]) < 0.1
    constant = fit_mechanics(record(times, states[:10], noise=0.01), WAVES)
    assert field_error(constant, states[:10]) > 3 * field_error(found, states[:10])


def test_a_few_chunks_are_enough(dense):
    times, states = dense
    chunks = np.concatenate([states[:10, first : first + 13 : 3] for first in (0, 100, 200)])
    found = fit_mechanics(Trajectories.stack(times[:13:3], chunks), WAVES, WAVES)
    assert field_error(found, states[:10]) < 1e-6


def test_known_accelerations_give_all_digits(dense):
    states = dense[1][:10, ::50].reshape(-1, 4)
    rates = np.asarray(vector_field(EulerLagrange(DOUBLE), jnp.asarray(states)))
    data = Trajectories(np.arange(len(states)) * 1.0, states, (len(states),), derivatives=rates)
    assert field_error(fit_mechanics(data, WAVES, WAVES), states) < 1e-10


def pushed(system, states, inputs, matrix, damping=0.0):
    """Returns states with the accelerations that forces give a system with friction."""
    n = system.degrees_of_freedom
    G = jnp.concatenate([jnp.zeros_like(matrix), matrix])
    moving = EulerLagrange(PortHamiltonian(system, damping * jnp.eye(n), G))
    at, u = jnp.asarray(states), jnp.asarray(inputs)
    rates = vector_field(moving, at) + jax.vmap(moving.pushed)(at, u)
    times = np.arange(len(states)) * 1.0
    return Trajectories(times, states, (len(states),), derivatives=np.asarray(rates), inputs=inputs)


def test_torques_give_units_and_friction():
    rng = np.random.default_rng(2)
    states, torques = rng.uniform(-2, 2, (300, 4)), rng.uniform(-5, 5, (300, 2))
    data = pushed(DOUBLE, states, torques, jnp.eye(2), damping=0.5)
    found = fit_mechanics(data, WAVES, WAVES, friction=True)
    assert found.scaled
    at = jnp.asarray(states)
    ours, real = (np.asarray(energies(EulerLagrange(one).hamiltonian, at)) for one in (found.model.mechanical, DOUBLE))
    np.testing.assert_allclose(ours - ours[0], real - real[0], atol=1e-8 * np.std(real))
    np.testing.assert_allclose(found.model.port.dissipation, 0.25 * np.eye(2), atol=1e-9)


def test_one_motor_of_two_joints_leaves_the_factor_open_and_is_found_where_it_is():
    rng = np.random.default_rng(3)
    states, pushes = rng.uniform(-2, 2, (300, 4)), rng.uniform(-5, 5, (300, 1))
    data = pushed(CartPole(), states, pushes, jnp.array([[1.0], [0.0]]))
    found = fit_mechanics(data, OF_ANGLE, OF_ANGLE)
    assert not found.scaled
    assert field_error(found, states, CartPole()) < 1e-9
    G = np.asarray(found.model.port.input_matrix)[:, 0]
    np.testing.assert_allclose(G / np.max(np.abs(G)), [0.0, 0.0, 1.0, 0.0], atol=1e-9)


# What it says


def test_the_least_mass_is_that_over_the_data(dense):
    data = record(*dense)
    found = fit_mechanics(data, WAVES, WAVES)
    masses = np.linalg.eigvalsh(mass_matrices(found.model.mechanical, data.states.T[:2]).transpose(2, 0, 1))
    assert found.least_mass > 0
    np.testing.assert_allclose(found.least_mass, np.min(masses) / np.max(masses), rtol=0.3)  # units of its own


def test_a_ridge_keeps_the_mass_positive_where_data_are_few_and_noisy(dense):
    times, states = dense
    data = record(times, states[:2], noise=0.1)
    rng, angles = np.random.default_rng(0), data.states[:, :2]
    bases = [RandomTanh.isotropic(angles, 30, rng, gain=1.0) for _ in range(2)]
    found = fit_mechanics(data, *bases)
    assert found.ridge > 0
    masses = np.linalg.eigvalsh(mass_matrices(found.model.mechanical, data.states.T[:2]).transpose(2, 0, 1))
    assert np.min(masses) > 0


# What it takes


def test_irregular_times_and_gaps_do_not_matter(dense):
    times, states = dense
    kept = np.sort(np.random.default_rng(4).choice(401, 160, replace=False))
    kept = kept[(kept < 150) | (kept > 230)]
    found = fit_mechanics(record(times, states[:10], kept), WAVES, WAVES)
    assert field_error(found, states[:10]) < 1e-3


def test_angles_may_turn_over_and_over(dense):
    times, states = dense
    assert np.max(np.ptp(states[-2:, :, :2], axis=1)) > 6 * np.pi
    found = fit_mechanics(record(times, states, slice(None, None, 2)), WAVES, WAVES)
    assert field_error(found, states) < 1e-3


def test_a_place_in_millimetres_beside_an_angle_is_as_good_as_in_metres():
    rng = np.random.default_rng(5)
    states, pushes = rng.uniform(-2, 2, (300, 4)), rng.uniform(-5, 5, (300, 2))
    metres = pushed(CartPole(), states, pushes, jnp.eye(2))
    unit = np.array([1000.0, 1.0, 1000.0, 1.0])
    millimetres = Trajectories(
        metres.times,
        metres.states * unit,
        metres.lengths,
        derivatives=metres.derivatives * unit,
        inputs=pushes / unit[:2],  # their power stays what it was
    )
    both = [fit_mechanics(data, OF_ANGLE + OF_PLACE, OF_ANGLE) for data in (metres, millimetres)]
    ours, other = (
        np.asarray(vector_field(found.model, jnp.asarray(at)))
        for found, at in zip(both, (states, states * unit), strict=True)
    )
    np.testing.assert_allclose(other / unit, ours, atol=1e-8 * np.max(np.abs(ours)))
    assert field_error(both[0], states, CartPole()) < 1e-9


# What it refuses


def test_a_force_is_needed_for_each_position(dense):
    times, states = dense
    data = record(times, states)
    data = Trajectories(data.times, data.states, data.lengths, inputs=np.ones((len(data.times), 1)))
    with pytest.raises(InputError, match="expected a force for each of 2 positions, found 1 inputs"):
        fit_mechanics(data, WAVES, WAVES, forces=True)


def test_gaps_between_all_samples_are_refused(dense):
    times, states = dense
    with pytest.raises(InputError, match="expected 3 neighbouring samples or more"):
        fit_mechanics(record(times, states, [0, 200]), WAVES, WAVES)


def test_a_mass_that_is_pulled_backwards_is_refused():
    rng = np.random.default_rng(6)
    states, forces = rng.uniform(-1, 1, (50, 2)), rng.uniform(-1, 1, (50, 1))
    rates = np.concatenate([states[:, 1:], -forces], axis=1)
    data = Trajectories(np.arange(50) * 1.0, states, (50,), derivatives=rates, inputs=forces)
    with pytest.raises(FitError, match="no positive definite mass matrix explains the data"):
        fit_mechanics(data, Polynomial(1, 2))


# The law of its models


@pytest.mark.parametrize("name", MECHANICAL)
def test_energy_changes_by_the_power_put_in_less_what_friction_takes(name):
    system, start = member(name)
    n = system.degrees_of_freedom
    rng = np.random.default_rng(7)
    damping, G, u = (jnp.asarray(rng.uniform(0.2, 1.0, shape)) for shape in ((n, n), (n, 2), 2))
    friction = NonlinearFriction(jnp.full(n, 0.3), jnp.full(n, 0.2), rest=(0.1,) * n)
    port = PortHamiltonian(system, damping, jnp.concatenate([jnp.zeros_like(G), G]), nonlinear=friction)
    moving = EulerLagrange(port)

    @jax.jit
    def changes(z):
        s = moving.measured(z)
        pairs = ((port, z), (moving, s))
        rates = [one.time_derivative(at) + one.pushed(at, u) for one, at in pairs]
        found = [jax.jvp(one.hamiltonian, (at,), (rate,))[1] for (one, at), rate in zip(pairs, rates, strict=True)]
        return found, s[n:] @ (G @ u), port.dissipated_power(z)

    found, power, taken = changes(start)
    assert taken > 0
    np.testing.assert_allclose(found, power - taken, rtol=1e-9, atol=1e-9)
