"""The scikit-learn estimator: scikit-learn's own checks, what it learns, and what it refuses."""

import importlib
import pickle
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from symplect import rollout
from symplect.dynamics import energies, vector_field
from symplect.errors import InputError, NotAvailableError
from symplect.models import FeatureHamiltonian
from symplect.regressor import HamiltonianRegressor
from symplect.systems import HenonHeiles, Pendulum

PENDULUM = Pendulum(m=1.0, l=1.0, g=4.0)


@parametrize_with_checks([HamiltonianRegressor()])
def test_scikit_learn_accepts_it(estimator, check):
    check(estimator)


def derivatives(system, states):
    return np.asarray(vector_field(system, jnp.asarray(states)))


def swings(samples=300, seed=0, noise=0.0):
    """Returns states and derivatives of a pendulum whose momenta vary more than its angles."""
    rng = np.random.default_rng(seed)
    X = rng.uniform([-1.5, -4.0], [1.5, 4.0], (samples, 2))
    return X, derivatives(PENDULUM, X) + noise * rng.standard_normal(X.shape)


def swings_of(lengths, seed=0):
    """Returns states, each of a pendulum of its own length in the last column, and derivatives."""
    rng = np.random.default_rng(seed)
    q, p = rng.uniform(-1.5, 1.5, (2, len(lengths)))
    return np.column_stack([q, p, lengths]), np.column_stack([p / lengths**2, -4.0 * lengths * np.sin(q)])


def of_energy(system, energy, reach):
    """Returns states of one energy in random directions, where the kinetic energy is half the square of p."""
    rng = np.random.default_rng(5)
    q, p = (
        rng.uniform(-reach, reach, (50, system.degrees_of_freedom)),
        rng.standard_normal((50, system.degrees_of_freedom)),
    )
    left = energy - np.asarray(energies(system.potential, jnp.asarray(q)))
    return np.column_stack([q, p * np.sqrt(2 * left / np.sum(p**2, axis=1))[:, None]])


@pytest.fixture(scope="module")
def fitted():
    return HamiltonianRegressor(random_state=0).fit(*swings())


def test_it_learns_a_pendulum_of_clean_derivatives(fitted):
    X, y = swings(seed=1)
    assert fitted.score(X, y) > 1 - 1e-5
    truth = np.asarray(energies(PENDULUM.hamiltonian, jnp.asarray(X)))
    difference = fitted.hamiltonian(X) - truth
    assert np.std(difference) < 1e-3 * np.std(truth)


def test_the_mean_of_the_training_energies_is_zero(fitted):
    assert fitted.hamiltonian(swings()[0]).mean() == pytest.approx(0.0, abs=1e-12)


def test_its_model_moves_and_keeps_the_energy(fitted):
    assert isinstance(fitted.model_, FeatureHamiltonian)
    path = rollout(fitted.model_, jnp.array([1.0, 0.5]), np.linspace(0.0, 10.0, 101)).check().states
    kept = np.asarray(energies(PENDULUM.hamiltonian, path))
    assert np.ptp(fitted.hamiltonian(path)) < 1e-6
    assert np.ptp(kept) < 1e-2 * kept[0]


def test_its_model_and_its_predictions_are_the_same(fitted):
    X, _ = swings(seed=2)
    np.testing.assert_allclose(fitted.predict(X), derivatives(fitted.model_, X), rtol=1e-9, atol=1e-9)


def test_two_degrees_of_freedom_keep_their_energy():
    X = np.random.default_rng(0).uniform(-0.5, 0.5, (300, 4))
    fitted = HamiltonianRegressor(gain=0.3, random_state=0).fit(X, derivatives(HenonHeiles(), X))
    orbit = of_energy(HenonHeiles(), 0.1, reach=0.2)
    assert np.ptp(fitted.hamiltonian(orbit)) < 0.02 * np.ptp(fitted.hamiltonian(X))


def test_the_order_of_samples_does_not_matter(fitted):
    X, y = swings()
    order = np.random.default_rng(3).permutation(len(X))
    other = HamiltonianRegressor(random_state=0).fit(X[order], y[order])
    np.testing.assert_array_equal(other.predict(X), fitted.predict(X))


def test_units_do_not_matter(fitted):
    X, y = swings()
    units = np.array([1e3, 1e-5])  # an energy in units of its own, too
    other = HamiltonianRegressor(random_state=0).fit(X * units, y * units)
    np.testing.assert_allclose(other.predict(X * units) / units, fitted.predict(X), rtol=1e-5, atol=1e-5)


def test_all_digits_stay_where_jax_has_32_bits(fitted):
    X, y = swings()
    with jax.enable_x64(False):
        single = HamiltonianRegressor(random_state=0).fit(X, y)
        again = pickle.loads(pickle.dumps(single))
        np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
        assert single.model_.weights.dtype == np.float64


def test_many_samples_are_taken_block_by_block(fitted, monkeypatch):
    X, y = swings()
    monkeypatch.setattr("symplect.regressor._BLOCK_BYTES", 2**17)
    blocked = HamiltonianRegressor(random_state=0).fit(X, y)
    np.testing.assert_allclose(blocked.predict(X), fitted.predict(X), rtol=1e-6, atol=1e-6)


def test_parameters_that_were_not_seen_are_predicted():
    seen = np.random.default_rng(4).uniform(0.6, 1.6, 600)
    fitted = HamiltonianRegressor(features=200, random_state=0).fit(*swings_of(seen[(seen < 1.0) | (seen > 1.2)]))
    X, y = swings_of(np.full(200, 1.1), seed=1)
    assert fitted.degrees_of_freedom_ == 1
    assert fitted.score(X, y) > 0.999
    model = fitted.model_at([1.1])
    np.testing.assert_allclose(derivatives(model, X[:, :2]), fitted.predict(X), rtol=1e-9, atol=1e-9)
    assert not hasattr(fitted, "model_")


def test_the_first_derivative_alone_is_a_y_of_one_dimension():
    X, y = swings()
    fitted = HamiltonianRegressor(random_state=0).fit(X, y[:, 0])
    assert fitted.predict(X).shape == (len(X),)
    assert fitted.score(X, y[:, 0]) > 0.999


def test_columns_are_put_in_order_in_a_pipeline():
    (X, y), (X_test, y_test) = swings(), swings(seed=1)
    order = ColumnTransformer([("q", "passthrough", [1]), ("p", "passthrough", [0])])
    pipeline = make_pipeline(order, HamiltonianRegressor(random_state=0)).fit(X[:, ::-1], y)
    assert pipeline.score(X_test[:, ::-1], y_test) > 1 - 1e-5


def test_a_scaler_in_front_breaks_hamiltons_equations(fitted):
    """Why the docstring forbids it: positions and momenta are scaled apart, and what is kept is no energy."""
    X, y = swings()
    scaled = make_pipeline(StandardScaler(), HamiltonianRegressor(random_state=0)).fit(X, y)
    orbit = of_energy(PENDULUM, 2.0, reach=1.0)
    energy = scaled[-1].hamiltonian(scaled[:-1].transform(orbit))
    assert np.ptp(energy) > 0.1 * np.ptp(scaled[-1].hamiltonian(scaled[:-1].transform(X)))
    assert np.ptp(fitted.hamiltonian(orbit)) < 1e-3 * np.ptp(fitted.hamiltonian(X))


def test_a_grid_search_chooses_features_and_ridge():
    pipeline = Pipeline([("fit", HamiltonianRegressor(random_state=0))])
    grid = {"fit__features": [0, 50], "fit__ridge": [1e-8, 1e-1]}
    search = GridSearchCV(pipeline, grid, cv=KFold(3, shuffle=True, random_state=0)).fit(*swings(noise=0.05))
    assert search.best_params_ == {"fit__features": 50, "fit__ridge": 1e-8}
    assert search.score(*swings(seed=1)) > 0.999


@pytest.mark.parametrize(
    ("settings", "outputs", "line"),
    [
        ({"degrees_of_freedom": 2}, 2, "expected degrees_of_freedom from 1 to 1 for an X of 3 columns, found 2"),
        ({"degrees_of_freedom": 0}, 2, "expected degrees_of_freedom from 1 to 1 for an X of 3 columns, found 0"),
        ({"degrees_of_freedom": 1.0}, 2, r"expected degrees_of_freedom from 1 to 1 .* found 1.0"),
        ({"features": -1}, 2, "expected features of 0 or more, found -1"),
        ({"features": 10.5}, 2, "expected features of 0 or more, found 10.5"),
        ({"ridge": "small"}, 2, "expected a ridge of 0 or more, found 'small'"),
        ({"gain": float("nan")}, 2, "expected a gain of 0 or more, found nan"),
        ({}, 3, "expected a y of at most 2 columns, dq/dt and dp/dt of 1 degrees of freedom, found 3"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_one_line(settings, outputs, line):
    with pytest.raises(InputError, match=line) as caught:
        HamiltonianRegressor(**settings).fit(np.ones((5, 3)), np.ones((5, outputs)))
    assert "\n" not in str(caught.value)


def test_parameters_of_another_number_are_refused(fitted):
    with pytest.raises(InputError, match=r"expected parameters of shape \(0,\), found \(1,\)"):
        fitted.model_at([1.0])


def test_before_a_fit_there_is_nothing():
    with pytest.raises(NotFittedError):
        HamiltonianRegressor().hamiltonian(np.ones((1, 2)))
    assert not hasattr(HamiltonianRegressor(), "model_")


def test_without_scikit_learn_the_way_to_get_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    monkeypatch.delitem(sys.modules, "symplect.regressor")
    with pytest.raises(NotAvailableError, match=r'pip install "symplect\[sklearn\]"'):
        importlib.import_module("symplect.regressor")
