"""The closed-form fit: what features must do, what the reduction must keep, and what is refused."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import simulate
from symplect.dynamics import vector_field
from symplect.errors import InputError
from symplect.experiments.tasks.three_body import random_starts
from symplect.files import write_tree
from symplect.fitting import closed_form
from symplect.fitting.closed_form import fit_closed_form, fold_of_samples
from symplect.fitting.least_squares import merge, reduce, ridge_path
from symplect.fitting.pair_distances import fit_pair_distances
from symplect.fitting.random_features import fit_random_features
from symplect.models import FeatureHamiltonian, blank_model
from symplect.models.features import (
    Fourier,
    InversePowers,
    OfMomenta,
    OfPositions,
    PairDistances,
    Polynomial,
    Product,
    Projected,
    RandomTanh,
    Selected,
    Symmetric,
    data_subspace,
    separable,
)
from symplect.runs import load_model, save_model
from symplect.systems import NBody, Pendulum
from tests.members import circles

POINTS = np.random.default_rng(0).uniform(0.3, 1.0, (40, 4))

FEATURES = {
    "polynomial": lambda: Polynomial(4, degree=3),
    "tanh of pairs": lambda: RandomTanh.from_pairs(POINTS, 7, np.random.default_rng(1)),
    "tanh where energy changes": lambda: RandomTanh.from_pairs(
        POINTS, 7, np.random.default_rng(1), energies=np.sum(POINTS**2, axis=1)
    ),
    "isotropic tanh": lambda: RandomTanh.isotropic(POINTS, 7, np.random.default_rng(1)),
    "concatenated": lambda: Polynomial(4, degree=1) + Polynomial(4, degree=2),
    "separable": lambda: separable(Polynomial(2, degree=2), Fourier.up_to(2, 1)),
    "product": lambda: Product(Fourier.up_to(2, 1), Polynomial(2, degree=2)),
    "projected": lambda: Projected(Polynomial(2, degree=2), data_subspace(POINTS)[:2], np.mean(POINTS, axis=0)),
    "symmetric": lambda: Symmetric.reversal_and_parity(Polynomial(4, degree=2), 2),
    "selected": lambda: Selected(Polynomial(4, degree=2), (9, 0, 4)),
    "momenta": lambda: OfMomenta(Polynomial(2, degree=2)),
    "distances": lambda: OfPositions(PairDistances.over_data(POINTS[:, :2], 2, terms=5, dimensions=1)),
    "inverse powers": lambda: OfPositions(PairDistances(InversePowers((1, 3)), bodies=2, dimensions=1)),
}


@pytest.fixture(params=FEATURES)
def features(request):
    return FEATURES[request.param]()


@pytest.fixture(scope="module")
def data():
    starts = np.array([[1.0, 0.0], [0.0, 0.5], [-0.7, 0.2], [0.3, 0.3]])
    return circles(starts, np.linspace(0.0, 3.0, 30), omega=2.0)


def model_of(features):
    weights = jnp.asarray(np.random.default_rng(2).standard_normal(features.size))
    return FeatureHamiltonian(features, weights, 2)


def test_sizes_agree(features):
    z = jnp.asarray(POINTS[0])
    assert features(z).shape == (features.size,)
    assert features.penalties.shape == (features.size,)
    assert np.all(features.penalties >= 0)


def test_gradients_are_those_of_finite_differences(features):
    z, step = jnp.asarray(POINTS[0]), 1e-6
    values = jax.jit(lambda z: features(z))
    slopes = [(values(z + step * e) - values(z - step * e)) / (2 * step) for e in jnp.eye(4)]
    np.testing.assert_allclose(jax.jit(jax.jacfwd(features))(z), jnp.stack(slopes, axis=1), rtol=1e-6, atol=1e-6)


def test_a_field_of_features_has_no_divergence(features):
    jacobian = jax.jit(jax.jacfwd(model_of(features).time_derivative))(jnp.asarray(POINTS[0]))
    assert abs(jnp.trace(jacobian)) < 1e-10 * (1 + jnp.max(jnp.abs(jacobian)))


def test_a_model_of_features_comes_back_from_its_file(features, tmp_path):
    model = model_of(features)
    save_model(tmp_path / "model.safetensors", model)
    again = load_model(tmp_path / "model.safetensors")
    states = jnp.asarray(POINTS)
    np.testing.assert_array_equal(vector_field(again, states), vector_field(model, states))


def test_rows_reduced_in_blocks_give_the_least_squares_solution():
    rng = np.random.default_rng(0)
    A, y = rng.standard_normal((90, 6)), rng.standard_normal(90)
    parts = [reduce(A[rows], y[rows]) for rows in (slice(0, 50), slice(50, 53), slice(53, 90))]
    found = ridge_path(merge(parts), np.ones(6), np.zeros(1))
    expected = np.linalg.lstsq(A, y)[0]
    np.testing.assert_allclose(found.coefficients[:, 0], expected, rtol=1e-10)
    np.testing.assert_allclose(merge(parts).errors(expected[:, None]), np.mean((A @ expected - y) ** 2), rtol=1e-10)
    assert found.rank == 6


def test_a_ridge_shrinks_and_no_ridge_does_not():
    A = np.random.default_rng(0).standard_normal((50, 4))
    reduced = reduce(A, A @ np.ones(4))
    path = ridge_path(reduced, np.ones(4), np.array([0.0, 1e-2, 1.0])).coefficients
    np.testing.assert_allclose(path[:, 0], 1.0)
    assert np.all(np.diff(np.linalg.norm(path, axis=0)) < 0)


def test_the_size_of_a_block_does_not_matter(data, monkeypatch):
    features = Polynomial(2, degree=4)
    whole = fit_closed_form(features, data).model.weights
    monkeypatch.setattr(closed_form, "_BLOCK_BYTES", 5000)
    np.testing.assert_allclose(fit_closed_form(features, data).model.weights, whole, atol=1e-9)


def test_a_quadratic_energy_is_found_exactly(data):
    fitted = fit_closed_form([Polynomial(2, degree=1), Polynomial(2, degree=2)], data)
    np.testing.assert_allclose(fitted.model.weights, [0.0, 0.0, 1.0, 0.0, 1.0], atol=1e-12)
    assert fitted.rank == 5
    assert fitted.held_out_error < 1e-12


def test_directions_without_data_are_reported_and_left_at_zero(data):
    twice = Polynomial(2, degree=2) + Polynomial(2, degree=2)
    with pytest.warns(UserWarning, match="determine 5 of 10 weights"):
        fitted = fit_closed_form(twice, data)
    assert fitted.rank == 5
    np.testing.assert_allclose(vector_field(fitted.model, jnp.asarray(data.states)), data.derivatives, atol=1e-10)


def test_folds_hold_whole_trajectories(data):
    membership = fold_of_samples(data, 3, 0).reshape(len(data), -1)
    assert np.all(membership == membership[:, :1])
    assert set(membership[:, 0]) == {0, 1, 2}
    assert fold_of_samples(data[0], 3, 0).tolist() == sorted(fold_of_samples(data[0], 3, 0))


def test_what_cannot_be_fitted_is_refused(data):
    quadratic = Polynomial(2, degree=2)
    still = np.zeros_like(data.states)
    damages = {
        "at least as many equations as the 230 unknowns": (data[0], Polynomial(2, degree=20)),
        "found p constant": (replace(data, states=data.states * [1.0, 0.0]), quadratic),
        "all of them at rest": (replace(data, states=still, derivatives=still), quadratic),
        "expected data with derivatives": (replace(data, derivatives=None), quadratic),
    }
    for message, (damaged, features) in damages.items():
        with pytest.raises(InputError, match=message):
            fit_closed_form(features, damaged)
    with pytest.raises(InputError, match="found NaN"):
        replace(data, states=np.where(data.states > 0.9, np.nan, data.states))


def test_there_must_be_something_to_choose_by(data):
    for how in ({"held_out": range(len(data))}, {"held_out": []}, {"folds": 1}):
        with pytest.raises(InputError, match=r"expected some of 4 trials held out|two folds or more"):
            fit_closed_form(Polynomial(2, degree=2), data, **how)
    with pytest.raises(InputError, match="an input of 4 entries, found 2"):
        fit_closed_form(Polynomial(4, degree=2), data)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:fit_closed_form. the data determine")
@pytest.mark.parametrize("trials", [1, 2, 3])
def test_random_features_need_no_rim(trials):
    starts = np.random.default_rng(0).uniform(-1.0, 1.0, (trials, 2))
    data = simulate(Pendulum.reference(), starts, np.linspace(0.0, 8.0, 300))
    fitted = fit_random_features(data, features=60)
    with jax.enable_x64(True):
        found = np.asarray(vector_field(fitted.model, jnp.asarray(data.states)))
    assert fitted.held_out_error > 0
    assert np.sqrt(np.mean((found - data.derivatives) ** 2)) < 1e-3


def test_three_bodies_are_found_from_their_distances():
    system = NBody.reference(bodies=3)
    data = simulate(system, random_starts(np.random.default_rng(0), 60), np.linspace(0.0, 3.0, 15))
    test, train = data.split(10)
    model = fit_pair_distances(train, bodies=3).model
    with jax.enable_x64(True):
        found = np.asarray(vector_field(model, jnp.asarray(test.states)))
    near = np.linalg.norm(test.derivatives, axis=1) < 10
    assert np.mean((found - test.derivatives)[near] ** 2) < 1e-18
    with pytest.raises(InputError, match="2 bodies in 2 dimensions, found 6"):
        fit_pair_distances(train, bodies=2)


POLYNOMIAL = {"kind": "Polynomial", "dimension": 2, "degree": 2}
WEIGHTS = {"shape": [5], "dtype": "float64"}
WHOLE = {"kind": "FeatureHamiltonian", "features": POLYNOMIAL, "weights": WEIGHTS, "size": 1, "newtonian": False}


def test_a_whole_description_is_read():
    assert isinstance(blank_model("FeatureHamiltonian", WHOLE), FeatureHamiltonian)


@pytest.mark.parametrize(
    ("name", "description", "message"),
    [
        ("FeatureHamiltonian", WHOLE | {"features": {"kind": "os.system", "command": "true"}}, "found 'os.system'"),
        (
            "FeatureHamiltonian",
            WHOLE | {"features": {"kind": "Polynomial", "dimension": 2}},
            "expected Polynomial with",
        ),
        ("FeatureHamiltonian", WHOLE | {"more": 1}, "expected FeatureHamiltonian with"),
        ("Polynomial", POLYNOMIAL, "expected a model"),
        ("NBody", WHOLE, "expected a model"),
    ],
)
def test_a_description_of_something_else_is_refused(name, description, message):
    with pytest.raises(InputError, match=message):
        blank_model(name, description)


def test_a_file_whose_shapes_do_not_fit_is_refused(tmp_path):
    path, model = tmp_path / "model.safetensors", FeatureHamiltonian(Polynomial(2, degree=2), jnp.zeros(4))
    with pytest.raises(InputError, match="configuration to make the model again"):
        save_model(path, model)
    write_tree(path, model, {"model": "FeatureHamiltonian", "configuration": model.configuration})
    with pytest.raises(InputError, match="of another version or program"):
        load_model(path)
