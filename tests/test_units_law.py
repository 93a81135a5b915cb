"""The law of units: the same record in other units gives the same model and the same verdict.

A change of units keeps Hamilton's equations only if the product of the units of a position and of its momentum is the
same for every degree of freedom; otherwise no Hamiltonian exists in the new units. Units below are of that kind.
"""

import dataclasses
import warnings
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import HNN, Trajectories, add_noise, fit, simulate
from symplect.auto.diagnosis import diagnose
from symplect.data import Scaling, with_velocities
from symplect.dynamics import vector_field
from symplect.fitting import (
    GradientSettings,
    fit_adaptive_fourier,
    fit_closed_form,
    fit_gradient,
    fit_pair_distances,
    fit_random_features,
    fit_trajectory,
    smooth_hamiltonians,
)
from symplect.fitting.offsets import fit_with_offsets
from symplect.fitting.symbolic import fit_symbolic
from symplect.fitting.uncertainty import trajectory_deviations
from symplect.models import Baseline, FeatureField, FeatureHamiltonian, PortHamiltonian
from symplect.models.features import Polynomial, RandomTanh
from symplect.models.rescaled import restored
from symplect.results import predictions
from symplect.systems import HenonHeiles, MassSpring, NBody, Pendulum
from tests.malformed import own_run

ONE_DEGREE = [(1e-9, (1e6, 1e-9)), (1e9, (0.37, 1e9)), (60.0, (1e-9, 1e-9))]
"""Units of time, and of q and p."""

TWO_DEGREES = [(1e-6, (1e6, 1e-3, 1e-7, 1e2)), (1e9, (1e-9, 1e-9, 1e9, 1e9))]


def in_units(data, time, scale):
    """Returns the same record with other numbers."""
    scale = np.array(scale)
    return replace(
        data,
        times=data.times * time,
        states=data.states * scale,
        derivatives=None if data.derivatives is None else data.derivatives * scale / time,
    )


def swings(system=None, *, trials=8, samples=30, dimension=2, noise=0.0, until=4.0, size=1.0):
    starts = size * np.random.default_rng(0).uniform(-1.0, 1.0, (trials, dimension))
    clean = simulate(system or Pendulum.reference(), starts, np.linspace(0.0, until, samples))
    return add_noise(clean, noise, np.random.default_rng(1)) if noise else clean


def field(model, states, time=1.0, scale=1.0):
    """Returns the field of a model of the record in other units, at the record's states and in its units."""
    return np.asarray(vector_field(model, jnp.asarray(states * scale))) * time / scale


def assert_same(fit, data, units, tolerance=1e-6):
    """Fits the record in several units, and compares the fields in one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the rank
        expected = field(fit(data), data.states)
        for time, scale in units:
            found = field(fit(in_units(data, time, scale)), data.states, time, np.array(scale))
            np.testing.assert_allclose(found, expected, atol=tolerance * np.max(np.abs(expected)))


def test_closed_form():
    assert_same(lambda data: fit_closed_form(Polynomial(2, 4), data).model, swings(noise=0.02), ONE_DEGREE)


def test_closed_form_of_features_that_are_drawn_from_the_data():
    def fit(data):
        drawn = RandomTanh.isotropic(data.states, 15, np.random.default_rng(0))
        return fit_closed_form(Polynomial(4, 2) + drawn, data).model

    assert_same(fit, swings(HenonHeiles(), dimension=4, noise=0.01, size=0.3), TWO_DEGREES)


def test_random_features():
    def fit(data):
        return fit_random_features(data, features=20).model

    assert_same(fit, swings(HenonHeiles(), dimension=4, noise=0.01, size=0.3), TWO_DEGREES[:1])


def test_angles_have_no_unit():
    def fit(data):
        return fit_adaptive_fourier(data, highest=3).model

    assert_same(fit, swings(noise=0.01), [(1e-9, (1.0, 1e9)), (1e9, (1.0, 1e-9))])


def test_pairs():
    starts = np.random.default_rng(0).uniform(0.5, 1.5, (10, 8)) * np.array([1, -1, 1, -1, -1, 1, 1, -1])
    data = simulate(NBody.reference(bodies=2), starts, np.linspace(0.0, 1.0, 15))
    units = (1e6, 1e6, 1e6, 1e6, 1e-9, 1e-9, 1e-9, 1e-9)
    assert_same(lambda data: fit_pair_distances(data, bodies=2, terms=(8,)).model, data, [(1e9, units)])


def test_offsets():
    assert_same(
        lambda data: fit_with_offsets(Polynomial(2, 4), data).model, swings(noise=0.05), ONE_DEGREE, tolerance=1e-6
    )


def test_trajectory():
    def fit(data):
        return fit_trajectory(FeatureHamiltonian(Polynomial(2, 4)), data).model

    assert_same(fit, swings(noise=0.02), ONE_DEGREE)


def test_trajectory_with_friction_and_inputs():
    """The damping that a fit begins with is of the data's own size, and inputs have a unit too."""
    system = PortHamiltonian(MassSpring.reference(), jnp.array([[0.4]]), jnp.array([[0.0], [1.0]]))
    t = np.linspace(0.0, 5.0, 40)
    pushes = np.sin(np.outer(np.arange(1, 5), t) / 2)
    paths = [
        simulate(system.driven(jnp.asarray(t), jnp.asarray(u[:, None])), np.array([[1.0, 0.5]]), t) for u in pushes
    ]
    data = Trajectories(np.tile(t, 4), np.concatenate([path.states for path in paths]), (40,) * 4)
    data = replace(add_noise(data, 0.01, np.random.default_rng(0)), inputs=pushes.reshape(-1, 1))
    model = PortHamiltonian(FeatureHamiltonian(Polynomial(2, 2)), input_matrix=jnp.zeros((2, 1)))

    def fit(data):
        return fit_trajectory(model, data).model

    assert_same(fit, data, ONE_DEGREE)
    plain, other = fit(data), fit(replace(in_units(data, 1e-6, (1e9, 1e3)), inputs=1e-9 * data.inputs))
    expected = np.asarray(plain.input_matrix) * np.array([[1e9], [1e3]]) / 1e-6 / 1e-9
    np.testing.assert_allclose(other.input_matrix, expected, rtol=1e-5, atol=1e-6 * np.max(expected))


def test_noise_and_deviations_come_back_in_the_units_of_the_data():
    def fit(data):
        return fit_trajectory(FeatureHamiltonian(Polynomial(2, 2)), data)

    data, time, scale = swings(MassSpring.reference(), noise=0.05), 1e-6, np.array([1e6, 1e-9])
    plain, other = fit(data), fit(in_units(data, time, scale))
    np.testing.assert_allclose(other.noise, plain.noise * scale, rtol=1e-6)
    np.testing.assert_allclose(other.cleaned.states, plain.cleaned.states * scale, rtol=1e-5, atol=0.0)
    assert other.residual_correlation == pytest.approx(plain.residual_correlation, abs=1e-6)
    assert other.held_out_error == pytest.approx(plain.held_out_error, rel=1e-6)
    expected = trajectory_deviations(plain, data.states[:5])
    found = trajectory_deviations(other, data.states[:5] * scale)
    np.testing.assert_allclose(found.field, expected.field * scale / time, rtol=1e-5)
    np.testing.assert_allclose(found.energy, expected.energy * np.prod(scale) / time, rtol=1e-5)


@pytest.mark.slow
def test_trajectory_of_smooth_models():
    """Two degrees of freedom in different units, a plain field beside the Hamiltonians."""

    def fit(data):
        models = smooth_hamiltonians(data.states)[::3]
        plain = FeatureField(models[0].features, degrees_of_freedom=2)
        return fit_trajectory([*models, plain], data).model

    assert_same(fit, swings(HenonHeiles(), dimension=4, noise=0.01, size=0.3, trials=20), TWO_DEGREES[:1])


@pytest.mark.slow
def test_positions_alone():
    """Positions have any unit, and `p = dq/dt` follows."""

    def fit(data):
        seen = with_velocities(data.times, data.states[:, :1], data.lengths)
        models = smooth_hamiltonians(seen.states, structure="newtonian")
        return fit_trajectory(models, seen, observed=[True, False]).model

    data = swings(Pendulum(m=1.0, l=1.0, g=3.0), noise=0.01)
    assert_same(fit, data, [(1e-6, (1e-3, 1e3)), (1e9, (1e9, 1.0))])


@pytest.mark.slow
def test_networks_on_paths():
    """Their numbers are in float32: data that differ by a rounding end a little apart."""

    def fit(data):
        settings = GradientSettings(steps=20, batch_size=8)
        return fit_trajectory(HNN(jax.random.key(0), 1, width=60), data, settings=settings).model

    assert_same(fit, swings(noise=0.02), ONE_DEGREE[:1], tolerance=1e-3)


@pytest.mark.parametrize("network", [HNN, Baseline])
def test_gradient_on_scaled_data(network):
    """As the fit of people's own tables does it; float32 holds seven digits."""

    def fit(data):
        scaling = Scaling.of(data, centred=True)
        model = network(jax.random.key(0), 1, width=16)
        settings = GradientSettings(steps=20)
        fitted = fit_gradient(model, scaling.apply(data), key=jax.random.key(1), settings=settings)
        return restored(fitted.model, scaling)

    assert_same(fit, swings(), ONE_DEGREE, tolerance=1e-5)


@pytest.mark.parametrize("by", ["closed-form", pytest.param("trajectory", marks=pytest.mark.slow)])
def test_symbolic(by):
    data = swings(HenonHeiles(), dimension=4, noise=0.001, size=0.3, trials=12)

    def fit(data):
        return fit_symbolic(Polynomial(4, 3), data, by=by).model

    assert_same(fit, data, TWO_DEGREES)
    time, scale = TWO_DEGREES[0]
    plain, other = (fit_symbolic(Polynomial(4, 3), own, by=by) for own in (data, in_units(data, time, scale)))
    assert [str(term) for term in plain.coefficients] == [str(term) for term in other.coefficients]
    relative = [
        [found.standard_errors[term] / abs(found.coefficients[term]) for term in found.coefficients]
        for found in (plain, other)
    ]
    np.testing.assert_allclose(relative[1], relative[0], rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("friction", [0.0, 0.5])
def test_diagnose(friction):
    """The same verdict, and a loss per unit of time that is the same loss."""
    data = swings(PortHamiltonian(MassSpring.reference(), jnp.array([[friction]])), trials=9, noise=0.02, samples=24)
    time, scale = 1e-6, (1e9, 1e-3)
    plain, other = diagnose(data), diagnose(in_units(data, time, scale))
    assert (plain.conserves, plain.take) == (other.conserves, other.take)
    assert plain.conserves == (friction == 0)
    assert other.friction_rate * time == pytest.approx(plain.friction_rate, rel=1e-5, abs=1e-6)
    assert other.loss_rate * time == pytest.approx(plain.loss_rate, rel=1e-5)
    for kind, error in plain.errors.items():
        assert other.errors[kind] == pytest.approx(error, rel=1e-4)


def test_regressor():
    regressor = pytest.importorskip("symplect.regressor")

    def fit(data):
        return regressor.HamiltonianRegressor(2, features=20, random_state=0).fit(data.states, data.derivatives).model_

    assert_same(fit, swings(HenonHeiles(), dimension=4, size=0.3), TWO_DEGREES)


@pytest.mark.parametrize(("time", "scale"), [(1e-6, (1e-12, 1e3)), (1e9, (1e9, 1e-12))])
def test_what_a_run_predicts(time, scale):
    """The tolerances of the solver are not in the units of the table."""
    spring = FeatureHamiltonian(Polynomial(2, 2), jnp.array([0.0, 0.0, 1.0, 0.0, 1.0]))  # turns by 2 per unit of time
    states = np.random.default_rng(0).uniform(-1.0, 1.0, (30, 2)) * scale
    model = restored(spring, Scaling(time, np.zeros(2), np.array(scale)))
    run = dataclasses.replace(own_run(), metrics={}, rollout={"train": states}, model=model)
    found = predictions.simulate(run, np.array([[1.0, 0.0]]) * scale, 50 * time, time)
    np.testing.assert_allclose(found["x"].to_numpy() / scale[0], np.cos(2.0 * np.arange(51)), atol=1e-7)
    energy = found["energy"].to_numpy()
    np.testing.assert_allclose(energy, energy[0], rtol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["auto", "closed-form", "trajectory"])
def test_the_fit_that_chooses_its_method(method):
    """A swing with friction, in seconds and metres and in units worlds apart."""
    data = swings(PortHamiltonian(MassSpring.reference(), jnp.array([[0.4]])), trials=6, noise=0.01, samples=24)
    time, scale = 1e-6, np.array([1e-9, 1e6])

    def fitted(own):
        trial = np.repeat(np.arange(len(own)), own.lengths)
        table = {"t": own.times, "x": own.states[:, 0], "v": own.states[:, 1], "trial": trial}
        return fit(table, q="x", p="v", time="t", trial="trial", method=method)

    measured = replace(data, derivatives=None)
    plain, other = fitted(measured), fitted(in_units(measured, time, scale))
    assert (other.kind, other.method, len(other.cautions)) == (plain.kind, plain.method, len(plain.cautions))
    expected = field(plain.model, data.states)
    found = field(other.model, data.states, time, scale)
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.max(np.abs(expected)))
    assert other.metrics["held_out_error"] == pytest.approx(plain.metrics["held_out_error"], rel=1e-5)
