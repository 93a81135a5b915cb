"""Whether energy is conserved, and how well H is known: the verdicts are right where the truth is known."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import HNN, Baseline, Trajectories, add_noise, simulate
from symplect.auto.diagnosis import diagnose
from symplect.data import clean_by_derivatives, measured_pendulum
from symplect.dynamics import vector_field
from symplect.errors import InputError
from symplect.fitting.candidates import smooth_hamiltonians
from symplect.fitting.closed_form import fit_closed_form
from symplect.fitting.trajectory import fit_trajectory
from symplect.fitting.uncertainty import closed_form_deviations, ensemble_deviations, trajectory_deviations
from symplect.models import FeatureHamiltonian, PortHamiltonian
from symplect.models.features import Polynomial, RandomTanh
from symplect.systems import MassSpring
from tests.members import circles
from tests.needs import needs_measurements

SPRING = MassSpring.reference()
FRICTION = 0.045  # gamma = 2 R of H = q^2 + p^2, with R = 0.15^2


def noisy(system, seed=0, noise=0.02, trials=12):
    rng = np.random.default_rng(seed)
    starts, times = rng.uniform(-1, 1, (trials, 2)), np.linspace(0.0, 8.0, 60)
    clean = circles(starts, times, omega=2.0) if system is SPRING else simulate(system, starts, times)
    return add_noise(clean, noise, rng)


@pytest.mark.slow
def test_a_spring_conserves_energy():
    found = diagnose(noisy(SPRING))
    assert (found.conserves, found.take, found.loss_rate) == (True, "Hamiltonian", 0.0)
    assert found.errors["Hamiltonian"] < 2
    assert "Conserves energy" in found.verdict


@pytest.mark.slow
def test_a_damped_spring_does_not_and_its_friction_is_found():
    found = diagnose(noisy(PortHamiltonian(SPRING, jnp.array([[0.15]]))))
    assert (found.conserves, found.take) == (False, "dissipative")
    assert abs(found.friction_rate / FRICTION - 1) < 0.15
    assert abs(found.loss_rate - FRICTION) < 3 * found.loss_rate_error
    assert found.errors["Hamiltonian"] > 1.5 * found.errors["dissipative"]
    assert "Not conservative" in found.verdict


@pytest.mark.slow
@needs_measurements
def test_the_measured_pendulum_is_not_conservative():
    found = diagnose(measured_pendulum().cut(444)[0])
    assert not found.conserves
    assert 0.008 < found.friction_rate < 0.016
    assert found.errors["Hamiltonian"] > 2 * found.errors["dissipative"]


def test_too_little_to_hold_out_is_refused():
    data = noisy(SPRING)
    with pytest.raises(InputError, match="3 trials or more, found 2"):
        diagnose(data.select([0, 1]))
    with pytest.raises(InputError, match="18 samples or more, found 10"):
        diagnose(data[0].cut(10)[0])
    with pytest.raises(InputError, match="at rest"):
        diagnose(Trajectories.stack(np.arange(20.0), np.ones((3, 20, 2))))


def test_deviations_of_a_trajectory_fit_are_those_of_many_data_sets():
    states = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, -0.5], [0.2, 0.1]])
    model = FeatureHamiltonian(Polynomial(2, 2))
    fits = [fit_trajectory(model, noisy(SPRING, seed, noise=0.1)) for seed in range(15)]
    fields = np.stack([np.asarray(vector_field(fit.model, jnp.asarray(states))) for fit in fits])
    said = np.sqrt(np.mean([trajectory_deviations(fit, states).field ** 2 for fit in fits], axis=0))
    ratio = np.sqrt(np.mean(said**2) / np.mean(np.var(fields, axis=0, ddof=1)))
    assert 0.7 < ratio < 1.4


def test_deviations_of_a_closed_form_shrink_with_more_trajectories():
    states = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, -0.5]])
    sizes = []
    for trials in (6, 54):
        data = clean_by_derivatives(noisy(SPRING, noise=0.1, trials=trials))
        fit = fit_closed_form(Polynomial(2, 2), data)
        found = closed_form_deviations(fit, data, states)
        assert found.energy.shape == (3,)
        sizes.append(np.sqrt(np.mean(found.field**2)))
    assert 1.5 < sizes[0] / sizes[1] < 6.0  # 3 by theory
    with pytest.raises(InputError, match="found one"):
        closed_form_deviations(fit, data[0], states)


@pytest.mark.slow
@pytest.mark.parametrize("by", ["trajectory", "closed form"])
def test_intervals_of_ninety_percent_hold_the_truth_nine_times_out_of_ten(by):
    """Over 30 data sets; the pendulum and 50 data sets are in benchmarks/uncertainty.py."""
    states = np.random.default_rng(1).uniform(-0.7, 0.7, (20, 2))
    truth = np.asarray(vector_field(SPRING, jnp.asarray(states)))
    held = []
    for seed in range(30):
        data = noisy(SPRING, seed, noise=0.1, trials=25)
        if by == "trajectory":
            fit = fit_trajectory(smooth_hamiltonians(data.states, structure="separable"), data)
            found = trajectory_deviations(fit, states)
        else:
            clean = clean_by_derivatives(data)
            features = Polynomial(2, 2) + RandomTanh.isotropic(clean.states, 30, np.random.default_rng(0))
            fit = fit_closed_form(features, clean)
            found = closed_form_deviations(fit, clean, states)
        field = np.asarray(vector_field(fit.model, jnp.asarray(states)))
        held.append(np.mean(np.abs(field - truth) < 1.645 * found.field))
    assert 0.80 < np.mean(held) < 0.98  # 0.9, and the spread of 30 data sets


def test_an_ensemble_of_networks_has_a_spread():
    states = np.array([[1.0, 0.0], [0.0, 1.0]])
    hnns = [HNN(jax.random.key(seed), 1, width=8) for seed in range(3)]
    found = ensemble_deviations(hnns, states)
    assert np.all(found.field > 0)
    assert np.all(found.energy > 0)
    plain = ensemble_deviations([Baseline(jax.random.key(seed), 1, width=8) for seed in range(3)], states)
    assert np.all(np.isnan(plain.energy))
    with pytest.raises(InputError, match="found 1"):
        ensemble_deviations(hnns[:1], states)
    fit = fit_trajectory(FeatureHamiltonian(Polynomial(2, 2)), noisy(SPRING, trials=3))
    with pytest.raises(InputError, match="take ensemble_deviations"):
        trajectory_deviations(replace(fit, covariance=None), states)
