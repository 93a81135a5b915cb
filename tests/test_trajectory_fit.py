"""The fit from paths alone: its pieces, its linear algebra, and what it finds in noisy data."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import HNN, Baseline, GradientSettings, Trajectories, add_noise, simulate
from symplect.data import clean_by_derivatives, with_velocities
from symplect.dynamics import AbstractSeparableHamiltonian, energies, vector_field
from symplect.errors import InputError
from symplect.evaluation import evaluate
from symplect.experiments.tasks import TASKS
from symplect.fitting.candidates import smooth_hamiltonians
from symplect.fitting.closed_form import fit_closed_form
from symplect.fitting.descended_shooting import one_step_loss
from symplect.fitting.field_of import field_of
from symplect.fitting.residuals import PathResiduals
from symplect.fitting.segments import cut_segments
from symplect.fitting.trajectory import fit_trajectory
from symplect.models import FeatureField, FeatureHamiltonian, PortHamiltonian
from symplect.models.features import Polynomial
from symplect.runs import load_model, save_model
from symplect.systems import MassSpring
from tests.members import circles

SPRING = MassSpring(k=1.0, m=1.0)
QUADRATIC = FeatureHamiltonian(Polynomial(2, degree=2))


def springs(trials=10, samples=30, duration=3.0, system=SPRING):
    starts, times = np.random.default_rng(0).uniform(-1, 1, (trials, 2)), np.linspace(0.0, duration, samples)
    return circles(starts, times) if system is SPRING else simulate(system, starts, times)


def noisy_springs(sigma=0.1, **shape):
    return add_noise(springs(**shape), sigma, np.random.default_rng(1))


def frequency(model):
    with jax.enable_x64(True):
        linear = np.asarray(jax.jacfwd(model.time_derivative)(jnp.zeros(2)))
    return float(np.max(np.abs(np.linalg.eigvals(linear).imag)))


def test_paths_are_cut_at_gaps_and_into_equal_pieces():
    times = np.concatenate([np.arange(10.0), 50 + np.arange(4.0), [90.0]])
    data = Trajectories(times, np.random.default_rng(0).standard_normal((15, 2)), (15,))
    with pytest.warns(UserWarning, match="1 samples stand alone"):
        segments = cut_segments(data, np.ones(2), 5)
    assert np.sum(segments.weights[..., 0], axis=1).tolist() == [5, 5, 4]
    assert segments.weights[2, 4].tolist() == [0, 0]
    assert np.all(np.diff(segments.times, axis=1) > 0)


def test_what_was_not_observed_weighs_nothing():
    segments = cut_segments(springs(), np.array([1.0, 0.0]), None)
    assert np.all(segments.weights[..., 0] == 1)
    assert np.all(segments.weights[..., 1] == 0)


def test_the_normal_equations_are_those_of_the_residual_by_finite_differences():
    segments = cut_segments(noisy_springs(trials=2, samples=6), np.ones(2), None)
    with jax.enable_x64(True):
        field = field_of(PortHamiltonian(FeatureHamiltonian(Polynomial(2, degree=2)), jnp.array([[0.3]])))
    theta = np.array([0.1, -0.1, 0.4, 0.1, 0.6, 0.09])
    starts, noise = segments.states[:, 0], np.array([0.1, 0.2])
    residuals = PathResiduals(field, segments, noise, 1)

    def residual(unknowns):
        paths = residuals.followed(unknowns[: len(theta)], unknowns[len(theta) :].reshape(2, 2)).paths
        return ((segments.states - paths) / noise).ravel()

    at = np.concatenate([theta, starts.ravel()])
    steps = 1e-6 * np.eye(len(at))
    jacobian = np.stack([(residual(at - s) - residual(at + s)) / 2e-6 for s in steps], axis=1)
    dense = np.linalg.lstsq(jacobian, residual(at), rcond=None)[0]
    normal = residuals.followed(theta, starts)
    change = np.linalg.solve(np.sum(normal.matrix, axis=0), np.sum(normal.gradient, axis=0))
    np.testing.assert_allclose(np.sum(normal.cost), np.sum(residual(at) ** 2), rtol=1e-10)
    np.testing.assert_allclose(change, dense[: len(theta)], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(normal.starts(change).ravel(), dense[len(theta) :], rtol=1e-4, atol=1e-6)


def test_pieces_that_lie_on_a_path_have_the_normal_equations_of_the_path():
    segments = cut_segments(noisy_springs(trials=3, samples=7), np.ones(2), None)
    residuals = PathResiduals(field_of(QUADRATIC), segments, np.array([0.1, 0.2]), 2)
    theta = np.array([0.1, -0.1, 0.4, 0.1, 0.6])
    followed = residuals.followed(theta, segments.states[:, 0])
    joined = residuals.joined(theta, followed.paths)
    assert np.all(joined.met)
    assert not np.any(residuals.joined(theta, segments.states).met)
    for name in ("matrix", "gradient", "cost", "paths", "cross"):
        np.testing.assert_allclose(getattr(joined, name), getattr(followed, name), rtol=1e-9, atol=1e-9)


def test_noise_is_found_and_the_frequency_is_not_biased_as_that_of_a_fit_of_derivatives():
    data = noisy_springs(trials=25)
    fitted = fit_trajectory(QUADRATIC, data)
    np.testing.assert_allclose(fitted.noise, 0.1, rtol=0.1)
    assert abs(frequency(fitted.model) - 1) < 0.01
    assert abs(frequency(fit_closed_form(Polynomial(2, degree=2), replace(data)).model) - 1) > 0.02
    clean = springs(trials=25).states
    assert np.std(fitted.cleaned.states - clean) < 0.5 * np.std(data.states - clean)


@pytest.mark.slow
def test_irregular_times_gaps_and_trials_of_different_length():
    rng = np.random.default_rng(2)
    trials = []
    for samples in (20, 35, 50):
        times = np.sort(rng.uniform(0.0, 4.0, samples))
        times[samples // 2 :] += 3.0
        trials.append(simulate(SPRING, rng.uniform(-1, 1, (1, 2)), times))
    data = Trajectories(
        np.concatenate([t.times for t in trials]), np.concatenate([t.states for t in trials]), (20, 35, 50)
    )
    with pytest.warns(UserWarning, match="2 samples stand alone between gaps"):
        fitted = fit_trajectory(QUADRATIC, add_noise(data, 0.05, rng))
    assert abs(frequency(fitted.model) - 1) < 0.02


@pytest.mark.slow
def test_positions_are_enough_for_a_newtonian_model():
    clean = springs(trials=6, samples=40)
    positions = clean.states[:, :1] + 0.02 * np.random.default_rng(3).standard_normal((240, 1))
    data = with_velocities(clean.times, positions, clean.lengths)
    models = smooth_hamiltonians(data.states, structure="newtonian")[:1]
    fitted = fit_trajectory(models, data, observed=[True, False], penalties=np.array([1.0]))
    assert abs(frequency(fitted.model) - 1) < 0.05
    assert fitted.noise[0] == pytest.approx(0.02, rel=0.15)
    assert np.isnan(fitted.noise[1])


@pytest.mark.slow
def test_friction_is_recovered():
    damped = PortHamiltonian(SPRING, damping=jnp.array([[0.5]]))
    data = add_noise(springs(system=damped), 0.02, np.random.default_rng(1))
    fitted = fit_trajectory(PortHamiltonian(QUADRATIC), data)
    assert float(fitted.model.friction_rate(jnp.zeros(2))) == pytest.approx(0.25, rel=0.1)


@pytest.mark.slow
def test_symmetric_models_with_friction_are_fitted_although_some_of_their_features_vanish():
    damped = PortHamiltonian(SPRING, damping=jnp.array([[0.5]]))
    data = add_noise(springs(system=damped), 0.02, np.random.default_rng(1))
    even = PortHamiltonian(smooth_hamiltonians(data.states, structure="separable and even")[0])
    fitted = fit_trajectory(even, data, penalties=np.array([1.0]))
    assert fitted.held_out_error < 1.2
    np.testing.assert_allclose(fitted.noise, 0.02, rtol=0.15)


def test_a_fourth_order_step_between_true_states_leaves_nothing():
    clean = springs(trials=1, samples=20)
    parts = (clean.states[:-1], clean.states[1:], np.stack([clean.times[:-1], clean.times[1:]], axis=1))
    residual = one_step_loss(SPRING, *map(jnp.asarray, parts), jnp.zeros((19, 2, 0)), jnp.ones((19, 2)))
    assert float(residual) < (3.0 / 19) ** 8  # squared error of the fifth power of h, with room


def with_friction(key, degrees_of_freedom, **size):
    return PortHamiltonian(HNN(key, degrees_of_freedom, **size))


@pytest.mark.parametrize("kind", [HNN, *(pytest.param(k, marks=pytest.mark.slow) for k in (Baseline, with_friction))])
def test_networks_are_fitted_to_paths_and_repeat(kind):
    data = noisy_springs(sigma=0.05, trials=10, samples=12)
    settings = GradientSettings(steps=200, learning_rate=3e-3)
    first, second = (
        fit_trajectory(kind(jax.random.key(0), 1, width=48), data, settings=settings, seed=1) for _ in range(2)
    )
    assert first.held_out_error == second.held_out_error < 2.0
    assert first.covariance is None
    assert np.all(first.noise < 0.1)
    assert vector_field(first.model, jnp.asarray(data.states)).dtype == jnp.float64


@pytest.mark.slow
def test_positions_of_the_spring_do_not_make_a_potential_that_goes_wild_outside():
    """Of equally good fits the best of all held these data's potential by large terms of opposite signs."""
    data = TASKS["mass-spring"].make_data(3, None, None).train
    seen = with_velocities(data.times, data.states[:, :1], data.lengths)
    models = smooth_hamiltonians(seen.states, structure="newtonian")
    fitted = fit_trajectory(models, seen, observed=[True, False])
    far = np.array([[2.0, 0.0], [-2.0, 0.0]])  # twice as far as any start; q'' = -4 q
    np.testing.assert_allclose(vector_field(fitted.model, jnp.asarray(far))[:, 1], [-8.0, 8.0], rtol=0.1)


@pytest.mark.slow
def test_a_published_network_fitted_to_paths_is_less_biased_than_one_fitted_to_derivatives():
    data = TASKS["mass-spring"].make_data(0, None, None)
    fitted = fit_trajectory(HNN(jax.random.key(0), 1), data.train)
    assert evaluate(fitted.model, data).metrics["frequency_bias"] < 0.04
    np.testing.assert_allclose(fitted.noise, 0.1, rtol=0.1)


def test_energy_is_lost_at_the_rate_of_friction_and_gained_from_the_inputs():
    system = PortHamiltonian(SPRING, jnp.array([[0.5]]), jnp.array([[0.0], [1.0]]))
    z = jnp.array([0.3, -0.8])
    slope = jax.grad(system.hamiltonian)(z)
    assert float(slope @ system.time_derivative(z)) == pytest.approx(-float(system.dissipated_power(z)), abs=1e-6)
    pushed = system.driven(jnp.array([0.0, 1.0]), jnp.array([[0.0], [4.0]]))
    balance = float(pushed.supplied_power(z, 0.5) - system.dissipated_power(z))
    assert float(slope @ pushed.time_derivative(z, 0.5)) == pytest.approx(balance, abs=1e-5)
    paths = springs(system=PortHamiltonian(SPRING, jnp.array([[0.5]]))).paths()
    assert np.all(np.diff(energies(system.hamiltonian, jnp.asarray(paths)), axis=1) <= 1e-6)


@pytest.mark.parametrize("model", [PortHamiltonian(QUADRATIC), FeatureField(Polynomial(2, degree=2))])
def test_models_come_back_from_their_file(tmp_path, model):
    save_model(tmp_path / "model.npz", model)
    again = load_model(tmp_path / "model.npz")
    z = jnp.array([0.3, -0.8])
    np.testing.assert_array_equal(again.time_derivative(z), model.time_derivative(z))


def changed(**what):
    return replace(springs(trials=1), derivatives=None, **what)


@pytest.mark.parametrize(
    ("states", "message"),
    [
        (np.zeros((30, 2)), "at rest"),
        (np.stack([np.arange(30.0), np.ones(30)], axis=1), "constant"),
    ],
)
def test_states_that_say_nothing_are_refused(states, message):
    with pytest.raises(InputError, match=message):
        fit_trajectory(QUADRATIC, changed(states=states))


def test_what_cannot_be_fitted_is_refused():
    data = springs(trials=1)
    with pytest.raises(InputError, match="single sample"):
        fit_trajectory(QUADRATIC, Trajectories(data.times, data.states, (29, 1)))
    with pytest.raises(InputError, match="coordinates"):
        fit_trajectory(FeatureHamiltonian(Polynomial(4, degree=2), None, 2), data)
    with pytest.raises(InputError, match="NaN"):
        changed(states=np.full((30, 2), np.nan))
    with pytest.raises(InputError, match="sort them"):
        changed(times=np.zeros(30))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"segment": 1}, "segments of two samples"),
        ({"observed": [True]}, "say of 2 coordinates"),
        ({"observed": [False, False]}, "say of 2 coordinates"),
    ],
)
def test_wrong_calls_are_refused(how, message):
    with pytest.raises(InputError, match=message):
        fit_trajectory(QUADRATIC, springs(trials=2), **how)
    with pytest.raises(InputError, match="a model or more"):
        fit_trajectory([], springs(trials=2))


def test_inputs_need_a_model_that_knows_them():
    driven = replace(springs(trials=2), inputs=np.ones((60, 1)))
    for model in (QUADRATIC, PortHamiltonian(QUADRATIC)):
        with pytest.raises(InputError, match="with 0 inputs as the model has, found 1"):
            fit_trajectory(model, driven)
    with pytest.raises(InputError, match="with 1 inputs as the model has, found 0"):
        fit_trajectory(PortHamiltonian(QUADRATIC, input_matrix=jnp.ones((2, 1))), springs(trials=2))
    with pytest.raises(InputError, match=r"expected inputs of shape \(3, 1\)"):
        PortHamiltonian(SPRING, input_matrix=jnp.ones((2, 1))).driven(jnp.arange(3.0), jnp.ones(3))


def test_trials_of_different_rates_are_all_kept():
    fast, slow = springs(trials=1, samples=200), springs(trials=1, samples=15, duration=6.0)
    both = [np.concatenate(pair) for pair in ((fast.times, slow.times), (fast.states, slow.states))]
    assert np.sum(cut_segments(Trajectories(*both, (200, 15)), np.ones(2), None).weights[..., 0]) == 215


def test_velocities_of_pixels_are_no_integers():
    t = np.linspace(0.0, 3.0, 40)
    data = with_velocities(t, np.round(100 * np.sin(t))[:, None].astype(int), [40])
    assert np.max(np.abs(data.states[:, 1] - 100 * np.cos(t))) < 15
    with pytest.raises(InputError, match="sort them"):
        with_velocities(0 * t, t[:, None], [40])


def test_exact_derivatives_clean_states():
    clean = springs(trials=20, samples=50)
    noisy = add_noise(clean, 0.1, np.random.default_rng(4))
    noisy = replace(noisy, derivatives=clean.derivatives)
    left = np.std(clean_by_derivatives(noisy).states - clean.states)
    assert left == pytest.approx(0.1 / np.sqrt(50), rel=0.4)


def test_inputs_go_with_their_trials():
    one = springs(trials=2, samples=10)
    data = replace(one, inputs=np.arange(20.0)[:, None])
    assert data.select([1]).inputs[:, 0].tolist() == list(range(10, 20))
    first, rest = data.select([1]).cut(3)
    assert first.inputs[:, 0].tolist() == [10, 11, 12]
    assert len(rest.times) == 7


class _Hardening(AbstractSeparableHamiltonian):
    cubic: float
    degrees_of_freedom = 1

    def kinetic(self, p):
        return jnp.sum(p**2) / 2

    def potential(self, q):
        return jnp.sum(q**2 / 2 + self.cubic * q**4 / 4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("cubic", [1.0, 3.0])
def test_quartic_terms_hold_an_anharmonic_force(seed, cubic):
    """Without them the force of a hardening spring is off by more than its noise asks for, and so is the frequency."""
    spring = _Hardening(cubic)
    starts = np.stack([[0.3, 0.5, 0.8, 1.1, 1.3, 1.5], np.zeros(6)], axis=1)
    clean = simulate(spring, starts, np.linspace(0.0, 12.0, 240))
    noisy = add_noise(clean, 0.003, np.random.default_rng(seed))
    line = np.stack([np.linspace(-1.5, 1.5, 100), np.zeros(100)], axis=1)
    force = np.asarray(vector_field(spring, line))[:, 1]
    missed = [
        np.std(np.asarray(vector_field(fit_trajectory(models, noisy).model, line))[:, 1] - force)
        for models in (smooth_hamiltonians(noisy.states, structure="newtonian", degree=degree) for degree in (2, 4))
    ]
    assert missed[1] < missed[0] / 2
    assert missed[1] < 2e-3 * np.std(force)


@pytest.mark.slow
def test_a_model_of_the_wrong_form_is_fitted_all_the_same():
    """A turntable seen in positions alone: a quartic potential goes wild where a fit of single steps puts it."""
    rng, times = np.random.default_rng(0), np.arange(0.0, 10.0, 0.04)
    slow, fast = np.sqrt(4.0) - 0.8, np.sqrt(4.0) + 0.8  # in the plane as complex numbers, two turns superposed
    a, b = rng.normal(0, 0.4, (2, 8)) + 1j * rng.normal(0, 0.4, (2, 8))
    z = a[:, None] * np.exp(1j * slow * times) + b[:, None] * np.exp(-1j * fast * times)
    positions = np.stack([z.real, z.imag], axis=-1).reshape(-1, 2) + rng.normal(0, 0.002, (8 * len(times), 2))
    data = with_velocities(np.tile(times, 8), positions, (len(times),) * 8)
    models = smooth_hamiltonians(data.states, structure="newtonian", degree=4)[:1]
    fitted = fit_trajectory(models, data, observed=[True, True, False, False], penalties=np.array([1e5, 1e3]))
    assert np.isfinite(fitted.held_out_error)
    assert fitted.noise[0] > 20 * 0.002
