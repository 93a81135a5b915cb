"""Formulas from data: the right ones, from exact and from noisy data, among terms that resemble each other."""

import sys
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from symplect import add_noise, simulate
from symplect.dynamics import vector_field
from symplect.errors import InputError, NotAvailableError
from symplect.experiments.tasks import TASKS
from symplect.experiments.tasks.two_body import random_starts
from symplect.fitting.expressions import expressions
from symplect.fitting.least_squares import merge, reduce, ridge_path
from symplect.fitting.libraries import bodies_library, one_degree_library
from symplect.fitting.linearised import linearised
from symplect.fitting.subsets import sparsest
from symplect.fitting.symbolic import fit_symbolic
from symplect.fitting.trajectory import fit_trajectory
from symplect.models import FeatureHamiltonian
from symplect.models.features import (
    Fourier,
    InversePowers,
    OfMomenta,
    OfPositions,
    PairDistances,
    Polynomial,
    Product,
    RandomTanh,
    Selected,
    separable,
)
from symplect.runs import load_model, save_model
from symplect.systems import NBody, Pendulum

q, p = sympy.symbols("q p", real=True)
NAMES = ["q1", "q2", "p1", "p2"]

FORMULAS = {
    "polynomial": lambda: Polynomial(4, degree=3),
    "separable": lambda: separable(Polynomial(2, degree=2), Fourier.up_to(2, 2)),
    "product": lambda: Product(Fourier.up_to(2, 1), Polynomial(2, degree=2)),
    "concatenated": lambda: Polynomial(4, degree=1) + OfMomenta(Polynomial(2, degree=3)),
    "distances": lambda: OfPositions(PairDistances(InversePowers((-2, -1, 1, 3)), bodies=2, dimensions=1)),
    "selected": lambda: Selected(Polynomial(4, degree=2), (9, 0, 4)),
    "one degree": lambda: OfPositions(one_degree_library()),
    "bodies": lambda: bodies_library(2, dimensions=1),
}

SMALL = separable(Polynomial(1, degree=2), Polynomial(1, degree=4) + Fourier.up_to(1, 2))


def pendulum_data(noise):
    rng = np.random.default_rng(0)
    clean = simulate(Pendulum.reference(), rng.uniform(-1.3, 1.3, (20, 2)), np.linspace(0.0, 3.0, 30))
    return add_noise(clean, noise, rng)


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_have_the_values_of_features(name):
    features = FORMULAS[name]()
    z = np.random.default_rng(0).uniform(0.5, 1.5, 4)
    symbols = sympy.symbols(NAMES, real=True)
    values = [float(formula.subs(dict(zip(symbols, z, strict=True)))) for formula in expressions(features, NAMES)]
    np.testing.assert_allclose(values, features(jnp.asarray(z)), rtol=1e-12)


@pytest.mark.parametrize(
    "features",
    [
        RandomTanh(jnp.ones((2, 3)), jnp.zeros(3)),
        OfPositions(PairDistances.over_data(np.array([[0.0, 1.0], [0.0, 2.0]]), 2, dimensions=1)),
    ],
)
def test_features_without_a_formula_are_refused(features):
    with pytest.raises(InputError, match="expected features with a formula, found"):
        expressions(features, NAMES)


def test_without_sympy_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(NotAvailableError, match=r'pip install "symplect\[symbolic\]"'):
        fit_symbolic(SMALL, pendulum_data(0.0))


def in_parts(A, y, parts=5):
    return [reduce(A[first::parts], y[first::parts]) for first in range(parts)]


@pytest.mark.parametrize("noise", [0.0, 1e-3, 1e-2])
def test_columns_that_resemble_each_other_do_not_mislead(noise):
    rng = np.random.default_rng(1)
    x = rng.uniform(-1.8, 1.8, 400)
    A = np.column_stack([x**2, x**4, x**6, np.cos(x), np.cos(2 * x), np.cos(3 * x), x, x**3])
    assert sparsest(in_parts(A, 3 * np.cos(x) + noise * rng.standard_normal(400))) == (3,)


def test_of_columns_that_are_the_same_the_first_is_kept():
    A = np.random.default_rng(0).standard_normal((50, 3))
    twice = np.column_stack([A, A @ np.ones(3), A])
    assert sparsest(in_parts(twice, twice[:, 5])) == (1,)


@pytest.mark.parametrize("sizes", [(1.0, 1.0, 1.0), (1e6, 1.0, 1e-6)])
def test_units_do_not_matter(sizes):
    rng = np.random.default_rng(0)
    A = rng.standard_normal((90, 3))
    y = A @ np.array([1.0, 0.0, -0.5]) + 0.1 * rng.standard_normal(90)
    assert sparsest(in_parts(A * np.array(sizes), y)) == (0, 2)


def test_the_pendulum_is_found_from_exact_derivatives(tmp_path):
    found = fit_symbolic(one_degree_library(), pendulum_data(0.0))
    assert found.coefficients == pytest.approx({p**2: 1.0, sympy.cos(q): -3.0}, abs=1e-9)
    assert found.expression.subs({q: 0.7, p: -0.2}) == pytest.approx(0.2**2 - 3 * np.cos(0.7))
    assert found.held_out_error < 1e-12
    save_model(tmp_path / "model.safetensors", found.model)
    again = load_model(tmp_path / "model.safetensors")
    states = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (5, 2)))
    np.testing.assert_array_equal(vector_field(again, states), vector_field(found.model, states))


def test_errors_of_coefficients_are_those_of_the_noise():
    """Derivatives with independent noise, many times: the spread of a coefficient is what one fit says it is."""
    exact, rng = pendulum_data(0.0), np.random.default_rng(0)
    found = []
    for _ in range(12):
        noisy = exact.derivatives + 0.1 * rng.standard_normal(exact.states.shape)
        found.append(fit_symbolic(SMALL, replace(exact, derivatives=noisy)))
    right = [fit for fit in found if set(fit.coefficients) == {p**2, sympy.cos(q)}]
    assert len(right) >= 10
    for term, truth in ((p**2, 1.0), (sympy.cos(q), -3.0)):
        misses = np.array([(fit.coefficients[term] - truth) / fit.standard_errors[term] for fit in right])
        assert 0.5 < np.sqrt(np.mean(misses**2)) < 1.6


@pytest.mark.slow
def test_two_bodies_are_found_although_they_mirror_each_other():
    data = simulate(NBody.reference(2), random_starts(np.random.default_rng(0), 20), np.linspace(0.0, 5.0, 20))
    found = fit_symbolic(bodies_library(2), data)
    q1, q2, q3, q4, *momenta = sympy.symbols(data.names, real=True)
    truth = {momentum**2: 0.5 for momentum in momenta} | {1 / sympy.sqrt((q1 - q2) ** 2 + (q3 - q4) ** 2): -1.0}
    assert found.coefficients == pytest.approx(truth, abs=1e-9)


@pytest.mark.slow
def test_the_pendulum_is_found_along_noisy_paths():
    data = replace(pendulum_data(0.1), derivatives=None)
    found = fit_symbolic(SMALL, data, by="trajectory")
    assert found.coefficients == pytest.approx({p**2: 1.0, sympy.cos(q): -3.0}, rel=0.05)
    for term, truth in ((p**2, 1.0), (sympy.cos(q), -3.0)):
        assert abs(found.coefficients[term] - truth) < 4 * found.standard_errors[term]
    assert 0.9 < found.held_out_error < 1.1


@pytest.mark.slow
def test_fitted_weights_solve_the_linearised_problem():
    data = pendulum_data(0.1)
    features = Selected(SMALL, (1, 6))
    fitted = fit_trajectory(FeatureHamiltonian(features), data, penalties=np.array([1e-9]))
    with jax.enable_x64(True):
        parts = linearised(fitted.model, fitted, data, 0)
    solved = ridge_path(merge(parts), np.ones(2), np.zeros(1)).coefficients[:, 0]
    np.testing.assert_allclose(solved, fitted.model.weights, atol=1e-3)
    assert sum(part.rows for part in parts) == data.states.size
    with pytest.raises(InputError, match="found a short one"):
        linearised(fitted.model, fitted, data[0], 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("name", "truth"), [("mass-spring", {q**2: 1.0, p**2: 1.0}), ("pendulum", {p**2: 1.0, sympy.cos(q): -3.0})]
)
def test_the_noisy_tasks_give_up_their_formulas(name, truth, seed):
    data = TASKS[name].make_data(seed, None, None).train
    found = fit_symbolic(one_degree_library(), data, by="trajectory", seed=seed)
    assert found.coefficients == pytest.approx(truth, rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_two_bodies_give_up_their_formula(seed):
    data = TASKS["two-body"].make_data(seed, None, None).train
    found = fit_symbolic(bodies_library(2), data, seed=seed)
    assert sorted(found.coefficients.values()) == pytest.approx([-1.0, 0.5, 0.5, 0.5, 0.5], rel=1e-6)
