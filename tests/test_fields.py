"""Fields of fits, their derivatives and the paths that they make are those of the models."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import Trajectories
from symplect.dynamics import AbstractEnergyDynamics, energies, vector_field
from symplect.errors import FitError
from symplect.fitting.field_of import TracedField, energies_and_speeds, energies_at, field_at, field_of, velocities_at
from symplect.fitting.parametrised import Parametrised
from symplect.fitting.paths import follow
from symplect.fitting.port import Port
from symplect.fitting.residuals import PathResiduals
from symplect.fitting.segments import cut_segments
from symplect.fitting.trajectory import fit_trajectory
from symplect.models import (
    EulerLagrange,
    FeatureField,
    FeatureHamiltonian,
    FeatureMechanical,
    NonlinearFriction,
    PortHamiltonian,
    channels_of,
)
from symplect.models.features import Fourier, OfPositions, Polynomial, RandomTanh
from symplect.precision import cast

RNG = np.random.default_rng(0)
STATES = RNG.standard_normal((6, 4))


def energy(**how):
    features = Polynomial(2, degree=3) if how else Polynomial(4, degree=3) + RandomTanh.isotropic(STATES, 5, RNG)
    features = OfPositions(features) if how else features
    return FeatureHamiltonian(features, jnp.asarray(np.random.default_rng(1).standard_normal(features.size)), 2, **how)


def driven(held=False):
    friction = NonlinearFriction(jnp.array([0.3, 0.1]), jnp.array([0.2, 0.5]), (0.2, 0.3))
    damping, G = jnp.array([[0.5, 0.0], [0.2, 0.4]]), jnp.asarray(np.random.default_rng(2).standard_normal((4, 3)))
    return PortHamiltonian(energy(), damping, G, nonlinear=friction, held=held)


def arm(friction=True, forces=False):
    rng, features = np.random.default_rng(5), Fourier.up_to(2, 1)
    mass = np.vstack([[2.0, 0.3, 1.0], 0.1 * rng.standard_normal((features.size, 3))])
    potential = features + Polynomial(2, degree=3)
    inner = FeatureMechanical(potential, features, jnp.asarray(rng.standard_normal(potential.size)), jnp.asarray(mass))
    if not friction:
        return EulerLagrange(inner)
    dry = NonlinearFriction(jnp.array([0.3, 0.1]), jnp.array([0.2, 0.5]), (0.2, 0.3))
    G = jnp.concatenate([jnp.zeros((2, 3)), jnp.asarray(rng.standard_normal((2, 3)))])
    port = PortHamiltonian(inner, jnp.array([[0.5, 0.0], [0.2, 0.4]]), G, nonlinear=dry)
    return EulerLagrange(port, forces=forces)


MODELS = {
    "mechanical": lambda: arm(friction=False),
    "mechanical with friction and inputs": arm,
    "mechanical under forces": lambda: arm(forces=True),
    "constant mass matrix": lambda: EulerLagrange(
        FeatureMechanical(Polynomial(2, degree=3), None, jnp.arange(9.0) / 9, jnp.array([[2.0, 0.3, 1.0]]))
    ),
    "Hamiltonian": energy,
    "newtonian": lambda: energy(newtonian=True),
    "friction": lambda: PortHamiltonian(energy(), jnp.array([[0.5, 0.0], [0.2, 0.4]])),
    "dry friction, drag and inputs": driven,
    "plain": lambda: FeatureField(Polynomial(4, degree=2), jnp.ones((14, 4)) / 10, jnp.ones(4), 2),
}


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


@pytest.fixture(params=MODELS)
def model(request):
    return cast(MODELS[request.param](), jnp.float64)


def test_a_field_in_closed_form_is_that_of_the_model(model):
    field, channels = field_of(model), channels_of(model)
    inputs = np.random.default_rng(3).standard_normal((channels, len(STATES)))
    found, traced = (own(own.start, STATES.T, inputs) for own in (field, TracedField(model)))
    np.testing.assert_allclose(found.velocity, traced.velocity, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found.by_state, traced.by_state, rtol=1e-9, atol=1e-9)
    for number, step in enumerate(1e-6 * np.eye(len(field.start))):
        sides = [field(field.start + sign * step, STATES.T, inputs).velocity for sign in (1, -1)]
        np.testing.assert_allclose(found.by_parameters[:, number], (sides[0] - sides[1]) / 2e-6, rtol=1e-5, atol=1e-6)


def test_energies_and_velocities_at_many_states_are_those_of_the_model(model):
    np.testing.assert_allclose(velocities_at(model, STATES), vector_field(model, STATES), rtol=1e-10, atol=1e-10)
    if isinstance(model, AbstractEnergyDynamics):
        grid = STATES.reshape(2, 3, 4)
        np.testing.assert_allclose(energies_at(model, grid), energies(model.hamiltonian, grid), rtol=1e-12, atol=1e-12)


def test_numbers_of_a_fit_give_the_model_back(model):
    field = field_of(model)
    back, _ = jax.tree.flatten(field.model(field.start))
    for own, original in zip(back, jax.tree.leaves(model), strict=True):
        np.testing.assert_allclose(own, original, rtol=1e-6, atol=1e-6)


def test_energies_and_speeds_are_those_of_the_model(model):
    if isinstance(model, FeatureField):
        return
    energies, speeds = energies_and_speeds(model, STATES)
    states = jnp.asarray(STATES)
    np.testing.assert_allclose(energies, jax.vmap(model.hamiltonian)(states), rtol=1e-10)
    expected = jax.vmap(model.time_derivative)(states)[:, :2]
    np.testing.assert_allclose(speeds, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("held", [True, False], ids=["held", "linear"])
def test_paths_of_fits_are_those_of_the_model_under_inputs_and_of_any_length(held):
    rng = np.random.default_rng(4)
    lengths, model = (9, 5, 2), cast(driven(held), jnp.float64)
    times = np.concatenate([np.cumsum(rng.uniform(0.01, 0.03, length)) for length in lengths])
    states, inputs = 0.3 * rng.standard_normal((16, 4)), rng.standard_normal((16, 3))
    segments = cut_segments(Trajectories(times, states, lengths, inputs=inputs), np.ones(4), None)
    field = field_of(model)
    residuals = PathResiduals(field, segments, np.ones(4), 2, held=held)
    found = residuals.followed(field.start, segments.states[:, 0]).paths
    expected = follow(*Parametrised.split(model), segments.states[:, 0], segments, 2)
    real = np.any(segments.weights > 0, axis=2)
    np.testing.assert_allclose(found[real], expected[real], rtol=1e-9, atol=1e-9)


def test_the_covariance_of_friction_is_carried_to_its_roots():
    field = field_of(cast(driven(), jnp.float64))
    place = len(np.ravel(energy().weights))
    spread = np.zeros((len(field.start),) * 2)
    spread[place, place] = 1e-6**2  # of the first entry of R = L L^T, whose root alone can make up for it
    found = np.sqrt(np.diag(field.covariance(field.start, spread)))
    roots = [
        np.asarray(field.model(field.start + sign * 1e-6 * np.eye(len(field.start))[place]).damping) for sign in (1, -1)
    ]
    np.testing.assert_allclose(found[place : place + 4].reshape(2, 2), abs(roots[0] - roots[1]) / 2, atol=1e-9)


def test_the_divergence_of_a_field_is_the_trace_of_its_derivative(model):
    if channels_of(model):
        return
    expected = jax.vmap(lambda z: jnp.trace(jax.jacfwd(model.time_derivative)(z)))(jnp.asarray(STATES))
    np.testing.assert_allclose(np.trace(field_at(model, STATES).by_state), expected, rtol=1e-9, atol=1e-9)


def test_a_fit_whose_paths_leave_the_finite_numbers_says_so():
    """Neither a library's error nor a model that is not one."""
    times = np.linspace(0.0, 1e3, 20)
    states = 1e3 * np.random.default_rng(6).standard_normal((20, 2))
    wild = PortHamiltonian(FeatureHamiltonian(Polynomial(2, degree=8), jnp.full(44, 1e200)))
    with pytest.raises(FitError, match="no model could follow the data"):
        fit_trajectory(wild, Trajectories(times, states, (20,)), substeps=1)


def test_friction_of_which_rounding_makes_a_part_negative_has_a_root():
    rng, start = np.random.default_rng(0), PortHamiltonian(energy())
    for _ in range(100):
        along = rng.standard_normal(2) * 10.0 ** rng.uniform(-3, 3)
        R = np.outer(along, along)  # an eigenvalue is 0
        coefficients, _ = Port(start).feasible(R[np.tril_indices(2)] * (1 + 1e-15 * rng.standard_normal(3)))
        found = Port(start).model(coefficients, np.zeros((4, 0)), start.conservative)
        np.testing.assert_allclose(found.dissipation, R, atol=1e-5 * np.max(R))
